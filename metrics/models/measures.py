"""The numbers that tiles can show: metrics of ours, and any other indicator of the house."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.models.metric import Aggregation, Direction, Grain, Metric
from metrics.models.points import dimensions_of
from opsboard.core import registry
from opsboard.core.contract import Watchable

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

PREFIX = "metrics.value:"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that tiles can show: a metric of ours, or any other indicator of the house."""

    key: str
    name: str
    unit: str
    direction: str
    decimals: int | None
    as_rate: bool
    target: float | None
    aggregation: str
    grain: str
    zone: zoneinfo.ZoneInfo
    url: str
    pk: int | None = None  # of a metric
    dimensions: tuple[str, ...] = ()
    currency: str = ""

    def improves(self, change: float) -> bool:
        return change > 0 if self.direction == Direction.UP else change < 0

    def misses(self, value: float, target: float) -> bool:
        return value < target if self.direction == Direction.UP else value > target


def measure_of(metric: Metric, dimensions: Iterable[str] = ()) -> Measure:
    return Measure(
        metric.indicator, metric.name, metric.unit, metric.direction, metric.decimals, metric.as_rate, metric.target,
        metric.aggregation, metric.grain, metric.zone, metric.get_absolute_url(), metric.pk, tuple(dimensions), metric.currency,
    )  # fmt: skip


def measures_of(viewer: Viewer, keys: Iterable[str]) -> tuple[dict[str, Measure], dict[str, list[str]]]:
    """What stands behind the keys, as far as this viewer may see it; and the labels by which it can be narrowed."""
    wanted = list(dict.fromkeys(keys))
    own = [key.removeprefix(PREFIX) for key in wanted if key.startswith(PREFIX)]
    found: dict[str, Measure] = {}
    labels: dict[str, set[str]] = {}
    if own:
        metrics = list(
            Metric.objects.visible_to(viewer).in_use().filter(key__in=own).select_related("workspace").order_by("pk")
        )
        dimensions = dimensions_of([metric.pk for metric in metrics]) if metrics else {}
        for metric in metrics:
            known = dimensions.get(metric.pk, {})
            found[metric.indicator] = measure_of(metric, known)
            for name, values in known.items():
                labels.setdefault(name, set()).update(values)
    others = {key.partition(":")[0] for key in wanted if not key.startswith(PREFIX)}
    for indicator in registry.indicators(viewer) if others else ():
        if indicator.key in others:
            catalogue = [entry for entry in indicator.catalogue(viewer) if entry.key in wanted]
            found |= {entry.key: _foreign(entry, viewer) for entry in catalogue}
    return found, {name: sorted(values)[:200] for name, values in sorted(labels.items())}


def _foreign(entry: Watchable, viewer: Viewer) -> Measure:
    return Measure(
        entry.key, str(entry.title), entry.unit, entry.direction, entry.decimals, entry.rate, entry.target,
        Aggregation.LAST, Grain.HOUR, viewer.workspace.zone, entry.url, None, entry.dimensions,
    )  # fmt: skip
