"""Drawings as files: brought in, saved, begun with a template."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request, needs
from opsboard.core.files import safe_headers
from opsboard.core.lists import plain
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused
from opsboard.core.uploads import UploadError
from processes import services
from processes.analysis.bpmn import BpmnError, Step
from processes.models import Drawing, Process
from processes.services import StaleDrawing
from processes.services.drawn import FIELD_WORDS
from processes.services.step_files import NoSteps, steps_in
from processes.services.step_rows import FIELDS, shown_rows
from processes.views.drawings import TABLE, address, told
from processes.views.found import found_process

MOST_BYTES = 20 * 2**20
NEW = ("processes/drawings/new.html", "processes/drawings/_new.html")


def found_drawing(process: Process, number: str | None) -> Drawing:
    """The version that is asked for, or the newest."""
    if not number:
        newest = process.drawing
        if newest is None:
            raise Http404
        return newest
    known = int(number) if number.isdecimal() and len(number) < 9 else 0
    row: Drawing = get_object_or_404(process.drawings, number=known)
    return row


@require_GET
def bpmn(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    drawing = found_drawing(process, request.GET.get("version"))
    response = HttpResponse(drawing.bpmn.encode())
    headers = safe_headers(content_type="application/xml", name=f"{process.name}.bpmn", download=True)
    for name, value in headers.items():
        response[name] = value
    response["X-Mark"] = services.mark_of(drawing)
    return response


@require_GET
def step_file(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    drawn = services.drawn(process)
    if drawn.drawing is None:
        raise Http404
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    words = {**FIELD_WORDS, "name": _("Step"), "then": FIELD_WORDS["ways"]}
    writer.writerow([_("No."), *(words[name] for name in FIELDS)])
    for row in shown_rows(drawn.steps):
        writer.writerow([row.number, *(plain(row.values[name]) for name in FIELDS)])
    response = HttpResponse("\ufeff" + sheet.getvalue())
    headers = safe_headers(content_type="text/csv; charset=utf-8", name=f"{process.name}.csv", download=True)
    for name, value in headers.items():
        response[name] = value
    return response


def read_file(upload: Any) -> tuple[bytes, Sequence[Step]]:
    """BPMN as it is, or the steps of a table. Raises `NoSteps` with the sentence that says what is wrong."""
    if upload is None:
        raise NoSteps(_("Choose a file."))
    if (upload.size or 0) > MOST_BYTES:
        raise NoSteps(_("The file is larger than %(size)s MB.") % {"size": MOST_BYTES // 2**20})
    content = upload.read()
    if not content.strip():
        raise NoSteps(_("The file is empty."))
    name = (upload.name or "").lower()
    if name.endswith((".csv", ".tsv", ".txt", ".xlsx")) and not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        try:
            return b"", steps_in(content, upload.name or "steps.csv")
        except UploadError as error:
            raise NoSteps(error.message) from error
    return content, ()


@require_POST
def import_drawing(request: Request, pk: int) -> HttpResponse:
    """A file in the place of what is drawn; what was drawn stays a version."""
    process = found_process(request, pk)
    mark = request.POST.get("mark", "")
    upload = request.FILES.get("file")
    note = (upload.name or "") if upload else ""
    now = timezone.now()
    try:
        xml, steps = read_file(upload)
        if not xml:
            xml = services.drawing_of_steps(process.name, steps)
        services.save_drawing(process=process, by=request.user, now=now, xml=xml, mark=mark, note=note)
    except NoSteps as error:
        return _not_read(request, process, str(error))
    except BpmnError as error:
        return _not_read(request, process, services.sentence(error))
    except (StaleDrawing, ValidationError):
        sentence = _("Somebody else saved a version meanwhile. Look at it, then bring your file in again.")
        return _not_read(request, process, sentence, status=409)
    return done(request, address("steps", process), message=_("The drawing is in."), go=True)


def _not_read(request: Request, process: Process, sentence: str, status: int = 422) -> HttpResponse:
    drawn = services.drawn(process)
    context = told(request, drawn, shown_rows(drawn.steps), file_error=sentence)
    return page(request, TABLE[0], context, status=status)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def draw_process(request: Request) -> HttpResponse:
    """A new process of a file."""
    context: dict[str, Any] = {"name": request.POST.get("name", "")}
    if request.method != "POST":
        return page(request, NEW[0], context, part=NEW[1])
    upload = request.FILES.get("file")
    name = context["name"].strip() or ((upload.name or "").rsplit(".", 1)[0] if upload else "")
    try:
        xml, steps = read_file(upload)
        process = services.draw_process(
            workspace=request.workspace, by=request.user, now=timezone.now(), name=name[:200], xml=xml, rows=steps,
            note=(upload.name or "") if upload else "",
        )  # fmt: skip
    except NoSteps as error:
        context["error"] = str(error)
    except BpmnError as error:
        context["error"] = services.sentence(error)
    except ValidationError as refusal:
        context["error"] = " ".join(refusal.messages)
    else:
        return done(request, address("steps", process), message=_("The drawing is in."), go=True)
    return refused(request, NEW[0], context, part=NEW[1])


@require_POST
def begin_with(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    template = request.POST.get("template", "")
    if template not in {one.key for one in services.trades()}:
        return _not_read(request, process, _("There is no such template."))
    try:
        services.begin_with(
            process=process, by=request.user, now=timezone.now(), template=template, mark=request.POST.get("mark", "")
        )
    except StaleDrawing:
        return _not_read(request, process, _("Somebody else drew this process meanwhile."), status=409)
    return done(
        request, address("steps", process), message=_("The steps are there. Change what is different."), go=True
    )
