"""The anomaly journal on screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import charts, services
from metrics.forms import ChangeForm, OpenForm, WriteForm
from metrics.models import Level, Metric, Movement, Verdict
from metrics.views.metric import found_metric
from metrics.views.unusual import since_value, unusual_of
from opsboard.core import objects
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion

COLUMNS = (
    Shows("when", gettext_lazy("When"), lambda row: row.start_at, sort=("start_at",)),
    Shows("metric", gettext_lazy("Metric"), lambda row: row.metric.name, sort=("metric__name",)),
    Shows("cause", gettext_lazy("Cause"), lambda row: row.cause, sort=("cause",)),
    Shows("decision", gettext_lazy("Decision"), lambda row: row.decision),
    Shows("owner", gettext_lazy("Owner"), lambda row: row.owner or "", sort=("owner__name", "owner__username")),
    Shows("action", gettext_lazy("Action"), lambda row: row.action_name),
    Shows("proof", gettext_lazy("Proof"), lambda row: row.get_verdict_display(), sort=("verdict",)),
)


@require_GET
def movement_list(request: Request) -> HttpResponse:
    rows = Movement.objects.visible_to(request.viewer).select_related("metric__workspace", "workspace", "owner")
    filters = (
        Filter(
            "proof", gettext_lazy("Proof"), [*Verdict.choices, ("none", gettext_lazy("Not asked yet"))],
            lambda found, value: found.filter(verdict="" if value == "none" else value),
        ),
        Filter(
            "cause", gettext_lazy("Cause"), [("open", gettext_lazy("Still unknown")), ("known", gettext_lazy("Known"))],
            lambda found, value: found.without_cause() if value == "open" else found.exclude(cause=""),
        ),
        Filter(
            "signal", gettext_lazy("Signal"), [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
            lambda found, value: found.filter(signal=value == "yes"),
        ),
    )  # fmt: skip
    listing = Listing(
        key="metrics.journal", rows=rows, columns=COLUMNS, filters=filters,
        search=("metric__name", "cause", "decision", "action_name", "found"), order=("-start_at",), per_page=30,
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    for row in shown.page.object_list:
        dress(row)
    context = {"shown": shown, "any": rows.exists()}
    return page(request, "metrics/movement_list.html", context, part="metrics/_movement_table.html")


def dress(row: Any) -> Any:
    """What a row shows."""
    row.when = charts.stretch_text(row.metric, row.start_at, row.end_at)
    row.tone = charts.VERDICTS[row.verdict][1] if row.verdict else "quiet"
    row.relative_text = charts.proven_share(row) if row.verdict != "not_comparable" else ""
    return row


def found_movement(request: Request, pk: int) -> Movement:
    found: Movement = get_object_or_404(
        Movement.objects.visible_to(request.viewer).select_related(
            "metric__workspace", "workspace", "owner", "written_by"
        ),
        pk=pk,
    )
    return found


@require_GET
def movement(request: Request, pk: int) -> HttpResponse:
    row = dress(found_movement(request, pk))
    return page(request, "metrics/movement.html", _context(request, row), part="metrics/_movement.html")


def _context(request: Request, row: Movement, opening: OpenForm | None = None) -> dict[str, Any]:
    now = timezone.now()
    proof = services.proof_of(movement=row, now=now)
    view = charts.proof_view(row.metric, proof) if proof is not None else None
    course = charts.proven_course(row.metric, row, now)
    return {
        "movement": row, "metric": row.metric, "proof": view, "chart": course,
        "opening": opening or OpenForm(viewer=request.viewer, metric=row.metric, initial={"owner": row.owner_id, "title": row.decision[:200]}),
    }  # fmt: skip


@require_POST
@needs(Role.EDITOR)
def write_movement(request: Request, pk: int) -> HttpResponse:
    metric = found_metric(request, pk)
    form = WriteForm(request.POST, viewer=request.viewer)
    if form.is_valid():
        try:
            row = services.write_movement(metric=metric, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("It is in the journal."), go=True)
    context = {"form": form, "metric": metric}
    return refused(request, "metrics/movement_form.html", context, part="metrics/_movement_form.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_movement(request: Request, pk: int) -> HttpResponse:
    row = found_movement(request, pk)
    form = ChangeForm.of(row, posted(request), viewer=request.viewer)
    context: dict[str, Any] = {"form": form, "movement": row, "metric": row.metric, "version": row.version}
    if request.method != "POST":
        return page(request, "metrics/movement_form.html", context, part="metrics/_movement_form.html")
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_movement(
                movement=row, by=request.user, now=timezone.now(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.cleaned_data,
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, "metrics/movement_form.html", context, part="metrics/_movement_form.html", status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, "metrics/movement_form.html", context, part="metrics/_movement_form.html")


@require_POST
@needs(Role.EDITOR)
def open_movement_action(request: Request, pk: int) -> HttpResponse:
    row = found_movement(request, pk)
    form = OpenForm(request.POST, viewer=request.viewer, metric=row.metric)
    if row.action_id is not None:
        return done(request, row.get_absolute_url(), message=_("There is an action already."), go=True)
    if form.is_valid():
        try:
            services.open_movement_action(movement=row, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("The action is open."), go=True)
    return refused(request, "metrics/movement.html", _context(request, dress(row), form), part="metrics/_movement.html")


@require_POST
@needs(Role.EDITOR)
def answer_level(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Level.objects.visible_to(request.viewer).select_related("metric__workspace", "workspace"), pk=pk
    )
    metric = found_metric(request, found.metric_id)
    confirmed = request.POST.get("answer") == "yes"
    services.answer_level(level=found, by=request.user, now=timezone.now(), confirmed=confirmed)
    message = _("Limits begin anew there.") if confirmed else _("The limits stay as they are.")
    return done(request, metric.get_absolute_url(), message=message, go=True)


def _asked_beside(request: Request, row: Metric | None, at: datetime | None) -> HttpResponse:
    if row is None:
        return HttpResponse()
    now = timezone.now()
    course = services.judge_metric(metric=row, around=at or now, now=now)
    unusual = since_value(row, course, at) if at else unusual_of(row, course, most=3)
    context = {"metric": row, "unusual": unusual}
    return page(request, "metrics/_margin_why.html", context)


@require_GET
def margin(request: Request) -> HttpResponse:
    """Beside an action: the journal entries that led to it. Beside an alert: the way to ask why its number moved."""
    model, pk = request.GET.get("about_model", ""), request.GET.get("about_id", "")
    if not model.startswith(("metrics.", "work.")):
        thing = objects.find(request.viewer, model, objects.pk_in(pk))
        spoken, at = Metric.objects.spoken_of(request.viewer, thing) if thing else (None, None)
        return _asked_beside(request, spoken, at)
    rows = Movement.objects.visible_to(request.viewer).select_related("metric__workspace", "workspace")
    if model == "work.action":
        rows = rows.filter(action_id=objects.pk_in(pk))
    elif model == "metrics.metric":
        rows = rows.filter(metric_id=objects.pk_in(pk))
    else:
        return HttpResponse()
    found = [dress(row) for row in rows[:10]]
    return page(request, "metrics/_margin.html", {"movements": found}) if found else HttpResponse()
