"""The work for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from opsboard.core import objects
from opsboard.core.access import Viewer, needs
from opsboard.core.api import ApiRequest
from opsboard.core.contract import Ref
from opsboard.core.models import Membership, Role, User
from opsboard.work import services
from opsboard.work.models import Action

router = Router()
AT_MOST = 500
State = Literal["to_do", "doing", "done"]


class AboutIn(Schema):
    model: str = Field(max_length=100, examples=["metrics.metric"])
    id: int


class ActionIn(Schema):
    title: str = Field(max_length=200)
    description: str = ""
    owner: str = Field("", max_length=254, description="User name or e-mail of a member.")
    helpers: list[str] = Field(default_factory=list, max_length=50)
    acceptance_criteria: str = ""
    start_on: date | None = None
    due_on: date | None = None
    urgency: int = Field(2, ge=1, le=3)
    importance: int = Field(2, ge=1, le=3)
    indicator: str = Field("", max_length=200, description="Key of the number that should move.")
    goal: float | None = None
    about: AboutIn | None = None


class ActionOut(Schema):
    id: int
    title: str
    description: str
    state: str
    owner: str
    helpers: list[str]
    acceptance_criteria: str
    urgency: int
    importance: int
    start_on: date | None
    due_on: date | None
    indicator: str
    baseline: float | None
    value_at_close: float | None
    goal: float | None
    about: str
    url: str
    opened_at: datetime
    closed_at: datetime | None
    version: int


class Actions(Schema):
    items: list[ActionOut]
    next: str | None


def _name(person: User | None) -> str:
    return (person.email or person.username) if person else ""


def _told(row: Action, viewer: Viewer) -> dict[str, Any]:
    sees_target = viewer.may_enter(row.target_app)
    return {
        "id": row.pk, "title": row.title, "description": row.description, "state": row.state, "owner": _name(row.owner),
        "helpers": [_name(one) for one in row.helpers.all()], "acceptance_criteria": row.acceptance_criteria,
        "start_on": row.start_on, "due_on": row.due_on, "urgency": row.urgency, "importance": row.importance,
        "indicator": row.indicator, "baseline": row.baseline if sees_target else None, "goal": row.goal,
        "value_at_close": row.value_at_close if sees_target else None, "about": row.about_name,
        "url": row.get_absolute_url(), "opened_at": row.opened_at, "closed_at": row.closed_at, "version": row.version,
    }  # fmt: skip


def _member(request: ApiRequest, name: str, field: str) -> User:
    """The member of this workspace with this user name or e-mail; others are as unknown as nobody."""
    members = Membership.objects.active().of(request.viewer.workspace).select_related("user")
    found = members.filter(Q(user__username=name) | Q(user__email__iexact=name)).first()
    if found is None:
        raise ValidationError({field: _("Only members of the workspace can take part.")})
    return found.user


def _about(request: ApiRequest, about: dict[str, Any] | None) -> Ref | None:
    if about is None:
        return None
    ref = objects.ref_to(request.viewer, about["model"], about["id"])
    if ref is None:
        raise ValidationError({"about": _("There is no such object here, or you may not see it.")})
    return ref


@router.get("actions", response=Actions, summary="Improvement actions, oldest first")
def actions(
    request: ApiRequest, state: State | None = None, owner: str = "", limit: int = 100, cursor: str = ""
) -> dict[str, Any]:
    limit = max(1, min(limit, AT_MOST))
    rows = Action.objects.visible_to(request.viewer).with_people().order_by("pk")
    if state:
        rows = rows.filter(state=state)
    if owner:
        rows = rows.filter(Q(owner__username=owner) | Q(owner__email__iexact=owner))
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
        rows = rows.filter(pk__gt=int(cursor))
    found = list(rows[: limit + 1])
    return {
        "items": [_told(row, request.viewer) for row in found[:limit]],
        "next": str(found[limit - 1].pk) if len(found) > limit else None,
    }


@router.post("actions", response={201: ActionOut}, summary="Open an improvement action")
@needs(write=Role.CONTRIBUTOR)
def open_action(request: ApiRequest, payload: ActionIn) -> Any:
    given = payload.dict()
    name = given.pop("owner")
    given["owner"] = _member(request, name, "owner") if name else None
    given["helpers"] = [_member(request, one, "helpers") for one in given["helpers"]]
    given["about"] = _about(request, given["about"])
    row = services.open_action(workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), **given)
    return Status(201, _told(row, request.viewer))
