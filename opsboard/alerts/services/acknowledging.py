"""Somebody looks after an alert."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.alerts.models import Alert
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User


def acknowledge(*, alert: Alert, by: User | None, now: datetime, note: str = "") -> Alert:
    """Somebody looks after it. The first one counts; a later one may only add a note."""
    if alert.state == Alert.State.RESOLVED:
        raise ValidationError(_("This alert is already resolved."))
    with transaction.atomic():
        first = (
            Alert.objects.open()
            .unacknowledged()
            .filter(pk=alert.pk)
            .update(acknowledged_by=by, acknowledged_at=now, note=note)
        )
        if first:
            emit(
                "alerts.alert_acknowledged",
                workspace=alert.workspace,
                at=now,
                by=by,
                about=alert,
                unique_as=f"alert:{alert.instance_id}:{alert.episode}:acknowledged",
                title=str(alert),
                note=note,
                url=alert.get_absolute_url(),
            )
        elif note:
            Alert.objects.filter(pk=alert.pk).update(note=note)
        live.changed(alert.workspace, "alerts")
    alert.refresh_from_db()
    return alert
