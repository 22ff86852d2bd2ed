"""Label sets that come and go: told once that they do, then quiet until they are steady."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import models

from opsboard.alerts.analysis import flapping
from opsboard.alerts.models import Alert, Flapping, Reason, Told, Transition, wording
from opsboard.alerts.services.grouping import stir, worst
from opsboard.alerts.services.hearing import hearers_of
from opsboard.alerts.services.speaking import Word, key_of, speak
from opsboard.core.models import Workspace

CHANGES = (Transition.Step.FIRED, Transition.Step.RESOLVED)


def notice_flapping(workspace: Workspace, changed: Mapping[int, Alert], *, tick: datetime) -> set[int]:
    """Of the instances that fired or resolved in this tick, those that begin to flap. Those that do already stay quiet."""
    if not changed:
        return set()
    recent = Transition.objects.filter(
        instance_id__in=changed, step__in=CHANGES, at__gt=tick - flapping.WINDOW, at__lte=tick
    ).exclude(reason=Reason.DATA_BACK)
    known = {row.instance_id: row for row in Flapping.objects.filter(instance_id__in=changed)}
    counted: Counter[int] = Counter()
    for pk, at in recent.order_by().values_list("instance_id", "at"):
        before = known.get(pk)
        counted[pk] += before is None or before.over_at is None or at > before.over_at
    on = [pk for pk, row in known.items() if row.over_at is None]
    new = sorted(pk for pk, changes in counted.items() if flapping.flaps(changes) and pk not in on)
    Flapping.objects.bulk_create(
        (
            Flapping(
                instance_id=pk,
                alert=changed[pk],
                since=tick if pk in new else known[pk].since,
                calm_at=tick + flapping.CALM,
            )
            for pk in (*on, *new)
        ),
        update_conflicts=True,
        unique_fields=["instance"],
        update_fields=["alert", "since", "calm_at", "over_at"],
    )
    return set(new)


def tell_flapping(workspace: Workspace, alerts: Sequence[Alert], *, tick: datetime) -> None:
    """One notice for each that began to flap."""
    hearers = hearers_of(workspace, {alert.watch_id: alert.watch for alert in alerts}.values())
    for alert in alerts:
        if alert.silenced_at is not None:
            continue
        watch, labels = alert.watch, alert.labels_text
        word = Word(
            kind=Told.Kind.FLAPPING,
            watch=watch,
            text=lambda watch=watch, labels=labels: wording.comes_and_goes(watch, labels),  # type: ignore[misc]
            unique_as=key_of(watch.pk, alert.instance_id, alert.episode, "flapping", int(tick.timestamp())),
            severity=alert.severity,
            alerts=[alert],
            firing=int(alert.is_open),
        )
        speak(word, hearers[watch.pk], now=tick)


def tell_steady(workspace: Workspace, *, tick: datetime) -> int:
    """Those that have not changed for long enough: say how they are now, and let them be told as all others again."""
    rows = list(Flapping.objects.filter(instance__workspace=workspace, calm_at__lte=tick, over_at=None)[:500])
    if not rows:
        return 0
    Flapping.objects.filter(pk__in=[row.pk for row in rows]).update(over_at=tick)
    found = Alert.objects.select_related("watch__workspace", "watch__owner").in_bulk([row.alert_id for row in rows])
    alerts = worst(list(found.values()))
    hearers = hearers_of(workspace, {alert.watch_id: alert.watch for alert in alerts}.values())
    Alert.objects.resolved().filter(instance_id__in=[row.pk for row in rows], told_end_at=None).update(
        told_at=models.functions.Coalesce("told_at", models.Value(tick)), told_end_at=tick
    )
    for alert in alerts:
        alert.workspace = workspace
        if alert.silenced_at is not None and alert.is_open:
            continue
        watch = alert.watch
        word = Word(
            kind=Told.Kind.CALM,
            watch=watch,
            text=lambda watch=watch, alert=alert: wording.steady(watch, alert),  # type: ignore[misc]
            unique_as=key_of(watch.pk, alert.instance_id, alert.episode, "calm", int(tick.timestamp())),
            severity=alert.severity if alert.is_open else "info",
            alerts=[alert],
            firing=int(alert.is_open),
        )
        speak(word, hearers[watch.pk], now=tick)
        if alert.is_open:
            Alert.objects.filter(pk=alert.pk).update(told_at=tick, pressing="")
    stir([alert.group_id for alert in alerts if alert.group_id], tick=tick)
    return len(rows)
