"""Redesigns: accepted predictions, and what really came of them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from processes import charts, services
from processes.forms.predictions import move_sentence
from processes.forms.redesigns import RedesignForm
from processes.views.found import found_process

FORM = ("processes/redesign_form.html", "processes/_redesign_form.html")


@require_GET
def redesigns(request: Request, pk: int) -> HttpResponse:
    """Predicted beside real, the newest first."""
    row = found_process(request, pk)
    rows = [charts.redesign_row(one) for one in row.redesigns.select_related("simulation", "owner")]
    context = {"process": row, "rows": rows}
    return page(request, "processes/redesigns.html", context, part="processes/_redesigns.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def accept_redesign(request: Request, pk: int, simulation: int) -> HttpResponse:
    row = found_process(request, pk)
    predicted = get_object_or_404(row.simulations.select_related("process"), pk=simulation)
    predicted.process = row
    words = "; ".join(move_sentence(move) for move in predicted.moves)
    form = RedesignForm(
        posted(request), viewer=request.viewer,
        initial={
            "name": words[:200], "owner": row.owner_id,
            "live_from": timezone.localdate(timezone.now(), request.workspace.zone),
        },
    )  # fmt: skip
    context: dict[str, Any] = {"process": row, "form": form, "words": words, "simulation": predicted}
    if predicted.result:
        context["change"] = charts.change_text(predicted.result["change"])
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    if form.is_valid():
        try:
            made = services.accept_redesign(
                simulation=predicted, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, made.get_absolute_url(), message=_("It is decided, and an action is open."), go=True)
    return refused(request, FORM[0], context, part=FORM[1])
