"""Save drawings: what a file or a table of steps says, as a new version on top of the one it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User, Workspace
from processes.analysis import bpmn
from processes.models import Drawing, Process
from processes.services.processes import create_process

# What one person types within this time is one version: a table saves itself with every field.
ONE_SITTING: Final = timedelta(minutes=20)
NO_DRAWING: Final = "0"


class StaleDrawing(Exception):
    """Somebody saved a version since the one that this was made from."""

    def __init__(self, current: Drawing) -> None:
        self.current = current
        super().__init__(f"the drawing is at version {current.number}")


def mark_of(drawing: Drawing | None) -> str:
    """What a save names as the text it was made from."""
    if drawing is None:
        return NO_DRAWING
    return f"{drawing.number}-{hashlib.sha256(drawing.bpmn.encode()).hexdigest()[:16]}"


def newest_of(process: Process) -> Drawing | None:
    """The newest version as it is now: a process in hand may remember an older one."""
    found: Drawing | None = process.drawings.order_by("-number").first()
    process.drawing = found
    return found


def document_of(drawing: Drawing | None, *, name: str = "") -> bpmn.Document:
    """The document of a drawing; an empty one where nothing is drawn."""
    return bpmn.read(drawing.bpmn.encode()) if drawing is not None else bpmn.new_document(name)


def sentence(error: bpmn.BpmnError) -> str:
    """What is wrong with a file or a change, and what to do about it."""
    fact = error.facts[0] if error.facts else ""
    how = _("Save or export it there as BPMN 2.0 (a .bpmn or .xml file), and bring that file in.")
    return {
        "large": _("The file is larger than %(fact)s MB; a drawing of a process is much smaller."),
        "empty": _("The file is empty."),
        "xml": _("The file is broken off or damaged: it is not well-formed XML (%(fact)s)."),
        "visio": _("This is a Visio file, not BPMN.") + " " + how,
        "drawio": _("This draw.io file can't be read. Save it once more, as an uncompressed file, or bring the steps in as a table."),
        "drawio_empty": _("Nothing on the first page of this draw.io file is joined by lines. Draw boxes with arrows between them, or bring the steps in as a table."),
        "picture": _("This is a picture of a process, not the process itself.") + " " + how,
        "html": _("This is a web page, not BPMN: perhaps you were not signed in when you downloaded it."),
        "json": _("This is JSON, not BPMN.") + " " + how,
        "text": _("This is neither BPMN nor a table of steps."),
        "table": _("This is a workbook. Choose it as a table of steps."),
        "zip": _("This is a ZIP file. Unpack it, and choose the .bpmn file in it."),
        "doctype": _("The file declares entities or a document type; such files are never read. Export it without them."),
        "old": _("This is BPMN of an older version. Save it as BPMN 2.0."),
        "log": _("This is an event log, not a drawing. Bring it in under “Real map”."),
        "xpdl": _("This is XPDL, not BPMN.") + " " + how,
        "other": _("This is XML, but not BPMN 2.0: it begins with %(fact)s.") + " " + how,
        "deep": _("The file nests more deeply than any drawing does."),
        "many": _("The file has more than %(fact)s elements."),
        "twice": _("Two elements of the file have the same id, %(fact)s, so that nobody can tell them apart."),
        "no_process": _("The file holds no process, only what surrounds one. Draw a step in it first."),
        "too_many_steps": _("A process has at most %(fact)s steps. Draw parts of it as processes of their own."),
        "other_pool": _("“%(fact)s” is in another pool. Work is sent from pool to pool, not handed on: move it in the diagram."),
        "step_twice": _("The step “%(fact)s” is in the table twice."),
        "inside": _("“%(fact)s” lies in a sub-process that is not there any more."),
        "no_such_step": _("A step goes on to one that is not there."),
    }.get(error.code, _("The drawing can't be read.")) % {"fact": fact}  # fmt: skip


def _taken(xml: bytes) -> str:
    """What is kept of a file: BPMN as it is, a flow chart of draw.io as BPMN."""
    try:
        return _text_of(bpmn.read(xml), xml)
    except bpmn.BpmnError as error:
        if error.code != "drawio":
            raise
    return bpmn.from_drawio(xml).xml().decode()


def _text_of(document: bpmn.Document, given: bytes) -> str:
    """The file as it came where it is UTF-8 already; nothing of it is lost otherwise either."""
    encoding = (document.tree.docinfo.encoding or "UTF-8").upper()
    if encoding in {"UTF-8", "ASCII", "US-ASCII"} and all(key.encode() in given for key in document.nodes):
        return given.decode("utf-8-sig")
    return document.xml().decode()


@transaction.atomic
def save_drawing(
    *, process: Process, by: User | None, now: datetime, xml: bytes, mark: str | None = None, note: str = "",
    joins: bool = False,
) -> Drawing:  # fmt: skip
    """A BPMN file as the next version. `mark` names the version it was made from (none: whatever is there now).

    With `joins` it becomes part of the version that the same person saved just before.
    """
    return _save(process, by, now, _taken(xml), mark, note, joins)


@transaction.atomic
def save_steps(
    *, process: Process, by: User | None, now: datetime, rows: Sequence[bpmn.Step], mark: str | None = None,
    note: str = "", joins: bool = False,
) -> Drawing:  # fmt: skip
    """The drawing with these steps, as the next version."""
    Process.objects.select_for_update().get(pk=process.pk)
    current = newest_of(process)
    if mark is not None and current is not None and mark != mark_of(current):
        raise StaleDrawing(current)
    document = bpmn.with_steps(document_of(current, name=process.name), rows)
    if current is not None and not document.changed_since(current.bpmn.encode()):
        return current
    return _save(process, by, now, document.xml().decode(), mark, note, joins)


def _save(
    process: Process, by: User | None, now: datetime, text: str, mark: str | None, note: str, joins: bool
) -> Drawing:
    Process.objects.select_for_update().get(pk=process.pk)
    current = newest_of(process)
    if mark is not None and mark != mark_of(current):
        if current is None:
            raise ValidationError(_("The drawing is not there any more."))
        raise StaleDrawing(current)
    if current is not None and current.bpmn == text:
        return current
    same_person = current is not None and current.by_id == (by.pk if by else None)
    if joins and current is not None and same_person and not current.note and now - current.at < ONE_SITTING:
        current.bpmn, current.at = text, now
        current.save(update_fields=["bpmn", "at"])
        _say(process, current, by, now)
        return current
    drawing = Drawing(
        workspace_id=process.workspace_id, process=process, number=current.number + 1 if current else 1, bpmn=text,
        note=note[:300], by=by, at=now,
    )  # fmt: skip
    drawing.save(force_insert=True)
    process.drawing = drawing
    _say(process, drawing, by, now)
    return drawing


def _say(process: Process, drawing: Drawing, by: User | None, now: datetime) -> None:
    emit(
        "processes.drawing_saved", workspace=process.workspace, at=now, by=by, about=process,
        process=process.name, number=drawing.number,
    )  # fmt: skip
    live.changed(process.workspace, "processes")


@transaction.atomic
def restore_drawing(*, drawing: Drawing, by: User | None, now: datetime, mark: str) -> Drawing:
    """An earlier version once more, as the newest."""
    note = _("Version %(number)s again") % {"number": drawing.number}
    return _save(drawing.process, by, now, drawing.bpmn, mark, note, joins=False)


@transaction.atomic
def draw_process(
    *, workspace: Workspace, by: User | None, now: datetime, name: str, description: str = "", xml: bytes = b"",
    rows: Sequence[bpmn.Step] = (), note: str = "",
) -> Process:  # fmt: skip
    """A new process, with a drawing where a BPMN file or a list of steps is given."""
    text = ""
    if xml:
        text = _taken(xml)
    elif rows:
        text = bpmn.new_document(name, rows).xml().decode()
    process = create_process(workspace=workspace, by=by, now=now, name=name, description=description, owner=by)
    if text:
        _save(process, by, now, text, None, note, joins=False)
    return process


def tidied(document: bpmn.Document) -> bytes:
    """The same drawing with all shapes placed anew."""
    fresh = document.copy()
    bpmn.lay_out(fresh)
    return fresh.xml()


def drawing_of_steps(name: str, steps: Sequence[bpmn.Step]) -> bytes:
    return bpmn.new_document(name, steps).xml()


def shaped(document: bpmn.Document) -> bytes:
    """A document that a diagram can show: with shapes."""
    return document.xml() if document.shaped else tidied(document)


def as_drawn(xml: bytes) -> bytes:
    """What came from the diagram: its places are chosen by people from now on."""
    document = bpmn.read(xml)
    document.keep_places()
    return document.xml()
