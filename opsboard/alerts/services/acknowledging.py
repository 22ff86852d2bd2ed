"""Somebody has seen an alert, or looks after it from now on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.alerts.models import Alert, Remark
from opsboard.alerts.services.grouping import stir
from opsboard.alerts.services.locking import lock
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User, Workspace


def acknowledge(
    *, alert: Alert, by: User | None, now: datetime, note: str = "", until: datetime | None = None
) -> Alert:
    """Somebody has seen it: no repeats and no escalation of this episode until it is over, graver, or `until`.

    The first one counts; a later one may add a note or move the end.
    """
    _check(alert, now, until)
    with transaction.atomic():
        row = Alert.objects.select_for_update(of=("self",)).select_related("watch", "workspace").get(pk=alert.pk)
        _check(row, now, until)
        if row.acknowledged_at is None:
            row.acknowledged_by, row.acknowledged_at, row.acknowledged_until, row.note = by, now, until, note
            _write(row)
            Remark.objects.create(alert=row, kind=Remark.Kind.ACKNOWLEDGED, at=now, by=by, note=note, until=until)
            emit(
                "alerts.alert_acknowledged",
                workspace=row.workspace,
                at=now,
                by=by,
                about=row,
                unique_as=f"alert:{row.instance_id}:{row.episode}:acknowledged:{int(now.timestamp())}",
                title=str(row),
                note=note,
                url=row.get_absolute_url(),
            )
        elif note or until:
            row.note, row.acknowledged_until = note or row.note, until or row.acknowledged_until
            _write(row)
            Remark.objects.create(alert=row, kind=Remark.Kind.ACKNOWLEDGED, at=now, by=by, note=note, until=until)
        live.changed(row.workspace, "alerts")
    alert.refresh_from_db()
    return alert


def _write(row: Alert) -> None:
    row.save(update_fields=["acknowledged_by", "acknowledged_at", "acknowledged_until", "note"])


def _check(alert: Alert, now: datetime, until: datetime | None) -> None:
    if alert.state == Alert.State.RESOLVED:
        raise ValidationError(_("This alert is already resolved."))
    if until is not None and until <= now:
        raise ValidationError({"until": _("The end must lie ahead.")})


def acknowledge_all(*, alerts: Sequence[Alert], by: User | None, now: datetime, note: str = "") -> int:
    """Acknowledge what of these is open and not acknowledged yet; answers how many."""
    done = 0
    with transaction.atomic():
        for alert in alerts:
            if alert.is_open and alert.acknowledged_at is None:
                acknowledge(alert=alert, by=by, now=now, note=note)
                done += 1
    return done


def take_over(*, alert: Alert, by: User, now: datetime, note: str = "") -> Alert:
    """Become the one who looks after it; that acknowledges it too."""
    with transaction.atomic():
        acknowledge(alert=alert, by=by, now=now)
        if Alert.objects.open().filter(pk=alert.pk).exclude(keeper=by).update(keeper=by):
            Remark.objects.create(alert=alert, kind=Remark.Kind.TAKEN_OVER, at=now, by=by, note=note)
            if note:
                Alert.objects.filter(pk=alert.pk).update(note=note)
        live.changed(alert.workspace, "alerts")
    alert.refresh_from_db()
    return alert


def withdraw(*, alert: Alert, by: User, now: datetime) -> Alert:
    """Take an acknowledgement back, one's own or another's: repeats and escalation go on from where they stood."""
    with transaction.atomic():
        row = Alert.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=alert.pk)
        if row.state == Alert.State.RESOLVED:
            raise ValidationError(_("This alert is already resolved."))
        if row.acknowledged_at is not None:
            Alert.objects.filter(pk=row.pk).update(keeper=None)
            _end([row], Remark.Kind.WITHDRAWN, now, by)
            live.changed(row.workspace, "alerts")
    alert.refresh_from_db()
    return alert


def let_run_out(workspace: Workspace, *, tick: datetime) -> int:
    """End the acknowledgements whose time is over: repeats and escalation go on from where they stood."""
    lock(workspace)
    rows = list(Alert.objects.open().filter(workspace=workspace, acknowledged_until__lte=tick))
    _end(rows, Remark.Kind.RAN_OUT, tick)
    return len(rows)


def outrank(alerts: Sequence[Alert], *, tick: datetime) -> None:
    """What has become graver was not acknowledged as such."""
    rows = list(Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).exclude(acknowledged_at=None))
    _end(rows, Remark.Kind.OUTRANKED, tick)


def _end(rows: Sequence[Alert], kind: Remark.Kind, tick: datetime, by: User | None = None) -> None:
    Alert.objects.filter(pk__in=[row.pk for row in rows]).update(
        acknowledged_by=None, acknowledged_at=None, acknowledged_until=None
    )
    stir([row.group_id for row in rows if row.group_id], tick=tick)
    Remark.objects.bulk_create(Remark(alert=row, kind=kind, at=tick, by=by or row.acknowledged_by) for row in rows)
