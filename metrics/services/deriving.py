"""What is kept beside the points, made anew from them: after revisions, by another clock, and where points are many."""
# ruff: noqa: S608 - only our own fragments are put together; every value travels as an argument

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from metrics.models import LabelSet, Metric, Pulse, bucket_sql
from opsboard.core import soon

ENOUGH = 20_000  # points, before roll-ups are worth their place
DENSE = 6  # points in each of them, at least

_PARTS = (
    "count(*), sum(p.value), sum(p.value * p.weight), sum(p.weight), min(p.value), max(p.value), "
    "min(p.at), (array_agg(p.value ORDER BY p.at))[1], max(p.at), (array_agg(p.value ORDER BY p.at DESC))[1], "
    "(array_agg(p.weight ORDER BY p.at DESC))[1], bool_or(p.revised_at IS NOT NULL)"
)
_COLUMNS = "label_set_id, span, at, count, total, weighed, weights, low, high, first_at, first, last_at, last, last_weight, revised"

_LATEST = """
INSERT INTO metrics_latest
  (label_set_id, metric_id, at, value, weight, bucket, count, total, weighed, weights, low, high, revised)
SELECT t.id, %(metric)s, t.top, max(p.value) FILTER (WHERE p.at = t.top), max(p.weight) FILTER (WHERE p.at = t.top), t.bucket,
       count(*), sum(p.value), sum(p.value * p.weight), sum(p.weight), min(p.value), max(p.value),
       bool_or(p.revised_at IS NOT NULL)
FROM (
  SELECT s.id, q.top, {bucket} AS bucket FROM metrics_labelset s
  CROSS JOIN LATERAL (SELECT at AS top FROM metrics_point WHERE label_set_id = s.id ORDER BY at DESC LIMIT 1) q
  WHERE s.metric_id = %(metric)s AND {which}
) t JOIN metrics_point p ON p.label_set_id = t.id AND p.at >= t.bucket AND p.at <= t.top
GROUP BY t.id, t.top, t.bucket
ON CONFLICT (label_set_id) DO UPDATE SET
  at = excluded.at, value = excluded.value, weight = excluded.weight, bucket = excluded.bucket, count = excluded.count,
  total = excluded.total, weighed = excluded.weighed, weights = excluded.weights, low = excluded.low,
  high = excluded.high, revised = excluded.revised
"""

_TOUCHED = """
s.id IN (
  SELECT r.label_set_id FROM metrics_revision r JOIN metrics_latest l ON l.label_set_id = r.label_set_id
  WHERE r.metric_id = %(metric)s AND r.version = %(version)s AND r.value_before IS NOT NULL AND r.at >= l.bucket)
"""

_RENEW = f"""
INSERT INTO metrics_rollup ({_COLUMNS})
SELECT t.label_set_id, {{span}}, t.start, {_PARTS}
FROM (
  SELECT DISTINCT label_set_id, date_trunc('{{unit}}', at, %(zone)s) AS start FROM metrics_revision
  WHERE metric_id = %(metric)s AND version = %(version)s AND value_before IS NOT NULL
) t JOIN metrics_point p ON p.label_set_id = t.label_set_id AND p.at >= t.start AND p.at < {{end}}
GROUP BY t.label_set_id, t.start
ON CONFLICT (label_set_id, span, at) DO UPDATE SET
  count = excluded.count, total = excluded.total, weighed = excluded.weighed, weights = excluded.weights,
  low = excluded.low, high = excluded.high, first_at = excluded.first_at, first = excluded.first,
  last_at = excluded.last_at, last = excluded.last, last_weight = excluded.last_weight, revised = excluded.revised
"""

_ALL = f"""
INSERT INTO metrics_rollup ({_COLUMNS})
SELECT p.label_set_id, {{span}}, date_trunc('{{unit}}', p.at, %(zone)s), {_PARTS}
FROM metrics_labelset s JOIN metrics_point p ON p.label_set_id = s.id
WHERE s.metric_id = %(metric)s GROUP BY p.label_set_id, date_trunc('{{unit}}', p.at, %(zone)s)
"""

SPANS = ((24, "day"), (1, "hour"))


@dataclass(frozen=True)
class Clock:
    """By what a metric's buckets begin."""

    zone: str
    grain: str
    week_start: str

    @property
    def text(self) -> str:
        return f"{self.zone}|{self.grain}|{self.week_start}"

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"zone": self.zone, "grain": self.grain}

    def bucket(self, moment: str) -> str:
        """SQL for the start of the bucket that a moment lies in."""
        return bucket_sql("%(grain)s", moment, "%(zone)s", sunday=self.grain == "week" and self.week_start == "sunday")


def clock_of(metric_id: int) -> Clock:
    zone, workspace_zone, grain, week_start = (
        Metric.objects.filter(pk=metric_id)
        .values_list("timezone", "workspace__timezone", "grain", "workspace__week_start")
        .get()
    )
    return Clock(zone or workspace_zone, grain, week_start)


def renew_latest(metric_id: int, clock: Clock) -> None:
    """Every label set's newest bucket, by this clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            _LATEST.format(bucket=clock.bucket("q.top"), which="true"), {"metric": metric_id, **clock.arguments}
        )


def renew_revised(metric_id: int, clock: Clock, version: int, rolled: int) -> None:
    """The newest buckets and the roll-ups that this version's revisions lie in."""
    arguments = {"metric": metric_id, "version": version, **clock.arguments}
    with connection.cursor() as cursor:
        cursor.execute(_LATEST.format(bucket=clock.bucket("q.top"), which=_TOUCHED), arguments)
        for span, unit in SPANS[:rolled]:
            cursor.execute(_RENEW.format(span=span, unit=unit, end=_end(unit)), arguments)


def forget(metric_id: int, label_set: int, at: datetime, clock: Clock) -> None:
    """What was put together with a point that has gone; `renew_revised` makes anew what still has points."""
    arguments: dict[str, Any] = {"set": label_set, "at": at, "zone": clock.zone}
    with connection.cursor() as cursor:
        for span, unit in SPANS:
            cursor.execute(
                f"DELETE FROM metrics_rollup WHERE label_set_id = %(set)s AND span = {span} "
                f"AND at = date_trunc('{unit}', %(at)s::timestamptz, %(zone)s)",
                arguments,
            )
        cursor.execute(
            "DELETE FROM metrics_latest WHERE label_set_id = %(set)s "
            "AND NOT EXISTS (SELECT FROM metrics_point WHERE label_set_id = %(set)s)",
            arguments,
        )


def _end(unit: str) -> str:
    return "date_add(t.start, interval '1 day', %(zone)s)" if unit == "day" else "t.start + interval '1 hour'"


def follow_clock(metric_id: int) -> None:
    """After another grain or time zone was chosen: the newest buckets now, hours and days soon."""
    clock = clock_of(metric_id)
    pulse = Pulse.objects.select_for_update().filter(pk=metric_id).first()
    if pulse is None or pulse.clock == clock.text:
        return
    renew_latest(metric_id, clock)
    Pulse.objects.filter(pk=metric_id).update(clock=clock.text, rolled=0, version=pulse.version + 1)
    if pulse.rolled:
        roll_up_soon()


def roll_up_soon() -> None:
    """After the commit, by a worker."""
    soon.run_task("metrics.tasks.roll_up_where_worth", expires=600)


@transaction.atomic
def roll_up(*, metric_id: int) -> int:
    """Make a metric's roll-ups where its points are dense enough; which spans it has then (0, 1: days, 2: and hours)."""
    if not Metric.objects.filter(pk=metric_id).select_for_update(no_key=True).exists():
        return 0
    pulse = Pulse.objects.filter(pk=metric_id).first()
    if pulse is None:
        return 0
    clock = clock_of(metric_id)
    if pulse.clock != clock.text:
        renew_latest(metric_id, clock)
        pulse.rolled = 0
    level = max(_level(pulse), pulse.rolled)
    with connection.cursor() as cursor:
        if pulse.rolled == 0:
            cursor.execute(
                "DELETE FROM metrics_rollup r USING metrics_labelset s WHERE s.id = r.label_set_id AND s.metric_id = %s",
                [metric_id],
            )
        for span, unit in SPANS[pulse.rolled : level]:
            cursor.execute(
                _ALL.format(span=span, unit=unit), {"metric": metric_id, "zone": clock.zone, "grain": clock.grain}
            )
    Pulse.objects.filter(pk=metric_id).update(clock=clock.text, rolled=level)
    return level


def _level(pulse: Pulse) -> int:
    """Days where each would hold some points, hours as well where each of those would."""
    if pulse.points < ENOUGH or pulse.first_at is None or pulse.last_at is None:
        return 0
    sets = max(1, LabelSet.objects.filter(metric=pulse.metric_id).count())
    days = max(1.0, (pulse.last_at - pulse.first_at) / timedelta(days=1))
    each = pulse.points / sets / days
    return 2 if each >= DENSE * 24 else 1 if each >= DENSE else 0


def worth_rolling() -> list[int]:
    """The metrics that have points enough and no roll-ups, or were put together by another clock."""
    rows = Pulse.objects.select_related("metric__workspace").defer("metric__description")
    wrong = [pulse.pk for pulse in rows if pulse.clock != pulse.metric.clock]
    many = Pulse.objects.filter(points__gte=ENOUGH, rolled__lt=2)
    return sorted({*wrong, *(pulse.pk for pulse in many if _level(pulse) > pulse.rolled)})


__all__ = [
    "Clock",
    "clock_of",
    "follow_clock",
    "forget",
    "renew_latest",
    "renew_revised",
    "roll_up",
    "roll_up_soon",
    "worth_rolling",
]
