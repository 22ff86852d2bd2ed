"""Watches over the API."""

from __future__ import annotations

from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from opsboard.alerts import services
from opsboard.alerts.api.paging import Paging, cursor_of
from opsboard.alerts.models import Watch
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
    found = list(rows.filter(pk__gt=cursor_of(paging.cursor)).order_by("pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return {"items": [_watch(row) for row in items], "next": str(items[-1].pk) if len(found) > paging.limit else None}


def _watch(row: Any) -> dict[str, Any]:
    state = "paused" if row.paused_at else "firing" if row.firing else "pending" if row.pending else "ok"
    return {
        "id": row.pk, "indicator": row.indicator, "title": str(row), "op": row.op, "value": row.value,
        "clear": row.clear, "for": row.for_seconds, "keep": row.keep_seconds, "no_data": "keep_last",
        "severity": row.severity, "scope": row.scope, "labels": row.labels, "paused": row.paused_at is not None, "state": state,
        "version": row.version, "url": row.get_absolute_url(),
    }  # fmt: skip
