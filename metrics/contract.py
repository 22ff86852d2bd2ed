"""What metrics give the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis, charts
from metrics.models import Bucket, Grain, Metric, buckets, dimensions_of, newest, points_of
from opsboard.core import access
from opsboard.core.access import Viewer
from opsboard.core.contract import (
    Column,
    Contract,
    Dataset,
    Event,
    Fact,
    Finding,
    Found,
    Home,
    Indicator,
    Named,
    Part,
    Reading,
    Ref,
    Rows,
    Section,
    Thing,
    Watchable,
)
from opsboard.core.models import Workspace
from opsboard.core.periods import Period

PREFIX = "metrics.value:"
SHOWN = 12
WEEKS = 26


def _in_use(viewer: Viewer) -> Any:
    return Metric.objects.visible_to(viewer).in_use().select_related("workspace", "owner")


def _by_key(viewer: Viewer, keys: Sequence[str]) -> dict[int, Metric]:
    wanted = [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)]
    return {metric.pk: metric for metric in _in_use(viewer).filter(key__in=wanted)}


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    metrics = list(_in_use(viewer))
    dimensions = dimensions_of([metric.pk for metric in metrics], at_most=1)
    for metric in metrics:
        yield Watchable(
            key=metric.indicator, title=metric.name, unit=metric.unit, direction=metric.direction,
            url=metric.get_absolute_url(), about=Ref.to(metric), dimensions=tuple(dimensions.get(metric.pk, ())),
            grain_seconds=Grain(metric.grain).seconds, target=metric.target, decimals=metric.decimals,
            rate=metric.as_rate,
        )  # fmt: skip


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    """The newest bucket of each metric over all labels, then of each of its label sets; three queries for all keys."""
    metrics = _by_key(viewer, keys)
    whole = {one.metric_id: one for one in newest(list(metrics), now=now)}
    each: dict[int, list[Bucket]] = {}
    for one in newest(list(metrics), now=now, each=True):
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


def history(viewer: Viewer, keys: Sequence[str], period: Period) -> dict[str, list[Reading]]:
    """Each metric by its own grain over the period, over all labels."""
    metrics = _by_key(viewer, keys)
    answer: dict[str, list[Reading]] = {metric.indicator: [] for metric in metrics.values()}
    for one in buckets(list(metrics), start=period.start, end=period.end):
        metric = metrics[one.metric_id]
        answer[metric.indicator].append(_reading(metric, one))
    return answer


# --- the week --------------------------------------------------------------------------------------------------------


def _movements(viewer: Viewer, period: Period) -> list[dict[str, Any]]:
    """Each metric in the period beside the one before; what needs attention first."""
    metrics = {metric.pk: metric for metric in _in_use(viewer)}
    start = period.start - timedelta(weeks=WEEKS)
    weekly: dict[int, list[Bucket]] = {}
    for one in buckets(list(metrics), start=start, end=period.end, grain="week"):
        weekly.setdefault(one.metric_id, []).append(one)
    this = _over(list(metrics), period)
    before = _over(list(metrics), period.previous())
    rows = [
        _movement(metric, this.get(pk), before.get(pk), weekly.get(pk, []))
        for pk, metric in metrics.items()
        if pk in this
    ]
    return sorted(rows, key=lambda row: (not row["off"], not row["signal"], row["metric"].name.lower()))


def _over(metric_ids: Sequence[int], period: Period) -> dict[int, float | None]:
    """Each metric's one value over the period."""
    found = buckets(metric_ids, start=period.start, end=period.end, whole=True)
    return {one.metric_id: one.value for one in found}


def _movement(metric: Metric, value: float | None, before: float | None, weekly: Sequence[Bucket]) -> dict[str, Any]:
    change = value - before if value is not None and before is not None else None
    signal = analysis.last_is_signal([one.value for one in weekly])
    off = metric.is_off(value)
    return {
        "metric": metric, "value": value, "value_text": charts.value_text(metric, value), "change": change,
        "change_text": charts.change_text(metric, change), "off": off, "signal": signal,
        "tone": "" if not change else "good" if metric.improves(change) else "bad",
        "state": metric.state_of(value), "weekly": weekly, "chart": charts.small(metric, weekly, width=110, height=24),
    }  # fmt: skip


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    rows = _movements(viewer, period)
    if not rows:
        return None
    first = next((row for row in rows if len(row["weekly"]) > 2), None)
    return {
        "rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN), "off": sum(row["off"] for row in rows),
        "signals": sum(row["signal"] for row in rows), "count": len(rows), "first": first,
        "chart": charts.large(
            first["metric"],
            charts.lines(first["metric"], [("", first["weekly"])], period.end, None),
            width=520, height=200,
        ) if first else "",
    }  # fmt: skip


def find_off_target(viewer: Viewer, period: Period) -> Iterable[Found]:
    metrics = {metric.pk: metric for metric in _in_use(viewer).exclude(target=None)}
    for pk, value in _over(list(metrics), period).items():
        metric = metrics[pk]
        if not metric.is_off(value) or value is None or metric.target is None:
            continue
        gap = abs(value - metric.target)
        yield Found(
            key=f"metrics.off_target:{metric.key}",
            title=_("%(name)s is off target") % {"name": metric.name},
            detail=_("%(value)s in %(period)s; the target is %(target)s.")
            % {
                "value": charts.value_text(metric, value),
                "period": period.label(),
                "target": charts.value_text(metric, metric.target),
            },
            about=Ref.to(metric),
            url=metric.get_absolute_url(),
            weight=1.0 + min(gap / abs(metric.target), 1.0) if metric.target else 1.5,
            indicator=metric.indicator,
        )


# --- rows and names --------------------------------------------------------------------------------------------------

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
    metrics = list(_in_use(viewer))
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
        metrics = list(_in_use(viewer))
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
    found = _in_use(viewer).filter(key=key.partition(":")[2]).first()
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


METRIC = (Fact("metric", gettext_lazy("Key")),)

contract = Contract(
    title=gettext_lazy("Metrics"),
    home=Home(
        "metrics:metric_list",
        Part.FIND,
        "chart-line",
        20,
        hint=gettext_lazy("From a spreadsheet to a number that decides: course, target, who looks after it."),
    ),
    indicators=(
        Indicator("metrics.value", gettext_lazy("Value of a metric"), catalogue, read, history, snapshot=False),
    ),
    events=(
        Event("metrics.metric_created", gettext_lazy("A metric was created"), METRIC),
        Event("metrics.metric_changed", gettext_lazy("A metric was changed"), METRIC),
        Event("metrics.metric_archived", gettext_lazy("A metric was archived"), METRIC),
        Event(
            "metrics.points_written",
            gettext_lazy("Values of a metric came in"),
            (
                *METRIC,
                Fact("written", gettext_lazy("New values"), "number"),
                Fact("revised", gettext_lazy("Revised values"), "number"),
                Fact("first", gettext_lazy("From"), "moment"),
                Fact("last", gettext_lazy("To"), "moment"),
            ),
        ),
    ),
    findings=(Finding("metrics.off_target", gettext_lazy("Metrics off target"), find_off_target),),
    sections=(Section("metrics.week", gettext_lazy("Metric movements"), "metrics/_section.html", tell_week, order=10),),
    datasets=(Dataset("metrics.points", datasets, rows),),
    things=(Thing("metrics.metrics", gettext_lazy("Metrics"), "metrics.metric", "chart-line", metrics_by_name),),
)
