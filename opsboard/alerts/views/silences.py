"""Silences and maintenance windows on screen."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from opsboard.alerts import services
from opsboard.alerts.analysis import maintenance, matching
from opsboard.alerts.forms import SilenceForm, WindowForm
from opsboard.alerts.forms.silences import all_of, exactly
from opsboard.alerts.models import Alert, MaintenanceWindow, Silence
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused

STATES = (("active", gettext_lazy("In force")), ("coming", gettext_lazy("Coming")), ("over", gettext_lazy("Over")))
SILENCE_COLUMNS = (
    Shows("matchers", gettext_lazy("Which alerts"), lambda row: row.matchers_text),
    Shows("state", gettext_lazy("State"), lambda row: state_word(row)),
    Shows("starts_at", gettext_lazy("From"), lambda row: row.starts_at, sort=("starts_at",)),
    Shows("ends_at", gettext_lazy("Until"), lambda row: row.ends_at, sort=("ends_at",)),
    Shows("author", gettext_lazy("Silenced by"), lambda row: row.author, sort=("author__name",)),
    Shows("reason", gettext_lazy("Reason"), lambda row: row.reason, sort=("reason",)),
)


def state_word(row: Silence) -> str:
    return str(dict(STATES)[row.state_at(timezone.now())])


def in_state(rows: Any, state: str) -> Any:
    now = timezone.now()
    return {"active": rows.active_at, "coming": rows.coming_at, "over": rows.over_at}[state](now)


@require_GET
def silence_list(request: Request) -> HttpResponse:
    rows = Silence.objects.visible_to(request.viewer).select_related("author", "workspace")
    listing = Listing(
        key="alerts.silences",
        rows=rows,
        columns=SILENCE_COLUMNS,
        filters=(Filter("state", gettext_lazy("State"), STATES, in_state),),
        search=("reason", "matchers"),
        order=("-ends_at",),
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    now = timezone.now()
    context = {"shown": shown, "rows": [(row, row.state_at(now), state_word(row)) for row in shown.page]}
    return page(request, "alerts/silence_list.html", context, part="alerts/_silence_table.html")


def _silence(request: Request, pk: int) -> Silence:
    rows = Silence.objects.visible_to(request.viewer).select_related("author", "workspace", "earlier")
    found: Silence = get_object_or_404(rows, pk=pk)
    return found


@require_GET
def silence(request: Request, pk: int) -> HttpResponse:
    row, now = _silence(request, pk), timezone.now()
    alerts, count = services.fitting(request.viewer, row.rules, at_most=50)
    context = {
        "silence": row, "state": row.state_at(now), "state_word": state_word(row), "alerts": alerts, "count": count,
        "later": row.later.select_related("workspace").first(),
    }  # fmt: skip
    return page(request, "alerts/silence.html", context)


@needs(Role.EDITOR)
def new_silence(request: Request) -> HttpResponse:
    """`?alert=7` begins with what keeps exactly that one quiet."""
    form = SilenceForm(posted(request), initial=_begin(request))
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            row = services.silence(workspace=request.workspace, by=request.user, now=now, **form.plan(now))
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), changed="alerts", message=_("Silenced"), go=True)
    return _form(request, form, None)


@needs(Role.EDITOR)
def change_silence(request: Request, pk: int) -> HttpResponse:
    row = _silence(request, pk)
    form = SilenceForm(posted(request), initial=SilenceForm.values_of(row))
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            new = services.change_silence(silence=row, by=request.user, now=now, **form.plan(now))
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, new.get_absolute_url(), changed="alerts", message=_("Saved"), go=True)
    return _form(request, form, row)


def _form(request: Request, form: SilenceForm, row: Silence | None) -> HttpResponse:
    context = {
        "form": form,
        "silence": row,
        "known": all_of(request.viewer),
        **_matching(request, form["matchers"].value() or ""),
    }
    answer = refused if request.method == "POST" else page
    return answer(request, "alerts/silence_form.html", context, part="alerts/_silence_form.html")


def _begin(request: Request) -> dict[str, Any]:
    asked = request.GET.get("alert", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return {}
    alert = Alert.objects.visible_to(request.viewer).select_related("watch").filter(pk=int(asked)).first()
    if alert is None:
        return {}
    return {"matchers": exactly(alert)}


def _matching(request: Request, text: str) -> dict[str, Any]:
    try:
        rows = matching.parse(text[:2000])
    except matching.MatcherError:
        rows = ()
    alerts, count = services.fitting(request.viewer, rows, at_most=10) if rows else ([], 0)
    return {"fitting": alerts, "fitting_count": count, "fitting_more": max(0, count - len(alerts)), "asked": bool(rows)}


@require_POST
@needs(write=Role.VIEWER)
def silence_preview(request: Request) -> HttpResponse:
    """Which open alerts the typed matchers are about."""
    return page(request, "alerts/_fitting.html", _matching(request, request.POST.get("matchers", "")))


@require_POST
def end_silence(request: Request, pk: int) -> HttpResponse:
    row = services.end_silence(silence=_silence(request, pk), now=timezone.now())
    return done(request, row.get_absolute_url(), changed="alerts", message=_("The silence is over"), go=True)


# --- maintenance windows ---------------------------------------------------------------------------------------------

WINDOW_COLUMNS = (
    Shows("title", gettext_lazy("Name"), str, sort=("title",)),
    Shows("when", gettext_lazy("When"), lambda row: row.when),
    Shows("timezone", gettext_lazy("Time zone"), lambda row: row.timezone, sort=("timezone",)),
    Shows("matchers", gettext_lazy("Which alerts"), lambda row: row.matchers_text),
    Shows("next", gettext_lazy("Comes next"), lambda row: next_start(row)),
)


def next_start(row: MaintenanceWindow) -> Any:
    found = maintenance.next_span(row.rule, timezone.now())
    return found[0] if found else None


@require_GET
def window_list(request: Request) -> HttpResponse:
    rows = MaintenanceWindow.objects.visible_to(request.viewer).in_use().select_related("workspace")
    listing = Listing(
        key="alerts.maintenance", rows=rows, columns=WINDOW_COLUMNS, search=("title", "reason"), order=("title",)
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    now = timezone.now()
    windows = [(row, bool(maintenance.covers(row.rule, now)), next_start(row)) for row in shown.page]
    return page(request, "alerts/window_list.html", {"shown": shown, "rows": windows}, part="alerts/_window_table.html")


@needs(Role.EDITOR)
def new_window(request: Request) -> HttpResponse:
    return _window(request, None)


@needs(Role.EDITOR)
def change_window(request: Request, pk: int) -> HttpResponse:
    rows = MaintenanceWindow.objects.visible_to(request.viewer).in_use().select_related("workspace")
    return _window(request, get_object_or_404(rows, pk=pk))


def _window(request: Request, row: MaintenanceWindow | None) -> HttpResponse:
    form = WindowForm(posted(request), instance=row, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        try:
            services.plan_window(
                workspace=request.workspace, by=request.user, now=timezone.now(), window=form.save(commit=False)
            )
        except ValidationError as refusal:
            for name, words in refusal.message_dict.items():
                form.add_error(name if name in form.fields else None, words)
        else:
            to = reverse("alerts:window_list", kwargs={"workspace": request.workspace.slug})
            return done(request, to, changed="alerts", message=_("Saved"), go=True)
    answer = refused if request.method == "POST" else page
    context = {"form": form, "window": row, "known": all_of(request.viewer)}
    return answer(request, "alerts/window_form.html", context, part="alerts/_window_form.html")


@require_POST
def delete_window(request: Request, pk: int) -> HttpResponse:
    rows = MaintenanceWindow.objects.visible_to(request.viewer).in_use().select_related("workspace")
    services.delete_window(window=get_object_or_404(rows, pk=pk), now=timezone.now())
    to = reverse("alerts:window_list", kwargs={"workspace": request.workspace.slug})
    return done(request, to, changed="alerts", message=_("Deleted"), go=True)
