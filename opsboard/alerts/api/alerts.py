"""Alerts over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from opsboard.alerts.api.paging import Paging, aware, cursor_of
from opsboard.alerts.models import Alert
from opsboard.core.api import ApiRequest

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
    if before := cursor_of(asked.cursor):
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("watch", "workspace", "acknowledged_by").order_by("-pk")[: asked.limit + 1])
    items = found[: asked.limit]
    return {"items": [_alert(row) for row in items], "next": str(items[-1].pk) if len(found) > asked.limit else None}


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "id": row.pk, "watch": row.watch_id, "indicator": row.watch.indicator, "title": str(row),
        "labels": row.labels, "state": row.state, "severity": row.severity, "episode": row.episode,
        "value": row.value, "threshold": row.threshold, "active_at": row.active_at, "fired_at": row.fired_at,
        "resolved_at": row.resolved_at, "peak": row.peak, "reason": row.reason,
        "acknowledged_by": str(row.acknowledged_by) if row.acknowledged_by else None,
        "acknowledged_at": row.acknowledged_at, "note": row.note, "url": row.get_absolute_url(),
    }  # fmt: skip
