"""In which hours of which weekdays does it pile up, or did it move? One window, such as Saturday and Sunday, 20 to 22 h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from metrics.analysis.cells import Array
from opsboard.core.lazy import numpy as np

# What a window leaves outside counts so many times what it explains; see drivers.py.
LEFT: Final = 3.0
WORKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
# A window is worth naming if it explains this share of the change, or holds so much more than its share of the time.
WORTH: Final = 0.25
DENSE: Final = 1.5


@dataclass(frozen=True, slots=True)
class Window:
    """Weekdays (Monday = 0) and hours [first, end). ``actual`` of all ``total`` lie in it, where ``expected`` would;
    ``share`` is its part of the change (or of the whole, for a pile)."""

    days: frozenset[int]
    first: int
    end: int
    actual: float
    expected: float
    share: float
    hours_share: float

    @property
    def hours(self) -> range:
        return range(self.first, self.end)


def find_window(actual: Array, expected: Array, *, pile: bool = False) -> Window | None:
    """The window that explains most of the difference; both are 7 by 24. ``pile`` means that ``expected`` is what an even
    spread would be, so that the window holds a share of the whole and not of a change. None where nothing stands out."""
    a_all, e_all = float(actual.sum()), float(expected.sum())
    if a_all <= 0 or e_all <= 0 or (actual < 0).any():
        return None
    change = a_all - e_all
    best: tuple[float, Window] | None = None
    sums = _running(actual), _running(expected)
    used = [day for day in range(7) if actual[day].any() or expected[day].any()]
    hours = [hour for hour in range(24) if actual[:, hour].any() or expected[:, hour].any()]
    for days in _weekdays(used):
        rows = sorted(days)
        a_day, e_day = sums[0][rows].sum(axis=0), sums[1][rows].sum(axis=0)
        for first in hours:
            for end in (hour + 1 for hour in hours if hour >= first):
                a, e = float(a_day[end] - a_day[first]), float(e_day[end] - e_day[first])
                part = len(set(hours) & set(range(first, end))) * len(rows)
                if a <= 0 or part == len(hours) * len(used) or (not pile and (a - e) * change <= 0):
                    continue
                if pile and a <= e:
                    continue
                score = _evidence(a, e) - LEFT * (0.0 if pile else _evidence(a_all - a, e_all - e))
                if pile:
                    score += _evidence(a_all - a, e_all - e)
                if best is None or score > best[0]:
                    share = a / a_all if pile else (a - e) / change
                    best = score, Window(days, first, end, a, e, share, part / max(len(hours) * len(used), 1))
    if best is None or best[0] <= 0:
        return None
    found = best[1]
    dense = found.actual >= DENSE * found.expected if pile else found.share >= WORTH
    return found if dense else None


def _weekdays(used: Sequence[int]) -> Iterator[frozenset[int]]:
    """Single days, work days, the weekend, neighbours of two, all."""
    whole = frozenset(used)
    seen = {whole, WORKDAYS & whole, WEEKEND & whole}
    seen |= {frozenset({day}) for day in used}
    seen |= {frozenset({day, (day + 1) % 7}) & whole for day in used}
    yield from sorted((days for days in seen if days), key=lambda days: (-len(days), sorted(days)))


def _running(grid: Array) -> Array:
    found: Array = np.concatenate([np.zeros((7, 1)), np.cumsum(grid, axis=1)], axis=1)
    return found


def _evidence(a: float, e: float) -> float:
    if e <= 0:
        e = 1e-3 * max(a, 1e-12)
    return max(float((a * np.log(a / e) if a > 0 else 0.0) - (a - e)), 0.0)
