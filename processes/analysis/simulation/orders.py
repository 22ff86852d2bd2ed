"""The order of steps where no map is drawn: what the log itself shows to run side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.replay import Run

if TYPE_CHECKING:
    from processes.analysis.simulation.events import Events

# Two steps run side by side when this share of their meetings overlap, or both orders are this usual (where starts are known
# and some overlap: less will do).
OVERLAP: Final = 0.1
BALANCE: Final = 0.3
TIMED_BALANCE: Final = 0.03
SEEN: Final = 5


def side_by_side(events: Events) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """For each pair of steps: do they go on at the same time?"""
    size = len(events.activities)
    together, overlapping = np.zeros((size, size)), np.zeros((size, size))
    same = events.case[1:] == events.case[:-1]
    one, other = events.activity[:-1][same], events.activity[1:][same]
    np.add.at(together, (one, other), 1)
    both = together + together.T
    if events.timed:
        ends, begins = events.end[:-1][same], events.begins()[1:][same]
        length = np.minimum(ends - events.begins()[:-1][same], events.end[1:][same] - begins)
        meets = (ends - begins) > np.maximum(1.0, 0.05 * length)
        np.add.at(overlapping, (one[meets], other[meets]), 1)
        met = overlapping + overlapping.T
        some = (met > 0) & _both_orders(events, together, TIMED_BALANCE)
        return np.asarray((both >= SEEN) & ((met >= OVERLAP * both) | some))
    return np.asarray((both >= 2 * SEEN) & _both_orders(events, together, BALANCE))


def _both_orders(
    events: Events, together: np.ndarray[Any, np.dtype[Any]], balance: float
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The pairs seen in both orders, the rarer of them in this share, and not because of a loop."""
    usual = np.minimum(together, together.T) >= balance * (together + together.T)
    # A, B, A is a loop, not two things at once.
    loop = np.zeros(usual.shape, dtype=bool)
    if len(events) > 2:
        twice = (events.case[2:] == events.case[:-2]) & (events.activity[2:] == events.activity[:-2])
        loop[events.activity[:-2][twice], events.activity[1:-1][twice]] = True
    usual &= ~(loop | loop.T)
    np.fill_diagonal(usual, False)
    return np.asarray(usual)


def order(steps: Sequence[int], beside: np.ndarray[Any, np.dtype[np.bool_]]) -> Run:
    """A run: each step follows the latest steps that it does not go beside."""
    before: list[tuple[int, ...]] = []
    above: list[frozenset[int]] = []
    for place, step in enumerate(steps):
        direct: list[int] = []
        reached: frozenset[int] = frozenset()
        for earlier in range(place - 1, -1, -1):
            if earlier in reached or beside[steps[earlier], step]:
                continue
            direct.append(earlier)
            reached |= above[earlier] | {earlier}
        before.append(tuple(reversed(direct)))
        above.append(reached)
    return Run(tuple(steps), tuple(before), ((),) * len(steps))
