"""Label sets and points.

A point is what was given, at the time that was given. Minutes, days and months are made when it is read, by the metric's
clock, so that nothing is lost and several points of one day add up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

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
    """One value. Millions of them, so: two keys, two numbers, and the moment of its last revision. Never tracked.

    The table is in parts by time (see `models.partitions`).
    """

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
            "WITH RECURSIVE basis AS (SELECT %s::bigint AS id UNION SELECT o.of_id FROM metrics_operand o "
            "JOIN basis x ON x.id = o.metric_id) "
            "SELECT min(pu.first_at) FROM metrics_pulse pu JOIN basis x ON x.id = pu.metric_id",
            [metric_id],
        )
        at: datetime | None = cursor.fetchone()[0]
        return at


def begins_after(metric_ids: Sequence[int], start: datetime | None) -> datetime | None:
    """The first moment at or after `start` at which one of the metrics has a point."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(q.at) FROM metrics_labelset s CROSS JOIN LATERAL ("
            "SELECT at FROM metrics_point WHERE label_set_id = s.id AND at >= %s ORDER BY at LIMIT 1) q "
            "WHERE s.metric_id = ANY(%s)",
            [start or datetime(1, 1, 1, tzinfo=UTC), list(metric_ids)],
        )
        at: datetime | None = cursor.fetchone()[0]
        return at


def dimensions_of(metric_ids: Sequence[int], *, at_most: int = 200) -> dict[int, dict[str, list[str]]]:
    """`{metric: {label: its values}}`, in one query; of a label with very many values the first `at_most`.

    A calculated metric has those of what it is made of.
    """
    answer: dict[int, dict[str, list[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE basis AS (SELECT x AS metric_id, x AS id FROM unnest(%s::bigint[]) x UNION "
            "SELECT b.metric_id, o.of_id FROM metrics_operand o JOIN basis b ON b.id = o.metric_id) "
            "SELECT b.metric_id, e.key, (array_agg(DISTINCT e.value ORDER BY e.value))[1:%s] "
            "FROM basis b JOIN metrics_labelset s ON s.metric_id = b.id, jsonb_each_text(s.labels) e "
            "GROUP BY b.metric_id, e.key ORDER BY b.metric_id, e.key",
            [list(metric_ids), at_most],
        )
        for metric, name, values in cursor.fetchall():
            answer.setdefault(metric, {})[name] = values
    return answer


def label_sets_of(
    metric_ids: Sequence[int], labels: Mapping[str, str], *, at_most: int
) -> dict[int, list[dict[str, str]]]:
    """`{metric: its label sets that have these labels}`, the first ones by name; of a calculated metric its operands'."""
    answer: dict[int, list[dict[str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE basis AS (SELECT x AS metric_id, x AS id FROM unnest(%s::bigint[]) x UNION "
            "SELECT b.metric_id, o.of_id FROM metrics_operand o JOIN basis b ON b.id = o.metric_id) "
            "SELECT metric_id, labels FROM (SELECT metric_id, labels, row_number() OVER (PARTITION BY metric_id ORDER BY labels) "
            "AS place FROM (SELECT DISTINCT b.metric_id, s.labels FROM basis b JOIN metrics_labelset s ON s.metric_id = b.id "
            "WHERE s.labels @> %s::jsonb AND s.labels <> '{}'::jsonb) x) y WHERE place <= %s ORDER BY metric_id, place",
            [list(metric_ids), json.dumps(dict(labels)), at_most],
        )
        for metric, found in cursor.fetchall():
            answer.setdefault(metric, []).append(found if isinstance(found, dict) else json.loads(found))
    return answer
