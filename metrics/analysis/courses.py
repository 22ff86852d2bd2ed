"""Values over time with their weights, put together: as one, and by the hour of the week. Pure sums."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

type Value = tuple[datetime, float | None, float]

ADDED = frozenset({"sum", "count"})
ENDS = {"min": min, "max": max}
# What comes out of its parts by adding or weighing; percentiles and formulas have to be asked for anew.
PIECED = frozenset({*ADDED, *ENDS, "mean", "ratio", "last"})


def put_together(aggregation: str, known: Sequence[tuple[float, float]], *, at_once: bool = False) -> float | None:
    """Values and their weights as one: of times one after the other, or of parts `at_once`."""
    if not known:
        return None
    values = [value for value, _weight in known]
    if aggregation in ADDED or (at_once and aggregation == "last"):
        return math.fsum(values)
    if aggregation == "last":
        return values[-1]
    if aggregation in ENDS:
        return float(ENDS[aggregation](values))
    weights = math.fsum(weight for _value, weight in known)
    return math.fsum(value * weight for value, weight in known) / weights if weights else None


def hours_of_week(values: Iterable[Value], zone: tzinfo, *, added: bool, plain: bool) -> list[list[float | None]]:
    """`[weekday from Monday][hour]` of values of single hours: what an hour of the week holds.

    Where values are `added` up, an hour without one adds nothing: the sum by how often that hour came by from the first
    value to the last. Else the mean of those that are known, each counting alike (`plain`) or by its weight. An hour of
    the week that never had a value has none.
    """
    tops, weights = _week(), _week()
    moments: list[datetime] = []
    for at, value, weight in values:
        if value is None:
            continue
        local = at.astimezone(zone)
        moments.append(at)
        share = 1.0 if plain or added else weight
        tops[local.weekday()][local.hour] += value * share
        weights[local.weekday()][local.hour] += share
    if added and moments:
        came_by = _week()
        hour, last = min(moments), max(moments)
        while hour <= last:
            local = hour.astimezone(zone)
            came_by[local.weekday()][local.hour] += 1.0
            hour += timedelta(hours=1)
        weights = [
            [times if known else 0.0 for times, known in zip(*row, strict=True)]
            for row in zip(came_by, weights, strict=True)
        ]
    return [
        [top / weight if weight else None for top, weight in zip(*row, strict=True)]
        for row in zip(tops, weights, strict=True)
    ]


def _week() -> list[list[float]]:
    return [[0.0] * 24 for _day in range(7)]


def added_up(columns: Iterable[Sequence[float | None]]) -> list[float]:
    """Several rows of as many values as one; what is not known adds nothing."""
    return [math.fsum(value or 0.0 for value in column) for column in zip(*columns, strict=True)]
