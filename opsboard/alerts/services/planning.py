"""What an evaluator knows of a workspace between two ticks: its watches and their label sets, as a crowd.

It is a copy of what the database holds, kept in the process because reading ten thousand rows takes longer than judging
them. Each tick asks the database for its marks; where they differ, the copy is read again.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple

from django.db import connection

from opsboard.alerts.analysis import Health, Memory, Rule, State
from opsboard.alerts.analysis.crowds import Crowd, Member
from opsboard.alerts.models import Instance, MaintenanceWindow, Watch
from opsboard.alerts.models.instances import MEMORY_FIELDS
from opsboard.alerts.services.silencing import left_out
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Reading
from opsboard.core.models import Workspace
from opsboard.core.periods import Period

KEPT: Final = 32  # workspaces in one process
HOUR: Final = 3600

type Labels = tuple[tuple[str, str], ...]
type Series = tuple[str, Labels]


class Marks(NamedTuple):
    """What changes whenever a row does."""

    watches: tuple[int, int, int]
    instances: tuple[int, int, int]


class Slot(NamedTuple):
    """One series as some of its watches hear it: so much later than it ends, or as it stands."""

    key: str
    labels: Labels
    grain: int  # 0: as it stands
    late: int


@dataclass(slots=True)
class Place:
    """One member of the crowd."""

    instance: int
    watch: int
    slot: int
    labels: Labels
    early: bool


@dataclass
class Plan:
    marks: Marks
    watches: dict[int, Watch]
    rules: dict[int, Rule]
    places: list[Place]
    crowd: Crowd
    slots: list[Slot]
    slots_of: dict[Series, list[int]]
    watches_of: dict[str, list[Watch]]
    keys: list[str]
    unmet: set[str] = field(default_factory=set)  # numbers of watches that have no label set yet
    ended: list[tuple[float, float]] = field(default_factory=list)  # by slot: the newest bucket that has ended
    ended_for: list[float] = field(default_factory=list)  # and which newest bucket it stands before
    past: dict[tuple[str, datetime], dict[Labels, Reading]] = field(default_factory=dict)
    references: dict[int, tuple[datetime | None, float | None]] = field(default_factory=dict)
    exceptions: Exceptions | None = None  # known since the last look
    versions: tuple[str, ...] | None = None  # of the apps' values, when buckets that have ended were last read


@dataclass
class Exceptions:
    """A workspace's calendar and maintenance windows: what is no guide to what is usual, by watch and label set."""

    zone: tzinfo
    off: frozenset[date]
    worked: Mapping[date, int]
    windows: list[MaintenanceWindow]
    period: Period
    known: dict[tuple[int | None, Labels], Apart] = field(default_factory=dict)

    def of(self, watch: Watch, labels: Labels) -> Apart:
        key = (watch.pk, labels)
        if key not in self.known:
            spans = left_out(watch, self.period, dict(labels), self.windows) if self.windows else []
            self.known[key] = Apart(self.zone, self.off, self.worked, tuple(spans))
        return self.known[key]


def exceptions_of(workspace: Workspace, start: datetime, end: datetime) -> Exceptions:
    """Two queries."""
    calendar = workspace.calendar
    windows = list(MaintenanceWindow.objects.filter(workspace=workspace))
    off = calendar.holidays - set(calendar.shifted)
    return Exceptions(workspace.zone, off, calendar.worked_like, windows, Period(start, end, "custom"))


_plans: OrderedDict[int, Plan] = OrderedDict()


def series_of(key: str, labels: Mapping[str, str]) -> Series:
    if not labels:
        return key, ()
    if len(labels) == 1:  # as most are; sorting one costs as much as all the rest
        ((name, value),) = labels.items()
        return key, ((str(name), str(value)),)
    return key, tuple(sorted((str(name), str(value)) for name, value in labels.items()))


def marks_of(workspace: Workspace) -> Marks:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(xmin::text::bigint), 0) FROM alerts_watch "
            "WHERE workspace_id = %(pk)s AND deleted_at IS NULL AND paused_at IS NULL UNION ALL "
            "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(xmin::text::bigint), 0) FROM alerts_instance "
            "WHERE workspace_id = %(pk)s AND retired_at IS NULL",
            {"pk": workspace.pk},
        )
        watches, instances = ((int(one), int(two), int(three)) for one, two, three in cursor.fetchall())
    return Marks(watches, instances)


def plan_for(workspace: Workspace, marks: Marks | None = None) -> Plan:
    """The process's copy; read again where the marks say that something was changed."""
    plan = _plans.get(workspace.pk)
    if plan is None or (marks is not None and plan.marks.watches != marks.watches):
        plan = _load(workspace, marks or marks_of(workspace))
    elif marks is not None and plan.marks != marks:
        plan = _load(workspace, marks, plan)
    _plans[workspace.pk] = plan
    _plans.move_to_end(workspace.pk)
    while len(_plans) > KEPT:
        _plans.popitem(last=False)
    return plan


def forget(workspace: Workspace) -> None:
    _plans.pop(workspace.pk, None)


def _load(workspace: Workspace, marks: Marks, before: Plan | None = None) -> Plan:
    """All rows, read in bulk. Where the watches are the same, `before` has them."""
    watches: dict[int, Watch]
    if before is not None:
        watches = before.watches
    else:
        watches = {watch.pk: watch for watch in Watch.objects.of(workspace).active().order_by("pk")}
    rows = Instance.objects.living().filter(workspace=workspace, watch_id__in=list(watches)).order_by("pk")
    places: list[Place] = []
    members: list[Member] = []
    slots: dict[Slot, int] = {}
    slots_of: dict[Series, list[int]] = defaultdict(list)
    rules = {pk: watch.rule for pk, watch in watches.items()}
    for pk, watch_id, labels, *remembered in rows.values_list("pk", "watch_id", "labels", *MEMORY_FIELDS).iterator(
        chunk_size=5000
    ):
        watch = watches[watch_id]
        series = series_of(watch.indicator, labels)
        slot = Slot(*series, 0 if watch.stands_open else watch.grain_seconds, watch.late_seconds)
        if slot not in slots:
            slots[slot] = len(slots)
            slots_of[series].append(slots[slot])
        places.append(Place(pk, watch_id, slots[slot], series[1], watch.may_be_early))
        members.append(
            Member(
                rules[watch_id],
                slots[slot],
                memory_of(remembered),
                early=places[-1].early,
                ages=watch.kind == Watch.Kind.STALE,
                compared=watch.kind in (Watch.Kind.CHANGE, Watch.Kind.OTHER),
            )
        )
    watches_of: dict[str, list[Watch]] = defaultdict(list)
    for watch in watches.values():
        watches_of[watch.indicator].append(watch)
    keys = dict.fromkeys([*watches_of, *(watch.other for watch in watches.values() if watch.other)])
    nothing = float("nan")
    placed = {place.watch for place in places}
    unmet = {watch.indicator for watch in watches.values() if watch.pk not in placed}
    return Plan(
        marks, watches, rules, places, Crowd(members), list(slots), dict(slots_of), dict(watches_of), list(keys),
        unmet, [(nothing, nothing)] * len(slots), [nothing] * len(slots),
    )  # fmt: skip


def memory_of(values: Iterable[object]) -> Memory:
    told = dict(zip(MEMORY_FIELDS, values, strict=True))
    return Memory(**told | {"state": State(str(told["state"])), "health": Health(str(told["health"]))})  # type: ignore[arg-type]
