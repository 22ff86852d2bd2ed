"""When did a series come to a new level? A person is asked before limits are based on it.

PELT (Killick, Fearnhead and Eckley, JASA 107, 2012, 1590-1598) finds the changes of the mean that lower the sum of squares
by more than a penalty. Neighbours that are alike look like changes of level, so the penalty grows with their likeness: the
variance of a mean of AR(1) values is (1 + ρ) / (1 - ρ) times that of independent ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, Final

from opsboard.core.analysis.nelson import Values, array_of
from opsboard.core.analysis.season import MAD_TO_SIGMA
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import ruptures

# log n would be BIC's for one mean and one place; three of them, since both are searched for.
PENALTY: Final = 3.0
LEAST: Final = 20
SHORTEST: Final = 7
# Longer series are put together to about so many values first.
MOST: Final = 400
# What does not last a tenth of the series is an episode, not a level.
LASTING: Final = 0.1
# A level is worth asking about when it differs by so many standard deviations of what varies within the levels.
WORTH: Final = 1.0
ALIKE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Level:
    """From the value ``index`` (from 0) on: ``before`` and ``after`` are the means of the two levels, ``size`` their
    difference in standard deviations of what varies within levels."""

    index: int
    before: float
    after: float
    size: float


def new_levels(values: Values, *, shortest: int = SHORTEST) -> tuple[Level, ...]:
    """The changes of level in a series without season (take it out before), in order. Missing values are left out."""
    given = array_of(values)
    there = np.flatnonzero(np.isfinite(given))
    known = given[there]
    if len(known) < LEAST:
        return ()
    by = max(1, len(known) // MOST)
    series = known[: len(known) // by * by].reshape(-1, by).mean(axis=1)
    variance, alike = _noise(series)
    if variance == 0:
        return ()
    cuts = _cuts(series, variance, alike, max(shortest // by, round(LASTING * len(series)), 2))
    rest = series - _means(series, cuts)
    spread = sqrt(variance)
    sigma = float(np.std(rest)) or spread
    edges = [0, *cuts, len(series)]
    found = []
    for left, cut, right in zip(edges[:-2], cuts, edges[2:], strict=True):
        before, after = float(series[left:cut].mean()), float(series[cut:right].mean())
        if abs(after - before) >= WORTH * sigma:
            found.append(Level(int(there[min(cut * by, len(there) - 1)]), before, after, (after - before) / sigma))
    return tuple(found)


def _noise(series: Any) -> tuple[float, float]:
    """(variance within a level, likeness of neighbours) from differences, which hardly see the levels: over two steps they
    vary 1 + ρ times as much as over one, and over one 2 (1 - ρ) times as much as the values."""
    one, two = _variance(np.diff(series)), _variance(series[2:] - series[:-2])
    if one <= 1e-24 * max(1.0, float(np.abs(series).max()) ** 2):
        return 0.0, 0.0
    still = float(np.median(np.abs(np.diff(series)))) == 0
    alike = 0.0 if still else min(max(two / one - 1, 0.0), ALIKE)
    return one / (2 * (1 - alike)), alike


def _variance(steps: Any) -> float:
    """Robust, and of everything where more than half of the steps are nought."""
    typical = (MAD_TO_SIGMA * float(np.median(np.abs(steps - np.median(steps))))) ** 2
    return typical or float(np.var(steps))


def _cuts(series: Any, variance: float, alike: float, shortest: int) -> list[int]:
    penalty = PENALTY * variance * log(len(series)) * (1 + alike) / (1 - alike)
    # The linear kernel's cost is the sum of squares, and it is reckoned in C.
    found: Sequence[int] = ruptures.KernelCPD(kernel="linear", min_size=shortest).fit(series).predict(pen=penalty)
    return [int(cut) for cut in found if 0 < cut < len(series)]


def _means(series: Any, cuts: Sequence[int]) -> Any:
    return np.concatenate([np.full(len(part), part.mean()) for part in np.split(series, cuts)])
