"""Waiting lists over the API: what came and what was dealt with, in batches; the same again changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from metrics import analysis, services
from metrics.models import Clock, WaitingList
from metrics.services import Item
from opsboard.core.api import ApiRequest

router = Router()
MOST = 10_000


class WaitingListIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=80, description="Made from the name when empty.")
    clock: str = Field(Clock.ALWAYS.value, description="`always`, or `working` for the workspace's working hours.")
    limit_hours: float | None = Field(None, gt=0, allow_inf_nan=False)
    description: str = Field("", max_length=2000)
    keep_times: bool = Field(False, description="Also make a metric that takes up how long each item waited.")


class WaitingListOut(Schema):
    key: str
    name: str
    clock: str
    limit_hours: float | None
    description: str
    oldest_indicator: str
    count_indicator: str
    reply_metric: str | None
    url: str


class WaitingItemIn(Schema):
    reference: str = Field(min_length=1, max_length=120)
    opened_at: datetime | None = Field(None, description="Since when it waits; now where it is new and says nothing.")
    closed_at: datetime | None = Field(None, description="When it was dealt with; it waits no more.")
    who: str | None = Field(None, max_length=120)
    url: str | None = Field(None, max_length=500)
    labels: dict[str, str] | None = None


class WaitingItemsIn(Schema):
    items: list[WaitingItemIn] = Field(max_length=MOST, description=f"At most {MOST} in one call.")
    missing_are_done: bool = Field(False, description="The items are all that is open; others are dealt with by now.")


class TakenOut(Schema):
    opened: int
    closed: int
    changed: int
    unchanged: int


class WaitingItemOut(Schema):
    reference: str
    opened_at: datetime
    closed_at: datetime | None
    hours: float
    who: str
    url: str
    labels: dict[str, str]


class WaitingItemPage(Schema):
    items: list[WaitingItemOut]
    next: str | None


class WaitingAsked(Schema):
    open: bool = Field(True, description="Only what waits now, the oldest first; false: all, by the time it came.")
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = Field("", max_length=20)


@router.get("waiting", response=list[WaitingListOut], summary="The waiting lists")
def waiting_lists(request: ApiRequest) -> list[dict[str, Any]]:
    return [_out(row) for row in _rows(request)]


@router.post("waiting", response={201: WaitingListOut}, summary="Make a waiting list")
def create_waiting_list(request: ApiRequest, payload: WaitingListIn) -> Status[dict[str, Any]]:
    viewer = request.viewer
    row = services.create_waiting_list(workspace=viewer.workspace, by=viewer.user, now=timezone.now(), **payload.dict())
    return Status(201, _out(row))


@router.get("waiting/{key}/items", response=WaitingItemPage, summary="What waits, the oldest first")
def waiting_items(request: ApiRequest, key: str, asked: Query[WaitingAsked]) -> dict[str, Any]:
    row, now = _find(request, key), timezone.now()
    if asked.cursor and not (asked.cursor.isascii() and asked.cursor.isdigit() and len(asked.cursor) < 10):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    first = int(asked.cursor or 0)
    rows = row.items.open() if asked.open else row.items.all()
    found = list(rows.longest_first()[first : first + asked.limit + 1])
    calendar = row.calendar
    items = [
        {
            "reference": one.reference, "opened_at": one.opened_at.astimezone(UTC),
            "closed_at": one.closed_at.astimezone(UTC) if one.closed_at else None,
            "hours": round(analysis.hours_waited(calendar, one.opened_at, one.closed_at or now), 4),
            "who": one.who, "url": one.url, "labels": one.labels,
        }
        for one in found[: asked.limit]
    ]  # fmt: skip
    return {"items": items, "next": str(first + asked.limit) if len(found) > asked.limit else None}


@router.post("waiting/{key}/items", response=TakenOut, summary="Tell what came and what was dealt with")
def take_in(request: ApiRequest, key: str, payload: WaitingItemsIn) -> dict[str, int]:
    row = _find(request, key)
    items = [
        Item(one.reference, _moment(one.opened_at, row), _moment(one.closed_at, row), one.who, one.url, one.labels)
        for one in payload.items
    ]
    taken = services.take_in(
        row=row, items=items, by=request.viewer.user, now=timezone.now(), missing_are_done=payload.missing_are_done
    )
    return taken.as_dict()


def _rows(request: ApiRequest) -> Any:
    rows = WaitingList.objects.visible_to(request.viewer).in_use()
    return rows.select_related("workspace", "owner", "reply_metric").order_by("key")


def _find(request: ApiRequest, key: str) -> WaitingList:
    row: WaitingList | None = _rows(request).filter(key=key).first()
    if row is None:
        raise Http404
    return row


def _moment(at: datetime | None, row: WaitingList) -> datetime | None:
    """A moment without an offset is meant by the workspace's clock."""
    return timezone.make_aware(at, row.workspace.zone) if at is not None and timezone.is_naive(at) else at


def _out(row: WaitingList) -> dict[str, Any]:
    return {
        "key": row.key, "name": row.name, "clock": row.clock, "limit_hours": row.limit_hours,
        "description": row.description, "oldest_indicator": row.oldest_indicator, "count_indicator": row.count_indicator,
        "reply_metric": row.reply_metric.key if row.reply_metric else None, "url": row.get_absolute_url(),
    }  # fmt: skip
