"""When people work: a weekly calendar learnt from the moments at which something began or ended, and a clock to count in it.

A step that spans a night counts what its calendar counts. Moments are seconds in local time since Monday, 5 January 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opsboard.core.lazy import numpy as np

type Array = "np.ndarray[Any, np.dtype[Any]]"

DAY: Final = 86_400
WEEK: Final = 7 * DAY
SLOT: Final = 300
DAY_SLOTS: Final = DAY // SLOT
WEEK_SLOTS: Final = 7 * DAY_SLOTS
BIN: Final = 1800  # where working hours are looked for; their edges are then found in slots
BINS: Final = DAY // BIN
MONDAY: Final = 4 * DAY  # 1970 began on a Thursday

# Fewer moments than this say little about hours: such people follow the others' calendar.
ENOUGH: Final = 100
# A weekday with less than this share of the busiest one is a day off, a half hour with less than this of the usual one off duty.
RARE_DAY: Final = 0.08
RARE_BIN: Final = 0.1
# A break within the day is believed when this many moments were to be expected in it.
BREAK_EXPECTED: Final = 15


@dataclass(frozen=True, slots=True)
class Weekly:
    """The hours of a week on duty, in slots of five minutes from Monday 0:00."""

    on: tuple[bool, ...]

    @property
    def hours(self) -> float:
        return sum(self.on) * SLOT / 3600

    @property
    def always(self) -> bool:
        return all(self.on)


ALWAYS: Final = Weekly((True,) * WEEK_SLOTS)


def office(first_hour: float = 9, last_hour: float = 17, days: int = 5) -> Weekly:
    """Monday to Friday, nine to five, or as asked."""
    day = [first_hour * 3600 <= slot * SLOT < last_hour * 3600 for slot in range(DAY_SLOTS)]
    return Weekly(tuple(hour for number in range(7) for hour in (day if number < days else [False] * DAY_SLOTS)))


def weekly(week: Sequence[Sequence[tuple[int, int]]]) -> Weekly:
    """From hours by weekday, in minutes after midnight (a night shift reaches beyond 1440)."""
    on = np.zeros(WEEK_SLOTS, dtype=bool)
    for number, hours in enumerate(week):
        for first, last in hours:
            on[np.arange(number * DAY_SLOTS + first // 5, number * DAY_SLOTS + last // 5) % WEEK_SLOTS] = True
    return Weekly(tuple(bool(slot) for slot in on)) if on.any() else office()


@dataclass(slots=True)
class Clock:
    """Turns moments into working time and back, by one look-up each, over so many weeks (from moment 0)."""

    weekly: Weekly
    weeks: int
    worked: Array = field(init=False)  # working seconds before each slot
    on: Array = field(init=False)
    walls: Array = field(init=False)  # the moment at which each working slot begins

    def __post_init__(self) -> None:
        self.on = np.tile(np.array(self.weekly.on, dtype=bool), self.weeks)
        gained = np.where(self.on, float(SLOT), 0.0)
        self.worked = np.concatenate([[0.0], np.cumsum(gained)])[:-1]
        self.walls = np.flatnonzero(self.on).astype(float) * SLOT

    def work(self, moments: Array) -> Array:
        """Working seconds from moment 0 to each moment."""
        slots = np.clip(np.floor_divide(moments, SLOT).astype(np.int64), 0, len(self.on) - 1)
        return np.asarray(self.worked[slots] + np.where(self.on[slots], moments - slots * float(SLOT), 0.0))

    def wall(self, work: Array, *, early: bool = False) -> Array:
        """The moment at which so much work is done; at the edge of a shift the next begins, or (early) the last ends."""
        counted = np.maximum(np.asarray(work, dtype=float) - (1e-6 if early else 0.0), 0.0)
        slots = np.clip(np.floor_divide(counted, SLOT).astype(np.int64), 0, len(self.walls) - 1)
        return np.asarray(self.walls[slots] + counted - slots * float(SLOT))


def _runs(on: Array) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _hours(clock: Array) -> Array:
    """The slots of a day on duty, from times of day (seconds)."""
    counts = np.bincount((clock // BIN).astype(np.int64), minlength=BINS)[:BINS]
    usual = float(np.median(counts[counts >= max(1.0, 0.02 * counts.max())]))
    on = counts >= max(1.0, RARE_BIN * usual)
    # A hole is a break only where the silence in it says something.
    for first, last in _runs(~on):
        inside = first > 0 and last < BINS and on[:first].any() and on[last:].any()
        if inside and usual * (last - first) < BREAK_EXPECTED:
            on[first:last] = True
    slots = np.repeat(on, BIN // SLOT)
    for first, last in _runs(on):
        if last - first == BINS:
            continue
        for edge, left in ((first, True), (last - 1, False)):
            inside_bin = clock[(clock >= edge * BIN) & (clock < (edge + 1) * BIN)]
            if len(inside_bin) < 30:
                continue
            reach = float(np.quantile(inside_bin, 0.01 if left else 0.99)) - edge * BIN
            spare = reach if left else BIN - reach
            if spare > 2 * SLOT:
                cut = int(reach // SLOT) if left else int(-(-reach // SLOT))
                base = edge * BIN // SLOT
                if left:
                    slots[base : base + cut] = False
                else:
                    slots[base + cut : base + BIN // SLOT] = False
    return slots


def learn_weekly(moments: Array) -> Weekly | None:
    """The calendar that these moments of beginning and ending speak for; none where they are too few to say."""
    if len(moments) < ENOUGH:
        return None
    # A night shift belongs to the day on which it begins: days are cut where the day is quietest.
    cut = _quietest(moments % DAY)
    moments = moments - cut * float(BIN)
    day = np.floor_divide(moments, DAY).astype(np.int64)
    weekday, clock = day % 7, moments - day * float(DAY)
    each = np.bincount(weekday, minlength=7)
    active = each >= RARE_DAY * each.max()
    together = _hours(clock[active[weekday]])
    week = np.zeros((7, DAY_SLOTS), dtype=bool)
    for number in np.flatnonzero(active):
        own = clock[weekday == number]
        week[number] = _hours(own) if len(own) >= 4 * ENOUGH else together
    if week.sum() >= 0.93 * WEEK_SLOTS:
        return ALWAYS
    return Weekly(tuple(bool(slot) for slot in np.roll(week.ravel(), cut * (BIN // SLOT))))


def _quietest(clock: Array) -> int:
    """The middle of the longest quiet span of the day (a half hour's number)."""
    counts = np.bincount((clock // BIN).astype(np.int64), minlength=BINS)[:BINS]
    quiet = counts <= RARE_BIN * np.median(counts[counts > 0])
    if not quiet.any() or (quiet[0] and quiet[-1]):
        return 0
    twice = _runs(np.concatenate([quiet, quiet]))
    first, last = max(twice, key=lambda span: span[1] - span[0])
    return ((first + last) // 2) % BINS
