"""The list of metrics, and what each of its rows shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from metrics import charts
from metrics.models import STATES, Bucket, Direction, Grain, Metric, buckets, freshness, newest
from opsboard.core.access import Request
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.pages import page, wants_part

COURSE = 30  # buckets in a row's small chart


def _columns(now: datetime) -> tuple[Shows, ...]:
    return (
        Shows("name", gettext_lazy("Metric"), str, sort=("name",)),
        Shows("owner", gettext_lazy("Owner"), lambda metric: metric.owner, sort=("owner__name", "owner__username")),
        Shows("course", gettext_lazy("Course"), lambda metric: metric.unit, exported=gettext_lazy("Unit")),
        Shows("latest", gettext_lazy("Latest"), lambda metric: metric.latest.value if metric.latest else None),
        Shows("change", pgettext_lazy("of a number", "Change"), lambda metric: metric.change),
        Shows("target", gettext_lazy("Target"), lambda metric: metric.target, sort=("target",)),
        Shows("state", gettext_lazy("State"), lambda metric: metric.state["word"]),
        Shows("fresh", gettext_lazy("Freshness"), lambda metric: metric.fresh.word),
        Shows("day", gettext_lazy("As of"), lambda metric: metric.latest.at if metric.latest else None),
    )


@require_GET
def front(request: Request) -> HttpResponse:
    """The few numbers that decide: a page of their own, and a part that is read again."""
    rows = Metric.objects.visible_to(request.viewer).on_the_front().select_related("owner", "workspace")
    context = {"front": with_course(list(rows), timezone.now())}
    return page(request, "metrics/front.html", context, part="metrics/_front.html")


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
        Filter(
            "fresh",
            gettext_lazy("Freshness"),
            tuple((key, word) for key, (_tone, word) in STATES.items()),
            lambda rows, value: rows.filter(pk__in=_of_freshness(rows, value, now)),
        ),
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
    context: dict[str, Any] = {"shown": shown, "any": visible.exists(), "front": []}
    if not shown.narrowed and not wants_part(request):
        context["front"] = with_course(list(visible.on_the_front().select_related("owner", "workspace")), now)
    return page(request, "metrics/metric_list.html", context, part="metrics/_metric_table.html")


def _in_state(rows: Any, wanted: str, now: datetime) -> list[int]:
    metrics = list(rows)
    latest = {one.metric_id: one.value for one in newest([metric.pk for metric in metrics], now=now)}
    return [metric.pk for metric in metrics if metric.state_of(latest.get(metric.pk))["key"] == wanted]


def _of_freshness(rows: Any, wanted: str, now: datetime) -> list[int]:
    metrics = list(rows)
    latest = {one.metric_id: one for one in newest([metric.pk for metric in metrics], now=now)}
    return [pk for pk, one in freshness(metrics, latest, now).items() if one.key == wanted]


def with_course(metrics: Sequence[Metric], now: datetime) -> list[Any]:
    """The metrics with their latest value, its change, their state, their freshness and a small chart; three queries for all."""
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
    fresh = freshness(rows, latest, now)
    for metric in rows:
        metric.fresh = fresh[metric.pk]
        known = [one for one in course.get(metric.pk, []) if one.value is not None]
        metric.latest = latest.get(metric.pk)
        before = known[-2] if len(known) > 1 else None
        value = metric.latest.value if metric.latest else None
        metric.change = value - before.value if value is not None and before and before.value is not None else None
        metric.latest_text = charts.value_text(metric, value)
        metric.change_text = charts.change_text(metric, metric.change)
        metric.target_text = charts.value_text(metric, metric.target, unit=False)
        metric.tone = charts.change_tone(metric, metric.change)
        metric.state = metric.state_of(value)
        metric.chart = charts.small(metric, known, target=metric.target)
        metric.as_of = timezone.localtime(metric.latest.at, metric.zone).date() if metric.latest else None
    return rows
