"""Watches over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from opsboard.alerts import services
from opsboard.alerts.api.paging import Paging, aware, cursor_of
from opsboard.alerts.models import Watch
from opsboard.alerts.models.watches import A_YEAR, MOST_INPUTS
from opsboard.core import objects
from opsboard.core.api import ApiRequest
from opsboard.core.contract import Ref
from opsboard.core.models import Membership, Team, User

router = Router()


class AboutIn(Schema):
    model: str = Field(max_length=100, examples=["metrics.metric"])
    id: int


class OtherIn(Schema):
    indicator: str = Field(max_length=200, examples=["metrics.value:orders"])
    factor: float = 1.0


class SomeIn(Schema):
    n: int = Field(ge=1, le=MOST_INPUTS)
    m: int = Field(ge=1, le=MOST_INPUTS)


class LevelIn(Schema):
    severity: Literal["warning", "critical"]
    value: float
    clear: float | None = None


class WatchIn(Schema):
    indicator: str = Field(max_length=200, examples=["metrics.value:on_time"])
    op: Literal[">", ">=", "<", "<="]
    value: float | OtherIn = Field(
        description="A threshold, or another indicator and the factor that it is taken times."
    )
    kind: Literal["value", "change", "other", "stale"] | None = Field(
        None, description="`stale`: `value` is the age in seconds of the newest value. Else it follows from the rest."
    )
    compare: Literal["previous", "week", "year", "baseline"] | None = Field(
        None, description="Judge the change against this: `value` is then signed, a share (0.2 is 20 %) or an amount."
    )
    relative: bool = Field(True, description="Whether a change is a share of what it is compared with, or an amount.")
    clear: float | None = None
    for_: int = Field(0, alias="for", ge=0, le=A_YEAR, description="Seconds that it must last.")
    keep: int = Field(0, ge=0, le=A_YEAR, description="Seconds that it must stay back before it is resolved.")
    n_of_m: tuple[int, int] | SomeIn | None = Field(None, description="Alert when N of the last M values breach.")
    no_data: Literal["keep_last", "nodata", "alerting", "ok"] = "keep_last"
    so_far: bool = Field(False, description="Also judge periods that have not ended, by as much as has passed of them.")
    late: int = Field(0, ge=0, le=A_YEAR, description="Seconds to wait for late values after a period has ended.")
    severity: Literal["info", "warning", "critical"] = "warning"
    levels: list[LevelIn] = Field(
        default_factory=list, max_length=2, description="Further thresholds, each with a higher severity."
    )
    title: str = Field("", max_length=200)
    scope: Literal["whole", "each", "all"] = Field("all", description="The whole number, each label set, or both.")
    labels: dict[str, str] = Field(default_factory=dict, description="Only label sets with these.")
    people: list[int] = Field(default_factory=list, description="Whom to tell; none means the token's owner.")
    teams: list[int] = Field(default_factory=list)
    about: AboutIn | None = None


class BacktestIn(WatchIn):
    from_: datetime | None = Field(None, alias="from", description="Left out: 90 days before the end.")
    to: datetime | None = Field(None, description="Left out: now.")


class EventOut(Schema):
    at: datetime
    transition: str
    labels: dict[str, str]
    value: float | None


class BacktestOut(Schema):
    events: list[EventOut]
    episodes: int
    per_week: float


class WatchOut(Schema):
    id: int
    indicator: str
    title: str
    kind: str
    op: str
    value: float | OtherIn
    clear: float | None
    compare: str | None
    relative: bool
    n_of_m: tuple[int, int] | None
    so_far: bool
    late: int
    levels: list[LevelIn]
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
        viewer=viewer, now=timezone.now(), people=_people(request, payload.people), teams=_teams(request, payload.teams),
        about=_about(request, payload.about), **_settings(payload),
    )  # fmt: skip
    row = Watch.objects.visible_to(viewer).with_state().select_related("workspace").get(pk=watch.pk)
    return Status(201, _watch(row))


@router.post("watches/backtest", response=BacktestOut, by_alias=True, summary="What a watch would have said")
def backtest(request: ApiRequest, payload: BacktestIn) -> dict[str, Any]:
    viewer, now = request.viewer, timezone.now()
    end = aware(payload.to) or now
    start = aware(payload.from_) or end - timedelta(days=90)
    draft = services.draft_watch(viewer=viewer, now=now, about=_about(request, payload.about), **_settings(payload))
    told = services.backtest(viewer=viewer, watch=draft, start=start, end=end)
    events = [
        {"at": one.at, "transition": one.step.value, "labels": dict(one.labels), "value": one.value}
        for one in told.events
    ]
    return {"events": events, "episodes": len(told.episodes), "per_week": told.per_week}


def _settings(payload: WatchIn) -> dict[str, Any]:
    """What the services take; the kind follows from what was given."""
    beside = payload.value if isinstance(payload.value, OtherIn) else None
    kind = payload.kind or ("other" if beside else "change" if payload.compare else "value")
    some = payload.n_of_m
    need, out_of = (some.n, some.m) if isinstance(some, SomeIn) else some or (1, 1)
    if not 1 <= need <= out_of <= MOST_INPUTS:
        raise ValidationError({"n_of_m": _("No more can breach than are looked at.")})
    return {
        "indicator": payload.indicator, "op": payload.op, "kind": kind, "compare": payload.compare or "",
        "value": beside.factor if beside else payload.value, "other": beside.indicator if beside else "",
        "relative": payload.relative, "clear": payload.clear, "for_seconds": payload.for_, "keep_seconds": payload.keep,
        "severity": payload.severity, "levels": [one.dict() for one in payload.levels], "need": need, "out_of": out_of,
        "no_data": payload.no_data, "so_far": payload.so_far, "late_seconds": payload.late, "title": payload.title,
        "scope": payload.scope, "labels": payload.labels,
    }  # fmt: skip


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
        "id": row.pk, "indicator": row.indicator, "title": str(row), "kind": row.kind, "op": row.op,
        "value": {"indicator": row.other, "factor": row.value} if row.other else row.value, "clear": row.clear,
        "compare": row.compare or None, "relative": row.relative, "for": row.for_seconds, "keep": row.keep_seconds,
        "n_of_m": (row.need, row.out_of) if row.out_of > 1 else None, "no_data": row.no_data, "so_far": row.so_far,
        "late": row.late_seconds, "severity": row.severity, "levels": row.levels, "scope": row.scope,
        "labels": row.labels, "paused": row.paused_at is not None, "state": state, "version": row.version,
        "url": row.get_absolute_url(),
    }  # fmt: skip
