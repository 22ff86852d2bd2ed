"""What is usual at this hour of the week: the baseline of a series with a season.

Each place of the season (Monday 8 to 9 h, …; or Monday, … where values come daily) has the median of what was seen there
in the last weeks, and a spread from the median absolute deviation (MAD). Medians, so that last week's breakdown doesn't
become this week's expectation.

* A place has four to eight values; its MAD is corrected for so few of them (C. Croux and P. J. Rousseeuw, Computational
  Statistics 1, 1992, 411-428) and drawn toward the MAD of all places, as if that had been seen ``PRIOR`` times.
* Limits are for a new value, so they also carry what the median itself is uncertain by: √(1 + π / 2n).
* ``strength`` is the share of the variance that the season explains for a value it was not learnt from; R. J. Hyndman and
  G. Athanasopoulos, Forecasting: Principles and Practice (3rd ed. 2021), section 4.3, with leave-one-out residuals.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from math import pi, sqrt
from typing import Any, Final, Literal

from opsboard.core.analysis.nelson import Values, array_of
from opsboard.core.analysis.spc import NotEnough
from opsboard.core.lazy import numpy as np

type Array = "np.ndarray[Any, np.dtype[Any]]"
type Kind = Literal["hour_of_week", "hour_of_day", "day_of_week"]
type Times = "Sequence[datetime] | Array"
type Span = tuple[datetime, datetime]

PLACES: Final[dict[Kind, int]] = {"hour_of_week": 168, "hour_of_day": 24, "day_of_week": 7}
HOUR, DAY = 3600, 86_400
# The weeks that are looked back on, and the least that know an hour of the week.
WEEKS: Final = 8
LEAST_WEEKS: Final = 3
# The least values of each place, on average.
LEAST_EACH: Final[dict[Kind, float]] = {"hour_of_week": 2.5, "hour_of_day": 4, "day_of_week": 3.7}
PRIOR: Final = 16.0
# So much of the variance must be the season's before a series is called seasonal. Independent noise reaches it in fewer
# than one of a hundred series of four weeks.
SEASONAL: Final = 0.4
MAD_TO_SIGMA: Final = 1.4826
# Values further out than so many spreads count as so many when the strength is measured.
CLIP: Final = 5.0
_SMALL: Final = (1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107)


@dataclass(frozen=True, slots=True)
class Season:
    """The usual course. ``center`` and ``spread`` (one standard deviation) by place, in the values' unit; NaN where nothing
    was seen. ``seen``: how many values a place has. ``weeks``: how long was looked back on."""

    kind: Kind
    zone: tzinfo
    center: "Array"
    spread: "Array"
    seen: "Array"
    strength: float
    weeks: float
    holidays: frozenset[date] = frozenset()
    worked: Mapping[date, int] = field(default_factory=dict)

    @property
    def is_seasonal(self) -> bool:
        return self.strength >= SEASONAL

    def expected(self, at: datetime) -> float | None:
        """What is usual then; None where nothing was seen at that place, or on a holiday."""
        return _one(self.expected_all([at]))

    def limits(self, at: datetime, k: float = 3.0) -> tuple[float, float] | None:
        """``k`` spreads below and above what is usual then."""
        center, spread = _one(self.expected_all([at])), _one(self.spread_all([at]))
        return None if center is None or spread is None else (center - k * spread, center + k * spread)

    def expected_all(self, times: Times) -> "Array":
        """``expected`` of each time; NaN where there is none."""
        return self._at(self.center, times)

    def spread_all(self, times: Times) -> "Array":
        """The standard deviation of a new value at each time; NaN where there is none."""
        return self._at(self.spread, times)

    def _at(self, column: "Array", times: Times) -> "Array":
        local = local_seconds(times, self.zone)
        found = column[_places(local, self.kind, self.worked)]
        return np.where(_on_days(local, self.holidays), np.nan, found) if self.holidays else found


def learn_season(
    times: Times,
    values: Values,
    zone: tzinfo,
    *,
    kind: Kind | None = None,
    weeks: float = WEEKS,
    excluded: Iterable[Span] = (),
    holidays: Collection[date] = (),
    worked: Mapping[date, int] | None = None,
    counts: bool = False,
) -> Season:
    """The season of the last ``weeks`` of a series.

    ``times`` are aware moments or an array of seconds since 1970, in order; ``values`` as many, missing ones None or NaN.
    ``excluded`` are half-open spans (maintenance, an incident) and ``holidays`` local days that teach nothing; on a holiday
    nothing is expected either. ``worked`` are days that are like another weekday (Monday is 0). ``counts`` says that values are counts, whose spread is at least √expected.
    ``kind`` is chosen where it is None: day of the week for daily values, else hour of the week, or hour of the day where
    fewer than three weeks are there. Raises ``NotEnough`` for values that are too few, or come weekly or seldom.
    """
    moments, given = seconds_of(times), array_of(values)
    if len(moments) != len(given):
        raise ValueError("each time needs its value")
    kept = np.isfinite(given)
    for start, end in excluded:
        kept &= ~((moments >= start.timestamp()) & (moments < end.timestamp()))
    if kept.any():
        kept &= moments > moments[kept][-1] - weeks * 7 * DAY
    local = local_seconds(moments[kept], zone)
    known, days = given[kept], frozenset(holidays)
    ordinary = ~_on_days(local, days)
    local, known = local[ordinary], known[ordinary]
    kind = kind or _kind(local)
    place = _places(local, kind, worked or {})
    there = len(np.unique(place))
    if there < 2 or len(known) < LEAST_EACH[kind] * there:
        raise NotEnough("a season needs some values at each of its places")
    center, rough, seen = _by_place(known, place, PLACES[kind])
    if counts:
        rough = np.fmax(rough, np.sqrt(np.maximum(center, 0.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = rough * np.sqrt(1 + pi / (2 * seen))
    return Season(
        kind=kind, zone=zone, center=center, spread=np.where(seen > 0, spread, np.nan), seen=seen,
        strength=_strength(known, place, center, seen), weeks=float(local[-1] - local[0]) / (7 * DAY), holidays=days,
        worked=dict(worked or {}),
    )  # fmt: skip


def seconds_of(times: Times) -> "Array":
    """Seconds since 1970."""
    if isinstance(times, np.ndarray):
        return times.astype(float)
    return np.fromiter((at.timestamp() for at in times), dtype=float, count=len(times))


def local_seconds(times: Times, zone: tzinfo) -> "Array":
    """Seconds since 1970 as the clock on the wall counts them."""
    moments = seconds_of(times)
    hours, back = np.unique(np.floor(moments / HOUR), return_inverse=True)
    shifts = np.array([_shift(int(hour), zone) for hour in hours], dtype=float)
    return moments + shifts[back] if len(hours) else moments


@lru_cache(maxsize=50_000)
def _shift(hour: int, zone: tzinfo) -> float:
    # Clocks are changed at whole hours of UTC (all but Lord Howe's, whose half hour may be late by half an hour).
    shift = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(zone).utcoffset()
    return shift.total_seconds() if shift else 0.0


def _places(local: "Array", kind: Kind, worked: Mapping[date, int]) -> Any:
    days = np.floor(local / DAY).astype(int)
    weekday = (days + 3) % 7  # 1 January 1970 was a Thursday; Monday is 0
    for day, like in worked.items():
        weekday[days == (day - date(1970, 1, 1)).days] = like
    if kind == "day_of_week":
        return weekday
    hour = np.floor(local % DAY / HOUR).astype(int)
    return hour if kind == "hour_of_day" else weekday * 24 + hour


def _on_days(local: "Array", days: Collection[date]) -> Any:
    numbers = [(day - date(1970, 1, 1)).days for day in days]
    return np.isin(np.floor(local / DAY), numbers)


def _kind(local: "Array") -> Kind:
    if len(local) < 2:
        raise NotEnough("a season needs some values")
    gap = float(np.median(np.diff(local)))
    if gap > 1.5 * DAY:
        raise NotEnough("values that come weekly or seldom have no such season")
    if gap > DAY / 2:
        return "day_of_week"
    return "hour_of_week" if local[-1] - local[0] >= (LEAST_WEEKS * 7 - 1) * DAY else "hour_of_day"


def _by_place(known: "Array", place: Any, count: int) -> "tuple[Array, Array, Array]":
    """(median, standard deviation from the MADs, how many values) of each place."""
    center, own = np.full(count, np.nan), np.full(count, np.nan)
    order = np.argsort(place, kind="stable")
    found, starts = np.unique(place[order], return_index=True)
    for number, part in zip(found, np.split(known[order], starts[1:]), strict=True):
        center[number] = np.median(part)
        few = len(part)
        small = _SMALL[few] if few < len(_SMALL) else few / (few - 0.8)
        own[number] = np.median(np.abs(part - center[number])) * MAD_TO_SIGMA * small
    seen = np.bincount(place, minlength=count).astype(float)
    pooled = _pooled(known - center[place], seen[place])
    own = np.where(seen > 1, own, 0.0)
    worth = np.where(seen > 1, seen, 0.0)
    return center, np.sqrt((worth * own**2 + PRIOR * pooled**2) / (worth + PRIOR)), seen


def _pooled(rest: "Array", seen: "Array") -> float:
    """The spread over all places. Where more than half of the rests are nought (counts at night), the mean deviation."""
    rest = rest[seen > 1] * np.sqrt(seen[seen > 1] / (seen[seen > 1] - 1))
    if not len(rest):
        return 0.0
    typical = float(np.median(np.abs(rest))) * MAD_TO_SIGMA
    return typical or float(np.mean(np.abs(rest))) * sqrt(pi / 2)


def _strength(known: "Array", place: Any, center: "Array", seen: "Array") -> float:
    """One less the variance left over, each value against its place as it were without it."""
    twice = seen[place] > 1
    count = seen[place][twice]
    rest = _clipped((known - center[place])[twice] * count / (count - 1))
    whole = _clipped(known[twice] - np.median(known[twice]))
    total = float(whole @ whole)
    return max(0.0, 1 - float(rest @ rest) / total) if total > 0 else 0.0


def _clipped(rest: "Array") -> "Array":
    edge = CLIP * MAD_TO_SIGMA * float(np.median(np.abs(rest))) if len(rest) else 0.0
    return np.clip(rest, -edge, edge) if edge > 0 else rest


def _one(found: "Array") -> float | None:
    value = float(found[0])
    return None if np.isnan(value) else value
