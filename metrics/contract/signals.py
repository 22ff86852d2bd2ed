"""Which metrics are out of control in a period: judged by their own grain, by the chart that fits them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import charts
from metrics.contract.numbers import in_use
from metrics.models import Bucket, Grain, Level, Metric, Movement, buckets, marks_of
from metrics.services.drivers import BACK, bucket_end, judge_buckets
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Found, Ref
from opsboard.core.periods import Period

# Values of a metric that comes oftener than daily are judged by the hour of the week, a few weeks back.
MOST = 200
SETTLED, KEPT_FOR = 1800, 3600  # seconds: no clock's hour ends between two half hours


def judged_in(viewer: Viewer, period: Period, now: datetime) -> dict[int, list[dict[str, Any]]]:
    """`{metric: its unusual stretches in the period}`, the newest last; one query a grain for all metrics. What was judged is kept until the metric, or what it is judged by, is another."""
    metrics = {metric.pk: metric for metric in in_use(viewer)[:MOST]}
    levels: dict[int, list[datetime]] = {}
    for pk, at in Level.objects.filter(metric__in=metrics).confirmed().values_list("metric_id", "at"):
        levels.setdefault(pk, []).append(at)
    marks = marks_of(viewer.workspace, [metric.key for metric in metrics.values()])
    kept = caches["fragments"]
    judged: dict[int, list[dict[str, Any]]] = {}
    # Minutes are judged by their hours.
    by_grain: dict[Grain, list[Metric]] = {}
    for metric in metrics.values():
        by_grain.setdefault(Grain.HOUR if metric.grain == Grain.MINUTE else Grain(metric.grain), []).append(metric)
    longest = max((BACK[grain] for grain in by_grain), default=timedelta(0))
    whole = Period(period.start - longest, period.end, "custom")
    apart = registry.apart(viewer, [metric.indicator for metric in metrics.values()], whole)
    for asked, here in by_grain.items():
        keys = {}
        for metric in here:
            away = apart[metric.indicator]
            told = (
                marks.metrics.get(metric.key), marks.beside, sorted(levels.get(metric.pk, ())), period.start, period.end,
                int(now.timestamp()) // SETTLED, hash((away.off, tuple(sorted(away.worked.items())), away.spans)),
            )  # fmt: skip
            keys[metric.pk] = f"metrics.judged:{metric.pk}:{hashlib.sha256(repr(told).encode()).hexdigest()}"
        known = kept.get_many(keys.values())
        judged |= {pk: known[key] for pk, key in keys.items() if key in known}
        new = [pk for pk in keys if pk not in judged]
        course: dict[int, list[Bucket]] = {pk: [] for pk in new}
        start = period.start - BACK[asked]
        for one in buckets(new, start=start, end=min(period.end, now), grain=asked) if new else ():
            course[one.metric_id].append(one)
        for pk, found in course.items():
            metric = metrics[pk]
            judged[pk] = _unusual(metric, found, levels.get(pk, ()), period, now, apart[metric.indicator], asked)
            kept.set(keys[pk], judged[pk], KEPT_FOR)
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
