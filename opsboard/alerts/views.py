"""Alerts and watches on screen."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from opsboard.alerts import charts, services
from opsboard.alerts.forms import AcknowledgeForm, WatchForm, grouped
from opsboard.alerts.models import Alert, Instance, Severity, Watch, words
from opsboard.core import objects, registry
from opsboard.core.access import Request, needs
from opsboard.core.contract import Ref
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused
from opsboard.core.versions import StaleVersion

TABS = {
    "firing": gettext_lazy("Firing"),
    "pending": gettext_lazy("Pending"),
    "resolved": gettext_lazy("Resolved"),
    "all": gettext_lazy("All"),
}

ALERT_COLUMNS = (
    Shows("title", gettext_lazy("Alert"), str, sort=("watch__title", "watch__indicator_title")),
    Shows("severity", gettext_lazy("Severity"), lambda alert: alert.get_severity_display(), sort=("severity",)),
    Shows("state", gettext_lazy("State"), lambda alert: alert.get_state_display(), sort=("state",)),
    Shows("value", gettext_lazy("Value"), lambda alert: alert.value, sort=("value",)),
    Shows("peak", gettext_lazy("Peak"), lambda alert: alert.peak, sort=("peak",)),
    Shows("active_at", gettext_lazy("Since"), lambda alert: alert.active_at, sort=("active_at",)),
    Shows("resolved_at", gettext_lazy("Resolved"), lambda alert: alert.resolved_at, sort=("resolved_at",)),
    Shows("acknowledged", gettext_lazy("Acknowledged by"), lambda alert: alert.acknowledged_by),
)
ALERT_FILTERS = (
    Filter("severity", gettext_lazy("Severity"), Severity.choices, lambda rows, value: rows.filter(severity=value)),
    Filter(
        "seen",
        gettext_lazy("Acknowledged"),
        (("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes"))),
        lambda rows, value: rows.filter(acknowledged_at__isnull=value == "no"),
    ),
)
WATCH_COLUMNS = (
    Shows("title", gettext_lazy("Watch"), str, sort=("title", "indicator_title")),
    Shows("when", gettext_lazy("Condition"), lambda watch: watch.when),
    Shows("severity", gettext_lazy("Severity"), lambda watch: watch.get_severity_display(), sort=("severity",)),
    Shows("state", gettext_lazy("State"), lambda watch: state_word(watch), sort=("firing", "pending")),
    Shows("owner", gettext_lazy("Owner"), lambda watch: watch.owner, sort=("owner__name",)),
)


def state_word(watch: Watch) -> str:
    return str({"paused": _("Paused"), "firing": _("Firing"), "pending": _("Pending"), "ok": _("OK")}[state_of(watch)])


def state_of(watch: Any) -> str:
    """The worst state of a watch's label sets."""
    if watch.paused_at:
        return "paused"
    return "firing" if watch.firing else "pending" if watch.pending else "ok"


# --- alerts ----------------------------------------------------------------------------------------------------------


@require_GET
def alert_list(request: Request, tab: str = "firing") -> HttpResponse:
    rows = Alert.objects.visible_to(request.viewer)
    counts = {"firing": rows.firing().count(), "pending": rows.pending().count()}
    chosen = {"firing": rows.firing(), "pending": rows.pending(), "resolved": rows.resolved(), "all": rows}[tab]
    listing = Listing(
        key="alerts.alerts",
        rows=chosen.select_related("watch", "workspace", "acknowledged_by"),
        columns=ALERT_COLUMNS,
        filters=ALERT_FILTERS,
        search=("watch__title", "watch__indicator_title", "note"),
        order=(F("resolved_at").desc(nulls_first=True), "-active_at"),  # type: ignore[arg-type]
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    tabs = [{"key": key, "title": title, "count": counts.get(key)} for key, title in TABS.items()]
    context = {
        "shown": shown,
        "tab": tab,
        "tabs": tabs,
        "any_watch": Watch.objects.visible_to(request.viewer).exists(),
        "any_alert": rows.exists(),
    }
    return page(request, "alerts/alert_list.html", context, part="alerts/_alerts.html")


def _alert(request: Request, pk: int) -> Alert:
    rows = Alert.objects.visible_to(request.viewer)
    found: Alert = get_object_or_404(
        rows.select_related("watch", "workspace", "watch__workspace", "watch__owner", "instance", "acknowledged_by"),
        pk=pk,
    )
    return found


@require_GET
def alert(request: Request, pk: int) -> HttpResponse:
    row, now = _alert(request, pk), timezone.now()
    transitions = list(row.transitions.all())
    readings = registry.history(request.viewer, [row.watch.indicator], charts.period_of(row, now))
    context = {
        "alert": row,
        "watch": row.watch,
        "steps": [(one, row.watch.written(one.value)) for one in reversed(transitions)],
        "chart": charts.alert_chart(row, readings.get(row.watch.indicator, ()), transitions),
        "lasted": row.lasted or words.duration((now - row.active_at).total_seconds()),
        "others": Alert.objects.visible_to(request.viewer).filter(instance=row.instance_id).exclude(pk=pk)
        .select_related("workspace", "watch").order_by("-episode")[:5],
        "form": AcknowledgeForm(),
    }  # fmt: skip
    return page(request, "alerts/alert.html", context, part="alerts/_alert.html")


@require_POST
@needs(write=Role.CONTRIBUTOR)
def acknowledge(request: Request, pk: int) -> HttpResponse:
    row, form = _alert(request, pk), AcknowledgeForm(request.POST)
    if form.is_valid():
        try:
            services.acknowledge(alert=row, by=request.user, now=timezone.now(), note=form.cleaned_data["note"])
        except ValidationError as refusal:
            say(form, refusal)
    if not form.is_valid():
        return refused(
            request, "alerts/acknowledge.html", {"alert": row, "form": form}, part="alerts/_acknowledge.html"
        )
    return done(request, row.get_absolute_url(), changed="alerts", message=_("Acknowledged"), go=True)


# --- watches ---------------------------------------------------------------------------------------------------------


@require_GET
def watch_list(request: Request) -> HttpResponse:
    rows = Watch.objects.visible_to(request.viewer).with_state()
    states = [("firing", _("Firing")), ("pending", _("Pending")), ("paused", _("Paused")), ("unheard", _("No data"))]
    listing = Listing(
        key="alerts.watches",
        rows=rows.select_related("owner", "workspace"),
        columns=WATCH_COLUMNS,
        filters=(
            Filter("state", gettext_lazy("State"), states, _with_state),
            Filter(
                "severity", gettext_lazy("Severity"), Severity.choices, lambda found, one: found.filter(severity=one)
            ),
        ),
        search=("title", "indicator_title", "indicator"),
        order=("title", "indicator_title"),
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    return page(request, "alerts/watch_list.html", {"shown": shown}, part="alerts/_watch_table.html")


def _with_state(rows: Any, state: str) -> Any:
    if state == "paused":
        return rows.exclude(paused_at=None)
    return rows.filter(paused_at=None, **{f"{state}__gt": 0})


def _watch(request: Request, pk: int) -> Watch:
    rows = Watch.objects.visible_to(request.viewer).with_state().select_related("workspace", "owner")
    found: Watch = get_object_or_404(rows, pk=pk)
    return found


@require_GET
def watch(request: Request, pk: int) -> HttpResponse:
    row = _watch(request, pk)
    instances = Instance.objects.living().filter(watch=row).order_by("-state", "pk")
    context = {
        "watch": row,
        "state": state_of(row),
        "instances": [(one, row.written(one.last_value)) for one in instances[:200]],
        "alerts": Alert.objects.visible_to(request.viewer).filter(watch=row)
        .select_related("workspace", "watch").order_by("-active_at")[:20],
        "people": row.people.order_by("name"),
        "teams": row.teams.order_by("name"),
        "keeps": words.duration(row.keep_seconds) if row.keep_seconds else "",
    }  # fmt: skip
    return page(request, "alerts/watch.html", context, part="alerts/_watch.html")


@needs(Role.EDITOR)
def new_watch(request: Request) -> HttpResponse:
    asked = {"indicator": request.GET["indicator"]} if "indicator" in request.GET else {}
    form = WatchForm(request.POST or None, viewer=request.viewer, initial=asked)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.watch_number(viewer=request.viewer, now=timezone.now(), **form.settings)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), changed="alerts", message=_("The number is watched from now on."), go=True)  # fmt: skip
    answer = refused if request.method == "POST" else page
    return answer(request, "alerts/watch_form.html", {"form": form, "sentence": _sentence(request, form)}, part="alerts/_watch_form.html")  # fmt: skip


@needs(Role.EDITOR)
def change_watch(request: Request, pk: int) -> HttpResponse:
    row = _watch(request, pk)
    form = WatchForm(request.POST or None, viewer=request.viewer, initial=WatchForm.values_of(row))
    posted = request.POST.get("version", "")
    version = int(posted) if posted.isdecimal() and len(posted) < 10 else row.version
    context: dict[str, Any] = {"form": form, "watch": row, "version": row.version, "sentence": row.sentence}
    if request.method != "POST":
        return page(request, "alerts/watch_form.html", context, part="alerts/_watch_form.html")
    if form.is_valid():
        try:
            services.change_watch(
                watch=row, viewer=request.viewer, now=timezone.now(), version=version, **form.settings
            )
        except StaleVersion as stale:
            now_reads = stale.current.sentence if isinstance(stale.current, Watch) else ""
            context |= {"stale": now_reads, "version": stale.current_version, "sentence": _sentence(request, form)}
            return page(request, "alerts/watch_form.html", context, part="alerts/_watch_form.html", status=409)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), changed="alerts", message=_("Saved"), go=True)
    context["sentence"] = _sentence(request, form)
    context["version"] = version
    return refused(request, "alerts/watch_form.html", context, part="alerts/_watch_form.html")


@require_POST
def preview(request: Request) -> HttpResponse:
    """The watch that is being typed, as a sentence."""
    form = WatchForm(request.POST, viewer=request.viewer)
    return page(request, "alerts/_preview.html", {"sentence": _sentence(request, form)})


def _sentence(request: Request, form: WatchForm) -> str:
    """The typed watch in words, as far as it goes."""
    if not form.is_bound:
        return ""
    form.full_clean() if not hasattr(form, "cleaned_data") else None
    typed = form.cleaned_data
    if typed.get("value") is None or not typed.get("indicator"):
        return ""
    try:
        entry = registry.watchable(request.viewer, typed["indicator"])
    except registry.UnknownKey:
        return ""
    row = Watch(
        workspace=request.workspace, indicator=entry.key, indicator_title=str(entry.title), unit=entry.unit, rate=entry.rate,
        op=typed.get("op") or ">", value=typed["value"], clear=typed.get("clear"),
        for_seconds=typed.get("for_seconds") or 0, labels=typed.get("labels") or {},
    )  # fmt: skip
    return row.sentence


@require_GET
@needs(Role.EDITOR)
def number_choices(request: Request) -> HttpResponse:
    """The numbers whose names hold the typed words, as options."""
    chosen = request.GET.get("indicator", "")
    groups = grouped(registry.catalogue(request.viewer), request.GET.get("number", "")[:100], keep=chosen)
    return page(request, "alerts/_numbers.html", {"groups": groups, "chosen": chosen})


@require_POST
def pause_watch(request: Request, pk: int) -> HttpResponse:
    row = services.pause_watch(watch=_watch(request, pk), now=timezone.now())
    return done(request, row.get_absolute_url(), changed="alerts", message=_("Paused"))


@require_POST
def resume_watch(request: Request, pk: int) -> HttpResponse:
    row = services.resume_watch(watch=_watch(request, pk))
    return done(request, row.get_absolute_url(), changed="alerts", message=_("Watching again"))


@require_POST
def delete_watch(request: Request, pk: int) -> HttpResponse:
    services.delete_watch(watch=_watch(request, pk), now=timezone.now())
    to = reverse("alerts:watch_list", kwargs={"workspace": request.workspace.slug})
    return done(request, to, changed="alerts", message=_("Deleted"), go=True)


@require_GET
def margin(request: Request) -> HttpResponse:
    """Beside any object: its open alerts, its watches, and a button to watch its numbers."""
    model, pk = request.GET.get("about_model", ""), request.GET.get("about_id", "")
    thing = None if model.startswith("alerts.") else objects.find(request.viewer, model, objects.pk_in(pk))
    if thing is None:
        return HttpResponse()
    about = Ref.to(thing)
    context = {
        "object": thing,
        "alerts": Alert.objects.visible_to(request.viewer).open().on_object(model, about.pk)
        .select_related("watch", "workspace").order_by("-active_at")[:10],
        "watches": Watch.objects.visible_to(request.viewer).on_object(model, about.pk).with_state()
        .select_related("workspace").order_by("pk")[:20],
        "watchable": any(
            entry.about and (entry.about.model, entry.about.pk) == (about.model, about.pk)
            for entry in registry.catalogue(request.viewer)
        ),
    }  # fmt: skip
    return page(request, "alerts/_margin.html", context)
