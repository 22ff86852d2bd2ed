"""Is it a signal? The chart that fits the number: season, p, c or XmR; and in words what it was that spoke.

Rates of counted things have p charts and small counts c charts, but only where they vary as counting alone would have it
(D. B. Laney, Quality Engineering 14, 2002, 531-537: σ of the standardised points about 1); else XmR, which needs no model.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from math import isfinite
from typing import Any, Final, Literal

from opsboard.core.analysis import spc
from opsboard.core.analysis.nelson import Signal
from opsboard.core.analysis.unusual import Episode, Found, find_unusual
from opsboard.core.lazy import numpy as np

type Method = Literal["season", "xmr", "p", "c", "none"]

# Counting alone explains standardised points that vary up to so much.
BY_CHANCE: Final = 1.25
FEW: Final = 30.0  # counts up to this mean get a c chart
SMALL_SAMPLE: Final = 5.0  # with fewer expected cases than that, the binomial limits are exact
ENOUGH: Final = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A series and its limits. ``signals`` are (index, rule) with Nelson's numbers, or 0 for the season's own."""

    method: Method
    center: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    signals: tuple[Signal, ...]
    episodes: tuple[Episode, ...]
    mean_moving_range: float | None = None
    strength: float = 0.0

    def at(self, index: int) -> tuple[int, ...]:
        return tuple(signal.rule for signal in self.signals if signal.index == index)


def judge_series(
    times: Sequence[datetime],
    values: Sequence[float | None],
    weights: Sequence[float],
    zone: tzinfo,
    *,
    kind: Literal["sum", "rate", "mean"],
    starts: Collection[datetime] = (),
    holidays: Collection[date] = (),
) -> Judged:
    """Judge each value. ``kind`` is ``rate`` for shares of counted things (weights are what they are shares of)."""
    whole = all(value is None or (value >= 0 and float(value).is_integer()) for value in values)
    found = find_unusual(list(times), values, zone, starts=starts, holidays=holidays, counts=kind == "sum" and whole)
    if found.method == "season":
        return _of_season(times, found)
    counted = _counted(values, weights, kind, whole)
    if counted is not None and not starts:
        return _of_chart(counted, found)
    if found.method == "none":
        nothing = (None,) * len(values)
        return Judged("none", nothing, nothing, nothing, (), ())
    begins = [next((k for k, at in enumerate(times) if at >= start), len(times)) for start in starts]
    return _of_chart(
        spc.xmr_phases(values, begins, floor=0.0 if kind != "mean" and _never_below(values) else None), found
    )


def _never_below(values: Sequence[float | None]) -> bool:
    return all(value is None or value >= 0 for value in values)


def _counted(values: Sequence[float | None], weights: Sequence[float], kind: str, whole: bool) -> spc.Chart | None:
    """The p or c chart, where counting alone explains how the values vary."""
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    if len(known) < ENOUGH:
        return None
    chart = None
    if kind == "rate" and all(0 <= value <= 1 and float(weight).is_integer() for value, weight in known):
        cases = [
            None if value is None else round(value * weight) for value, weight in zip(values, weights, strict=True)
        ]
        rate = sum(one or 0 for one in cases) / max(sum(weights), 1.0)
        small = min(rate, 1 - rate) * float(np.median([weight for _value, weight in known])) < SMALL_SAMPLE
        chart = spc.p_chart(cases, weights, exact=small) if 0 < rate < 1 else None
    elif kind == "sum" and whole and 0 < sum(value for value, _weight in known) / len(known) <= FEW:
        chart = spc.c_chart(values)
    if chart is None:
        return None
    there = [k for k, value in enumerate(chart.values) if value is not None and chart.sigma[k] > 0]
    z = [((chart.values[k] or 0.0) - chart.center[k]) / chart.sigma[k] for k in there if isfinite(chart.sigma[k])]
    z = [one for one in z if isfinite(one)]
    # Over the median of the ranges, so that the very signals that are looked for don't widen it.
    spread = float(np.median(np.abs(np.diff(z)))) / 0.954 if len(z) > 1 else 0.0
    return chart if 0 < spread <= BY_CHANCE else None


def _of_chart(chart: spc.Chart, found: Found) -> Judged:
    method: Method = "p" if chart.method == "p" else "c" if chart.method == "c" else "xmr"
    return Judged(
        method, _given(chart.center), _given(chart.lower), _given(chart.upper), chart.signals, found.episodes,
        chart.mean_moving_range,
    )  # fmt: skip


def _of_season(times: Sequence[datetime], found: Found) -> Judged:
    marked = [
        Signal(index, 0) for index, at in enumerate(times) if any(_covers(episode, at) for episode in found.episodes)
    ]
    strength = found.season.strength if found.season else 0.0
    return Judged(
        "season", _given(found.center), _given(found.lower), _given(found.upper), tuple(marked), found.episodes,
        strength=strength,
    )  # fmt: skip


def _covers(episode: Episode, at: datetime) -> bool:
    if episode.rule == "day":
        zone = episode.start.tzinfo
        return episode.start.date() <= at.astimezone(zone).date() <= episode.last.date()
    return episode.start <= at <= episode.last


def _given(values: Any) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
