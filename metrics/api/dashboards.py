"""Dashboards and annotations over the API: the same tiles, the same numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from django.http import Http404, QueryDict
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from metrics import charts, services
from metrics.analysis.grids import free_place
from metrics.models import Annotation, Dashboard, Metric, Tile
from metrics.models.tiles import SIZES
from metrics.views.boards import look_for, values_of
from opsboard.core.api import ApiRequest

router = Router()


class TileIn(Schema):
    kind: Literal["number", "line", "bar", "stacked", "heat", "pareto", "funnel", "table", "gauge", "text"]
    sources: list[str] = Field(
        default_factory=list, max_length=8, description="Keys of indicators: `metrics.value:on-time`."
    )
    by: str = Field("", max_length=100)
    labels: dict[str, str] = Field(default_factory=dict)
    title: str = Field("", max_length=120)
    text: str = Field("", max_length=4000)
    span: Literal["", "1d", "7d", "14d", "30d", "90d", "182d", "365d", "1095d"] = ""
    grain: Literal["", "minute", "hour", "day", "week", "month"] = ""
    w: int | None = Field(None, ge=1, le=12)
    h: int | None = Field(None, ge=1, le=12)


class DashboardIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    private: bool = False
    span: Literal["1d", "7d", "14d", "30d", "90d", "182d", "365d", "1095d"] = "30d"
    compare: Literal["", "previous", "year", "plan"] = "previous"
    tiles: list[TileIn] = Field(default_factory=list, max_length=60)


class TileOut(Schema):
    id: int
    kind: str
    title: str
    sources: list[str]
    by: str
    labels: dict[str, str]
    x: int
    y: int
    w: int
    h: int


class DashboardOut(Schema):
    id: int
    name: str
    description: str
    owner: int | None
    private: bool
    span: str
    compare: str
    version: int
    tiles: list[TileOut]
    url: str


class DashboardPage(Schema):
    items: list[DashboardOut]
    next: str | None


class ValueOut(Schema):
    at: datetime
    value: float | None
    weight: float


class CourseOut(Schema):
    indicator: str
    name: str
    total: float | None
    before: float | None
    values: list[ValueOut]


class TileValuesOut(Schema):
    id: int
    title: str
    grain: str
    series: list[CourseOut]
    missing: int


class ValuesOut(Schema):
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    tiles: list[TileValuesOut]


class AnnotationIn(Schema):
    on: date
    until: date | None = None
    sort: Literal["promotion", "price", "process", "outside", "other"] = "other"
    text: str = Field(min_length=1, max_length=200)
    metrics: list[str] = Field(default_factory=list, max_length=200, description="Keys; none: on all metrics.")


class AnnotationOut(Schema):
    id: int
    on: date
    until: date | None
    sort: str
    text: str
    metrics: list[str]


class AnnotationPage(Schema):
    items: list[AnnotationOut]
    next: str | None


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: int = Field(0, ge=0, lt=2**62)


class Days(Paging):
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    metric: str = Field("", max_length=80)


class Asked(Schema):
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    span: str = Field("", max_length=10)
    compare: str = Field("", max_length=10)


def _find(request: ApiRequest, pk: int) -> Dashboard:
    rows = Dashboard.objects.visible_to(request.viewer).standing().select_related("workspace")
    row: Dashboard | None = rows.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if row is None:
        raise Http404
    return row


def _dashboard(row: Dashboard) -> dict[str, Any]:
    return {
        "id": row.pk, "name": row.name, "description": row.description, "owner": row.owner_id, "private": row.private,
        "span": row.span, "compare": row.compare, "version": row.version, "url": row.get_absolute_url(),
        "tiles": [
            {"id": tile.id, "kind": tile.kind, "title": tile.title, "sources": list(tile.sources), "by": tile.by,
             "labels": dict(tile.labels), "x": tile.x, "y": tile.y, "w": tile.w, "h": tile.h}
            for tile in row.laid_out
        ],
    }  # fmt: skip


@router.get("dashboards", response=DashboardPage, summary="The dashboards")
def dashboard_list(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    rows = Dashboard.objects.visible_to(request.viewer).standing().select_related("workspace")
    found = list(rows.filter(pk__gt=paging.cursor).order_by("pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return {
        "items": [_dashboard(row) for row in items],
        "next": str(items[-1].pk) if len(found) > paging.limit else None,
    }


@router.post("dashboards", response={201: DashboardOut}, summary="Make a dashboard with its tiles")
def create_dashboard(request: ApiRequest, payload: DashboardIn) -> Status[dict[str, Any]]:
    tiles: list[Tile] = []
    for given in payload.tiles:
        wide, high = SIZES[given.kind]
        tile = Tile(
            id=len(tiles) + 1, kind=given.kind, w=given.w or wide, h=given.h or high, title=given.title,
            sources=tuple(given.sources), by=given.by, labels=given.labels, grain=given.grain, span=given.span,
            text=given.text,
        )  # fmt: skip
        x, y = free_place([one.place for one in tiles], tile.w, tile.h)
        tiles.append(replace(tile, x=x, y=y))
    row = services.create_dashboard(
        workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), name=payload.name,
        description=payload.description, private=payload.private, span=payload.span, compare=payload.compare,
        tiles=tiles,
    )  # fmt: skip
    return Status(201, _dashboard(row))


@router.get("dashboards/{pk}", response=DashboardOut, summary="One dashboard")
def dashboard(request: ApiRequest, pk: int) -> dict[str, Any]:
    return _dashboard(_find(request, pk))


@router.get("dashboards/{pk}/values", response=ValuesOut, by_alias=True, summary="What a dashboard's tiles show")
def dashboard_values(request: ApiRequest, pk: int, asked: Query[Asked]) -> dict[str, Any]:
    """Labels narrow as in the page's address: `label.shop=Hangzhou`."""
    row, now = _find(request, pk), timezone.now()
    query: QueryDict = request.GET
    look = look_for(query, row, now)
    shown, _labels, _happened = values_of(request.viewer, row, look, now)
    return {
        "from": look.first,
        "to": look.last,
        "tiles": [
            {
                "id": one.tile.id, "title": charts.title_of(one), "grain": one.grain, "missing": one.missing,
                "series": [
                    {"indicator": course.source.key, "name": course.name, "total": course.total(),
                     "before": course.total_before(),
                     "values": [{"at": at.astimezone(UTC), "value": value, "weight": weight}
                                for at, value, weight in course.values]}
                    for course in one.courses
                ],
            }
            for one in shown
        ],
    }  # fmt: skip


def _annotation(row: Annotation, seen: set[int]) -> dict[str, Any]:
    return {
        "id": row.pk, "on": row.on, "until": row.until, "sort": row.sort, "text": row.text,
        "metrics": [metric.key for metric in row.metrics.all() if metric.pk in seen],
    }  # fmt: skip


@router.get("annotations", response=AnnotationPage, summary="What happened besides")
def annotation_list(request: ApiRequest, days: Query[Days]) -> dict[str, Any]:
    rows = Annotation.objects.visible_to(request.viewer).within(days.from_ or date.min, days.to or date.max)
    visible = Metric.objects.visible_to(request.viewer)
    if days.metric:
        metric = visible.filter(key=days.metric).first()
        if metric is None:
            raise Http404
        rows = rows.about([metric.pk])
    found = list(rows.filter(pk__gt=days.cursor).order_by("pk").prefetch_related("metrics")[: days.limit + 1])
    items, seen = found[: days.limit], set(visible.values_list("pk", flat=True))
    return {
        "items": [_annotation(row, seen) for row in items],
        "next": str(items[-1].pk) if len(found) > days.limit else None,
    }


@router.post("annotations", response={201: AnnotationOut}, summary="Write down what happened")
def annotate(request: ApiRequest, payload: AnnotationIn) -> Status[dict[str, Any]]:
    metrics = list(Metric.objects.visible_to(request.viewer).filter(key__in=payload.metrics))
    if len(metrics) != len(set(payload.metrics)):
        raise Http404
    given = payload.dict() | {"metrics": metrics}
    row = services.annotate(workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), **given)
    return Status(201, _annotation(row, {metric.pk for metric in metrics}))
