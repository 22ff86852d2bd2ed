"""Five whys, from the waiting before a step to a cause that can be dealt with; and the same as a fishbone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from opsboard.core.access import Request
from opsboard.core.forms import say
from opsboard.core.pages import done, page, posted, refused
from processes import analysis, charts, services
from processes.analysis.segments import Segment
from processes.charts.fishbone import Cause, fishbone
from processes.forms.whys import WhyForm
from processes.models import EventLog, Process, Why
from processes.views.found import found_process

TEMPLATES = ("processes/whys.html", "processes/_whys.html")
MOST_EVENTS = 2_000_000


def _found_out(log: EventLog, step: str, zone: str) -> list[Segment]:
    return analysis.segments(services.read_rows(log=log), step, zone=zone, worktime=services.worktime_of(log=log))


def _suggested(log: EventLog | None, step: str, zone: str) -> list[dict[str, Any]]:
    """The parts that wait longer; found out once for each state of the log."""
    if log is None or not step or log.events > MOST_EVENTS:
        return []
    kept: list[dict[str, Any]] = services.remembered(
        log, f"segments {zone} {step}",
        lambda: [asdict(one) for one in _found_out(log, step, zone)],
    )  # fmt: skip
    return kept


def _chosen(row: Process, request: Request) -> tuple[str, Why | None]:
    """The step that is asked about: named, or that of the answer that is named, or the first bottleneck."""
    pk = request.GET.get("why", "")
    if pk.isdecimal() and len(pk) < 19:
        why = get_object_or_404(row.whys, pk=pk)
        return why.step, why
    told = row.log.facts.get("bottlenecks", []) if row.log else []
    step = request.GET.get("step", "") or (told[0]["activity"] if told else "")
    return step[:500], None


@require_http_methods(["GET", "POST"])
def whys(request: Request, pk: int) -> HttpResponse:
    """The answers of one step, each below what it answers; the form takes another."""
    row = found_process(request, pk)
    step, _why = _chosen(row, request)
    suggested = _suggested(row.log, step, row.workspace.timezone)
    choices = [(str(number), charts.segment_text(one)) for number, one in enumerate(suggested)]
    form = WhyForm(posted(request), suggested=choices)
    if request.method == "POST" and form.is_valid():
        try:
            chosen = form.cleaned_data["evidence"]
            services.answer_why(
                process=row, step=step, text=form.cleaned_data["text"], by=request.user, now=timezone.now(),
                parent=get_object_or_404(row.whys, pk=form.cleaned_data["parent"]) if form.cleaned_data["parent"] else None,
                evidence=suggested[int(chosen)] if chosen else None,
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, _address(row, step), message=_("Noted."), go=True)
    answers = list(row.whys.filter(step=step).select_related("by").prefetch_related("remarks__by"))
    told = next(
        (one for one in (row.log.facts.get("bottlenecks", []) if row.log else []) if one["activity"] == step), None
    )
    bones = _bones(answers)
    context: dict[str, Any] = {
        "process": row, "step": step, "form": form, "rows": _in_order(answers), "suggested": list(zip(choices, suggested, strict=True)),
        "sentences": charts.sentences_of(told) if told else [], "states": Why.State,
        "fishbone": fishbone(_("Waits before “%(step)s”") % {"step": step}, bones, title=_("Fishbone")) if bones else "",
        "steps": [one["activity"] for one in (row.log.facts.get("bottlenecks", []) if row.log else [])],
    }  # fmt: skip
    if request.method == "POST":
        return refused(request, TEMPLATES[0], context, part=TEMPLATES[1])
    return page(request, TEMPLATES[0], context, part=TEMPLATES[1])


def _in_order(answers: list[Why]) -> list[dict[str, Any]]:
    """Each answer followed by those to its own why, with how deep it lies."""
    below: dict[int | None, list[Why]] = {}
    for one in answers:
        below.setdefault(one.parent_id, []).append(one)
    found: list[dict[str, Any]] = []

    def take(parent: int | None, depth: int) -> None:
        for one in below.get(parent, ()):
            text = charts.segment_text(one.evidence) if one.evidence else ""
            found.append(
                {"why": one, "depth": depth, "evidence": text, "number": depth + 1, "last": one.pk not in below}
            )
            take(one.pk, depth + 1)

    take(None, 0)
    return found


def _bones(answers: list[Why]) -> list[Cause]:
    def below(parent: int | None) -> list[Cause]:
        return [Cause(one.text, one.state, below(one.pk)) for one in answers if one.parent_id == parent]

    return below(None)


def _address(row: Process, step: str) -> str:
    where = reverse("processes:whys", kwargs={"workspace": row.workspace.slug, "pk": row.pk})
    return f"{where}?{urlencode({'step': step})}"


def _found(request: Request, pk: int, number: int) -> Why:
    row = found_process(request, pk)
    why: Why | None = row.whys.filter(pk=number).first()
    if why is None:
        raise Http404
    why.process = row
    return why


@require_POST
def judge_why(request: Request, pk: int, number: int) -> HttpResponse:
    why = _found(request, pk, number)
    state = request.POST.get("state", "")
    if state in Why.State.values:
        services.judge_why(why=why, state=state, by=request.user, now=timezone.now())
    return done(request, _address(why.process, why.step), go=True)


@require_POST
def remark_on_why(request: Request, pk: int, number: int) -> HttpResponse:
    why = _found(request, pk, number)
    text = request.POST.get("text", "").replace("\x00", "").strip()[:1000]
    if text:
        services.remark_on_why(why=why, text=text, by=request.user, now=timezone.now())
    return done(request, _address(why.process, why.step), go=True)


@require_POST
def remove_why(request: Request, pk: int, number: int) -> HttpResponse:
    why = _found(request, pk, number)
    services.remove_why(why=why)
    return done(request, _address(why.process, why.step), message=_("Removed."), go=True)
