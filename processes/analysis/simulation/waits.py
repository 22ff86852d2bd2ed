"""Outside waiting: what remains of the waiting before a step when busy people and their hours have explained theirs.

A step that begins while somebody of its role had been idle, on duty, until that moment waited for something else all the
while: its outside waiting is known. Where people were busy or off duty just before, the outside waiting ended at some moment
between the last at which somebody was idle and the beginning. So it is known up to an interval, and its distribution is the
most likely one given exact values and intervals (Turnbull, JRSS B 38, 1976, 290-295), by expectation and maximisation.
"""

from __future__ import annotations

from typing import Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import Clock
from processes.analysis.simulation.model import Sample

type Array = "np.ndarray[Any, np.dtype[Any]]"

# Nobody is idle for a pause this short between two pieces of work.
PAUSE: Final = 60.0
POINTS: Final = 300
ROUNDS: Final = 400
MOST_ROWS: Final = 4000


def saturated(starts: Array, ends: Array, places: int, *, pause: float) -> tuple[Array, Array]:
    """When all places were taken (in working time): beginnings and ends of those spans; short pauses between are none."""
    if not len(starts):
        return np.array([]), np.array([])
    times = np.concatenate([starts, ends])
    change = np.concatenate([np.ones(len(starts)), -np.ones(len(ends))])
    order = np.lexsort((change, times))
    times, level = times[order], np.cumsum(change[order])
    full = level >= places
    edges = np.diff(np.concatenate([[0], full.astype(np.int8), [0]]))
    begin, stop = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    first, last = times[begin], times[np.minimum(stop, len(times) - 1)]
    if not len(first):
        return first, last
    apart = first[1:] - last[:-1] > pause
    return first[np.concatenate([[True], apart])], last[np.concatenate([apart, [True]])]


def bounds(
    enabled: Array, begun: Array, clock: Clock, spans: tuple[Array, Array], *, pause: float
) -> tuple[Array, Array]:
    """Outside waiting of each step: at least, at most. Moments since the clock's beginning."""
    most = np.maximum(begun - enabled, 0.0)
    starts, ends = spans
    at, since = clock.work(begun), clock.work(enabled)
    idle = at.copy()
    if len(starts):
        place = np.searchsorted(starts, at - 1e-6, side="right") - 1
        inside = (place >= 0) & (ends[np.clip(place, 0, None)] >= at - pause)
        idle = np.where(inside, starts[np.clip(place, 0, None)], at)
    # The last moment on duty before: at the edge of a shift the evening, not the morning after.
    last = np.minimum(clock.wall(idle, early=True), begun)
    least = np.where(idle <= since, 0.0, np.clip(last - enabled, 0.0, most))
    short = most <= pause
    least = np.where(short, 0.0, least)
    most = np.where(short, 0.0, most)
    return np.where(most - least <= pause, most, least), most


def most_likely(least: Array, most: Array) -> Sample:
    """The distribution of a length that is known up to intervals."""
    seen = len(least)
    if not seen or float(most.max()) <= 0:
        return Sample(np.array([0.0]), seen)
    if seen > MOST_ROWS:
        keep = np.linspace(0, seen - 1, MOST_ROWS).astype(np.int64)
        least, most = least[keep], most[keep]
    points = np.unique(np.concatenate([[0.0], least]))
    if len(points) > POINTS:
        points = np.unique(points[np.linspace(0, len(points) - 1, POINTS).astype(np.int64)])
    # Every row must hold a point: the nearest below its upper bound, at worst.
    low = np.minimum(np.searchsorted(points, least, side="left"), np.searchsorted(points, most, side="right") - 1)
    high = np.searchsorted(points, most, side="right") - 1
    share = np.full(len(points), 1.0 / len(points))
    for _ in range(ROUNDS):
        total = np.concatenate([[0.0], np.cumsum(share)])
        mass = np.maximum(total[high + 1] - total[low], 1e-300)
        # Each row spreads itself over its points by their shares: sums over ranges, as differences.
        weight = np.zeros(len(points) + 1)
        np.add.at(weight, low, 1 / mass)
        np.add.at(weight, high + 1, -1 / mass)
        better = share * np.cumsum(weight)[:-1]
        better /= better.sum()
        if float(np.abs(better - share).max()) < 1e-6:
            share = better
            break
        share = better
    at = (np.arange(1000) + 0.5) / 1000
    place = np.minimum(np.searchsorted(np.cumsum(share), at), len(points) - 1)
    return Sample(points[place], seen)
