"""Is it a signal? The chart that fits the number: season, p, u, c or XmR; and in words what it was that spoke.

Rates of counted things have p charts (np charts for those who would rather see how many), counts per unit u charts and
small counts c charts, but only where they vary as counting alone would have it (D. B. Laney, Quality Engineering 14, 2002,
531-537: σ of the standardised points about 1); else XmR, which needs no model. Small lasting shifts are seen earlier by EWMA and CUSUM, for those who ask for them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from math import isfinite
from typing import Any, Final, Literal, cast

from opsboard.core.analysis import shifts, spc
from opsboard.core.analysis.apart import Apart
from opsboard.core.analysis.nelson import DEFAULT_RULES, Signal
from opsboard.core.analysis.unusual import Episode, Found, find_unusual
from opsboard.core.lazy import numpy as np

type Method = Literal["season", "xmr", "p", "np", "u", "c", "ewma", "cusum", "none"]
type Reason = Literal["season", "chance", "more_than_chance", "any", "chosen", "few"]
type Kind = Literal["sum", "rate", "mean"]

# Counting alone explains standardised points that vary up to so much.
BY_CHANCE: Final = 1.25
FEW: Final = 30.0  # counts up to this mean get a c chart
SMALL_SAMPLE: Final = 5.0  # with fewer expected cases than that, the binomial limits are exact
ENOUGH: Final = 10
SHIFT: Final = -1  # the rule of EWMA and CUSUM, which are none of Nelson's


@dataclass(frozen=True, slots=True)
class Judged:
    """A series and its limits. ``signals`` are (index, rule) with Nelson's numbers, 0 for the season's own, or -1 for a
    lasting shift. ``reason`` is why this chart, ``offered`` which others fit. ``drawn`` is what the limits are for where that
    is not the values themselves: how many there were (np), smoothed by EWMA, or the larger of CUSUM's two sums (that of
    falls below nought)."""

    method: Method
    center: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    signals: tuple[Signal, ...]
    episodes: tuple[Episode, ...]
    mean_moving_range: float | None = None
    strength: float = 0.0
    reason: Reason = "any"
    offered: tuple[Method, ...] = ()
    drawn: tuple[float | None, ...] = ()

    def at(self, index: int) -> tuple[int, ...]:
        return tuple(signal.rule for signal in self.signals if signal.index == index)


def judge_series(
    times: Sequence[datetime],
    values: Sequence[float | None],
    weights: Sequence[float],
    zone: tzinfo,
    *,
    kind: Kind,
    per_unit: bool = False,
    starts: Collection[datetime] = (),
    apart: Apart | None = None,
    seconds: int = 0,
    chart: str = "",
) -> Judged:
    """Judge each value. ``kind`` is ``rate`` for shares of counted things (weights are what they are shares of);
    ``per_unit`` says that weights are what the values are counted over. ``chart`` is one of those that are offered.

    Buckets of so many ``seconds`` that are ``apart`` (days off, maintenance) teach nothing and are no signals.
    """
    worked: Mapping[date, int] = {}
    if apart is not None:
        values, worked = apart.blanked(times, values, seconds), apart.worked
    whole = all(value is None or (value >= 0 and float(value).is_integer()) for value in values)
    found = find_unusual(list(times), values, zone, starts=starts, worked=worked, counts=kind == "sum" and whole)
    if found.method == "season":
        return _of_season(times, values, found)
    counted = _counted(values, weights, kind, whole, per_unit)
    begins = [next((k for k, at in enumerate(times) if at >= start), len(times)) for start in starts]
    by_chance = counted is not None and _by_chance(counted)
    natural = counted.method if counted is not None else ""
    if found.method == "none" and not by_chance:
        nothing = (None,) * len(values)
        return Judged("none", nothing, nothing, nothing, (), (), reason="few")
    also = {"": (), "p": ("p", "np")}.get(natural, (natural,))
    offered: tuple[Any, ...] = ("xmr", *also, "ewma", "cusum")
    wanted = chart if chart in offered else natural if by_chance and not starts else "xmr"
    if wanted in {"ewma", "cusum"}:
        last = [value if place >= max(begins, default=0) else None for place, value in enumerate(values)]
        judged = _shift(last if sum(value is not None for value in last) > 1 else values, wanted, found)
    elif wanted == "np":
        judged = _how_many(values, weights, found)
    elif counted is not None and wanted == natural:
        judged = _with_points(times, zone, counted, _of_chart(counted, found))
    else:
        floor = 0.0 if kind != "mean" and _never_below(values) else None
        judged = _of_chart(spc.xmr_phases(values, begins, floor=floor), found)
    reason: Reason = "chosen" if wanted == chart else "chance" if wanted == natural else "any"
    if reason == "any" and natural and not by_chance:
        reason = "more_than_chance"
    return replace(judged, reason=reason, offered=offered)


def _shift(values: Sequence[float | None], wanted: str, found: Found) -> Judged:
    """EWMA or CUSUM, which see a small shift that lasts."""
    if wanted == "ewma":
        chart = shifts.ewma(values)
        marks = tuple(Signal(one.index, SHIFT) for one in chart.signals)
        return Judged(
            "ewma", _given(chart.center), _given(chart.lower), _given(chart.upper), marks, found.episodes, drawn=chart.values
        )  # fmt: skip
    sums = shifts.cusum(values)
    marks = tuple(Signal(one.index, SHIFT) for one in sums.signals)
    pairs = zip(sums.high, sums.low, strict=True)
    larger = tuple(None if up is None or down is None else up if up >= down else -down for up, down in pairs)
    center, low, high = ((level,) * len(values) for level in (sums.center, -sums.limit, sums.limit))
    return Judged("cusum", center, low, high, marks, found.episodes, drawn=larger)


def _how_many(values: Sequence[float | None], weights: Sequence[float], found: Found) -> Judged:
    """The p chart's question in cases: how many there were, against how many there would be in a sample of that size."""
    cases = [None if value is None else round(value * weight) for value, weight in zip(values, weights, strict=True)]
    known = [(case, weight) for case, weight in zip(cases, weights, strict=True) if case is not None]
    chart = spc.np_chart(cases, weights, exact=_small(known))
    return replace(_of_chart(chart, found), drawn=chart.values)


def _small(known: Sequence[tuple[float, float]]) -> bool:
    """Whether `(cases, out of how many)` are so few that only the exact limits are right."""
    size = sum(weight for _case, weight in known)
    rate = sum(case for case, _weight in known) / size
    return min(rate, 1 - rate) * float(np.median([weight for _case, weight in known])) < SMALL_SAMPLE


def _never_below(values: Sequence[float | None]) -> bool:
    return all(value is None or value >= 0 for value in values)


def _counted(
    values: Sequence[float | None], weights: Sequence[float], kind: Kind, whole: bool, per_unit: bool
) -> spc.Chart | None:
    """The p, u or c chart, where something is counted."""
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    if len(known) < ENOUGH:
        return None
    cases = [None if value is None else value * weight for value, weight in zip(values, weights, strict=True)]
    counts = [None if one is None else round(one) for one in cases]
    are_counts = all(one is None or (one >= 0 and abs(one - round(one)) < 1e-6 * max(1.0, one)) for one in cases)
    size = sum(weight for _value, weight in known)
    rate = sum(one or 0 for one in counts) / size if size > 0 else 0.0
    if kind == "rate" and all(0 <= value <= 1 and float(weight).is_integer() for value, weight in known):
        if not 0 < rate < 1:
            return None
        return spc.p_chart(counts, weights, exact=_small([(value * weight, weight) for value, weight in known]))
    if per_unit and are_counts and rate > 0:
        return spc.u_chart(counts, weights)
    mean = sum(value for value, _weight in known) / len(known)
    if kind == "sum" and whole and 0 < mean <= FEW:
        # Where most hours have nothing, nine of them in a row below the mean are no news.
        rules = DEFAULT_RULES if mean >= 1 else {1}
        return spc.c_chart(values, exact=mean < SMALL_SAMPLE, rules=rules)
    return None


def _by_chance(chart: spc.Chart) -> bool:
    """Whether counting alone explains how the values vary."""
    there = [k for k, value in enumerate(chart.values) if value is not None and chart.sigma[k] > 0]
    z = [((chart.values[k] or 0.0) - chart.center[k]) / chart.sigma[k] for k in there if isfinite(chart.sigma[k])]
    z = [one for one in z if isfinite(one)]
    if len(z) < 2:
        return False
    # Without the largest ranges, so that the very signals that are looked for don't widen it.
    ranges = np.abs(np.diff(z))
    kept = ranges[ranges <= spc.SCREEN * ranges.mean()]
    spread = float(kept.mean() or ranges.mean()) / spc.D2_OF_TWO
    return 0 < spread <= BY_CHANCE


def _of_chart(chart: spc.Chart, found: Found) -> Judged:
    method = cast(Method, chart.method)
    return Judged(
        method, _given(chart.center), _given(chart.lower), _given(chart.upper), chart.signals, found.episodes,
        chart.mean_moving_range,
    )  # fmt: skip


def _with_points(times: Sequence[datetime], zone: tzinfo, chart: spc.Chart, judged: Judged) -> Judged:
    """Also the points beyond the limits of a chart of counts, where no stretch holds them yet."""
    more = []
    for signal in chart.signals:
        at, value = times[signal.index].astimezone(zone), chart.values[signal.index]
        if signal.rule != 1 or value is None or any(_covers(one, at) for one in judged.episodes):
            continue
        center, sigma = chart.center[signal.index], chart.sigma[signal.index]
        distance = (value - center) / sigma if sigma > 0 else 0.0
        more.append(Episode(at, at, at, value, center, distance, "moment"))
    return replace(judged, episodes=tuple(sorted([*judged.episodes, *more], key=lambda one: one.start)))


def _of_season(times: Sequence[datetime], values: Sequence[float | None], found: Found) -> Judged:
    marked = [
        Signal(index, 0)
        for index, at in enumerate(times)
        if values[index] is not None and any(_covers(episode, at) for episode in found.episodes)
    ]
    strength = found.season.strength if found.season else 0.0
    return Judged(
        "season", _given(found.center), _given(found.lower), _given(found.upper), tuple(marked), found.episodes,
        strength=strength, reason="season",
    )  # fmt: skip


def _covers(episode: Episode, at: datetime) -> bool:
    if episode.rule == "day":
        zone = episode.start.tzinfo
        return episode.start.date() <= at.astimezone(zone).date() <= episode.last.date()
    return episode.start <= at <= episode.last


def _given(values: Any) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
