"""Long times from the hours and days that are put together beforehand, with hours and points at their edges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from metrics.models.buckets import Asked, Bucket, Plan, Worth, begins, bounds_of, buckets_in, priced, sets_of
from metrics.models.stored import Span

_POINTS = """
  UNION ALL
  SELECT s.metric_id, s.aggregation, s.labels, {start}, s.id, 1, p.value{rate}, p.value * p.weight{rate}, p.weight,
         p.value{rate}, p.value{rate}, p.at, p.value{rate}, p.weight, p.revised_at IS NOT NULL
  FROM sets s JOIN metrics_point p ON p.label_set_id = s.id{join} WHERE {where}"""

_HOURS = """
  UNION ALL
  SELECT s.metric_id, s.aggregation, s.labels, {start}, s.id, r.count, r.total{rate}, r.weighed{rate}, r.weights,
         r.low{rate}, r.high{rate}, r.last_at, r.last{rate}, r.last_weight, r.revised
  FROM sets s JOIN metrics_rollup r ON r.label_set_id = s.id AND r.span = %(hour)s{join} WHERE {where}"""

_CELLS = """, cell AS (
  SELECT s.metric_id, s.aggregation, s.labels, {start} AS bucket, s.id, r.count, r.total{rate} AS total,
         r.weighed{rate} AS weighed, r.weights, r.low{rate} AS low, r.high{rate} AS high, r.last_at AS at,
         r.last{rate} AS last, r.last_weight, r.revised
  FROM sets s JOIN metrics_rollup r ON r.label_set_id = s.id AND r.span = %(span)s{join}{where}{edges}
)"""

_SUMMED = """
SELECT metric_id, labels::text, bucket,
       CASE aggregation WHEN 'sum' THEN sum(total) WHEN 'min' THEN min(low) WHEN 'max' THEN max(high)
            WHEN 'count' THEN sum(count)
            ELSE sum(weighed) / nullif(sum(weights), 0) END AS value,
       sum(weights) AS weight, bool_or(revised) AS revised
FROM cell WHERE aggregation <> 'last' GROUP BY metric_id, aggregation, labels, bucket
UNION ALL"""

_NEWEST = """
SELECT metric_id, labels::text, bucket, sum(last), sum(last_weight), bool_or(revised) FROM (
  SELECT DISTINCT ON (id, bucket) metric_id, labels, bucket, last, last_weight,
         bool_or(revised) OVER (PARTITION BY id, bucket) AS revised
  FROM cell WHERE aggregation = 'last' ORDER BY id, bucket, at DESC
) newest GROUP BY metric_id, labels, bucket
UNION ALL"""

_BY_ANOTHER_CLOCK = """
SELECT pu.metric_id, NULL, NULL, NULL, NULL, NULL FROM metrics_pulse pu
JOIN unnest(%(metrics)s::bigint[], %(clocks)s::text[]) k(id, clock) ON k.id = pu.metric_id WHERE pu.clock <> k.clock
ORDER BY 1, 2, 3
"""


def read_rollups(plans: Sequence[Plan], asked: Asked, span: Span, worth: Worth | None = None) -> list[Bucket] | None:
    """From hours or days put together beforehand, with points at the edges; all of the same clock.

    Nothing where they were made anew by another clock meanwhile.
    """
    zone = _zone(plans)
    low = _begin(asked.start, span, zone, up=True) if asked.start else None
    high = _begin(asked.end, span, zone, up=False) if asked.end else None
    if low and high and high <= low:
        return None
    where, arguments = bounds_of("r.at", low, high)
    own = not asked.whole and asked.grain == span.name.lower()  # the hours or days themselves
    arguments |= {"span": int(span), "hour": int(Span.HOUR), "hourly": [], "clocks": [plan.clock for plan in plans]}
    edges = ""
    for first, last in ((asked.start, low), (high, asked.end)):
        if first is not None and last is not None and first < last:
            edges += _edge(plans, asked, span, (first, last), arguments, worth)
    kinds = {plan.aggregation for plan in plans}
    sql = (
        sets_of(asked, arguments, plans, worth)
        + _CELLS.format(
            start="r.at" if own else begins(asked, "r.at"), where=f" WHERE {where}" if where else "", edges=edges,
            **priced("r.at", worth),
        )
        + (_SUMMED if kinds - {"last"} else "")
        + (_NEWEST if "last" in kinds else "")
        + _BY_ANOTHER_CLOCK
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        rows = cursor.fetchall()
    return None if any(row[2] is None for row in rows) else buckets_in(rows)


def _edge(
    plans: Sequence[Plan],
    asked: Asked,
    span: Span,
    edge: tuple[datetime, datetime],
    arguments: dict[str, Any],
    worth: Worth | None,
) -> str:
    """What lies before or after the whole days: by hours as far as they go, where a metric has hours; else by points."""
    hourly = [plan.id for plan in plans if plan.rolled > 1] if span == Span.DAY else []
    rest = len(hourly) < len(plans)
    first, last = edge
    begin, end = (_begin(first, Span.HOUR, _zone(plans), up=True), _begin(last, Span.HOUR, _zone(plans), up=False))
    if not hourly or begin >= end:
        pieces = [("", _POINTS, first, last)]
    else:
        arguments["hourly"] = hourly
        among = " AND s.metric_id = ANY(%(hourly)s)" if rest else ""
        pieces = [(among, _POINTS, first, begin), (among, _HOURS, begin, end), (among, _POINTS, end, last)]
        if rest:
            pieces.append((" AND s.metric_id <> ALL(%(hourly)s)", _POINTS, first, last))
    sql = ""
    for among, piece, since, until in pieces:
        if since < until:
            moment, place = "r.at" if piece == _HOURS else "p.at", len(arguments)
            where = f"{moment} >= %(since{place})s AND {moment} < %(until{place})s{among}"
            sql += piece.format(start=begins(asked, moment), where=where, **priced(moment, worth))
            arguments |= {f"since{place}": since, f"until{place}": until}
    return sql


def _zone(plans: Sequence[Plan]) -> ZoneInfo:
    return ZoneInfo(plans[0].zone)


def _begin(at: datetime, span: Span, zone: ZoneInfo, *, up: bool) -> datetime:
    """The start of the hour or day of the zone that a moment lies in; with `up`, of the next where it is not a start."""
    local = at.astimezone(zone)
    if span == Span.HOUR:
        began = at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return began + timedelta(hours=1) if up and began != at else began
    began = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if up and began.astimezone(at.tzinfo) != at:
        began = (began.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return began
