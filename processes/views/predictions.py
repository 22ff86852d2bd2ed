"""What if? Choose changes, see what they would bring before making them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request
from opsboard.core.forms import say
from opsboard.core.pages import done, page, posted, refused
from processes import services
from processes.charts.predictions import lines_of, reasons_of, signed, trust_of, verdict_of
from processes.forms.predictions import BY_KEY, KINDS, Kind, MoveForm, move_sentence
from processes.models import EventLog, Process, Simulation
from processes.views.found import found_process

PAGE, PART = "processes/predictions/what_if.html", "processes/predictions/_what_if.html"
EARLIER = 12


def _kind(request: Request) -> Kind:
    return BY_KEY.get(request.GET.get("move", ""), KINDS[0])


def _log_of(row: Process) -> EventLog | None:
    found: EventLog | None = row.logs.select_related("file", "singles", "process__workspace").order_by("-id").first()
    return found


def _form(request: Request, row: Process, log: EventLog | None) -> MoveForm:
    choices = services.choices_of(row, log)
    initial = {"a_month": services.volume_of(row)} if log is None else {}
    return MoveForm(
        posted(request), kind=_kind(request), steps=choices["steps"], roles=choices["roles"], a_month=log is None,
        initial=initial,
    )  # fmt: skip


def _context(request: Request, row: Process, simulation: Simulation | None, form: MoveForm | None) -> dict[str, Any]:
    earlier = row.simulations.select_related("job").order_by("-id")
    context: dict[str, Any] = {
        "process": row, "simulation": simulation, "form": form, "kinds": KINDS, "kind": _kind(request),
        "moves": [move_sentence(one) for one in simulation.moves] if simulation else [],
        "earlier": [
            {
                "row": one, "words": "; ".join(move_sentence(move) for move in one.moves) or _("As it is"),
                "change": signed(one.result["change"]["mean"]) if one.result else "",
            }
            for one in earlier[:EARLIER]
        ],
    }  # fmt: skip
    if simulation and simulation.result:
        result = simulation.result
        context |= {
            "result": result, "lines": lines_of(result), "verdict": verdict_of(result),
            "reasons": reasons_of(result), "trust": trust_of(result),
        }  # fmt: skip
    return context


@require_http_methods(["GET", "POST"])
def what_if(request: Request, pk: int) -> HttpResponse:
    """Nothing chosen yet; POST makes the first prediction."""
    return _ask(request, found_process(request, pk), None)


@require_http_methods(["GET", "POST"])
def prediction(request: Request, pk: int, simulation: int) -> HttpResponse:
    """One prediction; POST adds a change to it, which is another."""
    row = found_process(request, pk)
    return _ask(request, row, _found(row, simulation))


def _found(row: Process, pk: int) -> Simulation:
    found: Simulation = get_object_or_404(row.simulations.select_related("job", "log"), pk=min(pk, 2**62))
    return found


def _ask(request: Request, row: Process, simulation: Simulation | None) -> HttpResponse:
    log = _log_of(row)
    if log is None and row.drawing is None:
        return page(request, PAGE, {"process": row}, part=PART)
    try:
        form = _form(request, row, log)
    except ValidationError as refusal:
        return page(request, PAGE, {"process": row, "trouble": refusal.messages}, part=PART)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data.get("a_month")
        a_month = typed if typed is not None else simulation.a_month if simulation else None
        try:
            found = _order(request, row, log, [*(simulation.moves if simulation else []), form.move()], a_month)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, f"{found.get_absolute_url()}?move={form.kind.key}", go=True)
    context = _context(request, row, simulation, form)
    if request.method == "POST":
        return refused(request, PAGE, context, part=PART)
    return page(request, PAGE, context, part=PART)


def _order(
    request: Request, row: Process, log: EventLog | None, moves: list[dict[str, Any]], a_month: float | None
) -> Simulation:
    return services.order_simulation(
        process=row, log=log, moves=moves, by=request.user, now=timezone.now(), a_month=a_month
    )


@require_POST
def drop_move(request: Request, pk: int, simulation: int, place: int) -> HttpResponse:
    """The same prediction without one of its changes."""
    row = found_process(request, pk)
    before = _found(row, simulation)
    moves = [one for number, one in enumerate(before.moves) if number != place]
    try:
        found = _order(request, row, _log_of(row), moves, before.a_month)
    except ValidationError as refusal:
        return done(request, before.get_absolute_url(), message=" ".join(refusal.messages), go=True)
    return done(request, found.get_absolute_url(), go=True)


@require_GET
def predicted(request: Request, pk: int, simulation: int) -> HttpResponse:
    """The answer alone: asked again while it is counted."""
    row = found_process(request, pk)
    context = _context(request, row, _found(row, simulation), None)
    return page(request, PAGE, context, part="processes/predictions/_answer.html")
