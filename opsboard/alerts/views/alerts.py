"""Alerts on screen."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from opsboard.alerts import charts, services
from opsboard.alerts.forms import AcknowledgeForm
from opsboard.alerts.models import Alert, Severity, Watch, words
from opsboard.core import objects, registry
from opsboard.core.access import Request, needs
from opsboard.core.contract import Ref
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused

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
