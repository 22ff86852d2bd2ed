"""Alerts over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from opsboard.alerts import services
from opsboard.alerts.api.paging import Paging, aware, cursor_of
from opsboard.alerts.models import Alert
from opsboard.core.access import needs
from opsboard.core.api import ApiRequest
from opsboard.core.models import Role

router = Router()


class AlertOut(Schema):
    id: int
    watch: int
    indicator: str
    title: str
    labels: dict[str, str]
    state: str
    severity: str
    episode: int
    value: float | None
    threshold: float
    active_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    peak: float | None
    reason: str
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    keeper: str | None
    silenced: bool
    detail: str
    note: str
    url: str


class AlertPage(Schema):
    items: list[AlertOut]
    next: str | None


class Asked(Paging):
    state: Literal["pending", "firing", "recovering", "nodata", "resolved"] | None = None
    from_: datetime | None = Field(None, alias="from")
    to: datetime | None = None
    watch: int | None = None
    acknowledged: bool | None = None


class AcknowledgeIn(Schema):
    note: str = Field("", max_length=2000)
    until: datetime | None = Field(None, description="When it runs out; nothing: when the alert is over.")


@router.get("alerts", response=AlertPage, summary="The alerts, newest first")
def alerts(request: ApiRequest, asked: Query[Asked]) -> dict[str, Any]:
    start, end = aware(asked.from_), aware(asked.to)
    if start and end and end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    rows = Alert.objects.visible_to(request.viewer).active_between(start, end)
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.watch is not None:
        rows = rows.filter(watch_id=asked.watch if 0 < asked.watch < 2**63 else 0)
    if asked.acknowledged is not None:
        rows = rows.filter(acknowledged_at__isnull=not asked.acknowledged)
    if before := cursor_of(asked.cursor):
        rows = rows.filter(pk__lt=before)
    found = list(
        rows.select_related("watch", "workspace", "acknowledged_by", "keeper").order_by("-pk")[: asked.limit + 1]
    )
    items = found[: asked.limit]
    return {"items": [_alert(row) for row in items], "next": str(items[-1].pk) if len(found) > asked.limit else None}


@router.post("alerts/{int:pk}/acknowledge", response=AlertOut, summary="Acknowledge an alert")
@needs(write=Role.CONTRIBUTOR)
def acknowledge(request: ApiRequest, pk: int, payload: AcknowledgeIn) -> dict[str, Any]:
    row, now = _find(request, pk), timezone.now()
    services.acknowledge(alert=row, by=request.viewer.user, now=now, note=payload.note, until=aware(payload.until))
    return _alert(_find(request, pk))


@router.post("alerts/{int:pk}/take-over", response=AlertOut, summary="Look after an alert from now on")
@needs(write=Role.CONTRIBUTOR)
def take_over(request: ApiRequest, pk: int) -> dict[str, Any]:
    row = _find(request, pk)
    if request.viewer.user is None:
        raise Http404
    services.take_over(alert=row, by=request.viewer.user, now=timezone.now())
    return _alert(_find(request, pk))


def _find(request: ApiRequest, pk: int) -> Alert:
    rows = Alert.objects.visible_to(request.viewer).select_related("watch", "workspace", "acknowledged_by", "keeper")
    row: Alert | None = rows.filter(pk=pk if pk < 2**63 else 0).first()
    if row is None:
        raise Http404
    return row


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "id": row.pk, "watch": row.watch_id, "indicator": row.watch.indicator, "title": str(row),
        "labels": row.labels, "state": row.state, "severity": row.severity, "episode": row.episode,
        "value": row.value, "threshold": row.threshold, "active_at": row.active_at, "fired_at": row.fired_at,
        "resolved_at": row.resolved_at, "peak": row.peak, "reason": row.reason,
        "acknowledged_by": str(row.acknowledged_by) if row.acknowledged_by else None,
        "acknowledged_at": row.acknowledged_at, "acknowledged_until": row.acknowledged_until,
        "keeper": str(row.keeper) if row.keeper else None, "silenced": row.silenced_at is not None and row.is_open,
        "detail": row.detail, "note": row.note, "url": row.get_absolute_url(),
    }  # fmt: skip
