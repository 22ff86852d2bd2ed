"""Alerts over the API: watch a number, list the watches, list the alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from opsboard.alerts import services
from opsboard.alerts.models import Alert, Watch
from opsboard.alerts.models.watches import A_YEAR
from opsboard.core import objects
from opsboard.core.api import ApiRequest
from opsboard.core.contract import Ref
from opsboard.core.models import Membership, Team, User

router = Router()


class AboutIn(Schema):
    model: str = Field(max_length=100, examples=["metrics.metric"])
    id: int


class WatchIn(Schema):
    indicator: str = Field(max_length=200, examples=["metrics.value:on_time"])
    op: Literal[">", ">=", "<", "<="]
    value: float
    clear: float | None = None
    for_: int = Field(0, alias="for", ge=0, le=A_YEAR, description="Seconds that it must last.")
    keep: int = Field(0, ge=0, le=A_YEAR, description="Seconds that it must stay back before it is resolved.")
    no_data: Literal["keep_last"] = "keep_last"
    severity: Literal["info", "warning", "critical"] = "warning"
    title: str = Field("", max_length=200)
    scope: Literal["whole", "each", "all"] = Field("all", description="The whole number, each label set, or both.")
    labels: dict[str, str] = Field(default_factory=dict, description="Only label sets with these.")
    people: list[int] = Field(default_factory=list, description="Whom to tell; none means the token's owner.")
    teams: list[int] = Field(default_factory=list)
    about: AboutIn | None = None


class WatchOut(Schema):
    id: int
    indicator: str
    title: str
    op: str
    value: float
    clear: float | None
    for_: int = Field(alias="for", serialization_alias="for")
    keep: int
    no_data: str
    severity: str
    scope: str
    labels: dict[str, str]
    paused: bool
    state: str
    version: int
    url: str


class WatchPage(Schema):
    items: list[WatchOut]
    next: str | None


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


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


class Asked(Paging):
    state: Literal["pending", "firing", "recovering", "resolved"] | None = None
    from_: datetime | None = Field(None, alias="from")
    to: datetime | None = None
    watch: int | None = None


@router.post("watches", response={201: WatchOut}, by_alias=True, summary="Watch a number")
def watch_number(request: ApiRequest, payload: WatchIn) -> Status[dict[str, Any]]:
    viewer = request.viewer
    watch = services.watch_number(
        viewer=viewer, now=timezone.now(), indicator=payload.indicator, op=payload.op, value=payload.value,
        clear=payload.clear, for_seconds=payload.for_, keep_seconds=payload.keep, severity=payload.severity,
        title=payload.title, scope=payload.scope, labels=payload.labels, people=_people(request, payload.people),
        teams=_teams(request, payload.teams), about=_about(request, payload.about),
    )  # fmt: skip
    row = Watch.objects.visible_to(viewer).with_state().select_related("workspace").get(pk=watch.pk)
    return Status(201, _watch(row))


def _people(request: ApiRequest, pks: list[int]) -> list[User]:
    members = (
        Membership.objects.active().of(request.viewer.workspace).filter(user_id__in=[pk for pk in pks if pk < 2**63])
    )
    people = [one.user for one in members.select_related("user")]
    if missing := sorted(set(pks) - {person.pk for person in people}):
        raise ValidationError({"people": _("Not a member here: %(pks)s.") % {"pks": ", ".join(map(str, missing))}})
    return people


def _teams(request: ApiRequest, pks: list[int]) -> list[Team]:
    teams = list(Team.objects.filter(workspace=request.viewer.workspace, pk__in=[pk for pk in pks if pk < 2**63]))
    if missing := sorted(set(pks) - {team.pk for team in teams}):
        raise ValidationError({"teams": _("No such team: %(pks)s.") % {"pks": ", ".join(map(str, missing))}})
    return teams


def _about(request: ApiRequest, about: AboutIn | None) -> Ref | None:
    if about is None:
        return None
    ref = objects.ref_to(request.viewer, about.model, about.id)
    if ref is None:
        raise ValidationError({"about": _("There is no such object here, or you may not see it.")})
    return ref


@router.get("watches", response=WatchPage, by_alias=True, summary="The watches")
def watches(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    rows = Watch.objects.visible_to(request.viewer).with_state().select_related("workspace")
    found = list(rows.filter(pk__gt=_cursor(paging.cursor)).order_by("pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return {"items": [_watch(row) for row in items], "next": str(items[-1].pk) if len(found) > paging.limit else None}


@router.get("alerts", response=AlertPage, summary="The alerts, newest first")
def alerts(request: ApiRequest, asked: Query[Asked]) -> dict[str, Any]:
    start, end = _aware(asked.from_), _aware(asked.to)
    if start and end and end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    rows = Alert.objects.visible_to(request.viewer).active_between(start, end)
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.watch is not None:
        rows = rows.filter(watch_id=asked.watch if 0 < asked.watch < 2**63 else 0)
    if before := _cursor(asked.cursor):
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("watch", "workspace", "acknowledged_by").order_by("-pk")[: asked.limit + 1])
    items = found[: asked.limit]
    return {"items": [_alert(row) for row in items], "next": str(items[-1].pk) if len(found) > asked.limit else None}


def _aware(moment: datetime | None) -> datetime | None:
    """A moment without an offset is taken as UTC."""
    return (
        timezone.make_aware(moment, timezone.get_default_timezone()) if moment and timezone.is_naive(moment) else moment
    )


def _cursor(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    return int(text or 0)


def _watch(row: Any) -> dict[str, Any]:
    state = "paused" if row.paused_at else "firing" if row.firing else "pending" if row.pending else "ok"
    return {
        "id": row.pk, "indicator": row.indicator, "title": str(row), "op": row.op, "value": row.value,
        "clear": row.clear, "for": row.for_seconds, "keep": row.keep_seconds, "no_data": "keep_last",
        "severity": row.severity, "scope": row.scope, "labels": row.labels, "paused": row.paused_at is not None, "state": state,
        "version": row.version, "url": row.get_absolute_url(),
    }  # fmt: skip


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "id": row.pk, "watch": row.watch_id, "indicator": row.watch.indicator, "title": str(row),
        "labels": row.labels, "state": row.state, "severity": row.severity, "episode": row.episode,
        "value": row.value, "threshold": row.threshold, "active_at": row.active_at, "fired_at": row.fired_at,
        "resolved_at": row.resolved_at, "peak": row.peak, "reason": row.reason,
        "acknowledged_by": str(row.acknowledged_by) if row.acknowledged_by else None,
        "acknowledged_at": row.acknowledged_at, "note": row.note, "url": row.get_absolute_url(),
    }  # fmt: skip
