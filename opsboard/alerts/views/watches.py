"""Watches on screen."""

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

from opsboard.alerts import charts, services
from opsboard.alerts.forms import ConditionForm, grouped
from opsboard.alerts.models import Alert, Instance, Pulse, Severity, Watch, wording, words
from opsboard.alerts.views.trying import told
from opsboard.core import registry
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion

CHARTED = 20  # label sets of which the page of a watch reads the past

WATCH_COLUMNS = (
    Shows("title", gettext_lazy("Watch"), str, sort=("title", "indicator_title")),
    Shows("when", gettext_lazy("Condition"), lambda watch: watch.when),
    Shows("severity", gettext_lazy("Severity"), lambda watch: watch.get_severity_display(), sort=("severity",)),
    Shows("state", gettext_lazy("State"), lambda watch: state_word(watch), sort=("firing", "pending")),
    Shows("noise", gettext_lazy("Noise"), lambda watch: watch.noise.score if watch.noise.fired else None),
    Shows("owner", gettext_lazy("Owner"), lambda watch: watch.owner, sort=("owner__name",)),
)


def state_word(watch: Watch) -> str:
    return str({"paused": _("Paused"), "firing": _("Firing"), "pending": _("Pending"), "ok": _("OK")}[state_of(watch)])


def state_of(watch: Any) -> str:
    """The worst state of a watch's label sets."""
    if watch.paused_at:
        return "paused"
    return "firing" if watch.firing else "pending" if watch.pending else "ok"


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
        dressed=_with_noise,
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    _with_noise(shown.page.object_list)
    return page(request, "alerts/watch_list.html", {"shown": shown}, part="alerts/_watch_table.html")


def _with_noise(rows: Any) -> list[Any]:
    """The watches of a page, or of an export, each with how noisy it was."""
    watches = list(rows)
    told = services.noise_of_all(watches, now=timezone.now())
    for row in watches:
        row.noise = told[row.pk]
    return watches


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
    now = timezone.now()
    pulse = Pulse.objects.filter(workspace=request.workspace).first()
    past = services.past_of(
        viewer=request.viewer, watch=row, keys=[row.indicator], period=charts.course_of(row, now), most=CHARTED
    )
    alerts = list(
        Alert.objects.visible_to(request.viewer).filter(watch=row)
        .select_related("workspace", "watch").order_by("-active_at")[:20]
    )  # fmt: skip
    instances = list(Instance.objects.living().filter(watch=row).order_by("-state", "pk")[:200])
    standing = services.stand(viewer=request.viewer, watch=row, instances=instances, now=now)
    context = {
        "watch": row,
        "state": state_of(row),
        "standing": [
            (one.instance, row.written(one.value), "" if one.running is None else row.written(one.running))
            for one in standing
        ],
        "looked_at": pulse.tick if pulse and instances else None,
        "noise": services.noise_of(row, now=now),
        "alerts": alerts,
        "chart": "" if row.kind == Watch.Kind.STALE else charts.watch_chart(row, past.get(row.indicator, ()), alerts),
        "people": row.people.order_by("name"),
        "teams": row.teams.order_by("name"),
        "keeps": words.duration(row.keep_seconds) if row.keep_seconds else "",
    }  # fmt: skip
    return page(request, "alerts/watch.html", context, part="alerts/_watch.html")


@needs(Role.EDITOR)
def new_watch(request: Request) -> HttpResponse:
    asked = {"indicator": request.GET["indicator"]} if "indicator" in request.GET else {}
    form = ConditionForm(posted(request), viewer=request.viewer, initial=asked)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.watch_number(viewer=request.viewer, now=timezone.now(), **form.settings)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), changed="alerts", message=wording.begun(row), go=True)  # fmt: skip
    answer = refused if request.method == "POST" else page
    return answer(request, "alerts/watch_form.html", {"form": form, **told(request, form)}, part="alerts/_watch_form.html")  # fmt: skip


@needs(Role.EDITOR)
def change_watch(request: Request, pk: int) -> HttpResponse:
    row = _watch(request, pk)
    form = ConditionForm(posted(request), viewer=request.viewer, initial=ConditionForm.values_of(row))
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isdecimal() and len(seen) < 10 else row.version
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
            context |= {"stale": now_reads, "version": stale.current_version} | told(request, form)
            return page(request, "alerts/watch_form.html", context, part="alerts/_watch_form.html", status=409)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), changed="alerts", message=_("Saved"), go=True)
    context |= told(request, form)
    context["version"] = version
    return refused(request, "alerts/watch_form.html", context, part="alerts/_watch_form.html")


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
