"""The diagram editor, on the same document as the step table."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from opsboard.core.access import Request
from opsboard.core.pages import page
from processes import services
from processes.analysis.bpmn import BpmnError
from processes.forms.diagram_words import diagram_words
from processes.services import StaleDrawing
from processes.views.found import found_process


@require_http_methods(["GET", "POST"])
def diagram(request: Request, pk: int) -> HttpResponse:
    process = found_process(request, pk)
    drawn = services.drawn(process)
    if request.method != "POST":
        xml = services.shaped(drawn.document)
        context = {
            "process": process,
            "drawn": drawn,
            "xml": xml.decode(),
            "mark": drawn.mark,
            "words": diagram_words(),
        }
        return page(request, "processes/drawings/diagram.html", context)
    try:
        xml = services.as_drawn(request.POST.get("bpmn", "").encode())
        services.save_drawing(
            process=process, by=request.user, now=timezone.now(), xml=xml, mark=request.POST.get("mark", ""), joins=True
        )
    except BpmnError as error:
        return JsonResponse({"error": services.sentence(error)}, status=422)
    except ValidationError as refusal:
        return JsonResponse({"error": " ".join(refusal.messages)}, status=422)
    except StaleDrawing as stale:
        sentence = _(
            "%(name)s saved version %(number)s while you were drawing. Save yours as a file, load the page again, and bring "
            "in what is missing; or save once more to put yours in its place."
        ) % {"name": stale.current.by or "–", "number": stale.current.number}
        return JsonResponse({"error": sentence, "mark": services.mark_of(stale.current)}, status=409)
    saved = services.drawn(process)
    number = saved.drawing.number if saved.drawing else 0
    told = _("Saved as version %(number)s.") % {"number": number}
    return JsonResponse({"mark": saved.mark, "number": number, "told": told})
