"""Bring alerts up to date, keep what happened to them, and tell people: in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Memory, State, Step, Turn
from opsboard.alerts.models import Alert, Instance, Reason, Transition, Watch
from opsboard.alerts.services.telling import listeners, say
from opsboard.core import live
from opsboard.core.models import Workspace

LOCK = 0x616C  # one evaluation or change of watches at a time in a workspace


def lock(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, workspace.pk % 2**31])


def record(
    workspace: Workspace,
    watches: Mapping[int, Watch],
    instances: Mapping[int, Instance],
    speaking: Mapping[int, Memory],
    turns: Mapping[int, Turn],
    *,
    now: datetime,
    reason: str = Reason.CLEARED,
) -> None:
    """Bring the alerts up to date, keep the transitions, and tell people: in the transaction of the state's change."""
    open_now = {pk: memory for pk, memory in speaking.items() if memory.state is not State.OK}
    cancelled = [pk for pk, turn in turns.items() if turn.step is Step.CANCELLED]
    alerts: dict[int, Alert] = {}
    for pk, memory in open_now.items():
        if pk in cancelled:
            continue
        instance, turn = instances[pk], turns.get(pk)
        watch = watches[instance.watch_id]
        over = turn is not None and turn.step is Step.RESOLVED
        alerts[pk] = Alert(
            workspace=workspace, watch=watch, instance=instance, labels=instance.labels,
            episode=memory.episode + (memory.state is State.PENDING),
            state=Alert.State.RESOLVED if over else memory.state.value, severity=watch.severity,
            active_at=memory.active_at or now, fired_at=memory.fired_at, resolved_at=now if over else None,
            value=memory.last_value, peak=memory.peak, threshold=watch.value, reason=reason if over else "",
        )  # fmt: skip
    if cancelled:
        Alert.objects.pending().filter(instance_id__in=cancelled).delete()
    if alerts:
        Alert.objects.bulk_create(
            alerts.values(),
            update_conflicts=True,
            unique_fields=["instance", "episode"],
            update_fields=["state", "active_at", "fired_at", "resolved_at", "value", "peak", "reason"],
        )
    if not turns:
        return
    Transition.objects.bulk_create(
        Transition(
            instance_id=pk, alert=alerts.get(pk), at=turn.at, step=turn.step.value, value=turn.value,
            episode=turn.memory.episode, reason=reason if turn.step is Step.RESOLVED else "",
        )
        for pk, turn in turns.items()
    )  # fmt: skip
    loud = {pk: turn for pk, turn in turns.items() if turn.step in (Step.FIRED, Step.RESOLVED)}
    hearers = listeners(workspace, {instances[pk].watch_id for pk in loud})
    for pk, turn in loud.items():
        alert = alerts[pk]
        say(alert, turn, hearers.get(alert.watch_id, []), reason)
    live.changed(workspace, "alerts")


def end_alerts(watch: Watch, reason: str, *, now: datetime) -> None:
    """Close whatever is open on a watch, for a reason outside the numbers. The caller holds the lock."""
    rows = {row.pk: row for row in Instance.objects.filter(watch=watch).exclude(state=State.OK)}
    speaking, turns = {}, {}
    for pk, row in rows.items():
        _after, turn = analysis.close(row.memory, now)
        if turn is not None:
            turns[pk], speaking[pk] = turn, turn.memory
    Instance.objects.filter(pk__in=rows).update(
        state=State.OK, active_at=None, fired_at=None, recovering_at=None, peak=None
    )
    record(watch.workspace, {watch.pk: watch}, rows, speaking, turns, now=now, reason=reason)
