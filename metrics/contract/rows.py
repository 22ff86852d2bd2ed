"""Rows and names that others may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy

from metrics.contract.numbers import in_use
from metrics.models import Metric, Movement, dimensions_of, newest, points_of
from opsboard.core import access
from opsboard.core.access import Viewer
from opsboard.core.contract import Column, Named, Rows
from opsboard.core.models import Workspace

LIST_COLUMNS = (
    Column("key", gettext_lazy("Key")),
    Column("name", gettext_lazy("Name")),
    Column("owner", gettext_lazy("Owner")),
    Column("at", gettext_lazy("As of"), "moment"),
    Column("value", gettext_lazy("Value"), "number"),
    Column("target", gettext_lazy("Target"), "number"),
    Column("unit", gettext_lazy("Unit")),
)


def datasets(viewer: Viewer) -> Iterable[Rows]:
    yield Rows("metrics.list", gettext_lazy("All metrics, latest values"), LIST_COLUMNS)
    metrics = list(in_use(viewer))
    dimensions = dimensions_of([metric.pk for metric in metrics], at_most=1)
    for metric in metrics:
        labels = tuple(Column(f"label.{name}", name) for name in dimensions.get(metric.pk, ()))
        yield Rows(
            f"metrics.points:{metric.key}",
            metric.name,
            (
                Column("at", gettext_lazy("Time"), "moment"),
                Column("value", gettext_lazy("Value"), "number"),
                Column("weight", gettext_lazy("Weight"), "number"),
                *labels,
            ),
        )


def rows(viewer: Viewer, key: str, columns: Sequence[str], only: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    """Rows of one dataset; `only` may hold `from` and `to` (moments) and `labels`."""
    if key == "metrics.list":
        metrics = list(in_use(viewer))
        latest = {
            one.metric_id: one for one in newest([one.pk for one in metrics], now=datetime(2200, 1, 1, tzinfo=UTC))
        }
        for metric in metrics:
            one = latest.get(metric.pk)
            known = {
                "key": metric.key, "name": metric.name, "owner": str(metric.owner or ""), "at": one.at if one else None,
                "value": one.value if one else None, "target": metric.target, "unit": metric.unit,
            }  # fmt: skip
            yield [known.get(name) for name in columns]
        return
    found = in_use(viewer).filter(key=key.partition(":")[2]).first()
    if found is None:
        return
    points = points_of(found, start=only.get("from"), end=only.get("to"), labels=only.get("labels"))
    for at, value, weight, labels in points.order_by("at", "label_set_id").values_list(
        "at", "value", "weight", "label_set__labels"
    ):
        known = {"at": at, "value": value, "weight": weight, **{f"label.{name}": text for name, text in labels.items()}}
        yield [known.get(name) for name in columns]


def metrics_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    found = Metric.objects.visible_to(access.the_house(workspace)).select_related("workspace")
    for metric in found if pks is None else found.filter(pk__in=pks):
        state = "archived" if metric.archived_at else ""
        text = f"{metric.key} {metric.unit} {metric.description}"
        yield Named(metric.pk, metric.name, state, metric.get_absolute_url(), text, tuple(metric.limited_to))


def movements_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    found = Movement.objects.visible_to(access.the_house(workspace)).select_related("metric__workspace", "workspace")
    for entry in found if pks is None else found.filter(pk__in=pks):
        text = f"{entry.cause} {entry.decision} {entry.found}"
        yield Named(entry.pk, str(entry), entry.verdict, entry.get_absolute_url(), text, tuple(entry.limited_to))
