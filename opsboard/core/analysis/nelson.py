"""Nelson's rules: at which points does a series stop looking like chance?

Source: L. S. Nelson, J. Quality Technology 16(4), 1984, 237-239.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import nan
from typing import Any, Final

from opsboard.core.lazy import numpy as np

type Values = Iterable[float | None]
type Array = "np.ndarray[Any, np.dtype[np.float64]]"

DEFAULT_RULES: Final = (1, 2)
ALL_RULES: Final = (1, 2, 3, 4, 5, 6, 7, 8)
# In-control run lengths (Champ and Woodall 1987): rule 1 alone 370 points, the four Western Electric rules 92. Each rule
# that is switched on makes more false signals, hence two by default.
RUN: Final = 9


@dataclass(frozen=True, slots=True, order=True)
class Signal:
    """Rule ``rule`` (1 to 8; 0 for EWMA and CUSUM) is complete at the point ``index`` (from 0)."""

    index: int
    rule: int


def nelson(z: Values, rules: Collection[int] = DEFAULT_RULES, *, run: int = RUN) -> tuple[Signal, ...]:
    """The points at which a rule is complete, for values in standard deviations from the centre.

    1: beyond 3 σ. 2: ``run`` (9) in a row on one side. 3: six in a row steadily up or down. 4: fourteen in a row
    alternating up and down. 5: two of three beyond 2 σ on one side. 6: four of five beyond 1 σ on one side.
    7: fifteen in a row within 1 σ. 8: eight in a row beyond 1 σ on either side. In 5 and 6 the completing point is itself
    beyond. A point on the line is neither beyond nor on a side; a run that goes on is marked at each further point.
    """
    unknown = set(rules) - set(ALL_RULES)
    if unknown:
        raise ValueError(f"no such rule: {sorted(unknown)}")
    given = array_of(z, infinite=True)
    there = np.flatnonzero(~np.isnan(given))
    known = given[there]
    found: list[Signal] = []
    for rule in sorted(set(rules)):
        found += [Signal(int(there[place]), rule) for place in np.flatnonzero(_rule(known, rule, run))]
    return tuple(sorted(found))


def _rule(z: "Array", rule: int, run: int) -> Any:
    # A hair's breadth, so that a value computed onto a line is on it and not beyond.
    edge = 1e-9
    match rule:
        case 1:
            return np.abs(z) > 3 + edge
        case 2:
            return _all_of(z > edge, run) | _all_of(z < -edge, run)
        case 3:
            step = _steps(z)
            return _later(_all_of(step > 0, 5) | _all_of(step < 0, 5), 1, len(z))
        case 4:
            step = _steps(z)
            return _later(_all_of(step[1:] * step[:-1] < 0, 12), 2, len(z))
        case 5:
            return _most_of(z > 2 + edge, 2, 3) | _most_of(z < -2 - edge, 2, 3)
        case 6:
            return _most_of(z > 1 + edge, 4, 5) | _most_of(z < -1 - edge, 4, 5)
        case 7:
            return _all_of(np.abs(z) < 1 - edge, 15)
        case _:
            return _all_of(np.abs(z) > 1 + edge, 8)


def _steps(z: "Array") -> Any:
    """Up, down or neither; two values infinitely far on one side are alike."""
    with np.errstate(invalid="ignore"):
        moved = np.diff(z)
    return np.sign(np.where(np.isnan(moved), 0.0, moved))


def _within(mask: Any, width: int) -> Any:
    """For each place, how many of the last ``width`` are True (fewer places at the start)."""
    sums = np.concatenate(([0], np.cumsum(mask)))
    places = np.arange(1, len(mask) + 1)
    return sums[places] - sums[np.maximum(places - width, 0)]


def _all_of(mask: Any, width: int) -> Any:
    return _within(mask, width) >= width


def _most_of(mask: Any, count: int, width: int) -> Any:
    return mask & (_within(mask, width) >= count)


def _later(mask: Any, by: int, length: int) -> Any:
    """A mask of differences as one of points: the difference ends at the later point."""
    return np.concatenate((np.zeros(min(by, length), dtype=bool), mask))


def array_of(values: Values, *, infinite: bool = False) -> "Array":
    given = np.asarray([nan if value is None else value for value in values], dtype=float)
    return given if infinite else np.where(np.isfinite(given), given, nan)
