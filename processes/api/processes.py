"""Processes over the API."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError

from opsboard.core.api import ApiRequest
from processes import services
from processes.analysis.bpmn import BpmnError
from processes.models import Process

router = Router()


class ProcessIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    bpmn: str = Field("", description="BPMN 2.0, to begin with a drawing.")


class ProcessOut(Schema):
    id: int
    name: str
    description: str
    owner: int | None
    url: str


class ProcessPage(Schema):
    items: list[ProcessOut]
    next: str | None


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


def found_process(request: ApiRequest, pk: int) -> Process:
    """The process that a program names; 404 where its token does not let it see it."""
    rows = Process.objects.visible_to(request.viewer).standing().select_related("workspace")
    row: Process = get_object_or_404(rows, pk=pk if 0 < pk < 2**63 else 0)
    return row


def told(row: Process) -> dict[str, Any]:
    return {
        "id": row.pk, "name": row.name, "description": row.description, "owner": row.owner_id,
        "url": row.get_absolute_url(),
    }  # fmt: skip


@router.post("processes", response={201: ProcessOut}, summary="Describe a process")
def create_process(request: ApiRequest, payload: ProcessIn) -> Status[dict[str, Any]]:
    try:
        row = services.draw_process(
            workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), name=payload.name,
            description=payload.description, xml=payload.bpmn.encode(errors="replace"),
        )  # fmt: skip
    except BpmnError as error:
        raise HttpError(422, services.sentence(error)) from error
    return Status(201, told(row))


@router.get("processes", response=ProcessPage, summary="Processes")
def list_processes(request: ApiRequest, asked: Query[Paging]) -> dict[str, Any]:
    rows = Process.objects.visible_to(request.viewer).standing().select_related("workspace").order_by("pk")
    if asked.cursor.isdecimal() and len(asked.cursor) < 19:
        rows = rows.filter(pk__gt=int(asked.cursor))
    found = list(rows[: asked.limit + 1])
    shown = found[: asked.limit]
    return {"items": [told(row) for row in shown], "next": str(shown[-1].pk) if len(found) > asked.limit else None}


@router.get("processes/{pk}", response=ProcessOut, summary="One process")
def process(request: ApiRequest, pk: int) -> dict[str, Any]:
    return told(found_process(request, pk))
