"""Silences over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from opsboard.alerts import services
from opsboard.alerts.analysis import matching
from opsboard.alerts.api.paging import Paging, aware, cursor_of
from opsboard.alerts.models import Silence
from opsboard.core.api import ApiRequest

router = Router()


class SilenceIn(Schema):
    matchers: str = Field(max_length=2000, examples=["watch=Rework rate, shop=North, severity!=critical"])
    starts_at: datetime | None = None
    ends_at: datetime = Field(description="At most 30 days after the start.")
    reason: str = Field(max_length=500)


class SilenceOut(Schema):
    id: int
    matchers: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    by: str | None
    state: str
    url: str


class SilencePage(Schema):
    items: list[SilenceOut]
    next: str | None


def _silence(row: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": row.pk, "matchers": row.matchers_text, "starts_at": row.starts_at, "ends_at": row.ends_at,
        "reason": row.reason, "by": str(row.author) if row.author else None, "state": row.state_at(now),
        "url": row.get_absolute_url(),
    }  # fmt: skip


@router.post("silences", response={201: SilenceOut}, summary="Keep some alerts quiet for a while")
def silence(request: ApiRequest, payload: SilenceIn) -> Status[dict[str, Any]]:
    now = timezone.now()
    try:
        rows = matching.parse(payload.matchers)
    except matching.MatcherError as error:
        raise ValidationError({"matchers": _("“%(part)s” is not understood. Write it as name=value.") % {"part": error}}) from None  # fmt: skip
    row = services.silence(
        workspace=request.viewer.workspace, by=request.viewer.user, now=now, matchers=rows,
        starts_at=aware(payload.starts_at), ends_at=aware(payload.ends_at) or now, reason=payload.reason,
    )  # fmt: skip
    return Status(201, _silence(row, now))


@router.get("silences", response=SilencePage, summary="The silences, newest first")
def silences(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    rows = Silence.objects.visible_to(request.viewer).select_related("author", "workspace")
    if before := cursor_of(paging.cursor):
        rows = rows.filter(pk__lt=before)
    found, now = list(rows.order_by("-pk")[: paging.limit + 1]), timezone.now()
    items = found[: paging.limit]
    more = len(found) > paging.limit
    return {"items": [_silence(row, now) for row in items], "next": str(items[-1].pk) if more else None}


@router.post("silences/{int:pk}/end", response=SilenceOut, summary="End a silence now")
def end_silence(request: ApiRequest, pk: int) -> dict[str, Any]:
    rows = Silence.objects.visible_to(request.viewer).select_related("author", "workspace")
    row = rows.filter(pk=pk if pk < 2**63 else 0).first()
    if row is None:
        raise Http404
    now = timezone.now()
    return _silence(services.end_silence(silence=row, now=now), now)
