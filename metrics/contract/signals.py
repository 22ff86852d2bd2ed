"""Which metrics are out of control in a period: judged by their own grain, by the chart that fits them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import charts
from metrics.contract.numbers import in_use
from metrics.models import Bucket, Grain, Level, Metric, Movement, buckets
from metrics.services.drivers import BACK, bucket_end, judge_buckets
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Found, Ref
from opsboard.core.periods import Period

# Values of a metric that comes oftener than daily are judged by the hour of the week, a few weeks back.
MOST = 200


def judged_in(viewer: Viewer, period: Period, now: datetime) -> dict[int, list[dict[str, Any]]]:
    """`{metric: its unusual stretches in the period}`, the newest last; one query a grain for all metrics, and one for
    the confirmed levels."""
    metrics = {metric.pk: metric for metric in in_use(viewer)[:MOST]}
    levels: dict[int, list[datetime]] = {}
    for pk, at in Level.objects.filter(metric__in=metrics).confirmed().values_list("metric_id", "at"):
        levels.setdefault(pk, []).append(at)
    answer: dict[int, list[dict[str, Any]]] = {}
    for grain in {metric.grain for metric in metrics.values()}:
        ids = [metric.pk for metric in metrics.values() if metric.grain == grain]
        # Minutes are judged by their hours.
        asked = Grain.HOUR if grain == Grain.MINUTE else grain
        apart = registry.apart(
            viewer, [metrics[pk].indicator for pk in ids], Period(period.start - BACK[asked], period.end, "custom")
        )
        course: dict[int, list[Bucket]] = {}
        for one in buckets(ids, start=period.start - BACK[asked], end=min(period.end, now), grain=asked):
            course.setdefault(one.metric_id, []).append(one)
        for pk, found in course.items():
            if stretches := _unusual(
                metrics[pk], found, levels.get(pk, ()), period, now, apart[metrics[pk].indicator], asked
            ):
                answer[pk] = stretches
    return answer


def _unusual(
    metric: Metric,
    found: Sequence[Bucket],
    starts: Sequence[datetime],
    period: Period,
    now: datetime,
    apart: Apart,
    grain: str,
) -> list[dict[str, Any]]:
    whole = [one for one in found if bucket_end(one.at, metric) <= now]
    if not whole or whole[-1].at < period.start:
        return []
    judged = judge_buckets(
        metric, whole, starts, now, apart=replace(apart, zone=metric.zone), seconds=Grain(grain).seconds
    ).judged
    return [
        {
            "start": one.start,
            "end": one.last + timedelta(days=1) if one.rule == "day" else bucket_end(one.last, metric),
            "actual": one.actual,
            "expected": one.expected,
            "distance": one.distance,
        }
        for one in judged.episodes
        if one.last >= period.start and one.start < period.end
    ]


def causes_in(viewer: Viewer, period: Period) -> Mapping[int, list[Movement]]:
    """`{metric: what the journal says of its movements in the period}`."""
    answer: dict[int, list[Movement]] = {}
    rows = (
        Movement.objects.visible_to(viewer)
        .in_period(period.start, period.end)
        .select_related("metric__workspace", "workspace")
    )
    for entry in rows.order_by("start_at"):
        answer.setdefault(entry.metric_id, []).append(entry)
    return answer


def find_signals(viewer: Viewer, period: Period) -> Iterable[Found]:
    """One finding a metric: its strongest unusual stretch in the period that nobody has written down."""
    now = timezone.now()
    found = judged_in(viewer, period, now)
    written = causes_in(viewer, period)
    for metric in in_use(viewer).filter(pk__in=found):
        open_ones = [
            one
            for one in found[metric.pk]
            if not any(
                entry.start_at < one["end"] and entry.end_at > one["start"] for entry in written.get(metric.pk, ())
            )
        ]
        if not open_ones:
            continue
        worst = _strongest(open_ones)
        yield Found(
            key=f"metrics.signal:{metric.key}",
            title=_("%(name)s moved: not routine variation") % {"name": metric.name},
            detail=_("%(when)s: %(actual)s instead of %(expected)s.")
            % {
                "when": charts.stretch_text(metric, worst["start"], worst["end"]),
                "actual": charts.value_text(metric, round(worst["actual"], 4)),
                "expected": charts.value_text(metric, round(worst["expected"], 4)),
            },
            about=Ref.to(metric),
            url=why_url(metric, [worst]),
            weight=1.0 + min(abs(worst["distance"]) / 10, 1.0),
            indicator=metric.indicator,
        )


def _strongest(stretches: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(stretches, key=lambda one: abs(one["distance"]))


def why_url(metric: Metric, stretches: Sequence[Mapping[str, Any]]) -> str:
    """The page that says why the strongest of these stretches came; nothing where there is none."""
    if not stretches:
        return ""
    worst = _strongest(stretches)
    start, end = (
        worst[edge].astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for edge in ("start", "end")
    )
    url = reverse("metrics:why", kwargs={"workspace": metric.workspace.slug, "pk": metric.pk})
    return f"{url}?at={start}&until={end}"
