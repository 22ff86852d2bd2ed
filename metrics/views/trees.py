"""The few numbers on the front, and what drives what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import analysis, charts, services
from metrics.forms import DriverForm
from metrics.models import Influence, Kind, Metric, buckets, newest
from metrics.views.metric import found_metric
from opsboard.core import objects, periods
from opsboard.core.access import Request, needs
from opsboard.core.charts import Node, tree
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused, wants_part
from opsboard.core.periods import Period

SIGNS = {
    (Kind.ADDS, 1): "+", (Kind.ADDS, -1): "−", (Kind.MULTIPLIES, 1): "×", (Kind.MULTIPLIES, -1): "÷",
    (Kind.INFLUENCES, 1): "↑", (Kind.INFLUENCES, -1): "↓",
}  # fmt: skip


@dataclass
class Place:
    """One metric in its tree, with what it was in the period and in the one before."""

    metric: Metric
    branch: Influence | None = None
    now: float | None = None
    before: float | None = None
    target: float | None = None  # over the period
    part: analysis.Part | None = None
    children: list[Place] = field(default_factory=list)

    @property
    def change(self) -> float | None:
        return self.now - self.before if self.now is not None and self.before is not None else None

    @property
    def tone(self) -> str:
        return charts.change_tone(self.metric, self.change)

    @property
    def state(self) -> dict[str, Any]:
        return self.metric.state_against(self.now, self.target)

    @property
    def sign(self) -> str:
        return SIGNS[Kind(self.branch.kind), self.branch.sign] if self.branch else ""

    @property
    def now_text(self) -> str:
        return charts.value_text(self.metric, self.now)

    @property
    def before_text(self) -> str:
        return charts.value_text(self.metric, self.before)

    @property
    def change_text(self) -> str:
        return charts.change_text(self.metric, self.change)

    @property
    def ranked(self) -> list[Place]:
        """The drivers by how much of the change each brought; those that only influence come last."""
        return sorted(self.children, key=lambda one: (one.part is None, -abs(one.part.moved) if one.part else 0))

    @property
    def rest(self) -> float | None:
        return analysis.unexplained(self.before, self.now, [one.part for one in self.children])


def planted(metrics: Sequence[Metric], branches: Sequence[Influence]) -> list[Place]:
    """The trees: those on top that drive nothing else, the north star first."""
    places = {metric.pk: Place(metric) for metric in metrics}
    for branch in branches:
        if branch.parent_id in places and branch.child_id in places:
            places[branch.child_id].branch = branch
            places[branch.parent_id].children.append(places[branch.child_id])
    tops = [one for one in places.values() if one.branch is None and (one.children or one.metric.north_star)]
    return sorted(tops, key=lambda one: (not one.metric.north_star, one.metric.name.lower()))


def flat(place: Place) -> list[Place]:
    return [place, *(below for child in place.children for below in flat(child))]


def last_whole(request: Request, places: Sequence[Place], span: str, now: datetime) -> Period:
    """The last week or month that is over, as far as the values reach."""
    found = newest([one.metric.pk for one in places], now=now)
    reached = max((one.at for one in found), default=now)
    zone = request.workspace.zone
    period = (
        periods.month_of(reached.astimezone(zone).date(), zone)
        if span == "month"
        else request.workspace.week_of(reached)
    )
    return period.previous() if period.end > now else period


def measured(places: Sequence[Place], period: Period) -> None:
    """What each was in the period and the one before; two queries for all."""
    ids = [one.metric.pk for one in places]
    for name, span in (("now", period), ("before", period.previous())):
        values = {one.metric_id: one.value for one in buckets(ids, start=span.start, end=span.end, whole=True)}
        for place in places:
            setattr(place, name, values.get(place.metric.pk))
    for place in places:
        place.target = place.metric.target_over(period.start, period.end)
        drivers = [
            analysis.Branch(one.branch.kind, one.branch.sign, one.before, one.now)
            for one in place.children
            if one.branch
        ]
        for child, part in zip(place.children, analysis.parts(place.before, place.now, drivers), strict=True):
            child.part = part


def drawn(place: Place) -> Node:
    return Node(
        title=place.metric.name, value=place.now_text, change=place.change_text if place.change is not None else "",
        change_tone=place.tone, state=str(place.state["word"]) if place.target is not None else "",
        tone=place.state["tone"], url=place.metric.get_absolute_url(), sign=place.sign,
        children=[drawn(child) for child in place.children],
    )  # fmt: skip


@require_GET
def metric_tree(request: Request) -> HttpResponse:
    now = timezone.now()
    metrics = list(Metric.objects.visible_to(request.viewer).in_use().select_related("workspace", "owner"))
    branches = list(Influence.objects.visible_to(request.viewer))
    tops = planted(metrics, branches)
    places = [one for top in tops for one in flat(top)]
    span = "month" if request.GET.get("span") == "month" else "week"
    period = last_whole(request, places, span, now)
    measured(places, period)
    shown = [
        {"top": top, "chart": tree(drawn(top), title=_("What drives %(name)s") % {"name": top.metric.name}),
         "moved": [one for one in flat(top) if one.children]}
        for top in tops
    ]  # fmt: skip
    used = {one.metric.pk for one in places}
    context = {
        "trees": shown, "period": period, "before": period.previous(), "span": span, "any": bool(metrics),
        "loose": [one for one in metrics if one.pk not in used],
        "filled": any(one.now is not None or one.before is not None for one in places)
        or bool(newest([metric.pk for metric in metrics], now=now)),
    }  # fmt: skip
    return page(request, "metrics/metric_tree.html", context, part="metrics/_metric_tree.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def set_driver(request: Request, pk: int) -> HttpResponse:
    """What a metric works on, and how."""
    row = found_metric(request, pk)
    branch = Influence.objects.filter(child=row).first()
    form = DriverForm(posted(request), metric=row, branch=branch, viewer=request.viewer)
    context = {"form": form, "metric": row}
    if request.method != "POST":
        return page(request, "metrics/driver_form.html", context, part="metrics/_driver_form.html")
    if form.is_valid():
        given, now = form.cleaned_data, timezone.now()
        try:
            if given["parent"] is None:
                services.take_off_tree(child=row, by=request.user, now=now)
            else:
                services.hang_under(
                    child=row, parent=given["parent"], kind=given["kind"], sign=given["sign"], by=request.user, now=now
                )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, _tree_url(request), message=_("The tree is changed."), go=True)
    return refused(request, "metrics/driver_form.html", context, part="metrics/_driver_form.html")


def _tree_url(request: Request) -> str:
    return reverse("metrics:metric_tree", kwargs={"workspace": request.workspace.slug})


# --- the front --------------------------------------------------------------------------------------------------------


@require_POST
def pin_metric(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    try:
        services.pin_metric(metric=row, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        return _refused(request, row, refusal)
    return done(request, row.get_absolute_url(), message=_("It stands on the front now."), go=True)


@require_POST
def unpin_metric(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    services.unpin_metric(metric=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("It has left the front."), go=True)


@require_POST
def move_on_front(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    position = objects.pk_in(request.POST.get("position", "0")) or 0
    try:
        services.move_on_front(metric=row, position=position, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        return JsonResponse({"detail": " ".join(refusal.messages)}, status=422)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"version": 1})
    return done(request, row.get_absolute_url(), changed="metrics")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def name_north_star(request: Request, pk: int) -> HttpResponse:
    """Asks first where another metric is the north star."""
    row = found_metric(request, pk)
    present = Metric.objects.visible_to(request.viewer).in_use().filter(north_star=True).exclude(pk=row.pk).first()
    if request.method == "POST":
        try:
            services.name_north_star(
                metric=row, by=request.user, now=timezone.now(),
                instead_of=objects.pk_in(request.POST.get("instead_of", "")),
            )  # fmt: skip
        except ValidationError as refusal:
            context = {"metric": row, "present": present, "trouble": " ".join(refusal.messages)}
            return refused(request, "metrics/north_star.html", context)
        return done(request, row.get_absolute_url(), message=_("The north star is named."), go=True)
    return page(request, "metrics/north_star.html", {"metric": row, "present": present})


def _refused(request: Request, row: Metric, refusal: ValidationError) -> HttpResponse:
    if wants_part(request):
        return JsonResponse({"detail": " ".join(refusal.messages)}, status=422)
    return refused(request, "metrics/front_full.html", {"metric": row, "trouble": " ".join(refusal.messages)})


# --- a page of facts --------------------------------------------------------------------------------------------------


@require_GET
def fact_sheet(request: Request, pk: int) -> HttpResponse:
    """How a metric is defined, on one page for the binder."""
    row: Any = found_metric(request, pk)
    row.target_text = charts.value_text(row, row.target)
    branch = Influence.objects.filter(child=row).select_related("parent").first()
    if branch and not Metric.objects.visible_to(request.viewer).filter(pk=branch.parent_id).exists():
        branch = None
    drivers = Influence.objects.filter(
        parent=row, child__in=Metric.objects.visible_to(request.viewer).in_use()
    ).select_related("child", "child__workspace")
    return page(request, "metrics/fact_sheet.html", {"metric": row, "branch": branch, "drivers": drivers})
