"""Alerts on screen."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from opsboard.alerts import charts, services
from opsboard.alerts.forms import AcknowledgeForm
from opsboard.alerts.models import Alert, Severity, Told, ToldTo, Watch, words
from opsboard.core import objects, registry
from opsboard.core.access import Request, needs
from opsboard.core.contract import Parts, Ref
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Delivery, Role
from opsboard.core.pages import done, page, refused

KEPT_MAIL = ("filebased.EmailBackend", "console.EmailBackend")
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
    Shows("keeper", gettext_lazy("Looks after it"), lambda alert: alert.keeper or alert.acknowledged_by),
)
ALERT_FILTERS = (
    Filter("severity", gettext_lazy("Severity"), Severity.choices, lambda rows, value: rows.filter(severity=value)),
    Filter(
        "seen",
        gettext_lazy("Acknowledged"),
        (("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes"))),
        lambda rows, value: rows.filter(acknowledged_at__isnull=value == "no"),
    ),
    Filter(
        "silenced",
        gettext_lazy("Silenced"),
        (("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes"))),
        lambda rows, value: rows.filter(silenced_at__isnull=value == "no"),
    ),
    Filter(
        "since",
        gettext_lazy("Since"),
        (
            ("1", gettext_lazy("the last day")),
            ("7", gettext_lazy("the last 7 days")),
            ("30", gettext_lazy("the last 30 days")),
        ),
        lambda rows, value: rows.active_between(timezone.now() - timedelta(days=int(value)), None),
    ),
)


def _of_watch(request: Request) -> Filter:
    rows = Watch.objects.visible_to(request.viewer).order_by("title", "indicator_title")[:200]
    return Filter(
        "watch",
        gettext_lazy("Watch"),
        [(str(row.pk), str(row)) for row in rows],
        lambda found, value: found.filter(watch_id=int(value)),
    )


def _of_labels(request: Request) -> Filter:
    """What alerts have as labels of late: shop: North."""
    rows = Alert.objects.visible_to(request.viewer).exclude(labels={}).order_by("-active_at")
    pairs = {pair for labels in rows.values_list("labels", flat=True)[:500] for pair in labels.items()}
    known = {f"{name}={value}": (name, value) for name, value in sorted(pairs)[:200]}
    return Filter(
        "label",
        gettext_lazy("Label"),
        [(key, f"{name}: {value}") for key, (name, value) in known.items()],
        lambda found, key: found.filter(labels__contains=dict([known[key]])),
    )


@require_GET
def alert_list(request: Request, tab: str = "firing") -> HttpResponse:
    rows = Alert.objects.visible_to(request.viewer)
    counts = {"firing": rows.firing().count(), "pending": rows.pending().count()}
    chosen = {"firing": rows.firing(), "pending": rows.pending(), "resolved": rows.resolved(), "all": rows}[tab]
    listing = Listing(
        key="alerts.alerts",
        rows=chosen.select_related("watch", "workspace", "acknowledged_by", "keeper"),
        columns=ALERT_COLUMNS,
        filters=(*ALERT_FILTERS, _of_watch(request), _of_labels(request)),
        search=("watch__title", "watch__indicator_title", "note", "labels"),
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
        "waiting": tab == "firing"
        and not shown.total
        and any(one.waits for one in Watch.objects.visible_to(request.viewer).waiting()[:200]),
        "any_watch": Watch.objects.visible_to(request.viewer).exists(),
        "any_alert": rows.exists(),
    }
    return page(request, "alerts/alert_list.html", context, part="alerts/_alerts.html")


def _alert(request: Request, pk: int) -> Alert:
    rows = Alert.objects.visible_to(request.viewer)
    found: Alert = get_object_or_404(
        rows.select_related(
            "watch", "workspace", "watch__workspace", "watch__owner", "instance", "acknowledged_by", "keeper"
        ),
        pk=pk,
    )
    return found


def _told(row: Alert) -> list[tuple[Told, list[tuple[ToldTo, list[Delivery]]]]]:
    """What was said of it, to whom, and how it arrived; three queries."""
    told = list(Told.objects.filter(watch=row.watch_id, alert_ids__contains=[row.pk]).prefetch_related(
        "recipients__person", "recipients__channel")[:50])  # fmt: skip
    keys: dict[int, str] = {}
    for one in told:
        for to in one.recipients.all():
            keys[to.pk] = services.arrival_key(one, to)
    deliveries: dict[str, list[Delivery]] = {}
    for delivery in Delivery.objects.filter(workspace=row.workspace_id, unique_as__in=keys.values()):
        deliveries.setdefault(delivery.unique_as, []).append(delivery)
    return [(one, [(to, deliveries.get(keys[to.pk], [])) for to in one.recipients.all()]) for one in told]


@require_GET
def alert(request: Request, pk: int) -> HttpResponse:
    row, now = _alert(request, pk), timezone.now()
    transitions = list(row.transitions.all())
    readings = registry.history(
        request.viewer, [row.watch.indicator], charts.period_of(row, now), Parts(row.labels) if row.labels else None
    )
    context = {
        "alert": row,
        "watch": row.watch,
        # Without a mail server mails are written where only an admin of the machine finds them.
        "mails_kept": not settings.MAIL_HOST and str(settings.MAILERS["default"]["BACKEND"]).endswith(KEPT_MAIL),
        "value_of": row.watch.days_of(row.instance.bucket_at) if row.is_open else "",
        "fired_by": row.watch.days_of(row.bucket_at),
        "timeline": charts.timeline(row, transitions, _told(row)),
        "chart": charts.alert_chart(row, readings.get(row.watch.indicator, ()), transitions),
        "lasted": row.lasted or words.duration((now - row.active_at).total_seconds()),
        "others": Alert.objects.visible_to(request.viewer).filter(instance=row.instance_id).exclude(pk=pk)
        .select_related("workspace", "watch").order_by("-episode")[:5],
        "form": AcknowledgeForm(initial={"note": row.note} if row.acknowledged_at else None),
    }  # fmt: skip
    return page(request, "alerts/alert.html", context, part="alerts/_alert.html")


@require_POST
@needs(write=Role.CONTRIBUTOR)
def acknowledge(request: Request, pk: int) -> HttpResponse:
    row, form, now = _alert(request, pk), AcknowledgeForm(request.POST), timezone.now()
    if form.is_valid():
        try:
            note, until = form.cleaned_data["note"], form.until(now)
            services.acknowledge(alert=row, by=request.user, now=now, note=note, until=until)
        except ValidationError as refusal:
            say(form, refusal)
    if not form.is_valid():
        return refused(
            request, "alerts/acknowledge.html", {"alert": row, "form": form}, part="alerts/_acknowledge.html"
        )
    return done(request, row.get_absolute_url(), changed="alerts", message=_("Acknowledged"), go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def take_over(request: Request, pk: int) -> HttpResponse:
    row, form = _alert(request, pk), AcknowledgeForm()
    try:
        services.take_over(alert=row, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        form = AcknowledgeForm(request.POST)
        form.full_clean()
        say(form, refusal)
        return refused(
            request, "alerts/acknowledge.html", {"alert": row, "form": form}, part="alerts/_acknowledge.html"
        )
    return done(request, row.get_absolute_url(), changed="alerts", message=_("You look after it now"), go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def withdraw(request: Request, pk: int) -> HttpResponse:
    row = _alert(request, pk)
    try:
        services.withdraw(alert=row, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        form = AcknowledgeForm(request.POST)
        form.full_clean()
        say(form, refusal)
        context = {"alert": row, "form": form}
        return refused(request, "alerts/acknowledge.html", context, part="alerts/_acknowledge.html")
    text = _("Taken back: it is told and escalated as before.")
    return done(request, row.get_absolute_url(), changed="alerts", message=text, go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def acknowledge_some(request: Request) -> HttpResponse:
    """All that are ticked in the list."""
    pks = [int(pk) for pk in request.POST.getlist("alert")[:1000] if pk.isascii() and pk.isdigit() and len(pk) < 19]
    rows = Alert.objects.visible_to(request.viewer).open().filter(pk__in=pks).select_related("watch", "workspace")
    count = services.acknowledge_all(alerts=list(rows), by=request.user, now=timezone.now())
    to = reverse("alerts:alert_list", kwargs={"workspace": request.workspace.slug})
    message = ngettext("%(count)s alert acknowledged", "%(count)s alerts acknowledged", count) % {"count": count}
    return done(request, to, changed="alerts", message=message)


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
