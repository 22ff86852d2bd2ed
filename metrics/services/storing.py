"""Into the tables: one statement writes the points, keeps what they were, and what is kept beside them.

Whoever stores holds the metric's row (`open_for`). Then `take` as often as there are chunks, and `close` once: nothing of
it is seen before the transaction commits, so that a killed worker leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max

from metrics.models import Latest, Metric, Pulse, begins_after
from metrics.services import deriving
from opsboard.core.models import User

HORIZON = timedelta(days=7)  # what comes later than this is history brought in, not late news

ARRAYS = (
    "unnest(%(sets)s::bigint[], %(ats)s::timestamptz[], %(values)s::float8[], %(weights)s::float8[]) "
    "AS incoming(label_set_id, at, value, weight)"
)

_INSERT = """
  INSERT INTO metrics_point AS p (label_set_id, at, value, weight, revised_at)
  SELECT label_set_id, at, value, weight, {revised} FROM {source}
"""
_MERGED = (
    _INSERT
    + """
  ON CONFLICT (label_set_id, at) DO UPDATE
    SET value = excluded.value, weight = excluded.weight, revised_at = %(now)s
    WHERE (p.value, p.weight) IS DISTINCT FROM (excluded.value, excluded.weight)
  RETURNING new.label_set_id, new.at, new.value, new.weight, new.revised_at,
            old.value AS value_before, old.weight AS weight_before
"""
)
_NEW = """
  SELECT label_set_id, at, value, weight, {revised} AS revised_at,
         NULL::float8 AS value_before, NULL::float8 AS weight_before FROM {source}
"""

_STORE = """
WITH done AS {stays} ({done}), kept AS (
  INSERT INTO metrics_revision
    (metric_id, label_set_id, at, bucket, value_before, weight_before, value, weight, made_at, version, by_id)
  SELECT %(metric)s, label_set_id, at, {bucket_at}, value_before, weight_before, value, weight, %(now)s, %(version)s,
         %(by)s::bigint
  FROM done WHERE revised_at IS NOT NULL
), tops AS MATERIALIZED (
  SELECT label_set_id, {bucket_top} AS bucket, top
  FROM (SELECT label_set_id, max(at) AS top FROM done WHERE value_before IS NULL GROUP BY label_set_id) each
), newest AS (
  INSERT INTO metrics_latest AS l
    (label_set_id, metric_id, at, value, weight, bucket, count, total, weighed, weights, low, high, revised)
  SELECT t.label_set_id, %(metric)s, t.top,
         max(d.value) FILTER (WHERE d.at = t.top), max(d.weight) FILTER (WHERE d.at = t.top),
         t.bucket, count(*), sum(d.value), sum(d.value * d.weight), sum(d.weight), min(d.value), max(d.value),
         bool_or(d.revised_at IS NOT NULL)
  FROM tops t JOIN done d ON d.label_set_id = t.label_set_id AND d.at >= t.bucket AND d.value_before IS NULL
  GROUP BY t.label_set_id, t.top, t.bucket
  ON CONFLICT (label_set_id) DO UPDATE SET
    at = greatest(l.at, excluded.at),
    value = CASE WHEN excluded.at > l.at THEN excluded.value ELSE l.value END,
    weight = CASE WHEN excluded.at > l.at THEN excluded.weight ELSE l.weight END,
    bucket = excluded.bucket,
    count = excluded.count + CASE WHEN excluded.bucket > l.bucket THEN 0 ELSE l.count END,
    total = excluded.total + CASE WHEN excluded.bucket > l.bucket THEN 0 ELSE l.total END,
    weighed = excluded.weighed + CASE WHEN excluded.bucket > l.bucket THEN 0 ELSE l.weighed END,
    weights = excluded.weights + CASE WHEN excluded.bucket > l.bucket THEN 0 ELSE l.weights END,
    low = CASE WHEN excluded.bucket > l.bucket THEN excluded.low ELSE least(excluded.low, l.low) END,
    high = CASE WHEN excluded.bucket > l.bucket THEN excluded.high ELSE greatest(excluded.high, l.high) END,
    revised = excluded.revised OR (l.revised AND excluded.bucket = l.bucket)
  WHERE excluded.bucket >= l.bucket
){rolled}
SELECT count(*) FILTER (WHERE value_before IS NULL), count(*) FILTER (WHERE value_before IS NOT NULL),
       min(at) FILTER (WHERE value_before IS NULL), max(at) FILTER (WHERE value_before IS NULL)
FROM done
"""

_ROLLED = """, rolled_{span} AS (
  INSERT INTO metrics_rollup AS r (label_set_id, span, at, count, total, weighed, weights, low, high,
                                   first_at, first, last_at, last, last_weight, revised)
  SELECT label_set_id, {span}, date_trunc('{unit}', at, %(zone)s), count(*), sum(value), sum(value * weight), sum(weight),
         min(value), max(value), min(at), (array_agg(value ORDER BY at))[1],
         max(at), (array_agg(value ORDER BY at DESC))[1], (array_agg(weight ORDER BY at DESC))[1],
         bool_or(revised_at IS NOT NULL)
  FROM done WHERE value_before IS NULL GROUP BY label_set_id, date_trunc('{unit}', at, %(zone)s)
  ON CONFLICT (label_set_id, span, at) DO UPDATE SET
    count = r.count + excluded.count, total = r.total + excluded.total, weighed = r.weighed + excluded.weighed,
    weights = r.weights + excluded.weights, low = least(r.low, excluded.low), high = greatest(r.high, excluded.high),
    first = CASE WHEN excluded.first_at < r.first_at THEN excluded.first ELSE r.first END,
    first_at = least(r.first_at, excluded.first_at),
    last = CASE WHEN excluded.last_at > r.last_at THEN excluded.last ELSE r.last END,
    last_weight = CASE WHEN excluded.last_at > r.last_at THEN excluded.last_weight ELSE r.last_weight END,
    last_at = greatest(r.last_at, excluded.last_at), revised = r.revised OR excluded.revised
)"""


@dataclass
class Opened:
    """A metric that is being written to, in this transaction."""

    metric: int
    clock: deriving.Clock
    version: int
    points: int
    rolled: int
    last_at: datetime | None
    first_at: datetime | None
    now: datetime
    by: User | None
    backfill: bool
    written: int = 0
    revised: int = 0
    before: datetime | None = None  # late is what is older than the bucket that had begun by then

    def take(self, source: str, arguments: Mapping[str, Any], *, only_new: bool = False) -> tuple[int, int]:
        """Write what `source` (a table, or arrays) holds: how many are new, how many revised.

        `only_new` says that none of them can be there yet, which spares a million rows the question and the answer.
        """
        bucket = self.clock.bucket
        late = "false"
        if self.before is not None and not self.backfill:
            late = f"at < {bucket('%(before)s::timestamptz')} AND at >= %(horizon)s"
        spans = ((24, "day"), (1, "hour"))[: self.rolled]
        revised_at = f"CASE WHEN {late} THEN %(now)s::timestamptz END"
        statement = _STORE.format(
            stays="NOT MATERIALIZED" if only_new else "MATERIALIZED",
            done=(_NEW if only_new else _MERGED).format(revised=revised_at, source=source),
            bucket_at=bucket("at"),
            bucket_top=bucket("top"),
            rolled="".join(_ROLLED.format(span=span, unit=unit) for span, unit in spans),
        )
        known = {
            "metric": self.metric, "now": self.now, "version": self.version, "by": self.by.pk if self.by else None,
            "before": self.before, "horizon": self.now - HORIZON, **self.clock.arguments, **arguments,
        }  # fmt: skip
        with connection.cursor() as cursor:
            if only_new:
                cursor.execute(_INSERT.format(revised=revised_at, source=source), known)
            cursor.execute(statement, known)
            written, revised, first, last = cursor.fetchone()
        self.written += written
        self.revised += revised
        self.first_at = min((at for at in (self.first_at, first) if at), default=None)
        self.last_at = max((at for at in (self.last_at, last) if at), default=None)
        return written, revised

    def close(self) -> None:
        """Put right what revisions touched, and count the version up where anything is different."""
        if not (self.written or self.revised):
            return
        if self.revised:
            deriving.renew_revised(self.metric, self.clock, self.version, self.rolled)
        Pulse.objects.filter(pk=self.metric).update(
            version=self.version, points=self.points + self.written, first_at=self.first_at, last_at=self.last_at,
            written_at=self.now, clock=self.clock.text, rolled=self.rolled,
        )  # fmt: skip
        if (self.points + self.written) // deriving.ENOUGH > self.points // deriving.ENOUGH:
            deriving.roll_up_soon()

    def lose(self) -> None:
        """One point has gone: put right what was kept beside it."""
        deriving.renew_revised(self.metric, self.clock, self.version, self.rolled)
        last_at = Latest.objects.filter(metric=self.metric).aggregate(at=Max("at"))["at"]
        Pulse.objects.filter(pk=self.metric).update(
            version=self.version, points=self.points - 1, first_at=begins_after([self.metric], None), last_at=last_at,
            written_at=self.now, clock=self.clock.text, rolled=self.rolled,
        )  # fmt: skip


def open_for(*, metric: Metric, now: datetime, by: User | None, backfill: bool = False) -> Opened:
    """Begin to write; the caller holds the metric's row."""
    clock = deriving.clock_of(metric.pk)
    Pulse.objects.bulk_create([Pulse(metric_id=metric.pk, clock=clock.text)], ignore_conflicts=True)
    pulse = Pulse.objects.get(pk=metric.pk)
    if pulse.clock != clock.text:
        deriving.renew_latest(metric.pk, clock)
        pulse.rolled = 0
        deriving.roll_up_soon()
    return Opened(
        metric=metric.pk, clock=clock, version=pulse.version + 1, points=pulse.points, rolled=pulse.rolled,
        last_at=pulse.last_at, first_at=pulse.first_at, now=now, by=by, backfill=backfill,
        before=min(pulse.last_at, now) if pulse.last_at else None,
    )  # fmt: skip
