"""What a metric's values rest on in some stretches of time: by label set, and by the hour of the week."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from metrics.models.buckets import APART, FINE, OWN_ZONE, at_the_place
from metrics.models.metric import Metric

type Stretch = tuple[datetime, datetime]
type Hours = tuple[frozenset[int], range]

_SPANS = """
WITH spans AS (
  SELECT * FROM unnest(%(now)s::bool[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS x(now, a, b)
), cell AS (
  SELECT s.id, x.now, x.b, p.at, p.value, p.weight, p.at AT TIME ZONE s.own AS clock
  FROM (
    SELECT s.id, coalesce(own.timezone, %(zone)s) AS own, %(zone)s::text AS zone
    FROM metrics_labelset s JOIN metrics_metric m ON m.id = s.metric_id{places}
    WHERE s.metric_id = %(metric)s) s
  CROSS JOIN spans x
  JOIN metrics_point p ON p.label_set_id = s.id AND p.at >= {a} AND p.at < {b}
  WHERE p.at >= %(first)s AND p.at < %(last)s
)
"""
_EACH = """, found AS (
  SELECT id, {now} AS now, sum(value) AS total, sum(value * weight) AS weighed, sum(weight) AS weights, count(*) AS points,
         sum(value * value) AS squares
  FROM {cell} GROUP BY 1, 2
)
SELECT s.labels::text, f.now, f.total, f.weighed, f.weights, f.points, f.squares FROM found f JOIN metrics_labelset s ON s.id = f.id
"""
# Of stock only the newest value of each stretch counts.
_NEWEST = "(SELECT DISTINCT ON (id, b) * FROM cell ORDER BY id, b, at DESC) newest"
_HOURS = """
SELECT extract(isodow FROM clock)::int - 1, extract(hour FROM clock)::int, now,
       sum(value), sum(value * weight), sum(weight), count(*)
FROM cell GROUP BY 1, 2, 3
"""


def by_labels(
    metric: Metric,
    now: Sequence[Stretch],
    before: Sequence[Stretch],
    *,
    newest: bool = False,
    window: Hours | None = None,
    beside: bool = False,
) -> list[dict[str, Any]]:
    """Rows of labels, `now`, total, weighed, weights, points and the sum of squares. ``window`` narrows to some hours of some weekdays;
    with ``beside`` what lies in the window is `now`, and what lies beside it in the same stretch is what was before."""
    arguments = _arguments(metric, now, () if beside else before)
    chosen, column = "cell", "now"
    if window is not None:
        inside = (
            "extract(isodow FROM clock)::int - 1 = ANY(%(days)s) AND extract(hour FROM clock)::int = ANY(%(hours)s)"
        )
        arguments |= {"days": sorted(window[0]), "hours": list(window[1])}
        if beside:
            column = f"({inside})"
        else:
            chosen = f"(SELECT * FROM cell WHERE {inside}) inside"  # noqa: S608 - only our own fragments
    if newest:
        chosen = _NEWEST
    with connection.cursor() as cursor:
        cursor.execute(_spans(metric) + _EACH.format(now=column, cell=chosen), arguments)
        return [
            {"labels": json.loads(labels), "now": is_now, "total": total, "weighed": weighed, "weights": weights, "points": points, "squares": squares}
            for labels, is_now, total, weighed, weights, points, squares in cursor.fetchall()
        ]  # fmt: skip


def by_hours(metric: Metric, now: Sequence[Stretch], before: Sequence[Stretch]) -> list[tuple[Any, ...]]:
    """(weekday from Monday = 0, hour, now, total, weighed, weights, points) by the clocks of its places, else its own."""
    with connection.cursor() as cursor:
        cursor.execute(_spans(metric) + _HOURS, _arguments(metric, now, before))
        return list(cursor.fetchall())


def _spans(metric: Metric) -> str:
    """Of what is measured daily or seldom, each place's own days; of what comes oftener, the time itself."""
    edge = str if metric.grain in FINE else at_the_place
    return _SPANS.format(places=OWN_ZONE, a=edge("x.a"), b=edge("x.b"))


def _arguments(metric: Metric, now: Sequence[Stretch], before: Sequence[Stretch]) -> dict[str, Any]:
    every = [*now, *before]
    return {
        "metric": metric.pk, "zone": str(metric.zone), "now": [True] * len(now) + [False] * len(before),
        "starts": [start for start, _end in every], "ends": [end for _start, end in every],
        "first": min(start for start, _end in every) - APART, "last": max(end for _start, end in every) + APART,
    }  # fmt: skip
