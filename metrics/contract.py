"""What metrics give the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis, charts
from metrics.models import Aggregation, Bucket, Direction, Grain, Metric, buckets, dimensions_of, newest, points_of
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


@dataclass(frozen=True, slots=True)
class Sofar:
    """One metric over a period as far as its values reach: where a week still runs, its part is compared with the same
    part of the week before, and a sum with the targets of as many days."""

    value: float | None = None
    before: float | None = None
    target: float | None = None
    off: bool = False
    running: bool = False


def _so_far(metrics: Mapping[int, Metric], period: Period, now: datetime) -> dict[int, Sofar]:
    """The metrics that have values in the period; three queries, and in a running one a query for each moment reached."""
    ids = list(metrics)
    values = _over(ids, period.start, period.end)
    last = {one.metric_id: one.at for one in newest(ids, now=period.end - timedelta(microseconds=1))}
    running = period.start <= now < period.end
    earlier = period.previous()
    reached = {
        pk: min(_end_of(metrics[pk], last[pk]), period.end) if running else period.end for pk in values if pk in last
    }
    before: dict[int, float | None] = {}
    for reach in set(reached.values()):
        same = [pk for pk, at in reached.items() if at == reach]
        end = earlier.end if reach == period.end else min(earlier.start + (reach - period.start), earlier.end)
        before |= _over(same, earlier.start, end)
    answer = {}
    for pk, reach in reached.items():
        metric, value = metrics[pk], values[pk]
        # Of a day that still runs a limit allows the whole, and a goal does not ask for it yet.
        counted = reach if metric.direction == Direction.DOWN or reach <= now else last[pk]
        target = _target_over(metric, period.start, counted)
        off = value is not None and target is not None and metric.misses(value, target)
        answer[pk] = Sofar(value, before.get(pk), target, off, running)
    return answer


def _end_of(metric: Metric, at: datetime) -> datetime:
    """When the bucket that began at `at` is over."""
    return at + timedelta(seconds=Grain(metric.grain).seconds)


def _target_over(metric: Metric, start: datetime, end: datetime) -> float | None:
    """What a metric should be over a time: a sum's target is for one of its days (hours, weeks), the others' for any."""
    if metric.target is None or metric.aggregation != Aggregation.SUM:
        return metric.target
    count = round((end - start).total_seconds() / Grain(metric.grain).seconds)
    # A month's target says nothing about a week, and nothing is asked before the first day has ended.
    return metric.target * count if count >= 1 else None


def _over(metric_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, float | None]:
    """Each metric's one value over a time."""
    return {one.metric_id: one.value for one in buckets(metric_ids, start=start, end=end, whole=True)}


def _movements(viewer: Viewer, period: Period) -> list[dict[str, Any]]:
    """Each metric in the period beside the one before; what needs attention first."""
    metrics = {metric.pk: metric for metric in _in_use(viewer)}
    start = period.start - timedelta(weeks=WEEKS)
    weekly: dict[int, list[Bucket]] = {}
    for one in buckets(list(metrics), start=start, end=period.end, grain="week"):
        weekly.setdefault(one.metric_id, []).append(one)
    found = _so_far(metrics, period, timezone.now())
    rows = [_movement(metrics[pk], one, weekly.get(pk, [])) for pk, one in found.items()]
    return sorted(rows, key=lambda row: (not row["off"], not row["signal"], row["metric"].name.lower()))


def _movement(metric: Metric, over: Sofar, weekly: Sequence[Bucket]) -> dict[str, Any]:
    change = over.value - over.before if over.value is not None and over.before is not None else None
    # Half a week's sum is no signal against whole ones.
    unfinished = over.running and metric.aggregation == Aggregation.SUM
    signal = analysis.last_is_signal([one.value for one in (weekly[:-1] if unfinished else weekly)])
    target = metric.target if metric.aggregation != Aggregation.SUM else None
    return {
        "metric": metric, "value": over.value, "value_text": charts.value_text(metric, over.value), "change": change,
        "change_text": charts.change_text(metric, change), "off": over.off, "signal": signal, "running": over.running,
        "tone": "" if not change else "good" if metric.improves(change) else "bad",
        "state": metric.state_against(over.value, over.target), "weekly": weekly,
        "chart": charts.small(metric, weekly, width=110, height=24, target=target),
    }  # fmt: skip


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    rows = _movements(viewer, period)
    if not rows:
        return None
    first = next((row for row in rows if len(row["weekly"]) > 2), None)
    return {
        "rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN), "off": sum(row["off"] for row in rows),
        "signals": sum(row["signal"] for row in rows), "count": len(rows), "first": first,
        "running": any(row["running"] for row in rows),
        "chart": charts.large(
            first["metric"],
            charts.lines(first["metric"], [("", first["weekly"])], timezone.now(), period.end),
            width=520, height=200, target=first["metric"].aggregation != Aggregation.SUM,
        ) if first else "",
    }  # fmt: skip


def find_off_target(viewer: Viewer, period: Period) -> Iterable[Found]:
    metrics = {metric.pk: metric for metric in _in_use(viewer).exclude(target=None)}
    for pk, over in _so_far(metrics, period, timezone.now()).items():
        metric = metrics[pk]
        if not over.off or over.value is None or over.target is None:
            continue
        detail = (
            _("%(value)s in %(period)s so far; the target for this time is %(target)s.")
            if over.running
            else _("%(value)s in %(period)s; the target is %(target)s.")
        )
        yield Found(
            key=f"metrics.off_target:{metric.key}",
            title=_("%(name)s is off target") % {"name": metric.name},
            detail=detail
            % {
                "value": charts.value_text(metric, over.value),
                "period": period.label(),
                "target": charts.value_text(metric, over.target),
            },
            about=Ref.to(metric),
            url=metric.get_absolute_url(),
            weight=1.0 + min(abs(over.value - over.target) / abs(over.target), 1.0) if over.target else 1.5,
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
