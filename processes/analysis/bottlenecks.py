"""Bottlenecks: the steps before which cases wait, ranked by all the waiting, with its causes, people, load and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.events import Events
from processes.analysis.waiting import CAUSES, Waits

type Array = "np.ndarray[Any, np.dtype[Any]]"

MONTH: Final = 30.4375 * 86_400
WORKING: Final = 0.2  # of a wait in working hours, at least, for it to have a cause there
HEAVY, HARDLY = 0.8, 0.05  # people so loaded make queues that last over the night


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The waiting before one step.

    `waiting` in seconds, all of it; `mean`, `median`, `p90` of one wait; `count` waits in `cases` cases; `share` of all
    waiting in the log; `causes` are shares of `waiting` and add up to 1; `from_steps` the steps before it, the most
    frequent first. `role` does the step, with so many `people`, `load` 0…1 of their hours; `work` is a month's working
    seconds in the step, `cost` what they cost where an hour's cost is known. `batched` is the share done in batches.
    """

    activity: str
    waiting: float
    share: float
    count: int
    cases: int
    mean: float
    median: float
    p90: float
    causes: Mapping[str, float] = field(default_factory=dict)
    from_steps: tuple[tuple[str, int], ...] = ()
    role: str = ""
    people: int = 0
    names: tuple[str, ...] = ()  # of a few of them
    load: float | None = None
    work: float = 0.0
    cost: float | None = None

    @property
    def main_cause(self) -> str:
        """The largest cause in working hours; off duty where there is hardly another, `unknown` where none is known.

        Who waits in a queue waits over the night as well: the night is not why.
        """
        known = {name: share for name, share in self.causes.items() if name != "unknown" and share > 0}
        working = {name: share for name, share in known.items() if name != "off_duty"}
        if sum(working.values()) >= (HARDLY if (self.load or 0.0) >= HEAVY else WORKING):
            return max(working, key=lambda name: working[name])
        return max(known, key=lambda name: known[name]) if known else "unknown"


def bottlenecks(events: Events, waits: Waits, *, cost_an_hour: Mapping[str, float] | None = None) -> list[Bottleneck]:
    """All steps with waiting before them, the most first."""
    total = float(waits.seconds.sum())
    if not len(waits) or total <= 0:
        return []
    activity = events.activity[waits.event]
    work = np.where(np.isnan(events.start), 0.0, events.end - np.nan_to_num(events.start, nan=0.0))
    months = max(float(events.end.max() - events.begins().min()) / MONTH, 1 / 30)
    found = []
    for number in np.unique(activity):
        mine = np.flatnonzero(activity == number)
        seconds = waits.seconds[mine]
        waiting = float(seconds.sum())
        if waiting <= 0:
            continue
        role = int(waits.role_of[number]) if waits.role_of is not None else -1
        name, members = waits.roles[role] if role >= 0 else ("", [])
        worked = float(work[events.activity == number].sum()) / months
        hourly = (cost_an_hour or {}).get(name)
        before, counts = np.unique(events.activity[waits.after[mine]], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        found.append(
            Bottleneck(
                activity=events.activities[int(number)], waiting=waiting, share=waiting / total, count=len(mine),
                cases=len(np.unique(events.case[waits.event[mine]])), mean=waiting / len(mine),
                median=float(np.median(seconds)), p90=float(np.quantile(seconds, 0.9)),
                causes={cause: float(waits.causes[cause][mine].sum()) / waiting for cause in CAUSES},
                from_steps=tuple((events.activities[int(before[at])], int(counts[at])) for at in order[:5]),
                role=name, people=len(members),
                names=tuple(events.resources[one] for one in members[:3]), load=waits.load[role] if role >= 0 else None, work=worked,
                cost=None if hourly is None else worked / 3600 * hourly,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (-one.waiting, one.activity))


# --- structure ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handover:
    """Cases that go from one role to another, so often in so many cases; `back`: and from there back again at once."""

    source: str
    target: str
    count: int
    cases: int
    back: int = 0


@dataclass(frozen=True, slots=True)
class Alone:
    """A step that (nearly) only one person does."""

    activity: str
    person: str
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """A step that comes back in the same case; `again` is how often beyond the first time."""

    activity: str
    cases: int
    again: int


@dataclass(frozen=True, slots=True)
class Approvals:
    """Several steps of approval in one case, and in how many cases."""

    steps: tuple[str, ...]
    roles: int
    cases: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What slows a process by how it is built. `handovers_a_case` is a mean."""

    handovers: tuple[Handover, ...] = ()
    handovers_a_case: float = 0.0
    alone: tuple[Alone, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    approvals: Approvals | None = None


ALONE: Final = 0.95
ENOUGH: Final = 10  # times that a step must have been done before one person's share of it says something
APPROVING: Final = (
    "approv", "authori", "sign off", "sign-off", "release", "permit", "endorse", "countersign",
    "审批", "批准", "审核", "签字", "签核", "会签", "核准", "授权", "复核",
)  # fmt: skip


def structure(events: Events, waits: Waits, *, most: int = 10) -> Structure:
    """Hand-overs between roles, ping-pong, steps that hang on one person, rework, and several approvals of one case."""
    if not len(events):
        return Structure()
    cases = events.cases
    role_of = np.full(len(events.resources) + 1, -1)
    for number, (_name, members) in enumerate(waits.roles):
        role_of[members] = number
    role = role_of[events.resource]
    same = (events.case[1:] == events.case[:-1]) & (role[1:] >= 0) & (role[:-1] >= 0)
    change = np.flatnonzero(same & (role[1:] != role[:-1]))
    pairs = role[change] * max(len(waits.roles), 1) + role[change + 1]
    returns = np.zeros(len(change), dtype=bool)
    inside = change + 2 < len(events)
    after = np.where(inside, change + 2, 0)
    returns[inside] = (events.case[after] == events.case[change])[inside] & (role[after] == role[change])[inside]
    handovers = []
    for pair in np.unique(pairs):
        mine = pairs == pair
        source, target = divmod(int(pair), max(len(waits.roles), 1))
        handovers.append(
            Handover(
                waits.roles[source][0], waits.roles[target][0], int(mine.sum()),
                len(np.unique(events.case[change[mine]])), int(returns[mine].sum()),
            )
        )  # fmt: skip
    handovers.sort(key=lambda one: (-one.count, one.source, one.target))
    return Structure(
        handovers=tuple(handovers[:most]), handovers_a_case=len(change) / cases, alone=tuple(_alone(events)[:most]),
        repeated=tuple(_repeated(events)[:most]), approvals=_approvals(events, role),
    )  # fmt: skip


def _alone(events: Events) -> list[Alone]:
    found = []
    if len(events.resources) < 2:
        return []
    for number, name in enumerate(events.activities):
        people = events.resource[(events.activity == number) & (events.resource >= 0)]
        if len(people) < ENOUGH:
            continue
        counts = np.bincount(people)
        share = float(counts.max()) / len(people)
        if share >= ALONE:
            found.append(Alone(name, events.resources[int(counts.argmax())], share, len(people)))
    return sorted(found, key=lambda one: (-one.count, one.activity))


def _repeated(events: Events) -> list[Repeated]:
    keys, counts = np.unique(events.case * len(events.activities) + events.activity, return_counts=True)
    activity, again = keys % len(events.activities), counts - 1
    found = [
        Repeated(name, int((again[activity == number] > 0).sum()), int(again[activity == number].sum()))
        for number, name in enumerate(events.activities)
    ]
    return sorted((one for one in found if one.cases), key=lambda one: (-one.again, one.activity))


def _approvals(events: Events, role: Array) -> Approvals | None:
    """Different steps whose names speak of approving, two or more in one case."""
    names = [number for number, name in enumerate(events.activities) if any(word in name.lower() for word in APPROVING)]
    if len(names) < 2:
        return None
    mine = np.isin(events.activity, np.array(names))
    keys = np.unique(events.case[mine] * len(events.activities) + events.activity[mine])
    each = np.bincount(keys // len(events.activities), minlength=events.cases)
    many = int((each >= 2).sum())
    if not many:
        return None
    in_many = mine & (each >= 2)[events.case]
    counts = np.bincount(events.activity[in_many], minlength=len(events.activities))
    steps = tuple(events.activities[int(at)] for at in np.argsort(-counts, kind="stable") if counts[int(at)])
    return Approvals(steps[:6], len(np.unique(role[in_many & (role >= 0)])), many)
