"""Drawings over the API: BPMN in and out, what is in it, and its steps."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from opsboard.core.api import ApiRequest
from processes import services
from processes.analysis.bpmn import END, BpmnError, Document, Step, Way, elements
from processes.analysis.durations import Estimate
from processes.api.processes import found_process
from processes.models import Drawing
from processes.services import Drawn, StaleDrawing
from processes.services.drawn import ways_of

router = Router()
XML = {"schema": {"type": "string"}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": XML,
            "application/json": {"schema": {"type": "object", "properties": {"bpmn": {"type": "string"}}, "required": ["bpmn"]}},
        },
    }
}  # fmt: skip


class ElementsOut(Schema):
    """Counts of the elements of the standard's own namespace; call activities are tasks."""

    tasks: int
    sub_processes: int
    events: int
    gateways: int
    sequence_flows: int
    message_flows: int
    pools: int
    lanes: int
    processes: int
    data_objects: int
    text_annotations: int
    shapes: int
    edges: int
    task_names: list[str]


class SavedOut(Schema):
    version: int
    mark: str = Field(description="Send it with the next save; a save on top of another version is refused (409).")
    elements: ElementsOut
    problems: list[str]


class DurationIn(Schema):
    low: float = Field(ge=0, le=1e10, allow_inf_nan=False)
    likely: float = Field(ge=0, le=1e10, allow_inf_nan=False)
    high: float = Field(ge=0, le=1e10, allow_inf_nan=False)


class WayIn(Schema):
    to: str | None = Field(None, max_length=300, description="The id or name of a step; null is the end.")
    share: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    name: str = Field("", max_length=300)


class StepIn(Schema):
    """Seconds everywhere. A number is a duration without a range. `next` left out is the step after it in the list."""

    id: str = Field("", max_length=200)
    name: str = Field(min_length=1, max_length=300)
    role: str = Field("", max_length=200)
    working: DurationIn | float | None = None
    waiting: DurationIn | float | None = None
    output: str = Field("", max_length=300)
    volume: float | None = Field(None, ge=0, le=1e9, allow_inf_nan=False, description="Times a month.")
    system: str = Field("", max_length=200)
    cost: str = Field("", max_length=20, pattern=r"^(\d{1,9}(\.\d{1,4})?)?$")
    phase: str = Field("", max_length=100)
    next: list[WayIn] | None = Field(None, max_length=60)
    together: bool = Field(False, description="All ways at once instead of one of them.")


class StepsIn(Schema):
    steps: list[StepIn] = Field(max_length=1000)
    mark: str | None = None


class DurationOut(Schema):
    low: float
    likely: float
    high: float


class WayOut(Schema):
    to: str | None
    share: float | None
    name: str


class StepOut(Schema):
    id: str
    name: str
    role: str
    kind: str
    working: DurationOut | None
    waiting: DurationOut | None
    output: str
    volume: float | None
    system: str
    cost: str
    phase: str
    next: list[WayOut]
    together: bool


class StepsOut(Schema):
    version: int | None
    mark: str
    steps: list[StepOut]
    problems: list[str]


class Saving(Schema):
    mark: str | None = Field(None, max_length=60)
    note: str = Field("", max_length=300)


class Asked(Schema):
    version: int | None = Field(None, ge=1, le=10**8)


def refuse(sentence: str, status: int = 422) -> HttpError:
    return HttpError(status, sentence)


def xml_of(request: ApiRequest) -> bytes:
    """The file as the body, or as `bpmn` in JSON."""
    body: bytes = request.body
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        return body
    try:
        given = json.loads(body)
    except ValueError as error:
        raise refuse(_("This is JSON, not BPMN.")) from error
    text = given.get("bpmn") if isinstance(given, dict) else None
    if not isinstance(text, str):
        raise refuse(_("This is JSON, not BPMN."))
    return text.encode(errors="replace")


def found_drawing(request: ApiRequest, pk: int, version: int | None) -> Drawing:
    process = found_process(request, pk)
    rows = process.drawings.order_by("-number")
    row: Drawing | None = rows.first() if version is None else get_object_or_404(rows, number=version)
    if row is None:
        raise HttpError(404, _("Nothing is drawn yet"))
    row.process = process
    return row


def saved(drawing: Drawing, document: Document, problems: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "version": drawing.number, "mark": services.mark_of(drawing), "elements": elements(document),
        "problems": [sentence for sentence, _node in problems],
    }  # fmt: skip


@router.put("processes/{pk}/bpmn", response=SavedOut, summary="Draw a process: BPMN 2.0 in", openapi_extra=BODY)
def save_bpmn(request: ApiRequest, pk: int, asked: Query[Saving]) -> dict[str, Any]:
    process = found_process(request, pk)
    try:
        drawing = services.save_drawing(
            process=process, by=request.viewer.user, now=timezone.now(), xml=xml_of(request), mark=asked.mark,
            note=asked.note,
        )  # fmt: skip
    except BpmnError as error:
        raise refuse(services.sentence(error)) from error
    except StaleDrawing as stale:
        raise refuse(stale_sentence(stale), 409) from stale
    drawn = Drawn(process, drawing)
    return saved(drawing, drawn.document, drawn.problems)


def stale_sentence(stale: StaleDrawing) -> str:
    return _("Somebody else saved version %(number)s meanwhile.") % {"number": stale.current.number}


@router.get("processes/{pk}/bpmn", response={200: None}, summary="A process as BPMN 2.0")
def read_bpmn(request: ApiRequest, pk: int, asked: Query[Asked]) -> HttpResponse:
    drawing = found_drawing(request, pk, asked.version)
    answer = HttpResponse(drawing.bpmn.encode(), content_type="application/xml")
    answer["X-Mark"] = services.mark_of(drawing)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@router.get("processes/{pk}/elements", response=ElementsOut, summary="What a drawing contains")
def read_elements(request: ApiRequest, pk: int, asked: Query[Asked]) -> Any:
    drawing = found_drawing(request, pk, asked.version)
    return elements(Drawn(drawing.process, drawing).document)


@router.get("processes/{pk}/steps", response=StepsOut, summary="The steps of a drawing")
def read_steps(request: ApiRequest, pk: int) -> dict[str, Any]:
    return told_steps(services.drawn(found_process(request, pk)))


@router.put("processes/{pk}/steps", response=StepsOut, summary="Draw a process: its steps in")
def save_steps(request: ApiRequest, pk: int, payload: StepsIn) -> dict[str, Any]:
    process = found_process(request, pk)
    try:
        services.save_steps(
            process=process, by=request.viewer.user, now=timezone.now(), rows=rows_of(payload.steps), mark=payload.mark
        )
    except BpmnError as error:
        raise refuse(services.sentence(error)) from error
    except ValidationError as refusal:
        raise refuse(" ".join(refusal.messages)) from refusal
    except StaleDrawing as stale:
        raise refuse(stale_sentence(stale), 409) from stale
    return told_steps(services.drawn(process))


def rows_of(given: list[StepIn]) -> list[Step]:
    """Ways may name steps that have no id yet."""
    ids = [one.id or f"Given_{index}" for index, one in enumerate(given)]
    names: dict[str, str] = {}
    for one, key in zip(given, ids, strict=True):
        names.setdefault(one.name.casefold(), key)

    def target(to: str | None) -> str:
        if not to:
            return END
        return to if to in ids else names.get(to.casefold(), to)

    return [
        Step(
            id=key, name=one.name, role=" ".join(one.role.split()), working=estimate(one.working),
            waiting=estimate(one.waiting), output=one.output, volume=one.volume, system=one.system, cost=one.cost,
            phase=one.phase, split="all" if one.together else "one",
            ways=None if one.next is None else tuple(Way(target(way.to), way.share, way.name) for way in one.next),
        )
        for one, key in zip(given, ids, strict=True)
    ]  # fmt: skip


def estimate(given: DurationIn | float | None) -> Estimate | None:
    if given is None:
        return None
    if isinstance(given, (int, float)):
        if not 0 <= given <= 1e10:
            raise refuse(_("Write a number of zero or more."))
        return Estimate.of(float(given))
    if not given.low <= given.likely <= given.high:
        raise refuse(_("Write the shortest first: low–likely–high."))
    return Estimate(given.low, given.likely, given.high)


def told_steps(drawn: Drawn) -> dict[str, Any]:
    steps = drawn.steps
    return {
        "version": drawn.drawing.number if drawn.drawing else None, "mark": drawn.mark,
        "steps": [told_step(steps, index) for index in range(len(steps))],
        "problems": [sentence for sentence, _node in drawn.problems],
    }  # fmt: skip


def told_step(steps: list[Step], index: int) -> dict[str, Any]:
    step = steps[index]
    return {
        "id": step.id, "name": step.name, "role": step.role, "kind": step.kind, "working": span(step.working),
        "waiting": span(step.waiting), "output": step.output, "volume": step.volume, "system": step.system,
        "cost": step.cost, "phase": step.phase, "together": step.split == "all",
        "next": [{"to": way.to or None, "share": way.share, "name": way.name} for way in ways_of(steps, index)],
    }  # fmt: skip


def span(given: Estimate | None) -> dict[str, float] | None:
    return None if given is None else {"low": given.low, "likely": given.likely, "high": given.high}
