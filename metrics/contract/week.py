"""How metrics tell their week, and which are off target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from metrics import charts
from metrics.contract.kept import kept
from metrics.contract.numbers import marks_for, metrics_of, present
from metrics.contract.signals import causes_in, judged_in, why_url
from metrics.models import Aggregation, Bucket, Direction, Grain, Marks, Metric, Movement, buckets, newest
from opsboard.core.access import Viewer
from opsboard.core.charts import for_any_screen
from opsboard.core.contract import Found, Ref
from opsboard.core.once import look
from opsboard.core.periods import Period

SHOWN = 12
WEEKS = 26


@dataclass(frozen=True, slots=True)
class Sofar:
    """One metric over a period as far as its values reach: where a week still runs, its part is compared with the same
    part of the week before, and a sum with the targets of as many days."""

    value: float | None = None
    before: float | None = None
    target: float | None = None
    off: bool = False
    running: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """A metric's values over a period and before it: `last` is where its newest bucket begins, `reach` how far that goes."""

    value: float | None
    before: float | None
    last: datetime
    reach: datetime


def _so_far(viewer: Viewer, period: Period) -> dict[int, Sofar]:
    """The metrics that have values in the period."""
    metrics, now = metrics_of(viewer), present()
    running = period.start <= now < period.end
    asked = (period.start, period.end, running)
    found = kept(
        "reached", metrics, marks_for(viewer), lambda _metric: asked, partial(_reached, metrics, period, running)
    )
    answer = {}
    for pk, one in found.items():
        if one is None:
            continue
        metric = metrics[pk]
        # Of a day that still runs a limit allows the whole, and a goal does not ask for it yet.
        counted = one.reach if metric.direction == Direction.DOWN or one.reach <= now else one.last
        target = metric.target_over(period.start, counted)
        off = one.value is not None and target is not None and metric.misses(one.value, target)
        answer[pk] = Sofar(one.value, one.before, target, off, running)
    return answer


def _reached(
    metrics: Mapping[int, Metric], period: Period, running: bool, ids: Sequence[int]
) -> dict[int, Reached | None]:
    """Three queries, and in a running period one for each moment reached."""
    values = _over(ids, period.start, period.end)
    last = {one.metric_id: one.at for one in newest(ids, now=period.end - timedelta(microseconds=1))}
    earlier = period.previous()
    reached = {
        pk: min(_end_of(metrics[pk], last[pk]), period.end) if running else period.end for pk in values if pk in last
    }
    before: dict[int, float | None] = {}
    for reach in set(reached.values()):
        same = [pk for pk, at in reached.items() if at == reach]
        end = earlier.end if reach == period.end else min(earlier.start + (reach - period.start), earlier.end)
        before |= _over(same, earlier.start, end)
    return {pk: Reached(values[pk], before.get(pk), last[pk], reached[pk]) if pk in reached else None for pk in ids}


def _weekly(metrics: Mapping[int, Metric], period: Period, marks: Marks) -> dict[int, tuple[Bucket, ...]]:
    """Each metric's weeks up to the period's end."""
    start = period.start - timedelta(weeks=WEEKS)

    def read(ids: list[int]) -> dict[int, tuple[Bucket, ...]]:
        found: dict[int, list[Bucket]] = {pk: [] for pk in ids}
        for one in buckets(ids, start=start, end=period.end, grain="week"):
            found[one.metric_id].append(one)
        return {pk: tuple(weeks) for pk, weeks in found.items()}

    return kept("weekly", metrics, marks, lambda _metric: (start, period.end), read)


def _end_of(metric: Metric, at: datetime) -> datetime:
    """When the bucket that began at `at` is over."""
    return at + timedelta(seconds=Grain(metric.grain).seconds)


def _over(metric_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, float | None]:
    """Each metric's one value over a time."""
    return {one.metric_id: one.value for one in buckets(metric_ids, start=start, end=end, whole=True)}


def _movements(viewer: Viewer, period: Period) -> list[dict[str, Any]]:
    """Each metric in the period beside the one before; what needs attention first."""
    found = _so_far(viewer, period)
    metrics, marks = {pk: metric for pk, metric in metrics_of(viewer).items() if pk in found}, marks_for(viewer)
    weekly = _weekly(metrics, period, marks)
    words = (period.start, period.end, translation.get_language())
    courses = kept(
        "course",
        metrics,
        marks,
        lambda _metric: words,
        lambda ids: {pk: _course(metrics[pk], weekly[pk]) for pk in ids},
    )
    signals, causes = judged_in(viewer, period, present()), causes_in(viewer, period)
    rows = [
        {
            **_movement(metric, found[pk], signals.get(pk, ()), causes.get(pk, ())),
            "weekly": weekly[pk],
            "chart": courses[pk],
        }
        for pk, metric in metrics.items()
    ]
    return sorted(rows, key=lambda row: (not row["off"], not row["signal"], row["metric"].name.lower()))


def _course(metric: Metric, weekly: Sequence[Bucket]) -> str:
    target = metric.target if metric.aggregation != Aggregation.SUM else None
    return charts.small(metric, weekly, width=110, height=24, target=target)


def _movement(
    metric: Metric, over: Sofar, signals: Sequence[Mapping[str, Any]], causes: Sequence[Movement]
) -> dict[str, Any]:
    change = over.value - over.before if over.value is not None and over.before is not None else None
    return {
        "metric": metric, "value": over.value, "value_text": charts.value_text(metric, over.value), "change": change,
        "change_text": charts.change_text(metric, change), "off": over.off, "signal": bool(signals), "why": why_url(metric, signals), "causes": causes, "running": over.running,
        "tone": charts.change_tone(metric, change),
        "state": metric.state_against(over.value, over.target),
    }  # fmt: skip


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    with look():
        rows = _movements(viewer, period)
        if not rows:
            return None
        first = next((row for row in rows if len(row["weekly"]) > 2), None)
        return {
            "rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN), "off": sum(row["off"] for row in rows),
            "signals": sum(row["signal"] for row in rows), "count": len(rows), "first": first,
            "running": any(row["running"] for row in rows),
            "chart": _drawn(viewer, first, period) if first else "",
        }  # fmt: skip


def _drawn(viewer: Viewer, row: Mapping[str, Any], period: Period) -> str:
    metric = row["metric"]
    course = charts.lines(metric, [("", row["weekly"])], present(), period.end, "week")
    by_day = metric.aggregation != Aggregation.SUM

    def draw(_ids: list[int]) -> dict[int, str]:
        chart = for_any_screen(
            lambda width, height: charts.large(metric, course, width=width, height=height - 30, target=by_day)
        )
        return {metric.pk: chart}

    words = (period.start, period.end, translation.get_language(), [one.partial for one in course])
    return kept("drawn", {metric.pk: metric}, marks_for(viewer), lambda _metric: words, draw)[metric.pk]


def find_off_target(viewer: Viewer, period: Period) -> Iterable[Found]:
    metrics = metrics_of(viewer)
    for pk, over in _so_far(viewer, period).items():
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
