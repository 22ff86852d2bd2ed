"""Remarks on drawn steps."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from opsboard.core import live
from opsboard.core.models import User
from processes.models import Note, Process
from processes.services.drawn import drawn


@transaction.atomic
def remark_on_step(*, process: Process, step: str, text: str, by: User | None, now: datetime) -> Note:
    """Say something of a step, or of the whole process where the step is not there."""
    known = {one.id: one.name for one in drawn(process).steps}
    note = Note(
        workspace_id=process.workspace_id, process=process, step=step if step in known else "",
        step_name=known.get(step, "")[:300], text=text, by=by, at=now,
    )  # fmt: skip
    note.full_clean()
    note.save(force_insert=True)
    live.changed(process.workspace, "processes")
    return note


@transaction.atomic
def settle_remark(*, note: Note, now: datetime) -> bool:
    """Dealt with. False where it was before."""
    settled = bool(Note.objects.filter(pk=note.pk, settled_at=None).update(settled_at=now))
    if settled:
        live.changed(note.process.workspace, "processes")
    return settled
