"""Remarks on drawn steps: said, and settled."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from opsboard.core.access import Request, needs
from opsboard.core.models import Role
from opsboard.core.pages import done, page
from processes import services
from processes.models import Note
from processes.services.step_rows import shown_rows
from processes.views.drawings import TABLE, address, told
from processes.views.found import found_process


@require_POST
@needs(Role.CONTRIBUTOR)
def remark_on_step(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    text = request.POST.get("text", "").replace("\x00", "").strip()
    try:
        services.remark_on_step(
            process=process, step=request.POST.get("step", ""), text=text, by=request.user, now=timezone.now()
        )
    except ValidationError as refusal:
        drawn = services.drawn(process)
        context = told(
            request, drawn, shown_rows(drawn.steps), note_text=text,
            note_error=" ".join(refusal.message_dict.get("text", refusal.messages)),
        )  # fmt: skip
        return page(request, TABLE[0], context, status=422)
    return done(request, f"{address('steps', process)}#remarks", message=_("Noted."), go=True)


@require_POST
@needs(Role.CONTRIBUTOR)
def settle_remark(request: Request, pk: int, number: int) -> HttpResponse:
    process = found_process(request, pk)
    note = get_object_or_404(Note.objects.visible_to(request.viewer), process=process, pk=number)
    note.process = process
    services.settle_remark(note=note, now=timezone.now())
    return done(request, f"{address('steps', process)}#remarks", message=_("Settled."), go=True)
