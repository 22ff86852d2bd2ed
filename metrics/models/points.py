"""Label sets, points, and the sums that the database does over them.

A point is what was given, at the time that was given. Minutes, days and months are made when it is read, by the metric's
clock, so that nothing is lost and several points of one day add up.

How values become one, over times and over label sets:

* sum: they add up.
* mean, ratio: the mean by weight, Σ value·weight / Σ weight. A rate's weight is its denominator, so that the rate of a
  week is that week's numerator over its denominator. A total weight of nought has no value.
* last: the newest of each label set; label sets add up (stock of all shops).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models

from metrics.models.metric import Metric


class LabelSet(models.Model):
    """One combination of labels of a metric, such as shop = Hangzhou, shift = night. No labels at all is one, too."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="label_sets")
    labels = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=32)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["metric", "fingerprint"], name="a_metric_has_a_label_set_once"),)

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in sorted(self.labels.items())) or "–"


class Point(models.Model):
    """One value. Millions of them, so: two keys, two numbers, and the moment of its last revision. Never tracked."""

    pk = models.CompositePrimaryKey("label_set_id", "at")
    # No constraint in the database: it is asked once a row, a million times an import. Whoever writes holds the metric's
    # row, and label sets go only with their metric.
    label_set = models.ForeignKey(
        LabelSet, on_delete=models.CASCADE, related_name="points", db_index=False, db_constraint=False
    )
    at = models.DateTimeField()
    value = models.FloatField()
    weight = models.FloatField(default=1)
    revised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(value__gt=float("-inf"), value__lt=float("inf")), name="point_value_is_finite"
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gte=0, weight__lt=float("inf")), name="point_weight_is_not_negative"
            ),
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a metric was in one minute, hour, day, week or month; `labels` as asked for (empty = over all)."""

    metric_id: int
    labels: Mapping[str, str]
    at: datetime
    value: float | None
    weight: float
    revised: bool = False


# The start of the bucket that p.at lies in, by the metric's clock. A week that starts on Sunday is the Monday week moved
# back by a day.
_ZONE = "coalesce(nullif(m.timezone, ''), w.timezone)"
_SHIFT = "CASE WHEN {grain} = 'week' AND w.week_start = 'sunday' THEN interval '1 day' ELSE interval '0' END"
_START = f"((date_trunc({{grain}}, {{moment}} AT TIME ZONE {_ZONE} + {_SHIFT}) - {_SHIFT}) AT TIME ZONE {_ZONE})"

_LATEST = """
latest AS MATERIALIZED (
  SELECT m.id, {start} AS since FROM (
    SELECT s.id, m.grain, m.timezone, m.workspace_id, max(q.at) OVER (PARTITION BY {partition}) AS at
    FROM metrics_metric m
    JOIN metrics_labelset s ON s.metric_id = m.id
    CROSS JOIN LATERAL (
      SELECT at FROM metrics_point WHERE label_set_id = s.id AND at <= %(now)s ORDER BY at DESC LIMIT 1) q
    WHERE m.id = ANY(%(metrics)s)
  ) m JOIN core_workspace w ON w.id = m.workspace_id
),
"""

_BUCKETS = """
WITH {first} cell AS (
  SELECT m.id AS metric_id, m.aggregation, {group} AS labels, {start} AS bucket,
         s.id AS label_set_id, p.at, p.value, p.weight, p.revised_at
  FROM metrics_metric m
  JOIN core_workspace w ON w.id = m.workspace_id
  JOIN metrics_labelset s ON s.metric_id = m.id
  {join}
  JOIN metrics_point p ON p.label_set_id = s.id
  WHERE {where}
), newest AS (
  SELECT DISTINCT ON (label_set_id, bucket) metric_id, labels, bucket, value, weight
  FROM cell WHERE aggregation = 'last' ORDER BY label_set_id, bucket, at DESC
), summed AS (
  SELECT metric_id, labels, bucket,
         CASE WHEN aggregation = 'sum' THEN sum(value)
              ELSE sum(value * weight) / nullif(sum(weight), 0) END AS value,
         sum(weight) AS weight, bool_or(revised_at IS NOT NULL) AS revised
  FROM cell WHERE aggregation <> 'last' GROUP BY metric_id, aggregation, labels, bucket
  UNION ALL
  SELECT metric_id, labels, bucket, sum(value), sum(weight), false FROM newest GROUP BY metric_id, labels, bucket
)
SELECT metric_id, labels, bucket, value, weight, revised FROM summed ORDER BY metric_id, labels, bucket
"""


def buckets(
    metric_ids: Sequence[int],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    grain: str = "",
    whole: bool = False,
    by: Sequence[str] = (),
    each: bool = False,
    labels: Mapping[str, str] | None = None,
) -> list[Bucket]:
    """The metrics' values by time, in one query however many metrics: each at its own grain, all at `grain`, or as
    one value for the `whole` time.

    `start` is in, `end` is out. `by` groups by these labels, `each` by every label set; `labels` narrows to label sets
    that have these. The caller has chosen metrics that the viewer may see.
    """
    if not metric_ids:
        return []
    where = ["m.id = ANY(%(metrics)s)"]
    arguments: dict[str, Any] = {"metrics": list(metric_ids), "grain": grain, "by": list(by)}
    for name, clause, value in (("start", "p.at >= %(start)s", start), ("end", "p.at < %(end)s", end)):
        if value is not None:
            where.append(clause)
            arguments[name] = value
    if labels:
        where.append("s.labels @> %(labels)s::jsonb")
        arguments["labels"] = json.dumps(dict(labels))
    group = "'{}'::jsonb"
    if each:
        group = "s.labels"
    elif by:
        group = (
            "(SELECT coalesce(jsonb_object_agg(n, s.labels ->> n), '{}'::jsonb) "
            "FROM unnest(%(by)s::text[]) n WHERE s.labels ? n)"
        )
    grain_of = "%(grain)s" if grain else "m.grain"
    bucket = "'epoch'::timestamptz" if whole else _START.format(grain=grain_of, moment="p.at")
    return _ask(group, bucket, where, arguments)


def newest(metric_ids: Sequence[int], *, now: datetime, each: bool = False) -> list[Bucket]:
    """Each metric's newest bucket that has begun by `now` (with `each`: of each label set), in one query."""
    if not metric_ids:
        return []
    latest = _LATEST.format(
        start=_START.format(grain="m.grain", moment="m.at"), partition="s.id" if each else "s.metric_id"
    )
    where = ["m.id = ANY(%(metrics)s)", "p.at >= l.since", "p.at <= %(now)s"]
    arguments = {"metrics": list(metric_ids), "now": now}
    group, start = ("s.labels" if each else "'{}'::jsonb"), _START.format(grain="m.grain", moment="p.at")
    return _ask(group, start, where, arguments, first=latest, join="JOIN latest l ON l.id = s.id")


def _ask(
    group: str, start: str, where: Sequence[str], arguments: Mapping[str, Any], *, first: str = "", join: str = ""
) -> list[Bucket]:
    with connection.cursor() as cursor:
        # Only our own fragments are put together here; every value travels as an argument.
        cursor.execute(
            _BUCKETS.format(first=first, join=join, group=group, start=start, where=" AND ".join(where)), arguments
        )
        return [
            Bucket(metric, _labels(labels), at, value, weight, revised)
            for metric, labels, at, value, weight, revised in cursor.fetchall()
        ]


def _labels(found: Any) -> dict[str, str]:
    parsed: dict[str, str] = json.loads(found) if isinstance(found, str) else found
    return parsed


def points_of(
    metric: Metric,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    labels: Mapping[str, str] | None = None,
) -> models.QuerySet[Point]:
    """A metric's points as they were given."""
    points = Point.objects.filter(label_set__metric=metric)
    if start is not None:
        points = points.filter(at__gte=start)
    if end is not None:
        points = points.filter(at__lt=end)
    if labels:
        points = points.filter(label_set__labels__contains=dict(labels))
    return points


def begins(metric_id: int) -> datetime | None:
    """The moment of a metric's first point."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(q.at) FROM metrics_labelset s CROSS JOIN LATERAL ("
            "SELECT at FROM metrics_point WHERE label_set_id = s.id ORDER BY at LIMIT 1) q WHERE s.metric_id = %s",
            [metric_id],
        )
        at: datetime | None = cursor.fetchone()[0]
        return at


def dimensions_of(metric_ids: Sequence[int], *, at_most: int = 200) -> dict[int, dict[str, list[str]]]:
    """`{metric: {label: its values}}`, in one query; of a label with very many values the first `at_most`."""
    answer: dict[int, dict[str, list[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.metric_id, e.key, (array_agg(DISTINCT e.value ORDER BY e.value))[1:%s] "
            "FROM metrics_labelset s, jsonb_each_text(s.labels) e WHERE s.metric_id = ANY(%s) "
            "GROUP BY s.metric_id, e.key ORDER BY s.metric_id, e.key",
            [at_most, list(metric_ids)],
        )
        for metric, name, values in cursor.fetchall():
            answer.setdefault(metric, {})[name] = values
    return answer
