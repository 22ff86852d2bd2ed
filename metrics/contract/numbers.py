"""The numbers that others may watch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from metrics.models import (
    FINE,
    Bucket,
    Grain,
    Marks,
    Metric,
    Place,
    buckets,
    dimensions_of,
    label_sets_of,
    marks_of,
    newest_both,
)
from opsboard.core.access import Viewer
from opsboard.core.contract import Parts, Reading, Ref, Watchable
from opsboard.core.once import once
from opsboard.core.periods import Period

PREFIX = "metrics.value:"


def in_use(viewer: Viewer) -> Any:
    return Metric.objects.visible_to(viewer).in_use().select_related("workspace", "owner")


@once
def present() -> datetime:
    """The moment of a look: whoever tells something of it means the same."""
    return timezone.now()


@once
def metrics_of(viewer: Viewer) -> dict[int, Metric]:
    """All that are in use and that the viewer may see, by their names; what is told of a week needs them several times."""
    found = Metric.objects.visible_to(viewer).in_use().select_related("owner")
    for metric in found:
        metric.workspace = viewer.workspace
    return {metric.pk: metric for metric in found}


@once
def marks_for(viewer: Viewer) -> Marks:
    return marks_of(viewer.workspace, [metric.key for metric in metrics_of(viewer).values()])


def _by_key(viewer: Viewer, keys: Sequence[str]) -> dict[int, Metric]:
    wanted = [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)]
    return {metric.pk: metric for metric in in_use(viewer).filter(key__in=wanted)}


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    metrics = list(in_use(viewer))
    dimensions = dimensions_of([metric.pk for metric in metrics], at_most=1)
    places = list(Place.objects.filter(workspace=viewer.workspace)) if metrics else []
    for metric in metrics:
        late = [one.behind(metric.zone) for one in places if one.dimension in dimensions.get(metric.pk, ())]
        settles = max([0, *late]) if metric.grain not in FINE else 0
        yield Watchable(
            key=metric.indicator, title=metric.name, unit=metric.unit, direction=metric.direction,
            url=metric.get_absolute_url(), about=Ref.to(metric), dimensions=tuple(dimensions.get(metric.pk, ())),
            grain_seconds=Grain(metric.grain).seconds, target=metric.target, decimals=metric.decimals,
            rate=metric.as_rate, aggregation=metric.aggregation, settles_seconds=settles,
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


def history(
    viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
) -> dict[str, list[Reading]]:
    """Each metric by its own grain over the period: over all labels, and where asked for by label set."""
    metrics = _by_key(viewer, keys)
    answer: dict[str, list[Reading]] = {metric.indicator: [] for metric in metrics.values()}
    found = buckets(list(metrics), start=period.start, end=period.end)
    if parts is not None:
        by_sets: dict[str, list[int]] = {}
        wanted = label_sets_of(list(metrics), parts.labels, at_most=parts.most)
        for pk, sets in wanted.items():
            by_sets.setdefault(json.dumps(sets), []).append(pk)
        for pks in by_sets.values():
            found += buckets(pks, start=period.start, end=period.end, each=True, only=wanted[pks[0]])
    for one in found:
        metric = metrics[one.metric_id]
        answer[metric.indicator].append(_reading(metric, one))
    return answer
