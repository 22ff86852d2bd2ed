"""Metrics on screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import charts, services
from metrics.forms import ImportForm, MetricForm, ValueForm
from metrics.models import Bucket, Direction, Grain, Metric, begins, buckets, dimensions_of, newest
from opsboard.core import periods
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.imports import Wizard
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused
from opsboard.core.versions import StaleVersion

SPANS: dict[str, tuple[str, ...]] = {
    "minute": ("6h", "1d", "7d"),
    "hour": ("3d", "14d", "60d"),
    "day": ("30d", "90d", "365d"),
    "week": ("182d", "365d", "1095d"),
    "month": ("365d", "1095d", "3650d"),
}
SPAN_TITLES = {
    "6h": gettext_lazy("6 hours"), "1d": gettext_lazy("1 day"), "3d": gettext_lazy("3 days"),
    "7d": gettext_lazy("7 days"), "14d": gettext_lazy("14 days"), "30d": gettext_lazy("30 days"),
    "60d": gettext_lazy("60 days"), "90d": gettext_lazy("90 days"), "182d": gettext_lazy("26 weeks"),
    "365d": gettext_lazy("1 year"), "1095d": gettext_lazy("3 years"), "3650d": gettext_lazy("10 years"),
    "all": gettext_lazy("Everything"),
}  # fmt: skip
FAR = datetime(2200, 1, 1, tzinfo=UTC)
MOST = 10_000  # values in a page's chart and table
COURSE = 30  # buckets in a row's small chart

wizard = Wizard(
    services.POINTS,
    new="metrics:new_import",
    run="metrics:import_run",
    form=ImportForm,
    crumb=("metrics:metric_list", gettext_lazy("Metrics")),
    lead=gettext_lazy("One row per time: a day and its number are enough. Opsboard guesses the columns, you confirm."),
    script="js/metrics.js",
)


class Rows(list[Any]):
    """Rows that are already here, shown as a list like any other."""

    ordered = True

    def order_by(self, *names: str) -> Rows:
        name = names[0]
        if name == "given":
            return self
        known = sorted(self, key=lambda row: _rank(getattr(row, name.lstrip("-"))), reverse=name.startswith("-"))
        return Rows(known)


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)


# --- the list --------------------------------------------------------------------------------------------------------


def _columns(now: datetime) -> tuple[Shows, ...]:
    return (
        Shows("name", gettext_lazy("Metric"), str, sort=("name",)),
        Shows("owner", gettext_lazy("Owner"), lambda metric: metric.owner, sort=("owner__name", "owner__username")),
        Shows("course", gettext_lazy("Course"), lambda metric: metric.unit),
        Shows("latest", gettext_lazy("Latest"), lambda metric: metric.latest.value if metric.latest else None),
        Shows("change", pgettext_lazy("of a number", "Change"), lambda metric: metric.change),
        Shows("target", gettext_lazy("Target"), lambda metric: metric.target, sort=("target",)),
        Shows("state", gettext_lazy("State"), lambda metric: metric.state["word"]),
        Shows("day", gettext_lazy("As of"), lambda metric: metric.latest.at if metric.latest else None),
    )


@require_GET
def metric_list(request: Request) -> HttpResponse:
    now = timezone.now()
    visible = Metric.objects.visible_to(request.viewer)
    shown_too = visible.archived() if request.GET.get("archived") == "yes" else visible.in_use()
    filters = (
        Filter(
            "state",
            gettext_lazy("Target"),
            (
                ("off", gettext_lazy("Off target")),
                ("on", gettext_lazy("On target")),
                ("no_target", gettext_lazy("No target")),
            ),
            lambda rows, value: rows.filter(pk__in=_in_state(rows, value, now)),
        ),
        Filter(
            "direction", gettext_lazy("Better"), Direction.choices, lambda rows, value: rows.filter(direction=value)
        ),
        Filter("grain", gettext_lazy("Measured each"), Grain.choices, lambda rows, value: rows.filter(grain=value)),
        Filter("archived", gettext_lazy("Archived"), (("yes", gettext_lazy("Yes")),), lambda rows, _value: rows),
    )
    listing = Listing(
        key="metrics.metrics",
        rows=shown_too.select_related("owner", "workspace"),
        columns=_columns(now),
        filters=filters,
        search=("name", "key", "description", "unit"),
        order=("name",),
        per_page=30,
        dressed=lambda rows: with_course(list(rows), now),
    )
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    shown.page.object_list = with_course(list(shown.page.object_list), now)
    context = {"shown": shown, "any": visible.exists()}
    return page(request, "metrics/metric_list.html", context, part="metrics/_metric_table.html")


def _in_state(rows: Any, wanted: str, now: datetime) -> list[int]:
    metrics = list(rows)
    latest = {one.metric_id: one.value for one in newest([metric.pk for metric in metrics], now=now)}
    return [metric.pk for metric in metrics if metric.state_of(latest.get(metric.pk))["key"] == wanted]


def with_course(metrics: Sequence[Metric], now: datetime) -> list[Any]:
    """The metrics with their latest value, its change, their state and a small chart; two queries for all."""
    latest = {one.metric_id: one for one in newest([metric.pk for metric in metrics], now=now)}
    course: dict[int, list[Bucket]] = {}
    for grain in {metric.grain for metric in metrics}:
        ids = [metric.pk for metric in metrics if metric.grain == grain and metric.pk in latest]
        if not ids:
            continue
        back = timedelta(seconds=Grain(grain).seconds * COURSE)
        start = min(latest[pk].at for pk in ids) - back
        for one in buckets(ids, start=start, end=now):
            if one.at >= latest[one.metric_id].at - back:
                course.setdefault(one.metric_id, []).append(one)
    rows: list[Any] = list(metrics)
    for metric in rows:
        known = [one for one in course.get(metric.pk, []) if one.value is not None]
        metric.latest = latest.get(metric.pk)
        before = known[-2] if len(known) > 1 else None
        value = metric.latest.value if metric.latest else None
        metric.change = value - before.value if value is not None and before and before.value is not None else None
        metric.latest_text = charts.value_text(metric, value)
        metric.change_text = charts.change_text(metric, metric.change)
        metric.target_text = charts.value_text(metric, metric.target, unit=False)
        metric.tone = "" if not metric.change else "good" if metric.improves(metric.change) else "bad"
        metric.state = metric.state_of(value)
        metric.chart = charts.small(metric, known, target=metric.target)
        metric.as_of = timezone.localtime(metric.latest.at, metric.zone).date() if metric.latest else None
    return rows


# --- one metric ------------------------------------------------------------------------------------------------------


def _metric(request: Request, pk: int) -> Metric:
    found: Metric = get_object_or_404(
        Metric.objects.visible_to(request.viewer).select_related("workspace", "owner"), pk=pk
    )
    return found


BUCKET_COLUMNS = (
    Shows("at", gettext_lazy("Time"), lambda row: row.at, sort=("at",)),
    Shows("group", gettext_lazy("Label"), lambda row: row.group, sort=("group",)),
    Shows("value", gettext_lazy("Value"), lambda row: row.value, sort=("value",)),
    Shows("weight", gettext_lazy("Weight"), lambda row: row.weight, sort=("weight",)),
)


class Line:
    """One row of a metric's table."""

    def __init__(self, metric: Metric, bucket: Bucket, group: str) -> None:
        self.at, self.value, self.weight = bucket.at, bucket.value, bucket.weight
        self.group, self.revised = group, bucket.revised
        self.value_text = charts.value_text(metric, bucket.value)
        self.state = metric.state_of(bucket.value)
        self.when = when(bucket.at, metric)


def when(at: datetime, metric: Metric, grain: str = "") -> str:
    local = timezone.localtime(at, metric.zone)
    return (
        local.strftime("%Y-%m-%d %H:%M")
        if (grain or metric.grain) in {"minute", "hour"}
        else local.strftime("%Y-%m-%d")
    )


@require_GET
def metric(request: Request, pk: int) -> HttpResponse:
    row, now = _metric(request, pk), timezone.now()
    dimensions = dimensions_of([row.pk]).get(row.pk, {})
    asked = _asked(request, row, dimensions)
    newest_one = next(iter(newest([row.pk], now=FAR)), None)
    start, end = _span(asked, row, newest_one)
    asked["grain"] = _readable(asked["grain"], start or begins(row.pk), end or (newest_one.at if newest_one else None))
    found = buckets(
        [row.pk], start=start, end=end, grain=asked["grain"], by=[asked["by"]] if asked["by"] else [],
        labels=asked["labels"],
    )  # fmt: skip
    groups: dict[str, list[Bucket]] = {}
    for one in found:
        groups.setdefault(one.labels.get(asked["by"], charts.labels_text({})) if asked["by"] else "", []).append(one)
    lines = [Line(row, one, group) for group, members in groups.items() for one in members]
    listing = Listing(
        key=f"metrics.{row.key}",
        rows=Rows(sorted(lines, key=lambda line: line.at, reverse=True)),  # type: ignore[arg-type]
        columns=[one for one in BUCKET_COLUMNS if one.name != "group" or asked["by"]],
        order=("given",),
        per_page=25,
    )
    for line in lines:
        line.when = when(line.at, row, asked["grain"])
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    ranked = sorted(groups.items(), key=lambda pair: -len(pair[1]))[: charts.MOST_LINES]
    series = charts.lines(row, sorted(ranked), now, end)
    explore = "explore" in request.GET and len(found) <= charts.MOST_EXPLORED
    current = with_course([row], now)[0]
    context = {
        "metric": current, "asked": asked, "dimensions": dimensions, "shown": shown, "groups": len(groups),
        "drawn": len(ranked), "spans": [(key, SPAN_TITLES[key]) for key in (*SPANS[row.grain], "all")],
        "grains": Grain.choices, "chart": "" if explore else charts.on_page(row, series),
        "figure": charts.explored(row, series) if explore else None, "explore": explore, "empty": newest_one is None,
        "as_of": when(newest_one.at, row) if newest_one else "",
    }  # fmt: skip
    return page(request, "metrics/metric.html", context, part="metrics/_metric.html")


def _asked(request: Request, row: Metric, dimensions: dict[str, list[str]]) -> dict[str, Any]:
    """What the address asks for; what makes no sense is left out."""
    given = request.GET
    span = given.get("span", "")
    by = given.get("by", "")
    labels = {name: value for name, values in dimensions.items() if (value := given.get(f"label.{name}", "")) in values}
    return {
        "span": span if span in {*SPANS[row.grain], "all"} else SPANS[row.grain][1],
        "grain": given.get("grain") if given.get("grain") in Grain.values else row.grain,
        "by": by if by in dimensions else "",
        "labels": labels,
        "from": _day(given.get("from", "")),
        "to": _day(given.get("to", "")),
    }


def _day(text: str) -> Any:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None
    return found if 1900 <= found.year < 2200 else None


def _span(asked: dict[str, Any], row: Metric, latest: Bucket | None) -> tuple[datetime | None, datetime | None]:
    if asked["from"] or asked["to"]:
        first = periods.start_of_day(asked["from"], row.zone) if asked["from"] else None
        last = periods.start_of_day(asked["to"] + timedelta(days=1), row.zone) if asked["to"] else None
        return first, last
    if asked["span"] == "all" or latest is None:
        return None, None
    count, unit = int(asked["span"][:-1]), asked["span"][-1]
    back = timedelta(hours=count) if unit == "h" else timedelta(days=count)
    return latest.at - back + timedelta(seconds=Grain(row.grain).seconds), None


def _readable(grain: str, start: datetime | None, end: datetime | None) -> str:
    """The grain that was asked for, or the next coarser one by which the span still is a page's worth of values."""
    grains = list(Grain)
    place = grains.index(Grain(grain))
    while start and end and place < len(grains) - 1 and (end - start).total_seconds() > grains[place].seconds * MOST:
        place += 1
    return str(grains[place].value)


# --- changing --------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_metric(request: Request) -> HttpResponse:
    form = MetricForm(request.POST or None, viewer=request.viewer, initial={"owner": request.user.pk})
    context = {"form": form}
    if request.method != "POST":
        return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")
    if form.is_valid():
        try:
            row = services.create_metric(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.changes()
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("The metric is there."), go=True)
    return refused(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_metric(request: Request, pk: int) -> HttpResponse:
    row = _metric(request, pk)
    form = MetricForm.of(row, request.POST or None, viewer=request.viewer)
    context: dict[str, Any] = {"form": form, "metric": row, "version": row.version}
    if request.method != "POST":
        return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_metric(
                metric=row, by=request.user, now=timezone.now(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.changes(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html", status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")


@require_POST
def archive_metric(request: Request, pk: int) -> HttpResponse:
    row = _metric(request, pk)
    services.archive_metric(metric=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("Archived"), go=True)


@require_POST
def restore_metric(request: Request, pk: int) -> HttpResponse:
    row = _metric(request, pk)
    services.restore_metric(metric=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("In use again"), go=True)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def add_value(request: Request, pk: int) -> HttpResponse:
    row = _metric(request, pk)
    form = ValueForm(request.POST or None, metric=row)
    context = {"form": form, "metric": row}
    if request.method != "POST":
        return page(request, "metrics/value_form.html", context, part="metrics/_value_form.html")
    if form.is_valid():
        try:
            services.add_value(metric=row, by=request.user, now=timezone.now(), **form.given())
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            return done(request, row.get_absolute_url(), message=_("The value is in."), go=True)
    return refused(request, "metrics/value_form.html", context, part="metrics/_value_form.html")


# --- files -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_import(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def import_run(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)
