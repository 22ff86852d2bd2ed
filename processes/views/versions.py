"""Versions of a drawing: what was changed when, two of them beside each other, an earlier one again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from opsboard.core.access import Request
from opsboard.core.pages import done, page
from processes import services
from processes.analysis.bpmn import compare
from processes.charts import drawn_map
from processes.models import Drawing, Process
from processes.services import Drawn, StaleDrawing
from processes.views.drawing_files import found_drawing
from processes.views.drawings import address
from processes.views.found import found_process

PAGE = "processes/drawings/versions.html"
MOST_SHOWN = 200


@require_GET
def versions(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    return page(request, PAGE, _told(request, process), part="processes/drawings/_versions.html")


def _told(request: Request, process: Process, **more: Any) -> dict[str, Any]:
    rows = list(process.drawings.select_related("by").defer("bpmn").order_by("-number")[:MOST_SHOWN])
    context: dict[str, Any] = {"process": process, "versions": rows, "newest": rows[0] if rows else None, **more}
    if len(rows) < 2 and not request.GET.get("b"):
        return context
    later = found_drawing(process, request.GET.get("b"))
    earlier = found_drawing(process, request.GET.get("a") or str(_before(process, later)))
    before, after = Drawn(process, earlier), Drawn(process, later)
    difference = compare(before.steps, after.steps)
    gone, come = {step.id for step in difference.removed}, {step.id for step in difference.added}
    return context | {
        "earlier": earlier, "later": later, "difference": difference, "changes": services.told_changes(difference),
        "maps": (
            drawn_map(before, tones=dict.fromkeys(gone, "bad")),
            drawn_map(after, tones=dict.fromkeys(come, "good") | {one.after.id: "new" for one in difference.changed}),
        ),
    }  # fmt: skip


def _before(process: Process, later: Drawing) -> int:
    found = (
        process.drawings.filter(number__lt=later.number).order_by("-number").values_list("number", flat=True).first()
    )
    return found or later.number


@require_POST
def restore_version(request: Request, pk: int, number: int) -> HttpResponse:
    process = found_process(request, pk)
    drawing = found_drawing(process, str(number))
    try:
        services.restore_drawing(
            drawing=drawing, by=request.user, now=timezone.now(), mark=services.mark_of(services.newest_of(process))
        )
    except StaleDrawing:
        context = _told(request, process, refusal=_("Somebody else saved a version meanwhile."))
        return page(request, PAGE, context, part="processes/drawings/_versions.html", status=409)
    message = _("Version %(number)s is the newest again.") % {"number": number}
    return done(request, address("versions", process), message=message, go=True)


@require_POST
def tidy_drawing(request: Request, pk: int) -> HttpResponse:
    """All shapes placed anew, as a version of its own."""
    process = found_process(request, pk)
    drawn = services.drawn(process)
    if drawn.drawing is not None:
        services.save_drawing(
            process=process, by=request.user, now=timezone.now(), xml=services.tidied(drawn.document),
            note=_("Arranged anew"),
        )  # fmt: skip
    return done(request, address("diagram", process), message=_("Arranged anew."), go=True)
