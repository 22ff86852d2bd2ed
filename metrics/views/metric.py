"""One metric: its course, its values, and what may be asked of them."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from metrics import charts, services
from metrics.models import (
    Aggregation,
    Bucket,
    Grain,
    Latest,
    Metric,
    Pulse,
    Revision,
    begins,
    buckets,
    dimensions_of,
    newest,
)
from metrics.views.boards import happened_to
from metrics.views.lists import with_course
from metrics.views.unusual import asked_levels, unusual_of
from opsboard.core import periods
from opsboard.core.access import Request
from opsboard.core.lists import Listing, Shows
from opsboard.core.models import ExchangeRate, Role
from opsboard.core.money import NoRate
from opsboard.core.pages import page

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
REVISIONS = 20
WEIGHED = frozenset({Aggregation.MEAN, Aggregation.RATIO})
MOST = 10_000  # values in a page's chart and table


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


def found_metric(request: Request, pk: int) -> Metric:
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
        self.query = ""


def when(at: datetime, metric: Metric, grain: str = "") -> str:
    local = timezone.localtime(at, metric.zone)
    return (
        local.strftime("%Y-%m-%d %H:%M")
        if (grain or metric.grain) in {"minute", "hour"}
        else local.strftime("%Y-%m-%d")
    )


@require_GET
def metric(request: Request, pk: int) -> HttpResponse:
    row, now = found_metric(request, pk), timezone.now()
    dimensions = dimensions_of([row.pk]).get(row.pk, {})
    asked = _asked(request, row, dimensions)
    newest_one = next(iter(newest([row.pk], now=now)), None)
    currencies = _currencies(request, row)
    current = with_course([row], now)[0]
    asked["currency"] = request.GET.get("currency", "") if request.GET.get("currency") in currencies else ""
    if asked["currency"] and asked["currency"] != row.currency:  # the target is in its own currency
        row = copy(row)
        row.unit, row.target = asked["currency"], None
    start, end = _span(asked, row, newest_one)
    soon = now + timedelta(microseconds=1)  # what is to come is shown nowhere before its time
    asked["grain"] = _readable(asked["grain"], start or begins(row.pk), end or (newest_one.at if newest_one else None))
    no_rate = None
    try:
        found = buckets(
            [row.pk], start=start, end=min(end or soon, soon), grain=asked["grain"], by=[asked["by"]] if asked["by"] else [],
            labels=asked["labels"], currency=asked["currency"],
        )  # fmt: skip
    except NoRate as missing:
        found, no_rate = [], services.no_rate_text(missing)
    groups: dict[str, list[Bucket]] = {}
    for one in found:
        groups.setdefault(one.labels.get(asked["by"], charts.labels_text({})) if asked["by"] else "", []).append(one)
    lines = [Line(row, one, group) for group, members in groups.items() for one in members]
    weighed = row.aggregation in WEIGHED and Latest.objects.filter(metric=row).exclude(weight=1).exists()
    told = {*(["group"] if asked["by"] else ()), *(["weight"] if weighed else ())}
    listing = Listing(
        key=f"metrics.{row.key}",
        rows=Rows(sorted(lines, key=lambda line: line.at, reverse=True)),  # type: ignore[arg-type]
        columns=[one for one in BUCKET_COLUMNS if one.name not in {"group", "weight"} or one.name in told],
        order=("given",),
        per_page=25,
    )
    corrects = request.viewer.may(Role.EDITOR) and not row.is_calculated and asked["grain"] == row.grain
    for line in lines:
        line.when = when(line.at, row, asked["grain"])
        if corrects:
            line.query = "at=" + line.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    ranked = sorted(groups.items(), key=lambda pair: -len(pair[1]))[: charts.MOST_LINES]
    series = charts.lines(row, sorted(ranked), now, end, asked["grain"])
    changes = charts.changes_of(row, happened_to(request.viewer, row, start, end))
    course = None
    if newest_one is not None and not asked["by"] and not asked["labels"] and asked["grain"] == row.grain:
        course = services.judge_metric(metric=row, around=min(end or newest_one.at, newest_one.at), now=now)
    unusual = unusual_of(row, course) if course else []
    explore = "explore" in request.GET and len(found) <= charts.MOST_EXPLORED
    context = {
        "metric": current, "asked": asked, "dimensions": dimensions, "shown": shown, "groups": len(groups),
        "drawn": len(ranked), "spans": [(key, SPAN_TITLES[key]) for key in (*SPANS[row.grain], "all")],
        "grains": Grain.choices, "chart": "" if explore else charts.on_page(row, series, charts.signals_of(course), changes),
        "unusual": unusual, "judged": course is not None,
        "levels": asked_levels(row) if course else (),
        "figure": charts.explored(row, series, changes) if explore else None, "explore": explore, "empty": newest_one is None,
        "as_of": when(newest_one.at, row) if newest_one else "", "currencies": currencies, "no_rate": no_rate,
        "revisions": _revisions(row), "users": services.users_of(row), "weighed": weighed, "corrects": corrects,
        "to_come": _to_come(row, now),
    }  # fmt: skip
    return page(request, "metrics/metric.html", context, part="metrics/_metric.html")


def _currencies(request: Request, row: Metric) -> list[str]:
    """In which a metric of money can be read: its own, and those that the workspace has rates for."""
    if not row.currency:
        return []
    pairs = ExchangeRate.objects.visible_to(request.viewer).values_list("source", "target").distinct().order_by()
    return sorted({row.currency, *(name for pair in pairs for name in pair)})


def _to_come(row: Metric, now: datetime) -> dict[str, str] | None:
    """The last of the values whose time is still to come, where there are any: they count from then on."""
    last = Pulse.objects.filter(pk=row.pk, last_at__gt=now).values_list("last_at", flat=True).first()
    if last is None:
        return None
    return {"when": when(last, row), "query": "at=" + last.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _revisions(row: Metric) -> list[Revision]:
    """The newest changes of values that were there, and what came late."""
    found: list[Any] = list(
        Revision.objects.filter(metric=row).select_related("label_set", "by").order_by("-made_at", "-at")[:REVISIONS]
    )
    for one in found:
        one.when, one.labels_text = when(one.at, row), charts.labels_text(one.label_set.labels)
        one.before_text = charts.value_text(row, one.value_before) if one.value_before is not None else ""
        one.value_text = charts.value_text(row, one.value) if one.value is not None else ""
    return found


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
