"""The step table and the swim-lane map that draws itself beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from opsboard.core.access import Request
from opsboard.core.models import Role
from opsboard.core.pages import done, page
from processes import services
from processes.analysis.bpmn import BpmnError, Step
from processes.charts import drawn_map
from processes.models import Process
from processes.services import Drawn, StaleDrawing
from processes.services.drawn import FIELD_WORDS
from processes.services.step_rows import FIELDS, HIDDEN, Row, read_rows, shown_rows
from processes.views.found import found_process

TABLE = ("processes/drawings/steps.html", "processes/drawings/_drawn.html")
MOST_ROWS = 1000
MOST_NOTES = 100
# What stands beside each field of each row, looked up once.
WORDS = FIELD_WORDS | {
    "name": gettext_lazy("Step"), "what": gettext_lazy("What is done"), "then": FIELD_WORDS["ways"],
    "next_row": gettext_lazy("next row"), "working_hint": gettext_lazy("30 · 10–20–45"),
    "waiting_hint": gettext_lazy("2 h · 1.5 d"), "more": gettext_lazy("More about this step"),
    "up": gettext_lazy("Move up"), "down": gettext_lazy("Move down"), "remove": gettext_lazy("Delete the step"),
}  # fmt: skip


def address(name: str, process: Process) -> str:
    return reverse(f"processes:{name}", kwargs={"workspace": process.workspace.slug, "pk": process.pk})


@require_http_methods(["GET", "POST"])
def steps(request: Request, pk: int) -> HttpResponse:
    row = found_process(request, pk)
    if request.method == "POST":
        return _save(request, row)
    drawn = services.drawn(row)
    return page(request, TABLE[0], told(request, drawn, shown_rows(drawn.steps)), part=TABLE[1])


def told(request: Request, drawn: Drawn, rows: Sequence[Row], **more: Any) -> dict[str, Any]:
    """What the page of the table and its part of the map say."""
    return {
        "process": drawn.process, "drawn": drawn, "rows": rows, "mark": drawn.mark, "blank": Row(len(rows) + 1, {}),
        "map": drawn_map(drawn, url=lambda step: f"#step-{step.id}") if drawn.steps else "",
        "w": {name: str(word) for name, word in WORDS.items()},
        "fixed": "" if request.viewer.may(Role.EDITOR) else mark_safe(" readonly"),
        "notes": drawn.process.notes.filter(settled_at=None).select_related("by")[:MOST_NOTES],
        "trades": () if drawn.steps else services.trades(),
        "complaints": [
            (row.number, row.values["id"], field, sentence) for row in rows for field, sentence in row.errors.items()
        ],
        **more,
    }  # fmt: skip


def _save(request: Request, process: Process) -> HttpResponse:
    drawn = services.drawn(process)
    given = typed(request.POST)
    if given is None:
        sentence = _("The table did not arrive whole. Load the page again.")
        return page(
            request,
            TABLE[0],
            told(request, drawn, shown_rows(drawn.steps), refusal=sentence),
            part=TABLE[1],
            status=422,
        )
    rows = read_rows(given, drawn.steps)
    mark = request.POST.get("mark", "")
    if any(row.errors for row in rows):
        return page(request, TABLE[0], told(request, drawn, rows) | {"mark": mark}, part=TABLE[1], status=422)
    wanted = _done_without_script(request.POST.get("do", ""), [row.step for row in rows if row.step is not None])
    try:
        services.save_steps(process=process, by=request.user, now=timezone.now(), rows=wanted, mark=mark, joins=True)
    except BpmnError as error:
        context = told(request, drawn, rows, refusal=services.sentence(error)) | {"mark": mark}
        return page(request, TABLE[0], context, part=TABLE[1], status=422)
    except ValidationError as refusal:
        context = told(request, drawn, rows, refusal=" ".join(refusal.messages)) | {"mark": mark}
        return page(request, TABLE[0], context, part=TABLE[1], status=422)
    except StaleDrawing as stale:
        theirs = Drawn(process, stale.current)
        context = told(request, theirs, rows, stale=stale.current)
        return page(request, TABLE[0], context, part=TABLE[1], status=409)
    if getattr(request, "htmx", False):
        saved = services.drawn(process)
        return page(request, TABLE[0], told(request, saved, shown_rows(saved.steps), saved=True), part=TABLE[1])
    return done(request, address("steps", process), message=_("Saved."))


def typed(post: QueryDict) -> list[dict[str, str]] | None:
    """The rows of the form: as JSON from the script, else one list a field; none where they don't fit together."""
    names = (*FIELDS, *HIDDEN, "id_known")
    if "rows" in post:
        try:
            rows = json.loads(str(post["rows"]))
        except ValueError:
            return None
        if not isinstance(rows, list) or len(rows) > MOST_ROWS or not all(isinstance(row, dict) for row in rows):
            return None
        return [{name: str(row.get(name) or "") for name in names} for row in rows]
    lists = {name: post.getlist(name) for name in names}
    count = len(lists["id"])
    if count > MOST_ROWS or any(len(values) != count for values in lists.values()):
        return None
    return [{name: values[index] for name, values in lists.items()} for index in range(count)]


def _done_without_script(what: str, rows: list[Step]) -> list[Step]:
    """Buttons of a row are submits where no script runs: `up:<id>`, `down:<id>`, `remove:<id>`."""
    verb, _colon, key = what.partition(":")
    place = next((index for index, row in enumerate(rows) if row.id == key), None)
    if place is None:
        return rows
    step = rows.pop(place)
    if verb != "remove":
        rows.insert(max(0, place + (-1 if verb == "up" else 1)), step)
    return rows
