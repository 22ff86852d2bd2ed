"""The newest buckets as they are kept beside the points (`stored.Latest`)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat

from django.db import connection

from metrics.models.buckets import Bucket, Plan, fetch
from metrics.models.points import LabelSet

_made = partial(tuple.__new__, Bucket)  # what Bucket._make does, without a step of Python for each of thousands
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's own
MOST_KNOWN = 100_000
_KNOWN: dict[int, Mapping[str, str]] = {}

_WHOLE = """
WITH newest AS (
  SELECT l.*, m.aggregation, max(l.bucket) OVER (PARTITION BY l.metric_id) AS top
  FROM metrics_latest l JOIN metrics_metric m ON m.id = l.metric_id WHERE l.metric_id = ANY(%(metrics)s)
)
SELECT metric_id, '{}', bucket,
       CASE aggregation WHEN 'sum' THEN sum(total) WHEN 'last' THEN sum(value) WHEN 'min' THEN min(low)
            WHEN 'max' THEN max(high) WHEN 'count' THEN sum(count) ELSE sum(weighed) / nullif(sum(weights), 0) END,
       CASE aggregation WHEN 'last' THEN sum(weight) ELSE sum(weights) END, bool_or(revised)
FROM newest WHERE bucket = top GROUP BY metric_id, bucket, aggregation ORDER BY metric_id
"""
# Thousands of label sets come as columns of fixed width, which cost a tenth of as many rows.
_EACH = """
SELECT metric_id, string_agg(int8send(label_set_id), ''), string_agg(timestamptz_send(bucket), ''),
       string_agg(float8send(coalesce({value}, 'NaN')), ''), string_agg(float8send({weight}), ''),
       string_agg(boolsend(revised), '')
FROM metrics_latest WHERE metric_id = ANY(%s) GROUP BY metric_id
"""
_VALUES = {"sum": "total", "last": "value", "min": "low", "max": "high", "count": "count::float8"}
_MEAN = "weighed / nullif(weights, 0)"


def read_latest(plans: Sequence[Plan], *, each: bool) -> list[Bucket]:
    """The newest buckets as they are kept."""
    if not each:
        return fetch(_WHOLE, {"metrics": [plan.id for plan in plans]})
    found: list[Bucket] = []
    for metric, *columns in _columns(plans):
        sets, ats, values, weights, revised = (
            struct.unpack(f">{len(column) // size}{kind}", column)
            for column, (kind, size) in zip(columns, _WIDTHS, strict=True)
        )
        begun = {at: EPOCH + timedelta(microseconds=at) for at in set(ats)}
        if math.isnan(sum(values)):
            values = tuple(None if math.isnan(value) else value for value in values)
        labels = _labels_of(sets)
        rows = map(_made, zip(repeat(metric), labels, map(begun.__getitem__, ats), values, weights, revised))
        found += [one for one in rows if one.labels is not None] if None in labels else rows
    return found


_WIDTHS = (("q", 8), ("q", 8), ("d", 8), ("d", 8), ("?", 1))


def _columns(plans: Sequence[Plan]) -> list[tuple[int, bytes, bytes, bytes, bytes, bytes]]:
    """A row for each metric: its label sets, the starts of their buckets, values, weights, and whether revised."""
    kinds: dict[str, list[int]] = {}
    for plan in plans:
        kinds.setdefault(plan.aggregation if plan.aggregation in _VALUES else "mean", []).append(plan.id)
    statement = " UNION ALL ".join(
        _EACH.format(value=_VALUES.get(kind, _MEAN), weight="weight" if kind == "last" else "weights") for kind in kinds
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} ORDER BY metric_id", list(kinds.values()))
        return list(cursor.fetchall())


def _labels_of(label_sets: Sequence[int]) -> list[Mapping[str, str] | None]:
    """The labels of label sets, which never change: each is asked for once. None: it has just been deleted."""
    try:
        return list(map(_KNOWN.__getitem__, label_sets))
    except KeyError:
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.clear()
        missing = [pk for pk in label_sets if pk not in _KNOWN]
        _KNOWN.update(LabelSet.objects.filter(pk__in=missing).values_list("pk", "labels"))
        return [_KNOWN.get(pk) for pk in label_sets]
