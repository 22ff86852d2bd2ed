"""The numbers that others may watch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count

from metrics.models import Bucket, Grain, LabelSet, Metric, buckets, dimensions_of, newest_both
from opsboard.core.access import Viewer
from opsboard.core.contract import Reading, Ref, Watchable
from opsboard.core.periods import Period

PREFIX = "metrics.value:"


def in_use(viewer: Viewer) -> Any:
    return Metric.objects.visible_to(viewer).in_use().select_related("workspace", "owner")


def _by_key(viewer: Viewer, keys: Sequence[str]) -> dict[int, Metric]:
    wanted = [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)]
    return {metric.pk: metric for metric in in_use(viewer).filter(key__in=wanted)}


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    metrics = list(in_use(viewer))
    dimensions = dimensions_of([metric.pk for metric in metrics], at_most=1)
    for metric in metrics:
        yield Watchable(
            key=metric.indicator, title=metric.name, unit=metric.unit, direction=metric.direction,
            url=metric.get_absolute_url(), about=Ref.to(metric), dimensions=tuple(dimensions.get(metric.pk, ())),
            grain_seconds=Grain(metric.grain).seconds, target=metric.target, decimals=metric.decimals,
            rate=metric.as_rate, aggregation=metric.aggregation,
        )  # fmt: skip


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    """The newest bucket of each metric over all labels, then of each of its label sets; four queries for all keys."""
    metrics = _by_key(viewer, keys)
    over_all, by_labels = newest_both(list(metrics), now=now)
    whole = {one.metric_id: one for one in over_all}
    each: dict[int, list[Bucket]] = {}
    for one in by_labels:
        if one.labels:
            each.setdefault(one.metric_id, []).append(one)
    answer = []
    for pk, metric in metrics.items():
        answer.append(_reading(metric, whole.get(pk)))
        answer += [_reading(metric, one) for one in each.get(pk, [])]
    return answer


def _reading(metric: Metric, one: Bucket | None) -> Reading:
    about = Ref.to(metric)
    if one is None or one.value is None:
        return Reading(
            metric.indicator, one.labels if one else {}, one.at if one else None, None, status="missing", about=about
        )
    return Reading(metric.indicator, one.labels, one.at, one.value, one.weight, about=about)


MOST_PARTS = 200  # label sets of a metric whose past is read one by one


def parts(viewer: Viewer, keys: Sequence[str], period: Period) -> dict[str, list[Reading]]:
    """Each label set by its metric's grain over the period; of a metric with very many only the whole is told."""
    metrics = _by_key(viewer, keys)
    counted = LabelSet.objects.filter(metric__in=metrics).exclude(labels={}).values_list("metric_id")
    few = [pk for pk, count in counted.annotate(count=Count("pk")) if count <= MOST_PARTS]
    answer: dict[str, list[Reading]] = {}
    for one in buckets(few, start=period.start, end=period.end, each=True) if few else ():
        if one.labels:
            answer.setdefault(metrics[one.metric_id].indicator, []).append(_reading(metrics[one.metric_id], one))
    return answer


def history(viewer: Viewer, keys: Sequence[str], period: Period) -> dict[str, list[Reading]]:
    """Each metric by its own grain over the period, over all labels."""
    metrics = _by_key(viewer, keys)
    answer: dict[str, list[Reading]] = {metric.indicator: [] for metric in metrics.values()}
    for one in buckets(list(metrics), start=period.start, end=period.end):
        metric = metrics[one.metric_id]
        answer[metric.indicator].append(_reading(metric, one))
    return answer
