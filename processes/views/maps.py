"""The real map of a process, its variants and its cases; every look has an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from opsboard.core.access import Request
from opsboard.core.pages import page
from processes import charts, services
from processes.analysis import Filter
from processes.analysis.discovery import SHOWN_STEPS
from processes.forms.looks import LookForm
from processes.models import EventLog, Process
from processes.views.found import found_process

TOP_VARIANTS = 6
PAGE = 50
FEW_ARCS = 40  # so many are read at a glance: none is left out
MOST_BOTTLENECKS, LEAST_SHARE = 8, 0.01
ORDERS = {
    "-duration": gettext_lazy("The longest first"), "duration": gettext_lazy("The shortest first"),
    "-started": gettext_lazy("The newest first"), "started": gettext_lazy("The oldest first"),
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One way to look at one log: what the address asks."""

    process: Process
    log: EventLog
    form: LookForm

    @property
    def steps(self) -> list[str]:
        return list(self.log.facts.get("activity_counts", {}))

    @property
    def detail(self) -> int:
        asked = self.form.said("detail")
        return min(int(asked or SHOWN_STEPS), max(len(self.steps), 1))

    @property
    def wanted(self) -> Filter:
        return self.form.filter(self.process.workspace.zone)


def look_of(request: Request, row: Process) -> Look | None:
    log = row.log
    if log is None:
        return None
    steps = list(log.facts.get("activity_counts", {}))
    people = list(log.facts.get("people", ()))
    return Look(row, log, LookForm(request.GET, steps=steps, people=people))


def map_of(look: Look) -> Mapping[str, Any]:
    """The drawn map of a look and what stands beside it; kept until the log changes."""
    question = f"drawn {translation.get_language()} {look.form.query()}"
    made = services.remembered(look.log, question, lambda: _drawn(look))
    return made | {"drawing": mark_safe(made["drawing"])}  # our own drawing, kept as text


def _drawn(look: Look) -> dict[str, Any]:
    form = look.form
    found = services.measure_look(
        log=look.log, wanted=look.wanted, steps=look.detail, few=FEW_ARCS, top=TOP_VARIANTS
    )  # fmt: skip
    shown = found.map
    drawing = charts.measured_map(shown, show=form.measure, query=form.query, name=look.process.name)
    return {
        "drawing": str(drawing), "cases": shown.cases, "events": shown.events, "coverage": shown.coverage,
        "steps": len(shown.activities), "all_steps": shown.all_activities, "arcs": len(shown.arcs),
        "all_arcs": shown.all_arcs, "lead": found.lead, "flow_efficiency": found.flow_efficiency,
        "rework_share": found.rework_share, "variant_count": found.variant_count,
        "table": [asdict(one) for one in shown.arcs],
        "variants": [
            {"cases": one.cases, "share": one.share, "trace": list(one.trace), "median": one.median,
             "query": form.query(path=f"{one.key:016x}")}
            for one in found.variants
        ],
    }  # fmt: skip


def _hidden(form: LookForm, *names: str) -> list[tuple[str, str]]:
    """What the form above a list carries along without showing it."""
    return [(name, str(value)) for name in names if (value := form.said(name))]


@require_GET
def process(request: Request, pk: int) -> HttpResponse:
    """What really happened, drawn and measured in one; without a log, how to get there."""
    row = found_process(request, pk)
    look = look_of(request, row)
    context: dict[str, Any] = {"process": row, "log": row.log, "look": look, "drawing": row.drawing}
    if look is None and row.drawing is not None:
        drawn = services.drawn(row)
        steps_at = reverse("processes:steps", kwargs={"workspace": request.workspace.slug, "pk": pk})
        context |= {"drawn": drawn, "drawn_map": charts.drawn_map(drawn, url=lambda step: f"{steps_at}#step-{step.id}")}
    if look is not None:
        context |= {
            "map": map_of(look), "form": look.form, "query": look.form.query(), "hidden": _hidden(look.form, "path", "before", "after"),
            "bottlenecks": look.log.facts.get("bottlenecks", [])[:3],
        }  # fmt: skip
    return page(request, "processes/process.html", context, part="processes/_process.html")


@require_GET
def cases(request: Request, pk: int) -> HttpResponse:
    """The cases of a look, the longest first."""
    row = found_process(request, pk)
    look = look_of(request, row)
    if look is None:
        raise Http404
    order = request.GET.get("order", "")
    chosen: Any = order if order in ORDERS else "-duration"
    at = int(text) if (text := request.GET.get("at", "")).isdecimal() and len(text) < 9 else 0
    found, count = services.list_cases(log=look.log, wanted=look.wanted, at=at, count=PAGE, order=chosen)
    context = {
        "process": row, "log": look.log, "form": look.form, "cases": found, "count": count, "order": chosen, "first": at + 1,
        "last": at + len(found), "before": max(at - PAGE, 0) if at else None, "next": at + PAGE if at + PAGE < count else None,
        "query": look.form.query(), "orders": ORDERS.items(), "hidden": _hidden(look.form, "path", "before", "after"),
    }  # fmt: skip
    return page(request, "processes/cases.html", context, part="processes/_cases.html")


@require_GET
def case(request: Request, pk: int) -> HttpResponse:
    """One case, step by step."""
    row = found_process(request, pk)
    log, name = row.log, request.GET.get("case", "")
    if log is None:
        raise Http404
    rows = services.read_case(log=log, case=name)
    if not rows:
        raise Http404
    before: float | None = None
    for one in rows:
        one["before"] = before
        before = one["arc"] if one["waiting"] is None else max(0.0, one["waiting"])
    context = {"process": row, "log": log, "case": name, "rows": rows}
    return page(request, "processes/case.html", context)


@require_GET
def bottlenecks(request: Request, pk: int) -> HttpResponse:
    """Where work waits and why, and what the build of the process makes slow."""
    row = found_process(request, pk)
    log = row.log
    told = log.facts.get("bottlenecks", []) if log else []
    found = [one for one in told[:MOST_BOTTLENECKS] if one["share"] >= LEAST_SHARE] or told[:1]
    costs = {one.role: float(one.cost_an_hour) for one in row.staffing.all() if one.cost_an_hour is not None}
    shown = [
        one | {
            "sentences": charts.sentences_of(one), "cause_rows": charts.cause_rows(one["causes"]),
            "bar": charts.cause_bar(one["causes"]),
            "cost": one["work"] / 3600 * costs[one["role"]] if one["role"] in costs else None,
        }
        for one in found
    ]  # fmt: skip
    structure = charts.structure_sentences(log.facts.get("structure", {}), log.cases) if log else []
    context = {
        "process": row, "log": log, "bottlenecks": shown, "structure": structure, "currency": request.workspace.currency,
    }  # fmt: skip
    return page(request, "processes/bottlenecks.html", context)
