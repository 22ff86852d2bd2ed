"""Late values: what they say of buckets that were judged before."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Memory, Step, Turn, Why
from opsboard.alerts.models import Alert, Instance, Transition, Watch
from opsboard.alerts.services.listening import MOMENT, Ears, read_at
from opsboard.alerts.services.planning import HOUR, Plan, series_of
from opsboard.alerts.services.recording import correct, record
from opsboard.core.models import Workspace

HORIZON: Final = timedelta(days=7)  # how far back a resolved alert may still be corrected
MOST: Final = 60  # moments of the past that one look asks for


def revise(workspace: Workspace, plan: Plan, ears: Ears, *, look: bool) -> bool:
    """Look at the past once more, between two looks only at hours and longer; answers whether anything was written."""
    late = _fire_late(workspace, plan, ears, least=0 if look else HOUR)
    return (look and _correct(workspace, ears)) | late


def _correct(workspace: Workspace, ears: Ears) -> bool:
    """Alerts that are over, whose number has since been corrected to one that would not have alerted: a note, no more."""
    told = Transition.objects.filter(alert=OuterRef("pk"), step=Step.CORRECTED)
    rows = (
        Alert.objects.filter(workspace=workspace, state=Alert.State.RESOLVED, resolved_at__gte=ears.tick - HORIZON)
        .exclude(bucket_at=None)
        .exclude(Exists(told))
        .filter(watch__deleted_at=None, watch__kind=Watch.Kind.VALUE, watch__out_of=1, watch__so_far=False)
        .select_related("watch", "workspace", "instance")
        .order_by("-pk")
    )
    asked: dict[datetime, list[Alert]] = defaultdict(list)
    for row in rows[:1000]:
        end = analysis.end_of(row.bucket_at, row.watch.grain_seconds, workspace.zone)
        if end <= ears.tick and (end - MOMENT in asked or len(asked) < MOST):
            asked[end - MOMENT].append(row)
    corrected: list[tuple[Alert, float]] = []
    for at, alerts in asked.items():
        found = read_at(workspace, {row.watch.indicator for row in alerts}, at)
        for row in alerts:
            labels = series_of("", row.labels)[1]
            one = found.get(row.watch.indicator, {}).get(labels)
            if one is None or one.at != row.bucket_at or one.value is None:
                continue
            if not row.watch.rule.breach(one.value):
                corrected.append((row, one.value))
    for row, value in corrected:
        memory = Memory(episode=row.episode)
        correct(row, Turn(Step.CORRECTED, ears.tick, value, memory, Why.CORRECTED))
    return bool(corrected)


def _fire_late(workspace: Workspace, plan: Plan, ears: Ears, *, least: int) -> bool:
    """A late value of the bucket before the newest that makes it breach fires once, if the bucket is young enough."""
    by_moment: dict[datetime, list[tuple[int, datetime]]] = defaultdict(list)
    for index, place in enumerate(plan.places):
        watch = plan.watches[place.watch]
        if not watch.grain_seconds or watch.kind != Watch.Kind.VALUE or watch.for_seconds or watch.out_of > 1:
            continue
        if watch.grain_seconds < least or not plan.crowd.settled[index]:
            continue
        newest = plan.crowd.bucket_of(index)
        if newest is None:
            continue
        before = analysis.later(newest, watch.grain_seconds, -1, workspace.zone)
        # Two intervals after it ended a bucket is the past; and it must have been judged by this very condition. A watch
        # that judges the running day was asked for that, and for yesterday as well.
        decided = watch.decided_at - (newest - before) if watch.so_far else watch.decided_at
        if ears.tick - newest >= 2 * (newest - before) or decided > newest:
            continue
        if newest - MOMENT in by_moment or len(by_moment) < MOST:
            by_moment[newest - MOMENT].append((index, before))
    breaching: dict[int, tuple[int, datetime, float]] = {}
    for at, asked in by_moment.items():
        found = read_at(workspace, {plan.watches[plan.places[index].watch].indicator for index, _at in asked}, at)
        for index, bucket in asked:
            place = plan.places[index]
            watch = plan.watches[place.watch]
            one = found.get(watch.indicator, {}).get(place.labels)
            if one is None or one.at != bucket or one.value is None:
                continue
            past = watch.past_until is not None and bucket <= watch.past_until
            if not past and plan.rules[watch.pk].breach(one.value):
                breaching[place.instance] = (index, bucket, one.value)
    if not breaching:
        return False
    return _fire(workspace, plan, ears, breaching)


def _fire(workspace: Workspace, plan: Plan, ears: Ears, breaching: dict[int, tuple[int, datetime, float]]) -> bool:
    rows = Instance.objects.in_bulk(list(breaching))
    known = Alert.objects.filter(instance_id__in=list(breaching), resolved_at__gte=ears.tick - HORIZON)
    spoken = {(row.instance_id, row.bucket_at) for row in known} | {
        (row.instance_id, breaching[row.instance_id][1])
        for row in known
        if row.resolved_at and row.active_at and row.resolved_at > breaching[row.instance_id][1]
    }
    changed, turns = {}, {}
    for pk, (index, bucket, value) in breaching.items():
        if (pk, bucket) in spoken or pk not in rows:
            continue
        before = rows[pk].memory
        memory = analysis.fire_late(plan.rules[plan.places[index].watch], before, value, bucket, ears.tick)
        changed[pk], turns[pk] = memory, Turn(Step.FIRED, ears.tick, value, memory)
    written = Instance.objects.compare_and_set(changed)
    speaking = {pk: changed[pk] for pk in written}
    record(
        workspace, plan.watches, {pk: rows[pk] for pk in written}, speaking,
        {pk: turns[pk] for pk in written}, now=ears.tick,
    )  # fmt: skip
    for pk in written:
        plan.crowd.remember(breaching[pk][0], changed[pk])
    return bool(written)
