"""The work for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status

from opsboard.core.access import needs
from opsboard.core.api import ApiRequest
from opsboard.core.models import Role, User
from opsboard.work import services
from opsboard.work.models import Action

router = Router()
AT_MOST = 500


class ActionIn(Schema):
    title: str
    description: str = ""
    owner: str = ""
    acceptance_criteria: str = ""
    start_on: date | None = None
    due_on: date | None = None
    indicator: str = ""
    goal: float | None = None


class ActionOut(Schema):
    id: int
    title: str
    state: str
    owner: str
    acceptance_criteria: str
    start_on: date | None
    due_on: date | None
    indicator: str
    baseline: float | None
    goal: float | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


class Actions(Schema):
    items: list[ActionOut]
    next: str | None


def _told(row: Action) -> dict[str, Any]:
    names = (
        "title",
        "state",
        "acceptance_criteria",
        "start_on",
        "due_on",
        "indicator",
        "baseline",
        "goal",
        "opened_at",
        "closed_at",
        "version",
    )
    return {
        "id": row.pk,
        "owner": (row.owner.email or row.owner.username) if row.owner else "",
        **{name: getattr(row, name) for name in names},
    }


@router.get("actions", response=Actions, summary="Improvement actions, oldest first")
def actions(
    request: ApiRequest, state: str = "", owner: str = "", limit: int = 100, cursor: str = ""
) -> dict[str, Any]:
    limit = max(1, min(limit, AT_MOST))
    rows = Action.objects.visible_to(request.viewer).with_people().order_by("pk")
    if state:
        rows = rows.filter(state=state)
    if owner:
        rows = rows.filter(owner__username=owner) | rows.filter(owner__email__iexact=owner)
    if cursor.isdecimal() and len(cursor) < 19:
        rows = rows.filter(pk__gt=int(cursor))
    found = list(rows[: limit + 1])
    return {
        "items": [_told(row) for row in found[:limit]],
        "next": str(found[limit - 1].pk) if len(found) > limit else None,
    }


@router.post("actions", response={201: ActionOut}, summary="Open an improvement action")
@needs(write=Role.CONTRIBUTOR)
def open_action(request: ApiRequest, payload: ActionIn) -> Any:
    given = payload.dict()
    name = given.pop("owner")
    owner = (
        User.objects.filter(username=name).first() or User.objects.filter(email__iexact=name).first() if name else None
    )
    if name and owner is None:
        raise ValidationError({"owner": _("Only members of the workspace can take part.")})
    row = services.open_action(
        workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), owner=owner, **given
    )
    return Status(201, _told(row))
