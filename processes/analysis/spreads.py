"""How values of many groups spread: count, sum, mean, median, ninth of ten, least and most, for all groups at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsboard.core.lazy import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of many. Percentiles by linear interpolation."""

    count: int
    total: float
    mean: float
    median: float
    p90: float
    min: float
    max: float

    def packed(self) -> dict[str, float]:
        return {"mean": self.mean, "median": self.median, "p90": self.p90}


def spreads(codes: Any, values: Any, groups: int) -> dict[int, Spread]:
    """For each group (a number below `groups`) the spread of its values; NaN is no value.

    The rows are brought together by a stable sort of small numbers, which counts and does not compare, and each group is
    only ordered as far as its percentiles need.
    """
    if len(values) and bool(np.isnan(values).any()):
        known = ~np.isnan(values)
        codes, values = codes[known], values[known]
    if not len(values):
        return {}
    ordered = values[_by_group(codes, groups)]
    counts = np.bincount(codes, minlength=groups)
    there = np.flatnonzero(counts)
    begins = np.concatenate(([0], np.cumsum(counts[there])[:-1]))
    totals = np.add.reduceat(ordered, begins)
    low, high = np.minimum.reduceat(ordered, begins), np.maximum.reduceat(ordered, begins)
    found = {}
    for at, group in enumerate(there.tolist()):
        count, begin = int(counts[group]), int(begins[at])
        median, p90 = _percentiles(ordered[begin : begin + count], (0.5, 0.9))
        total = float(totals[at])
        found[group] = Spread(count, total, total / count, median, p90, float(low[at]), float(high[at]))
    return found


def _by_group(codes: Any, groups: int) -> Any:
    """The places of the rows, group by group. Numbers of 16 bits are sorted by counting; longer ones in two turns."""
    low = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    if groups <= 1 << 16:
        return low
    return low[np.argsort((codes >> 16).astype(np.uint16)[low], kind="stable")]


def _percentiles(part: Any, at: tuple[float, ...]) -> list[float]:
    """Of a part that may be put in another order."""
    last = len(part) - 1
    places = [one * last for one in at]
    wanted = sorted({place for one in places for place in (int(one), min(int(one) + 1, last))})
    part.partition(wanted)
    return [
        float(part[int(one)] + (part[min(int(one) + 1, last)] - part[int(one)]) * (one - int(one))) for one in places
    ]
