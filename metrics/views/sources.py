"""Sources: what is read from where, what its columns are, and how each reading went."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import services
from metrics.forms import FORMS, HINTS, ImportForm, SourceForm
from metrics.models import Metric, Origin, Pull, Source
from metrics.services import POINTS
from metrics.services.fetching import Unanswered
from opsboard.core import jobs
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.imports import Plan, completed, plan_from_post, roles
from opsboard.core.imports.plans import check
from opsboard.core.imports.wizard import ReadingForm, columns_of, lines_of
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused
from opsboard.core.uploads import Table
from opsboard.core.versions import StaleVersion

STATES = {
    "draft": ("quiet", gettext_lazy("Not finished")),
    "paused": ("quiet", gettext_lazy("Paused")),
    "failed": ("bad", gettext_lazy("Can't be read")),
    "waiting": ("quiet", gettext_lazy("Not read yet")),
    "ok": ("good", gettext_lazy("Is read")),
}


def state_of(source: Source) -> str:
    if source.paused_at:
        return "paused"
    if not source.mapping:
        return "draft"
    if source.turn.failures:
        return "failed"
    return "ok" if source.turn.went_well_at else "waiting"


def dressed(source: Any) -> Any:
    key = state_of(source)
    tone, word = STATES[key]
    source.state = {"key": key, "tone": tone, "word": word}
    source.icon = HINTS[source.kind][0]
    return source


_IN_STATE: dict[str, Any] = {
    "failed": lambda rows: rows.filter(paused_at=None, turn__failures__gt=0).exclude(mapping={}),
    "ok": lambda rows: rows.filter(paused_at=None, turn__failures=0).exclude(mapping={}),
    "paused": lambda rows: rows.exclude(paused_at=None),
    "draft": lambda rows: rows.filter(mapping={}),
}
COLUMNS = (
    Shows("name", pgettext_lazy("of values", "Source"), str, sort=("name",)),
    Shows("state", gettext_lazy("State"), lambda source: STATES[state_of(source)][1], sort=("turn__failures",)),
    Shows("kind", gettext_lazy("Kind"), lambda source: source.get_kind_display(), sort=("kind",)),
    Shows("owner", gettext_lazy("Owner"), lambda source: source.owner, sort=("owner__name", "owner__username")),
    Shows("every", gettext_lazy("How often"), lambda source: source.get_every_display(), sort=("every",)),
    Shows(
        "went_well", gettext_lazy("Last read"), lambda source: source.turn.went_well_at, sort=("turn__went_well_at",)
    ),
    Shows("next", gettext_lazy("Next time"), lambda source: source.turn.next_at, sort=("turn__next_at",)),
)
FILTERS = (
    Filter(
        "state",
        gettext_lazy("State"),
        tuple((key, STATES[key][1]) for key in _IN_STATE),
        lambda rows, value: _IN_STATE[value](rows),
    ),
    Filter("kind", gettext_lazy("Kind"), Origin.choices, lambda rows, value: rows.filter(kind=value)),
)


@require_GET
def source_list(request: Request) -> HttpResponse:
    rows = Source.objects.visible_to(request.viewer)
    listing = Listing(
        key="metrics.sources",
        rows=rows.select_related("owner", "turn", "workspace"),
        columns=COLUMNS,
        filters=FILTERS,
        search=("name",),
        order=("name",),
    )
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    shown.page.object_list = [dressed(source) for source in shown.page.object_list]
    context = {"shown": shown, "any": rows.exists(), "kinds": kinds()}
    return page(request, "metrics/source_list.html", context, part="metrics/_source_table.html")


def kinds() -> list[dict[str, Any]]:
    return [{"key": key, "name": Origin(key).label, "icon": icon, "hint": hint} for key, (icon, hint) in HINTS.items()]


@require_GET
@needs(Role.EDITOR)
def new_source(request: Request) -> HttpResponse:
    return page(request, "metrics/source_kinds.html", {"kinds": kinds()})


def found_source(request: Request, pk: int, *, change: bool = False) -> Source:
    found: Source = get_object_or_404(
        Source.objects.visible_to(request.viewer).select_related("workspace", "owner", "turn"), pk=pk
    )
    if change and not found.may_be_changed_by(request.viewer):
        raise PermissionDenied
    return found


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_source(request: Request, kind: str) -> HttpResponse:
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](request.POST if request.method == "POST" else None, viewer=request.viewer)
    context = {"form": form, "kind": kind, "kind_name": Origin(kind).label, "hint": HINTS[Origin(kind)][1]}
    if request.method != "POST":
        return page(request, "metrics/source_form.html", context, part="metrics/_source_form.html")
    if form.is_valid() and _answers(form):
        try:
            source = services.create_source(
                workspace=request.workspace, by=request.user, now=timezone.now(), kind=kind, secret=form.secret(),
                **form.changes(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        else:
            url = reverse("metrics:map_columns", kwargs={"workspace": request.workspace.slug, "pk": source.pk})
            return done(request, url, go=True)
    return refused(request, "metrics/source_form.html", context, part="metrics/_source_form.html")


def _answers(form: SourceForm) -> bool:
    """Whether the source gives something; else its reason stands above the form."""
    try:
        table = services.look(form.trial(), now=timezone.now())
    except Unanswered as reason:
        form.add_error(None, str(reason))
        return False
    if not table.names:
        form.add_error(None, _("The answer has no rows."))
        return False
    return True


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_source(request: Request, pk: int) -> HttpResponse:
    source = found_source(request, pk, change=True)
    form = FORMS[source.kind](request.POST if request.method == "POST" else None, viewer=request.viewer, source=source)
    context: dict[str, Any] = {
        "form": form, "source": source, "version": source.version, "kind": source.kind,
        "kind_name": source.get_kind_display(), "hint": HINTS[Origin(source.kind)][1],
    }  # fmt: skip
    if request.method != "POST":
        return page(request, "metrics/source_form.html", context, part="metrics/_source_form.html")
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_source(
                source=source, by=request.user, now=timezone.now(), secret=form.secret(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.changes(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, "metrics/source_form.html", context, part="metrics/_source_form.html", status=409)
        else:
            return done(request, source.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, "metrics/source_form.html", context, part="metrics/_source_form.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def map_columns(request: Request, pk: int) -> HttpResponse:
    """What the columns are and where the values go, with the first rows in sight."""
    source = found_source(request, pk, change=True)
    posted = request.POST if request.method == "POST" else None
    try:
        table = services.look(source, now=timezone.now())
    except Unanswered as reason:
        context = {"source": source, "trouble": str(reason)}
        return page(request, "metrics/source_columns.html", context, status=422 if posted else 200)
    plan = _planned(source, table, posted)
    ambiguous = any(table.guesses[name].ambiguous for name in plan.columns.get("at", ()) if name in table.names)
    tz = plan.timezone or source.workspace.timezone
    step = posted.get("step", "") if posted else ""
    reading = ReadingForm(posted, table=table, plan=plan, tz=tz, ambiguous=ambiguous)
    form = ImportForm(posted, viewer=request.viewer, table=table, plan=plan, filename=source.name, once=False)
    trouble = ""
    if posted is not None and reading.is_valid() and form.is_valid() and not (trouble := _problem(plan, table)):
        plan = replace(plan, settings=form.settings())
        if step == "save":
            try:
                services.import_settings(plan, request.viewer)
            except ValidationError as refusal:
                say(form, refusal)
            else:
                services.map_columns(source=source, by=request.user, now=timezone.now(), plan=plan)
                services.start_pull(source=source, by=request.user, now=timezone.now())
                return done(request, source.get_absolute_url(), message=_("From now on it is read by itself."), go=True)
    seen, complaints = (
        ([], []) if trouble or not plan.has("at") else services.written_from(table, plan, source.workspace)
    )
    context = {
        "source": source, "table": table, "reading": reading, "form": form, "trouble": trouble, "ambiguous": ambiguous,
        "open": ambiguous or bool(reading.errors), "columns": columns_of(POINTS, plan, table), "lines": lines_of(table),
        "where": "metrics/_where.html", "seen": seen, "complaints": complaints,
    }  # fmt: skip
    wrong = step == "save"
    return (refused if wrong else page)(request, "metrics/source_columns.html", context)


def _planned(source: Source, table: Table, posted: Any) -> Plan:
    if posted is not None:
        return plan_from_post(POINTS, table, posted)
    if source.mapping:
        kept = Plan.unpacked(source.mapping)
        there = {role: tuple(name for name in names if name in table.names) for role, names in kept.columns.items()}
        return replace(kept, columns={role: names for role, names in there.items() if names})
    return completed(POINTS, source.workspace, Plan(), table)


def _problem(plan: Plan, table: Table) -> str:
    try:
        check(POINTS.fields, plan, table.names, POINTS.check)
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    return ""


@require_GET
def source(request: Request, pk: int) -> HttpResponse:
    row = dressed(found_source(request, pk))
    listing = Listing(
        key=f"metrics.source-{row.pk}",
        rows=Pull.objects.filter(source=row).select_related("job", "by"),
        columns=PULL_COLUMNS,
        order=("-pk",),
        per_page=15,
    )
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    running = next((pull for pull in shown.page.object_list if pull.finished_at is None), None)
    plan = Plan.unpacked(row.mapping)
    context = {
        "source": row, "shown": shown, "may_change": row.may_be_changed_by(request.viewer), "plan": plan,
        "roles": [(title, ", ".join(plan.columns[role])) for role, title, _one in roles(POINTS.fields) if plan.columns.get(role)],
        "metrics": Metric.objects.visible_to(request.viewer).filter(pk__in=row.turn.metrics).select_related("workspace"),
        "job": jobs.look(running.job) if running and running.job else None,
    }  # fmt: skip
    return page(request, "metrics/source.html", context, part="metrics/_source.html")


PULL_COLUMNS = (
    Shows("started", gettext_lazy("Began"), lambda pull: pull.started_at, sort=("started_at",)),
    Shows("state", gettext_lazy("State"), lambda pull: pull.get_state_display()),
    Shows("rows", gettext_lazy("Rows"), lambda pull: pull.rows),
    Shows("written", gettext_lazy("New"), lambda pull: pull.written),
    Shows("revised", gettext_lazy("Revised"), lambda pull: pull.revised),
    Shows("unchanged", gettext_lazy("As before"), lambda pull: pull.unchanged),
    Shows("error", gettext_lazy("What went wrong"), lambda pull: pull.error),
)


@require_GET
def pull(request: Request, pk: int, run: int) -> HttpResponse:
    """One reading: how far it is, or what came of it."""
    row = found_source(request, pk)
    found = get_object_or_404(Pull.objects.filter(source=row).select_related("job__workspace", "by"), pk=run)
    context = {"source": row, "pull": found, "job": jobs.look(found.job) if found.job else None}
    return page(request, "metrics/pull.html", context, part="metrics/_pull.html")


@require_POST
def run_source(request: Request, pk: int) -> HttpResponse:
    row = found_source(request, pk)
    if not row.mapping:
        raise PermissionDenied
    begun = services.start_pull(source=row, by=request.user, now=timezone.now())
    message = _("It is being read now.") if begun else _("It is being read already.")
    return done(request, row.get_absolute_url(), changed="sources", message=message)


@require_POST
def pause_source(request: Request, pk: int) -> HttpResponse:
    row = found_source(request, pk)
    services.pause_source(source=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("Paused"), go=True)


@require_POST
def resume_source(request: Request, pk: int) -> HttpResponse:
    row = found_source(request, pk)
    services.resume_source(source=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("It is read again from now on."), go=True)


@require_POST
def delete_source(request: Request, pk: int) -> HttpResponse:
    row = found_source(request, pk, change=True)
    services.delete_source(source=row, by=request.user, now=timezone.now())
    url = reverse("metrics:source_list", kwargs={"workspace": request.workspace.slug})
    return done(request, url, message=_("Deleted. The values that it brought stay."), go=True)


@require_GET
def send_values(request: Request, pk: int) -> HttpResponse:
    """How a program sends values into a metric, with its own address in the example."""
    row = get_object_or_404(Metric.objects.visible_to(request.viewer).select_related("workspace"), pk=pk)
    hourly = row.grain in {"minute", "hour"}
    days = [timezone.localtime(timezone.now(), row.zone).replace(minute=0, second=0, microsecond=0) - timedelta(days=back) for back in (2, 1)]  # fmt: skip
    weighed = {"weight": 120} if row.aggregation in {"ratio", "mean"} else {}
    points = [
        {"at": day.isoformat() if hourly else day.date().isoformat() + "T00:00:00", "value": value, **weighed, "labels": {"shop": "Hangzhou"}}
        for day, value in zip(days, (0.95, 0.97) if row.as_rate else (41, 38), strict=True)
    ]  # fmt: skip
    context = {
        "metric": row, "base": f"{settings.SITE_URL}/api/v1/{request.workspace.slug}",
        "example": json.dumps({"points": points}, indent=2), "example_key": f"{row.key}-{days[1]:%Y%m%d}",
    }  # fmt: skip
    return page(request, "metrics/send_values.html", context)
