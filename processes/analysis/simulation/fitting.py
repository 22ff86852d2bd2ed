"""From a log, and a drawn map where there is one, to the model that is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation import people as who
from processes.analysis.simulation.calendars import ALWAYS, DAY, WEEK, Clock, Weekly, learn_weekly
from processes.analysis.simulation.events import Events
from processes.analysis.simulation.model import Arrivals, Model, Person, Role, Shape, Step, Wait, fixed, sample
from processes.analysis.simulation.orders import order, side_by_side
from processes.analysis.simulation.replay import WAIT, Map, Player, Run
from processes.analysis.simulation.waits import PAUSE, bounds, most_likely, saturated

if TYPE_CHECKING:
    from collections.abc import Sequence

type Array = "np.ndarray[Any, np.dtype[Any]]"

# Outside waiting of an arc of its own where it was seen so often; else that of the step.
OWN_WAIT: Final = 40
# Below this the map explains too little of the log, and the log's own order is used.
FITS: Final = 0.6


def fit(
    events: Events, drawn: Map | None = None, *, roles: Mapping[str, str] | None = None, until: float | None = None
) -> Model:
    """The model of a log. ``until``: what happened later is not used to tell outside waiting from busy people."""
    if not events.cases:
        raise ValueError("a log without cases says nothing")
    runs, which, drawn = _runs(events, drawn)
    timed = events.timed
    groups = who.find_roles(events, roles) if events.peopled else []
    staff = who.present(events) if groups else np.array([], dtype=bool)
    hours, own = who.calendars(events, groups) if groups else ([], [])
    people = [
        Person(name, own[number], who.places(events, number) if timed else 1)
        for number, name in enumerate(events.resources)
    ]
    role_list = [
        Role(name, [one for one in members if staff[one]] or members, weekly)
        for (name, members), weekly in zip(groups, hours, strict=True)
    ]
    base = float(events.begins().min() // WEEK) * WEEK
    weeks = int((float(events.end.max()) - base) // WEEK) + 2
    clocks = {weekly: Clock(weekly, weeks) for weekly in {*own, *hours, ALWAYS}}
    work = _work(events, own, clocks, base)
    of_step = _roles_of_steps(events, groups)
    steps = [
        Step(name, sample(work[found]) if len(found) else fixed(0.0), of_step[number] if timed else ())
        for number, name in enumerate(events.activities)
        for found in [np.flatnonzero((events.activity == number) & ~np.isnan(work))]
    ]
    waits, of_place = _waits(events, runs, which, steps, role_list, people, clocks, base, until, work)
    arrived = _arrived(events, steps, role_list, people, clocks, base, work)
    finished = _finished(events, runs, which)
    counts = np.bincount(which[finished], minlength=len(runs))
    shapes = [
        Shape(list(run.steps), [list(one) for one in run.before], of_place[number], float(counts[number]))
        for number, run in enumerate(runs)
        if counts[number]
    ]
    seen = np.bincount(which, minlength=len(runs))
    fits = float(np.average([run.share for run in runs], weights=seen * [len(run.steps) for run in runs]))
    return Model(
        steps, role_list, people, shapes, waits, _arrivals(arrived), int(finished.sum()), fits, timed, bool(groups),
        {one.id: one.name or one.id for one in drawn.nodes.values() if one.kind == WAIT} if drawn else {},
    )  # fmt: skip


def _runs(events: Events, drawn: Map | None) -> tuple[list[Run], Array, Map | None]:
    """The distinct ways of the log, which each case took, and the map if it explains them."""
    numbers: dict[tuple[int, ...], int] = {}
    activity = events.activity.tolist()
    edges = events.first.tolist()
    which = np.array([numbers.setdefault(tuple(activity[first:last]), len(numbers)) for first, last in pairwise(edges)])
    if drawn is not None and drawn.tasks():
        player = Player(drawn, events.activities)
        runs = [player.play(steps) for steps in numbers]
        seen = np.bincount(which, minlength=len(runs)) * [len(run.steps) for run in runs]
        if float(np.average([run.share for run in runs], weights=seen)) >= FITS:
            return runs, which, drawn
    beside = side_by_side(events)
    return [order(steps, beside) for steps in numbers], which, None


def _finished(events: Events, runs: Sequence[Run], which: Array) -> Array:
    """The cases that have ended: those still under way when the log ends would look too short."""
    ends = np.maximum.reduceat(events.end, events.first[:-1])
    leads = events.leads()
    quiet = float(events.end.max()) - ends
    final = events.activity[events.first[1:] - 1]
    usual = np.bincount(final, minlength=len(events.activities)) / events.cases
    fair = np.array([run.ended for run in runs])[which]
    settled = quiet > np.quantile(leads, 0.9)
    done = settled | (fair & (usual[final] >= 0.02))
    return np.asarray(done if done.any() else np.ones(events.cases, dtype=bool))


def _work(events: Events, own: Sequence[Weekly], clocks: Mapping[Weekly, Clock], base: float) -> Array:
    """Working time of each event, in the hours of whoever did it (NaN where starts are unknown)."""
    work = events.end - events.start
    if not events.timed:
        return np.full(len(events), np.nan)
    for weekly in set(own):
        if weekly.always:
            continue
        members = np.array([number for number, one in enumerate(own) if one == weekly])
        mine = np.isin(events.resource, members) & ~np.isnan(events.start)
        clock = clocks[weekly]
        work[mine] = clock.work(events.end[mine] - base) - clock.work(events.start[mine] - base)
    return np.asarray(np.maximum(work, 0.0))


def _roles_of_steps(events: Events, groups: Sequence[tuple[str, list[int]]]) -> list[tuple[int, ...]]:
    role_of = np.full(len(events.resources) + 1, -1)
    for number, (_, members) in enumerate(groups):
        role_of[members] = number
    role = role_of[events.resource]
    found: list[tuple[int, ...]] = []
    for step in range(len(events.activities)):
        mine = role[events.activity == step]
        named = mine[mine >= 0]
        if len(named) < 0.5 * max(1, len(mine)):
            found.append(())
            continue
        shares = np.bincount(named, minlength=len(groups)) / len(named)
        found.append(tuple(int(one) for one in np.flatnonzero(shares >= min(who.SHARE, float(shares.max())))))
    return found


def _waits(
    events: Events, runs: Sequence[Run], which: Array, steps: Sequence[Step], roles: Sequence[Role],
    people: Sequence[Person], clocks: Mapping[Weekly, Clock], base: float, until: float | None, work: Array,
) -> tuple[list[Wait], list[list[int]]]:  # fmt: skip
    """Outside waiting by arc, and for each way which of them stands before each of its steps."""
    keys: dict[tuple[int, int, tuple[str, ...]], int] = {}
    of_place: list[list[int]] = []
    for run in runs:
        arcs = []
        for place, before in enumerate(run.before):
            after = run.steps[before[0]] if len(before) == 1 else -2 if before else -1
            arcs.append(keys.setdefault((after, run.steps[place], run.waits[place]), len(keys)))
        of_place.append(arcs)
    enabled, arc = np.full(len(events), np.nan), np.zeros(len(events), dtype=np.int64)
    ends, first = events.end.tolist(), events.first.tolist()
    for case, number in enumerate(which.tolist()):
        base_of = first[case]
        for place, before in enumerate(runs[number].before):
            arc[base_of + place] = of_place[number][place]
            if before:
                enabled[base_of + place] = max(ends[base_of + one] for one in before)
    begun = events.begins()
    least, most = np.zeros(len(events)), np.zeros(len(events))
    usable = ~np.isnan(enabled)
    if until is not None:
        usable &= begun <= until
    if not events.timed:
        # Without starts nothing tells waiting from working: all of it stands before the step.
        most = np.where(usable, np.maximum(events.end - enabled, 0.0), 0.0)
        least = most
    else:
        pools: dict[tuple[int, ...], list[int]] = {}
        for place, one in enumerate(steps):
            pools.setdefault(one.roles, []).append(place)
        for role_numbers, members in pools.items():
            mine = np.flatnonzero(usable & np.isin(events.activity, np.array(members)))
            if not role_numbers:
                most[mine] = np.maximum(begun[mine] - enabled[mine], 0.0)
                least[mine] = most[mine]
                continue
            spans, clock, pause = _busy(events, role_numbers, roles, people, clocks, base, work)
            least[mine], most[mine] = bounds(enabled[mine] - base, begun[mine] - base, clock, spans, pause=pause)
    waits = []
    for (before_it, step, passed), number in keys.items():
        seen = usable & (arc == number)
        if before_it != -1 and int(seen.sum()) < OWN_WAIT:
            same = [other for (_, to, by), other in keys.items() if to == step and by == passed]
            seen = usable & np.isin(arc, np.array(same))
        length = fixed(0.0) if before_it == -1 else most_likely(least[seen], most[seen])
        waits.append(Wait(before_it, step, passed, length))
    return waits, of_place


def _arrived(
    events: Events, steps: Sequence[Step], roles: Sequence[Role], people: Sequence[Person],
    clocks: Mapping[Weekly, Clock], base: float, work: Array,
) -> Array:  # fmt: skip
    """When each case arrived. A log shows when its first step began: where people were busy until then, it had waited.

    Cases that began while all were busy arrived some time since the last at which somebody was idle, in the order in which
    they began. They are placed between the certain arrivals around them, as evenly as certain arrivals follow one another.
    """
    begun = events.arrivals()
    first = events.activity[events.first[:-1]]
    usual = steps[int(np.bincount(first).argmax())].roles
    if not events.timed or not usual:
        return begun
    spans, clock, pause = _busy(events, usual, roles, people, clocks, base, work)
    mine = np.array([step.roles == usual for step in steps])[first]
    at = clock.work(begun - base)
    certain = np.ones(events.cases, dtype=bool)
    if len(spans[0]):
        place = np.clip(np.searchsorted(spans[0], at - 1e-6, side="right") - 1, 0, None)
        certain = ~(mine & (spans[0][place] < at) & (spans[1][place] >= at - pause))
    certain[0] = True
    known = np.flatnonzero(certain)
    gaps = np.diff(at[known])[np.diff(known) == 1]
    gaps = gaps[gaps > 0]
    uneven = min(4.0, float(gaps.std() / gaps.mean()) ** 2) if len(gaps) >= 20 else 1.0
    rng = np.random.default_rng(len(begun))
    arrived = at.copy()
    for here, there in zip(known, [*known[1:], events.cases], strict=True):
        between = int(there - here - 1)
        if between < 1:
            continue
        until = at[there] if there < events.cases else at[-1]
        steps_of = rng.gamma(1 / uneven, size=between + 1) if uneven > 1e-3 else np.ones(between + 1)
        shares = np.cumsum(steps_of)[:-1] / max(float(steps_of.sum()), 1e-9)
        arrived[here + 1 : there] = np.minimum(at[here] + shares * (until - at[here]), at[here + 1 : there])
    return np.where(certain, begun, np.minimum(clock.wall(arrived) + base, begun))


def _busy(
    events: Events, numbers: tuple[int, ...], roles: Sequence[Role], people: Sequence[Person],
    clocks: Mapping[Weekly, Clock], base: float, work: Array,
) -> tuple[tuple[Array, Array], Clock, float]:  # fmt: skip
    """When all the people of these roles were busy, by their clock; and how short a pause is none."""
    members = sorted({one for role in numbers for one in roles[role].people})
    clock = clocks[roles[numbers[0]].weekly]
    theirs = np.isin(events.resource, np.array(members)) & ~np.isnan(events.start)
    usual = float(np.median(work[theirs])) if theirs.any() else 0.0
    pause = min(PAUSE, max(2.0, 0.05 * usual))
    spans = saturated(
        clock.work(events.start[theirs] - base), clock.work(events.end[theirs] - base),
        sum(people[one].places for one in members), pause=pause,
    )  # fmt: skip
    return spans, clock, pause


def _arrivals(moments: Array) -> Arrivals:
    moments = np.sort(moments)
    day = np.floor_divide(moments, DAY).astype(np.int64)
    first, last = int(day[0]), int(day[-1])
    known = last - first + 1
    # The last day is cut off where the log is, unless it is all there is.
    if known > 7 and len(moments) > 50:
        known -= 1
    edges = np.searchsorted(day, np.arange(first, first + known + 1))
    days = [moments[edges[one] : edges[one + 1]] - float((first + one) * DAY) for one in range(known)]
    weekly = learn_weekly(moments - float((first - first % 7) * DAY)) or ALWAYS
    return Arrivals(days, first, weekly)
