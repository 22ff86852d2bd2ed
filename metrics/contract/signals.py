"""Which metrics are out of control in a period: judged by their own grain, by the chart that fits them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import charts
from metrics.contract.kept import kept
from metrics.contract.numbers import marks_for, metrics_of, present
from metrics.models import Bucket, Grain, Level, Metric, Movement, buckets
from metrics.services.drivers import BACK, bucket_end, judge_buckets
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Found, Ref
from opsboard.core.once import once
from opsboard.core.periods import Period

# Values of a metric that comes oftener than daily are judged by the hour of the week, a few weeks back.
MOST = 200
SETTLED = 1800  # seconds: no clock's hour ends between two half hours


@once
def judged_in(viewer: Viewer, period: Period, now: datetime) -> dict[int, list[dict[str, Any]]]:
    """`{metric: its unusual stretches in the period}`, the newest last; one query a grain for all metrics. What was judged is kept until the metric, or what it is judged by, is another."""
    metrics = dict(islice(metrics_of(viewer).items(), MOST))
    levels: dict[int, list[datetime]] = {}
    for pk, at in Level.objects.filter(metric__in=list(metrics)).confirmed().values_list("metric_id", "at"):
        levels.setdefault(pk, []).append(at)
    # Minutes are judged by their hours.
    by_grain: dict[Grain, dict[int, Metric]] = {}
    for metric in metrics.values():
        grain = Grain.HOUR if metric.grain == Grain.MINUTE else Grain(metric.grain)
        by_grain.setdefault(grain, {})[metric.pk] = metric
    longest = max((BACK[grain] for grain in by_grain), default=timedelta(0))
    whole = Period(period.start - longest, period.end, "custom")
    apart = registry.apart(viewer, [metric.indicator for metric in metrics.values()], whole)

    def told(metric: Metric) -> Hashable:
        away = apart[metric.indicator]
        off = hash((away.off, tuple(sorted(away.worked.items())), away.spans))
        starts = tuple(sorted(levels.get(metric.pk, ())))
        return starts, period.start, period.end, int(now.timestamp()) // SETTLED, off

    def judge(asked: Grain, new: list[int]) -> dict[int, list[dict[str, Any]]]:
        course: dict[int, list[Bucket]] = {pk: [] for pk in new}
        for one in buckets(new, start=period.start - BACK[asked], end=min(period.end, now), grain=asked):
            course[one.metric_id].append(one)
        return {
            pk: _unusual(metrics[pk], found, levels.get(pk, ()), period, now, apart[metrics[pk].indicator], asked)
            for pk, found in course.items()
        }

    judged: dict[int, list[dict[str, Any]]] = {}
    for asked, here in by_grain.items():
        judged |= kept("judged", here, marks_for(viewer), told, partial(judge, asked))
    return {pk: stretches for pk, stretches in judged.items() if stretches}


def _unusual(
    metric: Metric,
    found: Sequence[Bucket],
    starts: Sequence[datetime],
    period: Period,
    now: datetime,
    apart: Apart,
    grain: Grain,
) -> list[dict[str, Any]]:
    def end_of(at: datetime) -> datetime:
        return at + timedelta(hours=1) if grain == Grain.HOUR else bucket_end(at, metric)

    whole = [one for one in found if end_of(one.at) <= now]
    if not whole or whole[-1].at < period.start:
        return []
    judged = judge_buckets(
        metric, whole, starts, now, apart=replace(apart, zone=metric.zone), seconds=grain.seconds
    ).judged
    return [
        {
            "start": one.start,
            "end": one.last + timedelta(days=1) if one.rule == "day" else end_of(one.last),
            "actual": one.actual,
            "expected": one.expected,
            "distance": one.distance,
        }
        for one in judged.episodes
        if one.last >= period.start and one.start < period.end
    ]


@once
def causes_in(viewer: Viewer, period: Period) -> Mapping[int, list[Movement]]:
    """`{metric in use: what the journal says of its movements in the period}`."""
    answer: dict[int, list[Movement]] = {}
    metrics = metrics_of(viewer)
    for entry in Movement.objects.visible_to(viewer).in_period(period.start, period.end).order_by("start_at"):
        if entry.metric_id in metrics:
            entry.workspace, entry.metric = viewer.workspace, metrics[entry.metric_id]
            answer.setdefault(entry.metric_id, []).append(entry)
    return answer


def find_signals(viewer: Viewer, period: Period) -> Iterable[Found]:
    """One finding a metric: its strongest unusual stretch in the period that nobody has written down."""
    found = judged_in(viewer, period, present())
    written = causes_in(viewer, period)
    for metric in [one for pk, one in metrics_of(viewer).items() if pk in found]:
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
