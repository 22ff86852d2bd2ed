"""The newest buckets as they are kept beside the points (`stored.Latest`)."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat
from typing import Any

from metrics.models.buckets import Bucket, Plan, fetch
from metrics.models.points import LabelSet
from opsboard.core.models.rows import rows_of

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
FROM metrics_latest WHERE metric_id = ANY(%({kind})s::bigint[]) GROUP BY metric_id
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
        starts = map(begun.__getitem__, ats) if len(begun) > 1 else repeat(*begun.values())
        if math.isnan(sum(values)):
            values = tuple(None if math.isnan(value) else value for value in values)
        labels, gone = _labels_of(sets)
        rows = map(_made, zip(repeat(metric), labels, starts, values, weights, revised))
        found += [one for one in rows if one.labels is not None] if gone else rows
    return found


_WIDTHS = (("q", 8), ("q", 8), ("d", 8), ("d", 8), ("?", 1))


def _columns(plans: Sequence[Plan]) -> list[tuple[Any, ...]]:
    """A row for each metric: its label sets, the starts of their buckets, values, weights, and whether revised."""
    kinds: dict[str, list[int]] = {}
    for plan in plans:
        kinds.setdefault(plan.aggregation if plan.aggregation in _VALUES else "mean", []).append(plan.id)
    statement = " UNION ALL ".join(
        _EACH.format(value=_VALUES.get(kind, _MEAN), weight="weight" if kind == "last" else "weights", kind=kind)
        for kind in kinds
    )
    return rows_of(f"{statement} ORDER BY metric_id", kinds, binary=True)


def _labels_of(label_sets: Sequence[int]) -> tuple[Iterable[Mapping[str, str] | None], bool]:
    """The labels of label sets, which never change: each is asked for once. None, and true, where one has just gone."""
    try:
        return list(map(_KNOWN.__getitem__, label_sets)), False
    except KeyError:
        if len(_KNOWN) > MOST_KNOWN:
            _KNOWN.clear()
        missing = [pk for pk in label_sets if pk not in _KNOWN]
        _KNOWN.update(LabelSet.objects.filter(pk__in=missing).values_list("pk", "labels"))
        labels = [_KNOWN.get(pk) for pk in label_sets]
        return labels, None in labels
