"""Notice channels for programs: list, make, look at, try. For admins; secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from opsboard.core.access import needs
from opsboard.core.api import ApiRequest
from opsboard.core.channels import advice
from opsboard.core.models import Channel, Role
from opsboard.core.services import channels as services

router = Router()
KINDS = Literal["email", "in_app", "feishu", "dingtalk", "wecom", "slack", "teams", "webhook", "apprise"]


class NewChannel(Schema):
    name: str
    kind: KINDS
    url: str = Field("", description="The webhook's address (or the Apprise address); never shown again.")
    secret: str = Field("", description="For signatures; never shown again.")
    keyword: str = ""
    addresses: list[str] = Field([], description="For e-mail.")
    people: list[int] = Field([], description="For in_app: ids of members.")
    teams: list[int] = []
    language: Literal["", "en", "zh-hans"] = ""
    fallback: int | None = Field(None, description="The channel that is used when this one fails.")


class ChannelOut(Schema):
    id: int
    name: str
    kind: str
    leads_to: str
    language: str
    fallback: int | None
    active: bool
    last_at: datetime | None
    last_state: str
    last_answer: str
    advice: str


class Channels(Schema):
    items: list[ChannelOut]
    next: str | None = None


class Tried(Schema):
    state: str
    answer: str
    advice: str


def _shown(row: Channel) -> dict[str, Any]:
    return {
        "id": row.pk, "name": row.name, "kind": row.kind, "leads_to": row.hint, "language": row.language,
        "fallback": row.fallback_id, "active": row.active, "last_at": row.last_at, "last_state": row.last_state,
        "last_answer": row.last_words, "advice": str(advice(row.last_reason)),
    }  # fmt: skip


def _one(request: ApiRequest, pk: int) -> Channel:
    row: Channel | None = (
        Channel.objects.visible_to(request.viewer).present().shared().select_related("workspace").filter(pk=pk).first()
    )
    if row is None:
        raise Http404
    return row


@router.get("channels", response=Channels, tags=["core"], summary="The ways by which notices leave the house")
@needs(Role.ADMIN)
def channel_list(request: ApiRequest, limit: int = 100, cursor: int = 0) -> dict[str, Any]:
    limit = min(max(limit, 1), 1000)
    rows = Channel.objects.visible_to(request.viewer).present().shared().filter(pk__gt=cursor).order_by("pk")
    found = list(rows[: limit + 1])
    more = str(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [_shown(row) for row in found[:limit]], "next": more}


@router.post("channels", response={201: ChannelOut}, tags=["core"], summary="Make a channel")
@needs(Role.ADMIN)
def make_channel(request: ApiRequest, payload: NewChannel) -> Status[dict[str, Any]]:
    fallback = None
    if payload.fallback is not None:
        fallback = Channel.objects.visible_to(request.viewer).present().shared().filter(pk=payload.fallback).first()
        if fallback is None:
            raise ValidationError({"fallback": _("Choose from the list.")})
    row = services.save_channel(
        workspace=request.viewer.workspace, by=request.viewer.user, kind=payload.kind, name=payload.name,
        settings=payload.model_dump(include={"url", "secret", "keyword", "addresses", "people", "teams"}),
        language=payload.language, fallback=fallback, now=timezone.now(),
    )  # fmt: skip
    return Status(201, _shown(row))


@router.get("channels/{pk}", response=ChannelOut, tags=["core"], summary="One channel and how it fared last")
@needs(Role.ADMIN)
def one_channel(request: ApiRequest, pk: int) -> dict[str, Any]:
    return _shown(_one(request, pk))


@router.post("channels/{pk}/test", response=Tried, tags=["core"], summary="Send a test and say what was answered")
@needs(Role.ADMIN)
def try_channel(request: ApiRequest, pk: int) -> dict[str, Any]:
    assert request.viewer.user is not None
    row = _one(request, pk)
    letter = services.try_channel(channel=row, by=request.viewer.user, now=timezone.now())
    return {"state": letter.state, "answer": letter.error, "advice": str(advice(letter.reason))}
