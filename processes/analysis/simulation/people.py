"""Who works in which role, when, and how many things at once: read from a log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import ALWAYS, DAY, ENOUGH, Clock, Weekly, learn_weekly

if TYPE_CHECKING:
    from processes.analysis.simulation.events import Events

type Array = "np.ndarray[Any, np.dtype[Any]]"

# A step belongs to a role that does at least this share of it.
SHARE: Final = 0.05
# People whose steps agree so much (cosine) work in the same role.
ALIKE: Final = 0.8
# Somebody whose hours are this much fewer than the role's keeps hours of their own.
FEWER: Final = 0.75
# Hours of the role must explain working times this much better than hours around the clock.
PLAINER: Final = 0.9
EVEN: Final = 1.02
CROSSING: Final = 0.5
NUMBERED: Final = re.compile(r"^(.*\D)[\s_\-#.:/]*\d+$")


def find_roles(events: Events, given: Mapping[str, str] | None = None) -> list[tuple[str, list[int]]]:
    """The roles of a log: as given (person -> role), else by numbered names (Clerk_1, Clerk_2), else by what people do."""
    names = events.resources
    if given and sum(one in given for one in names) >= 0.5 * len(names):
        return _grouped({number: given.get(one, one) for number, one in enumerate(names)})
    numbered = {number: found for number, one in enumerate(names) if (found := NUMBERED.match(one))}
    if len(numbered) >= 0.7 * len(names):
        stems = {number: found.group(1).rstrip(" _-#.:/") or names[number] for number, found in numbered.items()}
        rest = {number: one for number, one in enumerate(names) if number not in stems}
        if len(set(stems.values())) > 1 or len(names) < 3:
            return _grouped({**stems, **rest})
    return _by_work(events)


def _grouped(role_of: Mapping[int, str]) -> list[tuple[str, list[int]]]:
    groups: dict[str, list[int]] = {}
    for person, role in role_of.items():
        groups.setdefault(role, []).append(person)
    return [(role, sorted(groups[role])) for role in sorted(groups)]


def _by_work(events: Events) -> list[tuple[str, list[int]]]:
    """People whose steps are alike, under the name of the step that they do most."""
    known = events.resource >= 0
    counts = np.zeros((len(events.resources), len(events.activities)))
    np.add.at(counts, (events.resource[known], events.activity[known]), 1)
    length = np.linalg.norm(counts, axis=1, keepdims=True)
    profile = counts / np.maximum(length, 1e-9)
    left = [int(one) for one in np.argsort(-counts.sum(axis=1), kind="stable") if counts[one].any()]
    roles: list[tuple[str, list[int]]] = []
    taken: set[str] = set()
    while left:
        lead = left[0]
        group = [one for one in left if one == lead or float(profile[one] @ profile[lead]) >= ALIKE]
        left = [one for one in left if one not in set(group)]
        busiest = [events.activities[int(one)] for one in np.argsort(-counts[group].sum(axis=0), kind="stable")]
        name = next((one for one in busiest if one not in taken), events.resources[lead])
        taken.add(name)
        roles.append((name, sorted(group)))
    return roles


def present(events: Events) -> Array:
    """The people who still work there: those seen in the last third of the log, where others have left."""
    known = events.resource >= 0
    last = np.full(len(events.resources), -np.inf)
    np.maximum.at(last, events.resource[known], events.end[known])
    begin, end = float(events.begins().min()), float(events.end.max())
    return np.asarray(last >= end - max((end - begin) / 3, 28 * DAY))


def places(events: Events, person: int) -> int:
    """How many things somebody does at once: what is usual when they begin something."""
    mine = np.flatnonzero(events.resource == person)
    starts, ends = events.start[mine], events.end[mine]
    real = ends - starts > 1
    starts, ends = np.sort(starts[real]), np.sort(ends[real])
    if len(starts) < 10:
        return 1
    going = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts + 1, side="right")
    return max(1, int(np.quantile(going, 0.9)))


def calendars(events: Events, roles: Sequence[tuple[str, list[int]]]) -> tuple[list[Weekly], list[Weekly]]:
    """The hours of each role and of each person."""
    weeks = int(events.end.max() // (7 * DAY)) - int(events.begins().min() // (7 * DAY)) + 3
    base = float(events.begins().min() // (7 * DAY)) * 7 * DAY
    role_of = np.full(len(events.resources), -1)
    for number, (_, members) in enumerate(roles):
        role_of[members] = number
    known = events.resource >= 0
    role = np.where(known, role_of[np.clip(events.resource, 0, None)], -1)

    def moments(which: Array) -> Array:
        both = np.concatenate([events.start[which], events.end[which]]) if events.timed else events.end[which]
        return both[~np.isnan(both)] - base

    def clocks_of(weekly: Weekly) -> Clock:
        return Clock(weekly, weeks)

    company = learn_weekly(moments(known)) or ALWAYS
    of_roles: list[Weekly] = []
    for number in range(len(roles)):
        which = role == number
        own = learn_weekly(moments(which))
        options = [one for one in (own, company) if one is not None and _covers(one, moments(which))]
        chosen = options[0] if options else ALWAYS
        if events.timed and not chosen.always:
            around = _spread(events, which, clocks_of(ALWAYS), base)
            spreads = {one: _spread(events, which, clocks_of(one), base) for one in dict.fromkeys(options)}
            chosen = min(spreads, key=lambda one: spreads[one] * (1.0 if one == options[0] else 1.05))
            crossing = _crossing(events, which, clocks_of(chosen), base)
            # Work that nearly always outlasts a shift, and is none the less even around the clock, knows no shifts.
            if around < (EVEN if crossing > CROSSING else PLAINER) * spreads[chosen] + 0.002 * (crossing > CROSSING):
                chosen = ALWAYS
        of_roles.append(chosen)
    of_people = []
    for person in range(len(events.resources)):
        weekly = of_roles[role_of[person]] if role_of[person] >= 0 else company
        mine = events.resource == person
        own = learn_weekly(moments(mine)) if int(mine.sum()) >= 2 * ENOUGH and not weekly.always else None
        of_people.append(own if own is not None and own.hours < FEWER * weekly.hours else weekly)
    return of_roles, of_people


def _covers(weekly: Weekly, moments: Array) -> bool:
    """Whether nearly all moments lie within the hours (or at their edges)."""
    on = np.array(weekly.on)
    slot = np.floor_divide(moments, 300).astype(np.int64) % len(on)
    edge = on | np.roll(on, 1) | np.roll(on, -1)
    return bool(edge[slot].mean() >= 0.9) if len(moments) else True


def _crossing(events: Events, which: Array, clock: Clock, base: float) -> float:
    """The share of work that reaches over hours off duty."""
    known = which & ~np.isnan(events.start)
    starts, ends = events.start[known] - base, events.end[known] - base
    lengths = ends - starts
    return float((clock.work(ends) - clock.work(starts) < lengths - 1800).mean()) if len(lengths) else 0.0


def _spread(events: Events, which: Array, clock: Clock, base: float) -> float:
    """How much working times of the same step differ by this clock: the plainer clock is the one that they work by."""
    work = clock.work(events.end[which] - base) - clock.work(np.nan_to_num(events.start[which], nan=base) - base)
    known = ~np.isnan(events.start[which])
    total, weight = 0.0, 0
    activity = events.activity[which]
    for step in np.unique(activity[known]):
        mine = work[known & (activity == step)]
        if len(mine) >= 10 and mine.mean() > 0:
            total += len(mine) * float(mine.std() / mine.mean())
            weight += len(mine)
    return total / weight if weight else 0.0
