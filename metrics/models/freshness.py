"""Whether a metric's newest value is as new as it should be: fresh, late, failed, or not there at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.models.buckets import Bucket
from metrics.models.metric import Grain, Metric
from metrics.models.sources import Source

PATIENCE = 2  # grains that nobody types a value in
SLACK = timedelta(minutes=15)  # a reading takes its time
STATES: Mapping[str, tuple[str, Any]] = {
    "fresh": ("good", pgettext_lazy("of a metric's values", "Fresh")),
    "late": ("warn", pgettext_lazy("of a metric's values", "Late")),
    "failed": ("bad", _("Source failed")),
    "none": ("quiet", _("No data")),
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new a metric is. `ends` is when its newest bucket was over, `due` when the next value should have been here."""

    key: str
    ends: datetime | None = None
    due: datetime | None = None
    source: Source | None = None

    @property
    def tone(self) -> str:
        return STATES[self.key][0]

    @property
    def word(self) -> Any:
        return STATES[self.key][1]

    @property
    def stale(self) -> bool:
        """Whether somebody should look after it."""
        return self.key in {"late", "failed"}


def end_of(metric: Metric, at: datetime, count: int = 1) -> datetime:
    """When the bucket that begins at `at` is over (or so many of them), by the metric's clock."""
    if metric.grain in {Grain.MINUTE, Grain.HOUR}:
        return at + timedelta(seconds=Grain(metric.grain).seconds * count)
    local = timezone.localtime(at, metric.zone)
    if metric.grain == Grain.MONTH:
        months = local.year * 12 + local.month - 1 + count
        return local.replace(year=months // 12, month=months % 12 + 1, day=1)
    days = count * (7 if metric.grain == Grain.WEEK else 1)
    return (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=metric.zone)


def feeding(metrics: Iterable[Metric]) -> dict[int, list[Source]]:
    """`{metric: the sources that write into it}`, in one query."""
    found: dict[int, list[Source]] = {}
    wanted = {metric.pk: metric.workspace for metric in metrics}
    workspaces = {workspace.pk: workspace for workspace in wanted.values()}
    for source in Source.objects.active().filter(workspace__in=list(workspaces)).select_related("turn"):
        source.workspace = workspaces[source.workspace_id]
        for pk in source.turn.metrics:
            if pk in wanted:
                found.setdefault(pk, []).append(source)
    return found


def freshness(metrics: Iterable[Metric], latest: Mapping[int, Bucket], now: datetime) -> dict[int, Freshness]:
    """How new each metric is, from its newest bucket, its grain and the schedules of its sources; one query for all."""
    metrics = list(metrics)
    sources = feeding(metrics) if metrics else {}
    return {metric.pk: _of(metric, latest.get(metric.pk), sources.get(metric.pk, []), now) for metric in metrics}


def _of(metric: Metric, newest: Bucket | None, sources: list[Source], now: datetime) -> Freshness:
    ends = end_of(metric, newest.at) if newest else None
    failed = next((source for source in sources if source.turn.failures), None)
    if failed:
        return Freshness("failed", ends, None, failed)
    if newest is None or ends is None:
        return Freshness("none", source=sources[0] if sources else None)
    if sources:
        following = end_of(metric, newest.at, 2)
        due = min(source.next_after(following) for source in sources) + SLACK
    else:
        due = end_of(metric, newest.at, 1 + PATIENCE)
    return Freshness("late" if now > due else "fresh", ends, due, sources[0] if sources else None)
