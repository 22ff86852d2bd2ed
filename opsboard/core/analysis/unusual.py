"""Which stretches of a series are unusual: for marking them, and for asking why.

A seasonal series is judged by what is left when its season is taken out (``season.py``), in weeks that look four weeks to
either side. Two kinds of stretch stand out:

* **a day** whose values together lie off (their mean), or are off in both directions at once (their mean size): beyond
  ``DAYS`` robust standard deviations of all days. A quiet Christmas is unusual although no single hour is impossible.
* **a moment** so far off that no season explains it: one value beyond ``ALONE`` spreads, or ``RUN`` in a row on one side
  beyond ``TOGETHER``.

A series without a season has the XmR chart with Nelson's rules 1 and 2; if it comes oftener than daily, the chart of its
days. Neighbouring stretches are one episode: a person is told of a storm once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Literal

from opsboard.core.analysis.nelson import Values, array_of
from opsboard.core.analysis.season import (
    DAY,
    MAD_TO_SIGMA,
    Season,
    Span,
    Times,
    learn_season,
    local_seconds,
    seconds_of,
)
from opsboard.core.analysis.spc import Chart, NotEnough, xmr
from opsboard.core.lazy import numpy as np

type Array = "np.ndarray[Any, np.dtype[Any]]"
type Method = Literal["season", "xmr", "none"]

DAYS: Final = 3.0
ALONE: Final = 6.0
TOGETHER: Final = 4.0
RUN: Final = 3
# Weeks to either side from which a week's season is learnt.
AROUND: Final = 4
LEAST_DAYS: Final = 28
LEAST_VALUES: Final = 10
LONGEST_GAP: Final = 1.5  # steps or days between two marks of one episode


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch that stands out, from the first to the last value (or day) in it. ``peak`` is where it is furthest from
    what was expected; ``actual`` and ``expected`` are the means over the stretch; ``distance`` the peak's, in spreads."""

    start: datetime
    last: datetime
    peak: datetime
    actual: float
    expected: float
    distance: float
    rule: Literal["day", "moment", "xmr"]


@dataclass(frozen=True, slots=True)
class Found:
    """How the series was judged. ``center``, ``lower`` and ``upper`` are as long as it; NaN where nothing is expected."""

    method: Method
    center: "Array"
    lower: "Array"
    upper: "Array"
    episodes: tuple[Episode, ...]
    season: Season | None = None
    chart: Chart | None = None


def find_unusual(
    times: Times,
    values: Values,
    zone: tzinfo,
    *,
    excluded: Iterable[Span] = (),
    holidays: Collection[date] = (),
    worked: Mapping[date, int] | None = None,
    starts: Collection[datetime] = (),
    counts: bool = False,
) -> Found:
    """The unusual stretches of a series in order. Spans, holidays and worked days as in ``learn_season``; ``starts`` are the moments of
    new levels that people have confirmed: limits are never learnt over one."""
    moments, given = seconds_of(times), array_of(values)
    zone_times = local_seconds(moments, zone)
    parts = _parts(moments, starts)
    found = [
        _judge(moments[part], given[part], zone_times[part], zone, tuple(excluded), frozenset(holidays), worked, counts)
        for part in parts
    ]
    if not found:
        empty = np.zeros(0)
        return Found("none", empty, empty, empty, ())
    return Found(
        method=found[-1].method,
        center=np.concatenate([one.center for one in found]),
        lower=np.concatenate([one.lower for one in found]),
        upper=np.concatenate([one.upper for one in found]),
        episodes=tuple(episode for one in found for episode in one.episodes),
        season=found[-1].season,
        chart=found[-1].chart,
    )


def _parts(moments: "Array", starts: Collection[datetime]) -> list[slice]:
    cuts = sorted({int(np.searchsorted(moments, start.timestamp())) for start in starts} - {0, len(moments)})
    return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, len(moments)], strict=True) if b > a]


def _judge(
    moments: "Array",
    given: "Array",
    local: "Array",
    zone: tzinfo,
    excluded: tuple[Span, ...],
    holidays: frozenset[date],
    worked: Mapping[date, int] | None,
    counts: bool,
) -> Found:
    nothing = np.full(len(given), np.nan)
    if int(np.isfinite(given).sum()) < LEAST_VALUES:
        return Found("none", nothing, nothing, nothing, ())
    try:
        season = learn_season(
            moments, given.tolist(), zone, excluded=excluded, holidays=holidays, worked=worked, counts=counts
        )
    except NotEnough:
        season = None
    if season is not None and season.is_seasonal:
        return _seasonal(moments, given, local, season, excluded, counts)
    return _level(moments, given, local, zone)


def _seasonal(
    moments: "Array", given: "Array", local: "Array", season: Season, excluded: tuple[Span, ...], counts: bool
) -> Found:
    center, spread = _course(moments, given, season, excluded, counts)
    rest = given - center
    step = _step(moments)
    marks = np.zeros(len(given), dtype=bool)
    far = np.zeros(len(given))
    rule: Literal["day", "moment"] = "moment"
    if step >= DAY / 2:
        far = _robust(rest)
        marks, rule = np.abs(far) > DAYS, "day"
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.nan_to_num(np.where(rest == 0, 0.0, rest / spread), posinf=ALONE + 1, neginf=-ALONE - 1)
        # Nothing ever varied at such places: a step of one is not a storm.
        marks = (np.abs(far) > ALONE) | _runs(far, TOGETHER, RUN)
    episodes = _episodes(moments, given, center, marks, far, max(LONGEST_GAP * step, 1.0), season.zone, rule)
    if step < DAY / 2:
        episodes = _merged(episodes, _days(moments, given, center, local, season.zone))
    return Found("season", center, center - 3 * spread, center + 3 * spread, tuple(episodes), season=season)


def _course(
    moments: "Array", given: "Array", season: Season, excluded: tuple[Span, ...], counts: bool
) -> "tuple[Array, Array]":
    """What was expected at each moment, and its spread: each week learns from the weeks around it."""
    center, spread = season.expected_all(moments), season.spread_all(moments)
    week = 7 * DAY
    if moments[-1] - moments[0] <= (2 * AROUND + 1) * week:
        return center, spread
    number = np.floor((moments - moments[0]) / week).astype(int)
    for each in np.unique(number):
        first = moments[0] + (each - AROUND) * week
        first = min(max(first, moments[0]), moments[-1] - (2 * AROUND + 1) * week)
        around = (moments >= first) & (moments <= first + (2 * AROUND + 1) * week)
        inside = number == each
        try:
            near = learn_season(
                moments[around], given[around].tolist(), season.zone, kind=season.kind, weeks=2 * AROUND + 2,
                excluded=excluded, holidays=season.holidays, worked=season.worked, counts=counts,
            )  # fmt: skip
        except NotEnough:
            continue
        center[inside], spread[inside] = near.expected_all(moments[inside]), near.spread_all(moments[inside])
    return center, spread


def _days(moments: "Array", given: "Array", center: "Array", local: "Array", zone: tzinfo) -> list[Episode]:
    known = np.isfinite(given - center)
    if not known.any():
        return []
    day, back = np.unique(np.floor(local[known] / DAY), return_inverse=True)
    if len(day) < LEAST_DAYS:
        return []
    count = np.bincount(back)
    # A day with few of its values says little of the day.
    whole = count >= 0.5 * np.median(count)
    rest = (given - center)[known]
    off, size = np.bincount(back, rest) / count, np.bincount(back, np.abs(rest)) / count
    with np.errstate(divide="ignore"):
        both = _robust(np.log(np.maximum(size, 1e-300))) if (size > 0).all() else np.zeros(len(day))
    one = _robust(off)
    marks = whole & ((np.abs(one) > DAYS) | (both > DAYS))
    far = np.where(np.abs(one) >= both, one, both * np.where(off < 0, -1, 1))
    firsts = np.array([moments[known][back == place].min() for place in range(len(day))])
    actual = np.bincount(back, given[known]) / count
    expected = np.bincount(back, center[known]) / count
    return _episodes(firsts, actual, expected, marks, far, LONGEST_GAP * DAY, zone, "day")


def _level(moments: "Array", given: "Array", local: "Array", zone: tzinfo) -> Found:
    """No season: the XmR chart, of days where values come oftener and there are enough of them."""
    known = np.isfinite(given)
    days, back = np.unique(np.floor(local[known] / DAY), return_inverse=True)
    if _step(moments) < DAY / 2 and len(days) >= 2 * LEAST_VALUES:
        at = np.array([moments[known][back == place].min() for place in range(len(days))])
        of_days = np.bincount(back, given[known]) / np.bincount(back)
        chart = xmr(of_days.tolist(), screened=True)
        places = np.searchsorted(days, np.floor(local / DAY)).clip(0, len(days) - 1)
        width = np.full(len(given), np.nan)
        center = np.array(chart.center)[places]
        episodes = _signals(at, of_days, chart, zone, LONGEST_GAP * DAY, "day")
        return Found("xmr", center, width, width, tuple(episodes), chart=chart)
    chart = xmr(given.tolist(), screened=True)
    episodes = _signals(moments, given, chart, zone, LONGEST_GAP * _step(moments), "xmr")
    return Found(
        "xmr", np.array(chart.center), np.array(chart.lower), np.array(chart.upper), tuple(episodes), chart=chart
    )


def _signals(
    moments: "Array", given: "Array", chart: Chart, zone: tzinfo, gap: float, rule: Literal["day", "xmr"]
) -> list[Episode]:
    marks = np.zeros(len(given), dtype=bool)
    marks[list(chart.signal_indexes)] = True
    center, sigma = np.array(chart.center), np.array(chart.sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.nan_to_num((given - center) / sigma, posinf=ALONE, neginf=-ALONE)
    return _episodes(moments, given, center, marks, far, gap, zone, rule)


def _episodes(
    moments: "Array",
    given: "Array",
    center: "Array",
    marks: "Array",
    far: "Array",
    gap: float,
    zone: tzinfo,
    rule: Literal["day", "moment", "xmr"],
) -> list[Episode]:
    places = np.flatnonzero(marks)
    if not len(places):
        return []
    answer = []
    for group in np.split(places, np.flatnonzero(np.diff(moments[places]) > gap) + 1):
        peak = group[int(np.argmax(np.abs(far[group])))]
        answer.append(
            Episode(
                start=_moment(moments[group[0]], zone), last=_moment(moments[group[-1]], zone), peak=_moment(moments[peak], zone),
                actual=float(np.nanmean(given[group])), expected=float(np.nanmean(center[group])),
                distance=float(far[peak]), rule=rule,
            )
        )  # fmt: skip
    return answer


def _merged(moments: list[Episode], days: list[Episode]) -> list[Episode]:
    """Days that stand out, and the moments that lie in none of them (nor on the day after)."""
    edge = timedelta(days=1)
    loose = [
        one
        for one in moments
        if not any(day.start - edge <= one.last and one.start <= day.last + 2 * edge for day in days)
    ]
    joined: list[Episode] = []
    for one in sorted([*loose, *days], key=lambda episode: episode.start):
        last = joined[-1] if joined else None
        if last and one.rule == last.rule == "moment" and one.start - last.last < edge:
            joined[-1] = max(last, one, key=lambda episode: abs(episode.distance))
        else:
            joined.append(one)
    return joined


def _runs(far: "Array", beyond: float, length: int) -> "Array":
    """The places in runs of at least ``length`` beyond one side."""
    marks = np.zeros(len(far), dtype=bool)
    for side in (far > beyond, far < -beyond):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], side.astype(int), [0]))))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if end - begin >= length:
                marks[begin:end] = True
    return marks


def _robust(values: "Array") -> "Array":
    """Distance from the median in robust standard deviations; nought where nothing varies."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(len(values))
    middle = np.median(known)
    spread = MAD_TO_SIGMA * float(np.median(np.abs(known - middle)))
    return (
        np.nan_to_num((values - middle) / spread) if spread > 1e-12 * max(1.0, abs(middle)) else np.zeros(len(values))
    )


def _step(moments: "Array") -> float:
    return float(np.median(np.diff(moments))) if len(moments) > 1 else 0.0


def _moment(seconds: Any, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(float(seconds), zone)
