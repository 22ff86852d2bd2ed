"""The simulator: one run of the model.

People serve in the order in which steps become possible, and whoever can begin first takes the next step. So a step is
given to its person at the moment it becomes possible: the heap holds only those moments, one in and one out for each step
(Kiefer and Wolfowitz, On the theory of queues with many servers, 1955). Each person's day is counted in working seconds;
a moment turns into working seconds, and back, by one look-up in a table of five-minute slots.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heappushpop, heapreplace
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import ALWAYS, DAY, SLOT, WEEK, Clock, Weekly
from processes.analysis.simulation.model import Arrivals, Model, Sample

type Array = "np.ndarray[Any, np.dtype[Any]]"

# A table of the hours reaches this far beyond the last arrival, and twice as far again when that is too short.
WEEKS_AFTER: Final = 26
MOST_WEEKS: Final = 20_000
NEAREST_DAYS: Final = 5
PER_SECOND: Final = 1 / SLOT
NEVER: Final = (float("inf"), -1)

# By slot: how far working time is ahead of the clock (none off duty), working time before it; by working slot: how far the
# clock is ahead of working time.
type Table = tuple[list[float | None], list[float], list[float]]


@dataclass(slots=True)
class Program:
    """A model laid out flat: all places of all shapes one after the other."""

    model: Model
    offset: Array  # where each shape begins
    size: Array
    weight: Array  # share of the cases that go each way
    step: Array
    waits: Array
    count: Array  # steps before each
    after: list[tuple[int, ...]]  # how far on the steps after each stand
    only: list[int]  # how far on the one step that follows and waits for nothing else stands; 0: there is none or more
    gone: Array
    joined: Array  # how far back the step stands whose work this is part of; 0: none
    pools: list[tuple[int, ...]]
    pool: Array  # of each step, -1: nobody
    # Kept from run to run, and from as-is to to-be: hours by weeks.
    clocks: dict[tuple[Weekly, int], tuple[Clock, Table | None]]


def program(model: Model, like: Program | None = None) -> Program:
    pools: dict[tuple[int, ...], int] = {}
    of_step = []
    for step in model.steps:
        people = tuple(sorted({one for role in step.roles for one in model.roles[role].people}))
        of_step.append(pools.setdefault(people, len(pools)) if people else -1)
    steps, waits, number, after, only, gone, joined, sizes = [], [], [], [], [], [], [], []
    for shape in model.shapes:
        following: list[list[int]] = [[] for _ in shape.steps]
        for place, before in enumerate(shape.before):
            for one in before:
                following[one].append(place - one)
        steps += shape.steps
        waits += shape.waits
        number += [len(one) for one in shape.before]
        after += [tuple(one) for one in following]
        only += [
            one[0] if len(one) == 1 and len(shape.before[place + one[0]]) == 1 else 0
            for place, one in enumerate(following)
        ]
        gone += shape.gone
        joined += [place - one if one >= 0 else 0 for place, one in enumerate(shape.joined)]
        sizes.append(len(shape.steps))
    weight = np.array([shape.times for shape in model.shapes], dtype=float)
    return Program(
        model=model, offset=np.cumsum([0, *sizes])[:-1], size=np.array(sizes), weight=weight / weight.sum(),
        step=np.array(steps, dtype=np.int64), waits=np.array(waits, dtype=np.int64), count=np.array(number), after=after,
        only=only,        gone=np.array(gone, dtype=bool), joined=np.array(joined, dtype=np.int64), pools=list(pools),
        pool=np.array(of_step, dtype=np.int64), clocks=like.clocks if like else {},
    )  # fmt: skip


@dataclass(slots=True)
class Draws:
    """What chance decides in one run; the same for as-is and to-be, so that only the change differs."""

    arrivals: Array
    shape: Array  # of each case
    work: Array  # a share for each place of each case
    wait: Array
    rng_state: int


def draw(laid: Program, cases: int, seed: int) -> Draws:
    rng = np.random.default_rng(seed)
    shape = rng.choice(len(laid.weight), size=cases, p=laid.weight)
    total = int(laid.size[shape].sum())
    return Draws(
        arrivals=arrive(laid.model.arrivals, cases, rng), shape=shape, work=rng.random(total), wait=rng.random(total),
        rng_state=int(rng.integers(0, 2**62)),
    )  # fmt: skip


def arrive(arrivals: Arrivals, cases: int, rng: np.random.Generator) -> Array:
    """Moments of arrival from the Monday before the first day: each day like a day of the same weekday nearby in the log."""
    known, monday = len(arrivals.days), arrivals.first_day - arrivals.first_day % 7
    weekdays = (np.arange(known) + arrivals.first_day) % 7
    same = {number: np.flatnonzero(weekdays == number) for number in range(7)}
    moments: list[Array] = []
    have, day, idle = 0, 0, 0
    while have < cases:
        like = same[(arrivals.first_day + day) % 7]
        if len(like):
            near = like[np.argsort(np.abs(like - min(day, known - 1)), kind="stable")[:NEAREST_DAYS]]
            found = arrivals.days[int(rng.choice(near))]
            idle = 0 if len(found) else idle + 1
            if idle > 1000:  # the log names no day like the ones to come: take any
                found = max(arrivals.days, key=len)
            moments.append(found + float((arrivals.first_day - monday + day) * DAY))
            have += len(found)
        day += 1
    times = np.concatenate(moments)[:cases]
    return times


def hasten(times: Array, arrivals: Arrivals, factor: float) -> Array:
    """The same arrivals, so many times as dense, within the hours in which cases arrive."""
    if factor == 1:
        return times
    clock = Clock(arrivals.weekly, int(times[-1] / min(factor, 1.0) // WEEK) + 10)
    begin = clock.work(times[:1])[0]
    return np.asarray(clock.wall(begin + (clock.work(times) - begin) / factor))


@dataclass(slots=True)
class Outcome:
    """One run: lead time of each case, and the work of each person."""

    lead: Array
    start: Array
    end: Array
    step: Array
    case: Array
    busy: Array  # working seconds by person
    busy_until: Array  # of that, before the last arrival
    arrived: float  # when the last case arrived
    clocks: dict[Weekly, Clock]
    first: float
    shown: Array


def run(laid: Program, draws: Draws, *, redraw: bool = True) -> Outcome:
    """Simulates the drawn cases. With ``redraw`` the working times are drawn as if another log had been seen."""
    model = laid.model
    size = laid.size[draws.shape]
    begin = np.cumsum(size) - size
    total = int(size.sum())
    place = np.repeat(laid.offset[draws.shape] - begin, size) + np.arange(total)
    step = laid.step[place]
    rng = np.random.default_rng(draws.rng_state)
    lookups = rng.integers(0, 2**62, len(model.steps) + len(model.waits))
    work = _lengths([one.work for one in model.steps], step, draws.work, lookups[: len(model.steps)], redraw)
    wait = _lengths(
        [one.length for one in model.waits], laid.waits[place], draws.wait, lookups[len(model.steps) :], redraw
    )
    gone, joined = laid.gone[place], laid.joined[place]
    pool_of = np.where(laid.gone, -1, laid.pool[laid.step])
    pool = pool_of[place]
    if joined.any():
        part = np.flatnonzero(joined)
        np.add.at(work, part - joined[part], work[part])
    work[gone] = 0.0
    born = hasten(draws.arrivals, model.arrivals, model.arrivals.factor)
    # In whole half years, so that runs have their tables in common.
    weeks = (int(born[-1] // WEEK) // WEEKS_AFTER + 2) * WEEKS_AFTER
    while True:
        try:
            begun, ended, who, clocks = _serve(laid, place, np.repeat(born, size), pool_of, work, wait, weeks)
            break
        except IndexError:
            weeks *= 2
            if weeks > MOST_WEEKS:
                raise OverflowError("the work never ends: there is more to do than people can") from None
    shown = ~gone
    none = ~np.logical_or.reduceat(shown, begin)
    first = np.minimum.reduceat(np.where(shown, begun, np.inf), begin)
    last = np.maximum.reduceat(np.where(shown, ended, -np.inf), begin)
    lead = np.where(none, 0.0, last - first)
    arrived = float(born[-1])
    early = np.where(ended <= arrived, work, 0.0)
    # Work under way at the last arrival: the part before, as if it went on evenly.
    over = np.flatnonzero((begun < arrived) & (ended > arrived))
    early[over] = work[over] * (arrived - begun[over]) / np.maximum(ended[over] - begun[over], 1e-9)
    busy, busy_until = _by_person(laid, pool, who, work), _by_person(laid, pool, who, early)
    return Outcome(lead, begun, ended, step, np.repeat(np.arange(len(size)), size), busy, busy_until, arrived, clocks,
                   float(born[0]), shown)  # fmt: skip


def _by_person(laid: Program, pool: Array, who: Array, work: Array) -> Array:
    """Work by person; where nobody in particular did it, shared evenly by those who could have."""
    known = who >= 0
    busy = np.bincount(who[known], weights=work[known], minlength=len(laid.model.people))
    for number, members in enumerate(laid.pools):
        mine = (pool == number) & ~known
        places = sum(laid.model.people[one].places for one in members)
        total = float(work[mine].sum())
        for one in members:
            busy[one] += total * laid.model.people[one].places / places
    return busy


def _lengths(samples: Sequence[Sample], kind: Array, shares: Array, seeds: Array, redraw: bool) -> Array:
    lengths = np.zeros(len(kind))
    order = np.argsort(kind, kind="stable")
    edges = np.searchsorted(kind[order], np.arange(len(samples) + 1))
    for number, one in enumerate(samples):
        which = order[edges[number] : edges[number + 1]]
        if len(which):
            chosen = one.again(np.random.default_rng(int(seeds[number]))) if redraw and one.seen else one
            lengths[which] = chosen.at(shares[which])
    return lengths


def _serve(
    laid: Program, place: Array, born: Array, pool_of: Array, work: Array, wait: Array, weeks: int
) -> tuple[Array, Array, Array, dict[Weekly, Clock]]:
    """Beginning and end of each step, and who did it."""
    people = laid.model.people
    clocks: dict[Weekly, Clock] = {}
    tables: dict[Weekly, Table] = {}
    for weekly in {one.weekly for one in people}:
        if (weekly, weeks) not in laid.clocks:
            clock = Clock(weekly, weeks)
            laid.clocks[weekly, weeks] = clock, None if weekly == ALWAYS else _table(clock)
        clocks[weekly], table = laid.clocks[weekly, weeks]
        if table is not None:
            tables[weekly] = table
    shared = _shared(laid.pools)
    free: list[float] = [0.0] * len(people)
    # Each pool: when the next of its people is free (a heap in working time; none where people have other duties or hours
    # of their own), and its table (none: around the clock).
    lines: list[tuple[Any, Any, Any, Any]] = []
    alike: set[int] = set()
    for number, members in enumerate(laid.pools):
        kinds = {people[one].weekly for one in members}
        if len(kinds) == 1 and number not in shared:
            # Who of them it is makes no difference.
            places_free = [0.0 for one in members for _ in range(people[one].places)]
            lines.append((places_free, *tables.get(next(iter(kinds)), (None, None, None))))
            alike.add(number)
        else:
            lines.append((None, [(one, tables.get(people[one].weekly)) for one in members], None, None))
    manifold: dict[int, list[float]] = {
        number: [0.0] * one.places for number, one in enumerate(people) if one.places > 1
    }

    roots = np.flatnonzero(laid.count[place] == 0)
    first = born[roots] + wait[roots]
    order = np.argsort(first, kind="stable")
    arriving = zip(first[order].tolist(), roots[order].tolist(), strict=True)
    missing, enabled = laid.count[place].tolist(), born.tolist()
    works, waits = work.tolist(), wait.tolist()
    # What stands at each place of each shape: its pool, and what follows.
    nobody = (None, None, None, None)
    standing = [
        (*(lines[number] if number >= 0 else nobody), only, after)
        for number, only, after in zip(pool_of.tolist(), laid.only, laid.after, strict=True)
    ]
    stands = [standing[one] for one in place.tolist()]
    total = len(works)
    begun, ended, who = array("d", bytes(8 * total)), array("d", bytes(8 * total)), array("q", [-1]) * total
    heap: list[tuple[float, int]] = []
    moment, here = next(arriving)
    arrival, coming = next(arriving, NEVER)
    while here >= 0:
        if arrival < moment:
            heappush(heap, (moment, here))
            moment, here = arrival, coming
            arrival, coming = next(arriving, NEVER)
        line, shift, worked, gap, only, after = stands[here]
        if worked is not None:
            at = int(moment * PER_SECOND)
            ahead = shift[at]
            start = worked[at] if ahead is None else moment + ahead
            if line[0] > start:
                start = line[0]
            begun[here] = start  # in working time; turned into a moment below
            done = start + works[here]
            heapreplace(line, done)
            done -= 1e-6
            end = done + gap[int(done * PER_SECOND)]
            if end < moment:
                end = moment
        elif line is not None:
            start = line[0]
            if moment > start:
                start = moment
            end = start + works[here]
            heapreplace(line, end)
            begun[here] = start
        elif shift is not None:
            begun[here], end, who[here] = _choose(shift, moment, works[here], free, manifold)
        else:
            begun[here] = moment
            end = moment + works[here]
        ended[here] = end
        if only:
            here += only
            moment, here = heappushpop(heap, (end + waits[here], here))
            continue
        item = None
        for step in after:
            there = here + step
            left = missing[there]
            if left > 1:
                missing[there] = left - 1
                if enabled[there] < end:
                    enabled[there] = end
            else:
                ready = enabled[there]
                if item is not None:
                    heappush(heap, item)
                item = ((end if end > ready else ready) + waits[there], there)
        if item is not None:
            moment, here = heappushpop(heap, item)
        elif heap:
            moment, here = heappop(heap)
        else:
            moment, here = arrival, coming
            arrival, coming = next(arriving, NEVER)
    started = np.frombuffer(begun)
    for number, members in enumerate(laid.pools):
        weekly = people[members[0]].weekly
        if number in alike and weekly in tables:
            theirs = pool_of[place] == number
            started[theirs] = clocks[weekly].wall(started[theirs])
    finished = np.frombuffer(ended)
    return np.minimum(started, finished), finished, np.frombuffer(who, dtype=np.int64), clocks


def _table(clock: Clock) -> Table:
    begins = np.arange(len(clock.on)) * float(SLOT)
    ahead = (clock.worked - begins).tolist()
    shift = [one if on else None for one, on in zip(ahead, clock.on.tolist(), strict=True)]
    gap = clock.walls - np.arange(len(clock.walls)) * float(SLOT)
    return shift, clock.worked.tolist(), gap.tolist()


def _choose(
    members: list[tuple[int, Any]], moment: float, work: float, free: list[float], manifold: dict[int, list[float]]
) -> tuple[float, float, int]:
    """Whoever can begin first, each by their own hours and whatever else they do: beginning, end, person."""
    best, chosen, start_of = float("inf"), -1, 0.0
    table_of: Table | None = None
    at = int(moment * PER_SECOND)
    for person, table in members:
        start = free[person]
        if table is None:
            begin = start = max(moment, start)
        else:
            shift, worked, gap = table
            ahead = shift[at]
            now = worked[at] if ahead is None else moment + ahead
            start = max(now, start)
            begin = max(start + gap[int(start * PER_SECOND)], moment)
        if begin < best or (begin == best and free[person] < free[chosen]):
            best, chosen, start_of, table_of = begin, person, start, table
    done = start_of + work
    if chosen in manifold:
        places = manifold[chosen]
        heapreplace(places, done)
        free[chosen] = places[0]
    else:
        free[chosen] = done
    if table_of is None:
        return best, done, chosen
    done -= 1e-6
    return best, max(best, done + table_of[2][int(done * PER_SECOND)]), chosen


def _shared(pools: Sequence[tuple[int, ...]]) -> set[int]:
    """The pools that have a person in common with another."""
    of_person: dict[int, list[int]] = {}
    for number, members in enumerate(pools):
        for one in members:
            of_person.setdefault(one, []).append(number)
    return {number for numbers in of_person.values() if len(numbers) > 1 for number in numbers}
