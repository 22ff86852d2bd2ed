"""What happens after an alert's state has changed: the house hears of it at once, people as their route says.

`say` belongs to the transaction of the change. It writes the events and has the alerts' groups looked at in this tick.
`after_tick` then lets speak whatever is due: groups, steps of escalations, what a silence held back, what is steady again.
A worker that is killed in between leaves the groups due; the next one speaks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from opsboard.alerts.analysis import Step, Turn, Why
from opsboard.alerts.models import Alert, Told
from opsboard.alerts.services import (
    acknowledging,
    agenda,
    escalating,
    flapping,
    grouping,
    remarking,
    silencing,
)
from opsboard.alerts.services.locking import lock
from opsboard.core.events import Happening, emit_all
from opsboard.core.models import Workspace

type Turned = tuple[Alert, Turn]
ONCE = (Step.FIRED, Step.RESOLVED)


def say(workspace: Workspace, turned: Iterable[Turned], reason: str, *, now: datetime) -> None:
    """Alerts changed in this tick: write the events, gather them in their groups, set the clocks of their escalations."""
    by_step: dict[Step, list[Turned]] = defaultdict(list)
    for alert, turn in turned:
        by_step[turn.step].append((alert, turn))
    fired, resolved, raised = by_step[Step.FIRED], by_step[Step.RESOLVED], by_step[Step.RAISED]
    _emit("alerts.alert_fired", [*fired, *raised], workspace, now)
    _emit("alerts.alert_resolved", resolved, workspace, now, reason)
    _emit("alerts.alert_no_data", by_step[Step.NODATA], workspace, now)
    alerts = [alert for alert, _turn in fired]
    routes = grouping.Routes(workspace, {alert.watch_id for alert in alerts}) if alerts else None
    if routes is not None:
        grouping.gather(alerts, routes, tick=now)
        escalating.begin(workspace, alerts, routes)
    if raised:
        acknowledging.outrank([alert for alert, _turn in raised], tick=now)
        Alert.objects.filter(pk__in=[alert.pk for alert, _turn in raised]).update(told_at=None, pressing="raised")
    stirred = Alert.objects.filter(pk__in=[alert.pk for alert, _turn in (*resolved, *raised)], group__isnull=False)
    grouping.stir(stirred.values_list("group_id", flat=True), tick=now)
    _mind_flapping(workspace, [pair for pair in (*fired, *resolved) if pair[1].why is not Why.DATA_BACK], now)
    asides = {
        Told.Kind.NO_DATA: by_step[Step.NODATA],
        Told.Kind.LOWERED: by_step[Step.LOWERED],
        Told.Kind.DATA_AGAIN: [pair for pair in (*by_step[Step.AGAIN], *resolved) if pair[1].why is Why.DATA_BACK],
        Told.Kind.CORRECTED: [pair for pair in by_step[Step.CORRECTED] if pair[0].told_at is not None],
    }
    for kind, pairs in asides.items():
        if pairs:
            remarking.tell_aside(workspace, kind, [alert for alert, _turn in pairs], tick=now)


def _mind_flapping(workspace: Workspace, rows: Sequence[Turned], now: datetime) -> None:
    changed = {alert.instance_id: alert for alert, _turn in rows}
    restless = flapping.notice_flapping(workspace, changed, tick=now)
    if restless:
        _emit("alerts.alert_flapping", [pair for pair in rows if pair[0].instance_id in restless], workspace, now)
        loud = [changed[pk] for pk in sorted(restless)]
        silent = silencing.silenced_now(workspace, loud, tick=now)
        flapping.tell_flapping(workspace, [alert for alert in loud if alert.pk not in silent], tick=now)


def _emit(key: str, turned: Sequence[Turned], workspace: Workspace, now: datetime, reason: str = "") -> None:
    happenings = []
    for alert, turn in turned:
        watch = alert.watch
        facts: dict[str, Any] = {
            "indicator": watch.indicator, "title": str(alert), "value": turn.value, "threshold": watch.value,
            "severity": alert.severity, "labels": alert.labels_text, "episode": alert.episode, "watch": watch.pk,
            "url": alert.get_absolute_url(),
        }  # fmt: skip
        if key == "alerts.alert_fired":
            facts["value_at"] = alert.bucket_at
        if key == "alerts.alert_resolved":
            facts |= {"reason": turn.why.value or reason, "peak": alert.peak, "seconds": alert.seconds or 0.0}
        # An episode fires and ends once; it may become graver, flap, or lose its data more than once.
        again = "" if turn.step in ONCE and key != "alerts.alert_flapping" else f":{int(now.timestamp())}"
        name = f"alert:{alert.instance_id}:{alert.episode}:{key.partition('_')[2]}{again}"
        happenings.append(Happening(alert, name, facts))
    emit_all(key, happenings, workspace=workspace, at=now)


def after_tick(*, workspace: Workspace, tick: datetime) -> None:
    """The end of every evaluation: say what is due. One query where there is nothing to say."""
    if agenda.is_anything_due(workspace, tick=tick):
        catch_up(workspace, tick=tick)


def catch_up(workspace: Workspace, *, tick: datetime) -> None:
    """Let speak whatever is due."""
    with transaction.atomic():
        lock(workspace)
        acknowledging.let_run_out(workspace, tick=tick)
        silencing.hush(workspace, tick=tick)
        flapping.tell_steady(workspace, tick=tick)
        grouping.tell_due(workspace, tick=tick)
        remarking.tell_trouble(workspace, tick=tick)
        escalating.climb(workspace, tick=tick)
