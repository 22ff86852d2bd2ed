"""Put alerts into groups, and let each group speak when it is time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, models

from opsboard.alerts.analysis import grouping
from opsboard.alerts.analysis.grouping import Kind, Member
from opsboard.alerts.models import Alert, Flapping, NoticeGroup, Reason, Route, Severity, Told, wording
from opsboard.alerts.models.instances import hash_of
from opsboard.alerts.services.hearing import Hearers, hearers_of
from opsboard.alerts.services.speaking import Word, key_of, speak
from opsboard.core.models import Workspace

AT_ONCE = 500  # groups in one round; the rest speak with the next tick
RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
PRESSING_KINDS = {"catch_up": Told.Kind.CATCH_UP, "raised": Told.Kind.RAISED}


class Routes:
    """The routes of some watches, and the house's for what they leave open."""

    def __init__(self, workspace: Workspace, watch_ids: Iterable[int]) -> None:
        rows = Route.objects.filter(models.Q(watch_id__in=set(watch_ids)) | models.Q(watch=None), workspace=workspace)
        found = {row.watch_id: row for row in rows}
        self.house: Route | None = found.get(None)
        self.own: Mapping[int, Route] = {pk: row for pk, row in found.items() if pk is not None}

    def timing(self, watch: int) -> grouping.Timing:
        return (self.own.get(watch) or Route()).timing(self.house)

    def group_by(self, watch: int) -> Sequence[str]:
        for route in (self.own.get(watch), self.house):
            if route is not None and route.group_by is not None:
                return list(route.group_by)
        return []

    def escalation(self, watch: int) -> int | None:
        for route in (self.own.get(watch), self.house):
            if route is not None and route.escalation_id is not None:
                return route.escalation_id
        return None


def gather(alerts: Sequence[Alert], routes: Routes, *, tick: datetime) -> None:
    """Put alerts that fire into their groups, and have the groups looked at in this tick: five statements for any number."""
    if not alerts:
        return
    values = {alert.pk: grouping.values_of(alert.labels, routes.group_by(alert.watch_id)) for alert in alerts}
    names = {pk: hash_of(one) for pk, one in values.items()}
    keys = {(alert.watch_id, names[alert.pk]): values[alert.pk] for alert in alerts}
    NoticeGroup.objects.bulk_create(
        (NoticeGroup(watch_id=watch, values=one, values_hash=name) for (watch, name), one in keys.items()),
        ignore_conflicts=True,
    )
    rows = NoticeGroup.objects.filter(watch_id__in={watch for watch, _name in keys})
    groups = {(row.watch_id, row.values_hash): row.pk for row in rows}
    theirs = {alert.pk: groups[alert.watch_id, names[alert.pk]] for alert in alerts}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Alert._meta.db_table} AS mine SET group_id = told.group_id "  # noqa: S608 - our own table
            "FROM unnest(%s::bigint[], %s::bigint[]) AS told(id, group_id) WHERE mine.id = told.id",
            [list(theirs), list(theirs.values())],
        )
    stir(theirs.values(), tick=tick)


def stir(groups: Iterable[int], *, tick: datetime) -> None:
    """Have these groups looked at in this tick."""
    NoticeGroup.objects.filter(pk__in=set(groups)).update(
        due_at=tick, waiting_since=models.functions.Coalesce("waiting_since", models.Value(tick))
    )


def tell_due(workspace: Workspace, *, tick: datetime) -> int:
    """Let every group speak whose time has come; answers how many notices went out. The caller holds the lock."""
    due = NoticeGroup.objects.filter(watch__workspace=workspace, due_at__lte=tick)
    groups = list(due.select_related("watch__workspace", "watch__owner").order_by("due_at", "pk")[:AT_ONCE])
    if not groups:
        return 0
    for group in groups:
        group.watch.workspace = workspace
    members = _members(groups, workspace)
    routes = Routes(workspace, {group.watch_id for group in groups})
    hearers: dict[int, Hearers] = {}
    decided = {
        group.pk: grouping.decide(
            [member for member, _alert in members[group.pk]],
            routes.timing(group.watch_id),
            waiting_since=group.waiting_since,
            told_at=group.told_at,
            now=tick,
        )
        for group in groups
    }
    speaking = [group for group in groups if decided[group.pk].kind is not None]
    if speaking:
        hearers = hearers_of(workspace, {group.watch_id: group.watch for group in speaking}.values())
    for group in groups:
        decision = decided[group.pk]
        if decision.kind is not None:
            group.number += 1
            group.told_at = tick
            _say(group, decision.kind, members[group.pk], hearers[group.watch_id], tick)
        elif decision.closes:  # what ended and is not told is settled too, so that it never comes up again
            _settle([alert for member, alert in members[group.pk] if member.over], tick)
        group.due_at = decision.again_at
        if decision.closes:
            group.told_at = group.waiting_since = group.due_at = None
    NoticeGroup.objects.bulk_update(groups, ["number", "told_at", "due_at", "waiting_since"], batch_size=500)
    return len(speaking)


def _members(groups: Sequence[NoticeGroup], workspace: Workspace) -> dict[int, list[tuple[Member, Alert]]]:
    """The episodes that a notice could be about. Those that flap are told by themselves."""
    by_pk = {group.pk: group for group in groups}
    fire_or_ended = models.Q(resolved_at=None, fired_at__isnull=False) | models.Q(
        told_at__isnull=False, told_end_at=None
    )
    rows = (
        Alert.objects.filter(fire_or_ended, group_id__in=by_pk)
        .exclude(state=Alert.State.PENDING)
        .exclude(state=Alert.State.NODATA, told_at=None)  # told by itself
        .exclude(
            instance_id__in=Flapping.objects.filter(instance__workspace=workspace, over_at=None).values("instance_id")
        )
        .order_by("pk")
    )
    found: dict[int, list[tuple[Member, Alert]]] = defaultdict(list)
    for alert in rows:
        group = by_pk[alert.group_id]
        alert.watch, alert.workspace = group.watch, workspace
        member = Member(
            firing=alert.is_open,
            told=alert.told_at is not None,
            told_end=alert.told_end_at is not None,
            muted=alert.silenced_at is not None or alert.state == Alert.State.NODATA,
            pressing=bool(alert.pressing),
            acknowledged=alert.acknowledged_at is not None,
        )
        found[group.pk].append((member, alert))
    return found


def _say(
    group: NoticeGroup, kind: Kind, members: Sequence[tuple[Member, Alert]], hearers: Hearers, tick: datetime
) -> None:
    firing = worst([alert for member, alert in members if member.firing and not member.muted])
    fresh = {alert.pk for member, alert in members if member.fresh}
    over = [alert for member, alert in members if member.over]
    speak(_word(group, kind, firing, [one for one in firing if one.pk in fresh], over), hearers, now=tick)
    Alert.objects.filter(pk__in=[alert.pk for alert in firing]).update(told_at=tick, pressing="")
    _settle(over, tick)


def _word(
    group: NoticeGroup, kind: Kind, firing: Sequence[Alert], fresh: Sequence[Alert], over: Sequence[Alert]
) -> Word:
    watch = group.watch
    said = Told.Kind(kind.value)
    if kind is Kind.RESOLVED and all(alert.reason == Reason.CORRECTED for alert in over):
        said = Told.Kind.CORRECTED
    elif fresh and all(alert.pressing for alert in fresh):
        said = PRESSING_KINDS[fresh[0].pressing]
    named = firing if kind is not Kind.RESOLVED else over
    alone = named[0] if len(named) == 1 and not (firing and over) else None

    def text() -> str:
        if said is Told.Kind.CORRECTED:
            return wording.aside(said, watch, over)
        if kind is Kind.RESOLVED:
            return wording.one_is_over(alone) if alone else wording.many_are_over(watch, len(over), len(firing))
        words = wording.one_fires(alone) if alone else wording.many_fire(watch, firing[0], len(firing))
        if said is Told.Kind.REPEAT:
            return wording.still(words)
        return wording.after_a_silence(words) if said is Told.Kind.CATCH_UP else words

    gravest = max(named, key=lambda alert: RANK.get(Severity(alert.severity), 1)).severity
    return Word(
        kind=said,
        watch=watch,
        text=text,
        detail=None if alone else wording.listed(watch, firing, over),
        # rule, group, the episodes of it that began, and the number of the notice among the group's
        unique_as=key_of(watch.pk, group.values_hash, max(alert.episode for alert in named), said, group.number),
        severity="info" if kind is Kind.RESOLVED else gravest,
        alerts=[*firing, *over],
        firing=len(firing) if kind is not Kind.RESOLVED else 0,
        over=len(over),
    )


def _settle(over: Sequence[Alert], tick: datetime) -> None:
    Alert.objects.filter(pk__in=[alert.pk for alert in over]).update(told_end_at=tick)


def worst(alerts: Sequence[Alert]) -> list[Alert]:
    return grouping.worst_first(
        (alert, RANK.get(Severity(alert.severity), 1), alert.value, alert.threshold, alert.watch.op) for alert in alerts
    )
