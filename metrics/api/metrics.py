"""Metrics over the API: define one, write its points, read them, bring a file in."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from django.core.exceptions import ValidationError
from django.db.models import Count, Max
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import BaseModel

from metrics import services
from metrics.models import Metric, buckets, versions
from metrics.services import POINTS, Given, no_rate_text
from opsboard.core import imports
from opsboard.core.api import ApiRequest, JobStarted
from opsboard.core.models import ExchangeRate, Membership
from opsboard.core.money import NoRate

router = Router()
MOST = 50_000
FINEST = 50_000


class MetricIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=80, description="Made from the name when empty.")
    unit: str = Field("", max_length=40)
    direction: Literal["up", "down"] = "up"
    aggregation: Literal[
        "sum", "mean", "last", "ratio", "min", "max", "count", "p50", "p90", "p95", "p99", "formula"
    ] = "sum"
    formula: str = Field("", max_length=500, description="Of other metrics by their keys, such as `returns / orders`.")
    currency: str = Field("", max_length=3, description="ISO 4217, for money.")
    grain: Literal["minute", "hour", "day", "week", "month"] = "day"
    target: float | None = Field(None, allow_inf_nan=False)
    decimals: int | None = Field(None, ge=0, le=8)
    description: str = Field("", max_length=5000)
    timezone: str = ""
    owner: int | None = Field(None, description="A member's id.")


class MetricOut(Schema):
    id: int
    key: str
    name: str
    unit: str
    direction: str
    aggregation: str
    formula: str
    currency: str
    grain: str
    target: float | None
    decimals: int | None
    description: str
    timezone: str
    owner: int | None
    archived: bool
    indicator: str
    url: str


class MetricPage(Schema):
    items: list[MetricOut]
    next: str | None


class PointIn(TypedDict):  # thousands in a call: a plain dictionary is read several times as fast as a schema
    at: datetime
    value: Annotated[float, Field(allow_inf_nan=False)]
    weight: NotRequired[Annotated[float, Field(ge=0, allow_inf_nan=False, description="1 when left out.")]]
    labels: NotRequired[dict[str, str]]


class PointsIn(BaseModel):
    points: list[PointIn] = Field(max_length=MOST, description=f"At most {MOST} in one call.")
    backfill: bool = Field(False, description="History: what is late in it raises no alert and is no revision.")


class WrittenOut(Schema):
    written: int
    unchanged: int
    revised: int


class PointOut(Schema):
    at: datetime
    value: float | None
    weight: float
    labels: dict[str, str] | None = None


class PointsOut(Schema):
    points: list[PointOut]
    next: str | None = None


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""
    archived: bool = False


class Asked(Schema):
    from_: datetime | None = Field(None, alias="from")
    to: datetime | None = None
    grain: Literal["minute", "hour", "day", "week", "month"] | None = Field(
        None, description="The metric's own when left out."
    )
    labels: str = Field("", max_length=2000, description='Only these, as JSON: `{"shop": "Hangzhou"}`.')
    by: str = Field("", max_length=200, description="One answer for each value of this label.")
    currency: str = Field("", max_length=3, description="Of a metric of money: in this currency, each day at its rate.")
    limit: int = Field(FINEST, ge=1, le=FINEST)
    cursor: str = ""


@router.post("metrics", response={201: MetricOut}, summary="Define a metric")
def create_metric(request: ApiRequest, payload: MetricIn) -> Status[dict[str, Any]]:
    given = payload.dict()
    if given["formula"].strip():
        given["aggregation"] = "formula"
    owner = given.pop("owner")
    if owner is not None:
        member = (
            Membership.objects.active()
            .of(request.viewer.workspace)
            .filter(user_id=owner if 0 < owner < 2**63 else 0)
            .select_related("user")
            .first()
        )
        if member is None:
            raise ValidationError({"owner": _("Only members of the workspace can own a metric.")})
        given["owner"] = member.user
    row = services.create_metric(
        workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), **given
    )
    return Status(201, _metric(row))


@router.get("metrics", response=MetricPage, summary="The metrics")
def metrics(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    rows = Metric.objects.visible_to(request.viewer).select_related("workspace")
    if not paging.archived:
        rows = rows.in_use()
    found = list(rows.filter(pk__gt=_number(paging.cursor)).order_by("pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return {"items": [_metric(row) for row in items], "next": str(items[-1].pk) if len(found) > paging.limit else None}


@router.get("metrics/{key}", response=MetricOut, summary="One metric")
def metric(request: ApiRequest, key: str) -> dict[str, Any]:
    return _metric(_find(request, key))


@router.post("metrics/{key}/points", response=WrittenOut, summary="Write points; the same again changes nothing")
def write_points(request: ApiRequest, key: str, payload: PointsIn) -> dict[str, int]:
    row = _find(request, key)
    if row.archived_at:
        raise ValidationError({"key": _("This metric is archived.")})
    zone = row.zone
    points = [
        Given(
            at if (at := one["at"]).tzinfo else timezone.make_aware(at, zone),
            one["value"], one.get("weight", 1.0), one.get("labels"),
        )
        for one in payload.points
    ]  # fmt: skip
    result = services.write_points(
        metric=row, points=points, by=request.viewer.user, now=timezone.now(), backfill=payload.backfill
    )
    return result.as_dict()


@router.get(
    "metrics/{key}/points", response=PointsOut, exclude_none=False, summary="A metric's values by its grain, or another"
)
def points(request: ApiRequest, key: str, asked: Query[Asked], response: HttpResponse) -> Any:
    row = _find(request, key)
    response["ETag"] = mark = _mark(request, row)
    if request.headers.get("If-None-Match") == mark:
        return HttpResponse(status=304, headers={"ETag": mark})
    start = _moment(asked.from_, row) if asked.from_ else None
    end = _moment(asked.to, row) if asked.to else None
    if start and end and end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    labels = _labels(asked.labels)
    try:
        found = buckets(
            [row.pk], start=start, end=end, grain=asked.grain or "", by=[asked.by] if asked.by else [], labels=labels,
            currency=asked.currency,
        )  # fmt: skip
    except NoRate as missing:
        raise ValidationError({"currency": no_rate_text(missing)}) from missing
    found.sort(key=lambda one: (one.at, sorted(one.labels.items())))
    first = _number(asked.cursor)
    part = found[first : first + asked.limit]
    return {
        "points": [
            {
                "at": one.at.astimezone(UTC),
                "value": one.value,
                "weight": one.weight,
                **({"labels": dict(one.labels)} if asked.by else {}),
            }
            for one in part
        ],
        "next": str(first + asked.limit) if len(found) > first + asked.limit else None,
    }


@router.post("imports/metrics", response={202: JobStarted}, summary="Bring a file of points in")
def import_metrics(request: ApiRequest, file: File[UploadedFile], mapping: Form[str] = "{}") -> Status[dict[str, Any]]:
    viewer, now = request.viewer, timezone.now()
    importer = services.importer_for(mapping)
    plan = imports.plan_of(mapping, importer.fields, settings=importer.settings)
    plan = services.import_settings(plan, viewer) if importer is POINTS else services.check_preset(plan)
    run = imports.receive(
        importer,
        workspace=viewer.workspace,
        by=viewer.user,
        file=file,
        name=file.name or "",
        size=file.size or 0,
        now=now,
    )
    job = imports.start(importer, run=run, plan=plan, by=viewer.user, now=now)
    return Status(202, {"job": job.pk})


def _mark(request: ApiRequest, row: Metric) -> str:
    """Differs whenever the answer may: the values' version, the question, and the day's rates."""
    rates = ExchangeRate.objects.visible_to(request.viewer).aggregate(Max("pk"), Count("pk")) if row.currency else ""
    text = f"{versions([row.pk])} {request.get_full_path()} {rates}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def _find(request: ApiRequest, key: str) -> Metric:
    row: Metric | None = Metric.objects.visible_to(request.viewer).filter(key=key).select_related("workspace").first()
    if row is None:
        raise Http404
    return row


def _moment(at: datetime, row: Metric) -> datetime:
    """A moment without an offset is meant by the metric's clock."""
    return timezone.make_aware(at, row.zone) if timezone.is_naive(at) else at


def _labels(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()) or "\\u0000" in text:
        raise ValidationError({"labels": _("Send labels as JSON, such as {“shop”: “Hangzhou”}.")})
    return found


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    return int(text or 0)


def _metric(row: Metric) -> dict[str, Any]:
    return {
        "id": row.pk, "key": row.key, "name": row.name, "unit": row.unit, "direction": row.direction,
        "aggregation": row.aggregation, "formula": row.formula, "currency": row.currency, "grain": row.grain, "target": row.target, "decimals": row.decimals,
        "description": row.description, "timezone": row.timezone, "owner": row.owner_id,
        "archived": row.archived_at is not None, "indicator": row.indicator, "url": row.get_absolute_url(),
    }  # fmt: skip
