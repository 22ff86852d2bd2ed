"""Bring alerts up to date, keep what happened to them, and tell people: in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connection

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Memory, State, Step, Turn, Why
from opsboard.alerts.models import Alert, Instance, Reason, Transition, Watch
from opsboard.alerts.services.telling import catch_up, say
from opsboard.core import live
from opsboard.core.models import Workspace

WITH_REASON = (Step.RESOLVED, Step.CANCELLED)
KEPT_UP_TO_DATE = (
    "state", "severity", "active_at", "fired_at", "resolved_at", "value", "peak", "threshold", "reference",
    "detail", "detail_url", "reason",
)  # fmt: skip
BURST: Final = 1000


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
    alerts = {
        pk: _alert(workspace, watches[instances[pk].watch_id], instances[pk], memory, turns.get(pk), now, reason)
        for pk, memory in speaking.items()
        if memory.state is not State.OK and not (pk in turns and turns[pk].step is Step.CANCELLED)
    }
    cancelled = [pk for pk, turn in turns.items() if turn.step is Step.CANCELLED]
    if cancelled:
        Alert.objects.pending().filter(instance_id__in=cancelled).delete()
    if alerts:
        Alert.objects.bulk_create(
            alerts.values(),
            update_conflicts=True,
            unique_fields=["instance", "episode"],
            update_fields=[*KEPT_UP_TO_DATE],
        )
    if not turns:
        return
    Transition.objects.bulk_create(
        Transition(
            instance_id=pk, alert=alerts.get(pk), at=turn.at, step=step.value, value=turn.value,
            episode=turn.memory.episode, severity=watches[instances[pk].watch_id].severity_at(turn.memory.level),
            reason=(turn.why.value or reason) if step in WITH_REASON else turn.why.value,
        )
        for pk, turn in turns.items()
        for step in _steps(turn)
    )  # fmt: skip
    say(workspace, [(alerts[pk], turn) for pk, turn in turns.items() if pk in alerts], reason, now=now)
    if len(turns) >= BURST:
        plan_anew()
    live.changed(workspace, "alerts")


def plan_anew() -> None:
    """At the end of the transaction Postgres checks each new row's references, by a plan that this connection keeps.

    A plan that was made while the tables were small reads them from end to end: minutes for ten thousand rows.
    Source: PostgreSQL's documentation of DISCARD.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def _alert(
    workspace: Workspace,
    watch: Watch,
    instance: Instance,
    memory: Memory,
    turn: Turn | None,
    now: datetime,
    reason: str,
) -> Alert:
    """The alert's row as it reads after this tick."""
    over = turn is not None and turn.step is Step.RESOLVED
    threshold = watch.rule.facing(instance.reference, watch.facing).threshold(memory.level)
    return Alert(
        workspace=workspace, watch=watch, instance=instance, labels=instance.labels,
        episode=memory.episode + (memory.state is State.PENDING),
        state=Alert.State.RESOLVED if over else memory.state.value, severity=watch.severity_at(memory.level),
        active_at=memory.active_at or now, fired_at=memory.fired_at, resolved_at=now if over else None,
        value=memory.last_value, peak=memory.peak, threshold=threshold, reference=instance.reference,
        bucket_at=memory.bucket_at, detail=instance.detail, detail_url=instance.detail_url,
        reason=(turn.why.value if turn else "") or reason if over else "",
    )  # fmt: skip


def _steps(turn: Turn) -> tuple[Step, ...]:
    """An alert that ended because its number was corrected is marked so as well."""
    corrected = turn.step is Step.RESOLVED and turn.why is Why.CORRECTED
    return (turn.step, Step.CORRECTED) if corrected else (turn.step,)


def correct(alert: Alert, turn: Turn) -> None:
    """A note on an alert that is over: its number was corrected since, and would not have alerted."""
    Transition.objects.create(
        instance_id=alert.instance_id, alert=alert, at=turn.at, step=turn.step.value, episode=alert.episode,
        value=turn.value, severity=alert.severity, reason=turn.why.value,
    )  # fmt: skip
    alert.value = turn.value  # what is said; its row keeps what fired it
    say(alert.workspace, [(alert, turn)], turn.why.value, now=turn.at)
    say(alert.workspace, [(alert, turn)], turn.why.value, now=turn.at)
    live.changed(alert.workspace, "alerts")


def end_alerts(watch: Watch, reason: str, *, now: datetime) -> None:
    """Close whatever is open on a watch, for a reason outside the numbers. The caller holds the lock."""
    rows = {row.pk: row for row in Instance.objects.filter(watch=watch).exclude(state=State.OK)}
    speaking, turns = {}, {}
    for pk, row in rows.items():
        _after, turn = analysis.close(row.memory, now)
        if turn is not None:
            turns[pk], speaking[pk] = turn, turn.memory
    Instance.objects.filter(pk__in=rows).update(
        state=State.OK, active_at=None, fired_at=None, recovering_at=None, peak=None, level=0, higher_at=None,
        highest_at=None, lowering_at=None, prior="", recent="", missing=0, missing_since=None,
    )  # fmt: skip
    record(watch.workspace, {watch.pk: watch}, rows, speaking, turns, now=now, reason=reason)
    catch_up(watch.workspace, tick=now)
