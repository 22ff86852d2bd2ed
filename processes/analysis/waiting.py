"""Why work waits: every wait before a step, parted into its causes. The parts add up to the whole.

A wait begins when the step before it in its case has ended (of steps that run side by side, the last that it follows)
and ends when the step begins. Seen from the people who do the step, in the order of Lashkevich et al. (Why am I waiting?
Data-driven analysis of waiting times in business processes, CAiSE 2023):

* **outside**: somebody of the role was there, on duty and idle, and yet it did not begin: it waited for something else
  (a customer, a supplier, another system). Up to the last idle moment before it begins, the whole wait is of that kind,
  unless they were idle for some minutes only, as people are who have just come in;
* **batching**: the same, where the step was then done for several cases at one go, for which it had waited;
* **off duty**: of what remains, the hours in which nobody of the role works;
* **priority**: all were busy, with cases that came later;
* **busy**: all were busy;
* **unknown**: nobody is named in the log, or starts are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import DAY, Clock, Weekly
from processes.analysis.simulation.events import Events
from processes.analysis.simulation.orders import side_by_side
from processes.analysis.simulation.people import calendars, find_roles, places
from processes.analysis.simulation.waits import PAUSE, bounds, saturated

type Array = "np.ndarray[Any, np.dtype[Any]]"

CAUSES: Final = ("batching", "busy", "priority", "off_duty", "outside", "unknown")
SHARE: Final = 0.05  # who does at least so much of a step is one of its people
BATCH: Final = 3  # so many cases at one go are no coincidence
SYSTEMATIC: Final = 0.25  # and so much of a step's work must be done so
REACTION: Final = 900.0  # who is idle no longer than this had only not begun yet
WEEK: Final = 7 * DAY


@dataclass(slots=True)
class Waits:
    """One row for each wait, in the order of the events: before which event, after which, and its seconds by cause.

    `roles` are the roles and their people; `load` of each is the share of its hours on duty that it worked.
    """

    event: Array
    after: Array  # the event that ended last before
    seconds: Array
    causes: dict[str, Array]
    roles: list[tuple[str, list[int]]] = field(default_factory=list)
    role_of: Array | None = (
        None  # of each activity: the number of the role that does most of it, -1 where none is known
    )
    load: list[float] = field(default_factory=list)
    hours: list[Weekly] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.event)


def follows(events: Events) -> Array:
    """For each event the one that it waited for (-1: it begins its case): the last to end before it began, of those
    that do not usually run beside it."""
    size = len(events)
    beside = side_by_side(events)
    begins = events.begins()
    reach = float(events.end.max() - begins.min()) + 2.0 if size else 1.0
    origin = float(begins.min()) if size else 0.0
    ends = events.case * reach + (events.end - origin)
    wanted = events.case * reach + (begins - origin)
    found = np.full(size, -1, dtype=np.int64)
    row = np.arange(size)
    for activity in range(len(events.activities)):
        mine = events.activity == activity
        others = beside[activity].copy()
        others[activity] = False
        usable = ~others[events.activity]
        order = np.argsort(ends[usable], kind="stable")
        pool = row[usable][order]
        place = np.searchsorted(ends[pool], wanted[mine] + 1e-6, side="right") - 1
        before = np.where(place >= 0, pool[np.clip(place, 0, None)], -1)
        # An event of no length ends where it begins: it is not before itself, nor before what stands above it in its case.
        own = row[mine]
        for _ in range(3):
            wrong = (before >= own) & (events.case[np.clip(before, 0, None)] == events.case[own])
            if not wrong.any():
                break
            place = np.where(wrong, place - 1, place)
            before = np.where(place >= 0, pool[np.clip(place, 0, None)], -1)
        good = (before >= 0) & (events.case[np.clip(before, 0, None)] == events.case[own]) & (before != own)
        found[mine] = np.where(good, before, -1)
    return found


def waits_of(events: Events, roles: Mapping[str, str] | None = None) -> Waits:
    """Every wait and why. `roles` says who works in which, where that is known; else the log shows it.

    Where starts are unknown a wait is the whole time from one end to the next, and its cause is unknown.
    """
    before = follows(events)
    event = np.flatnonzero(before >= 0)
    enabled = events.end[before[event]]
    begun = events.begins()[event]
    seconds = np.maximum(begun - enabled, 0.0)
    causes = {name: np.zeros(len(event)) for name in CAUSES}
    waits = Waits(event, before[event], seconds, causes)
    if not len(events):
        return waits
    if not (events.timed and events.peopled):
        causes["unknown"][:] = seconds
        return waits
    waits.roles = find_roles(events, roles)
    waits.hours, _of_people = calendars(events, waits.roles)
    base = float(events.begins().min() // WEEK) * WEEK
    clocks = {weekly: Clock(weekly, int(events.end.max() // WEEK) - int(base // WEEK) + 3) for weekly in waits.hours}
    role_of = np.full(len(events.resources) + 1, -1)
    for number, (_name, members) in enumerate(waits.roles):
        role_of[members] = number
    doers = np.zeros((len(events.activities), len(waits.roles)))
    known = events.resource >= 0
    np.add.at(doers, (events.activity[known], role_of[events.resource[known]]), 1)
    totals = doers.sum(axis=1)
    waits.role_of = np.where(totals > 0, doers.argmax(axis=1), -1)
    waits.load = [
        _load(events, members, clocks[weekly], base)
        for (_name, members), weekly in zip(waits.roles, waits.hours, strict=True)
    ]
    pools: dict[tuple[int, ...], list[int]] = {}
    for activity in range(len(events.activities)):
        if totals[activity]:
            pool = tuple(int(one) for one in np.flatnonzero(doers[activity] >= SHARE * totals[activity]))
            pools.setdefault(pool, []).append(activity)
    parted = np.zeros(len(event), dtype=bool)
    for pool, activities in pools.items():
        members = sorted({one for role in pool for one in waits.roles[role][1]})
        clock = clocks[waits.hours[pool[0]]]
        mine = np.isin(events.activity[event], np.array(activities)) & (events.resource[event] >= 0)
        parted |= mine
        _part(waits, events, mine, members, clock, base)
    causes["unknown"][~parted] = seconds[~parted]
    return waits


def _load(events: Events, members: list[int], clock: Clock, base: float) -> float:
    """The share of the people's hours on duty, from the first event to the last, in which they worked."""
    theirs = np.isin(events.resource, np.array(members)) & ~np.isnan(events.start)
    span = clock.work(np.array([events.begins().min() - base, events.end.max() - base]))
    there = float(span[1] - span[0]) * sum(places(events, one) for one in members)
    worked = clock.work(events.end[theirs] - base) - clock.work(events.start[theirs] - base)
    return min(1.0, float(worked.sum()) / there) if there > 0 else 0.0


def _part(waits: Waits, events: Events, mine: Array, members: list[int], clock: Clock, base: float) -> None:
    """The waits before the steps of one pool of people."""
    rows = np.flatnonzero(mine & (waits.seconds > 0))
    if not len(rows):
        return
    begun = events.begins()[waits.event[rows]] - base
    enabled = begun - waits.seconds[rows]
    theirs = np.isin(events.resource, np.array(members)) & ~np.isnan(events.start)
    starts, ends = clock.work(events.start[theirs] - base), clock.work(events.end[theirs] - base)
    usual = float(np.median(ends - starts)) if theirs.any() else 0.0
    pause = min(PAUSE, max(2.0, 0.05 * usual))
    spans = saturated(starts, ends, sum(places(events, one) for one in members), pause=pause)
    outside, _most = bounds(enabled, begun, clock, spans, pause=pause)
    outside = np.clip(outside, 0.0, waits.seconds[rows])
    since, until = clock.work(enabled), clock.work(enabled + outside)
    idle = until - since - (_filled(spans, until) - _filled(spans, since))
    outside = np.where(idle <= REACTION, np.minimum(outside, until - since), outside)
    rest = waits.seconds[rows] - outside
    working = np.clip(clock.work(begun) - clock.work(enabled + outside), 0.0, rest)
    waits.causes["off_duty"][rows] = rest - working
    later = _overtaken(waits, events, rows, members, clock, base)
    waits.causes["priority"][rows] = np.minimum(working, later)
    waits.causes["busy"][rows] = working - waits.causes["priority"][rows]
    gathered = _gathered(waits, events, rows)
    waits.causes["batching"][rows] = np.minimum(outside, gathered)
    waits.causes["outside"][rows] = outside - waits.causes["batching"][rows]


def _filled(spans: tuple[Array, Array], moments: Array) -> Array:
    """Working seconds before each moment in which all were busy."""
    starts, ends = spans
    if not len(starts):
        return np.zeros(len(moments))
    before = np.concatenate([[0.0], np.cumsum(ends - starts)])
    place = np.searchsorted(starts, moments, side="right")
    return before[place] - np.where(place > 0, np.maximum(ends[np.clip(place - 1, 0, None)] - moments, 0.0), 0.0)


def _overtaken(waits: Waits, events: Events, rows: Array, members: list[int], clock: Clock, base: float) -> Array:
    """Seconds of each wait in which its own people worked on cases that had come later, by their number."""
    ready = np.full(len(events), np.nan)
    ready[waits.event] = events.begins()[waits.event] - waits.seconds
    found = np.zeros(len(rows))
    resource = events.resource[waits.event[rows]]
    for person in members:
        here = np.flatnonzero(resource == person)
        theirs = np.flatnonzero((events.resource == person) & ~np.isnan(events.start))
        if not len(here) or not len(theirs):
            continue
        order = theirs[np.argsort(events.start[theirs], kind="stable")]
        starts = events.start[order]
        work = clock.work(events.end[order] - base) - clock.work(starts - base)
        since, begun = ready[waits.event[rows[here]]], events.begins()[waits.event[rows[here]]]
        low, high = np.searchsorted(starts, since, side="left"), np.searchsorted(starts, begun, side="left")
        came = ready[order]
        for at in np.flatnonzero(high > low):
            part = slice(int(low[at]), int(high[at]))
            found[here[at]] = float(work[part][came[part] > since[at]].sum())
    return found


def _gathered(waits: Waits, events: Events, rows: Array) -> Array:
    """Seconds for which each waited until the last of its batch was there; 0 where it was not done in one.

    A batch: cases that one person does one right after another in the same step, all of which were there before the first
    began, and where this is how the step is usually done.
    """
    found = np.zeros(len(rows))
    event = waits.event[rows]
    keys = events.activity[event] * (len(events.resources) + 1) + events.resource[event]
    order = np.lexsort((events.begins()[event], keys))
    starts, ends, key = events.begins()[event][order], events.end[event][order], keys[order]
    ready = starts - waits.seconds[rows][order]
    joined = (key[1:] == key[:-1]) & (starts[1:] - ends[:-1] <= PAUSE)
    batch = np.concatenate([[0], np.cumsum(~joined)])
    first = np.flatnonzero(np.concatenate([[True], ~joined]))
    sizes = np.diff(np.append(first, len(order)))
    last_ready = np.maximum.reduceat(ready, first)
    real = (sizes >= BATCH) & (last_ready <= starts[first] + 1e-6)
    in_batch = real[batch]
    activity = events.activity[event][order]
    done = np.bincount(activity, minlength=len(events.activities))
    batched = np.bincount(activity[in_batch], minlength=len(events.activities))
    usual = (batched >= SYSTEMATIC * np.maximum(done, 1))[activity]
    found[order] = np.where(in_batch & usual, np.maximum(last_ready[batch] - ready, 0.0), 0.0)
    return found
