"""The sums that the database does over points.

How values become one, over times and over label sets:

* sum: they add up.
* mean, ratio: the mean by weight, Σ value·weight / Σ weight. A rate's weight is its denominator, so that the rate of a
  week is that week's numerator over its denominator. A total weight of nought has no value.
* last: the newest of each label set; label sets add up (stock of all shops).
* min, max, count and percentiles are of the points.
* formula: each operand over the same time and group, then the formula: Σa / Σb, never the mean of rates.

Long times are read from hours and days put together beforehand, the newest bucket from `Latest`, always with the same
answer as from the points: where those were made by another clock, the points are read.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from metrics.models.stored import Span


class Bucket(NamedTuple):
    """What a metric was in one minute, hour, day, week or month; `labels` as asked for (empty = over all)."""

    metric_id: int
    labels: Mapping[str, str]
    at: datetime
    value: float | None
    weight: float
    revised: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a metric before its values are read."""

    id: int
    key: str
    aggregation: str
    formula: str
    grain: str
    zone: str
    week_start: str
    unit: str
    currency: str
    workspace_id: int
    clock: str | None
    rolled: int
    version: int
    last_at: datetime | None
    definition: int
    places: str = ""

    @property
    def by_places(self) -> bool:
        """Whether its days, weeks or months are cut by the clocks of places."""
        return bool(self.places) and self.grain not in FINE

    @property
    def fresh(self) -> bool:
        """Whether what is kept beside its points was made by its clock of today."""
        return self.clock == f"{self.zone}|{self.grain}|{self.week_start}"

    @property
    def percentile(self) -> bool:
        return self.aggregation[1:].isdigit()


FINE = ("minute", "hour")

_PLANS = """
WITH RECURSIVE wanted AS (
  SELECT unnest(%s::bigint[]) AS id UNION SELECT o.of_id FROM metrics_operand o JOIN wanted x ON x.id = o.metric_id
)
SELECT m.id, m.key, m.aggregation, m.formula, m.grain, coalesce(nullif(m.timezone, ''), w.timezone), w.week_start, m.unit,
       m.currency, m.workspace_id, pu.clock, coalesce(pu.rolled, 0), coalesce(pu.version, 0), pu.last_at, m.version,
       CASE WHEN EXISTS (SELECT 1 FROM metrics_place pl WHERE pl.workspace_id = m.workspace_id) THEN coalesce((SELECT md5(string_agg(concat_ws('|', pl.dimension, pl.value, pl.timezone), ',' ORDER BY pl.id))
                 FROM metrics_place pl WHERE pl.workspace_id = m.workspace_id AND EXISTS (
                   SELECT 1 FROM metrics_labelset s WHERE s.metric_id = m.id AND s.labels ->> pl.dimension = pl.value)), '')
       ELSE '' END
FROM wanted x JOIN metrics_metric m ON m.id = x.id JOIN core_workspace w ON w.id = m.workspace_id
LEFT JOIN metrics_pulse pu ON pu.metric_id = m.id
"""


def plans_of(metric_ids: Sequence[int]) -> dict[int, Plan]:
    """The metrics, and the ones that they are calculated from; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PLANS, [list(metric_ids)])
        return {row[0]: Plan(*row) for row in cursor.fetchall()}


def bucket_sql(grain: str, moment: str, zone: str, *, sunday: bool = False) -> str:
    """SQL for the start of the bucket that a moment lies in. A week that starts on Sunday is the Monday week moved back."""
    if sunday:
        return (
            f"((date_trunc({grain}, {moment} AT TIME ZONE {zone} + interval '1 day') - interval '1 day') "
            f"AT TIME ZONE {zone})"
        )
    return f"date_trunc({grain}, {moment}, {zone})"


def _start(grain: str, moment: str) -> str:
    """The same for many metrics at once, each by its own clock."""
    sunday = bucket_sql(grain, moment, "s.zone", sunday=True)
    return f"CASE WHEN s.sunday AND {grain} = 'week' THEN {sunday} ELSE {bucket_sql(grain, moment, 's.zone')} END"


_SETS = """
WITH sets AS MATERIALIZED (
  SELECT m.id AS metric_id, m.aggregation, m.grain, coalesce(nullif(m.timezone, ''), w.timezone) AS zone,
         w.week_start = 'sunday' AS sunday, s.id, {group} AS labels{own}
  FROM metrics_metric m JOIN core_workspace w ON w.id = m.workspace_id JOIN metrics_labelset s ON s.metric_id = m.id{places}
  WHERE m.id = ANY(%(metrics)s){narrowed}
){worth}
"""

# The clock of the place that a label set lies in; else the metric's.
OWN_ZONE = """
  LEFT JOIN LATERAL (
    SELECT pl.timezone FROM metrics_place pl WHERE pl.workspace_id = m.workspace_id AND s.labels ->> pl.dimension = pl.value
    ORDER BY pl.dimension LIMIT 1) own ON true"""
_OWN = ", coalesce(own.timezone, nullif(m.timezone, ''), w.timezone) AS own"


def on_the_wall(moment: str, sets: str = "s") -> str:
    """SQL for the moment at which the metric's clock shows what the place's clock shows at this one."""
    return f"(({moment} AT TIME ZONE {sets}.own) AT TIME ZONE {sets}.zone)"


def at_the_place(moment: str, sets: str = "s") -> str:
    """SQL for the moment at which the place's clock shows what the metric's clock shows at this one."""
    return f"(({moment} AT TIME ZONE {sets}.zone) AT TIME ZONE {sets}.own)"


# One currency in another: from each moment on, until the next, at this rate.
_WORTH = """, worth AS MATERIALIZED (
  SELECT since, lead(since, 1, 'infinity') OVER (ORDER BY since) AS until, rate
  FROM unnest(%(since)s::timestamptz[], %(rates)s::float8[]) AS x(since, rate)
)"""

_SINCE = """, since AS MATERIALIZED (
  SELECT t.id, {start} AS since FROM (
    SELECT s.*, max({top}) OVER (PARTITION BY {partition}) AS top FROM sets s
    CROSS JOIN LATERAL (
      SELECT at FROM metrics_point WHERE label_set_id = s.id AND at <= %(now)s ORDER BY at DESC LIMIT 1) q
  ) t
)"""

_POINTS = """, cell AS (
  SELECT s.metric_id, s.aggregation, s.labels, {start} AS bucket, s.id, p.at, p.value{rate} AS value, p.weight, p.revised_at
  FROM sets s JOIN metrics_point p ON p.label_set_id = s.id{join}{where}
), newest AS (
  SELECT DISTINCT ON (id, bucket) metric_id, labels, bucket, value, weight,
         bool_or(revised_at IS NOT NULL) OVER (PARTITION BY id, bucket) AS revised
  FROM cell WHERE aggregation = 'last' ORDER BY id, bucket, at DESC
), summed AS (
  SELECT metric_id, labels, bucket,
         CASE aggregation WHEN 'sum' THEN sum(value){kinds}
              ELSE sum(value * weight) / nullif(sum(weight), 0) END AS value,
         sum(weight) AS weight, bool_or(revised_at IS NOT NULL) AS revised
  FROM cell WHERE aggregation <> 'last' GROUP BY metric_id, aggregation, labels, bucket
  UNION ALL
  SELECT metric_id, labels, bucket, sum(value), sum(weight), bool_or(revised)
  FROM newest GROUP BY metric_id, labels, bucket
)
SELECT metric_id, labels::text, bucket, value, weight, revised FROM summed ORDER BY metric_id, labels, bucket
"""

_EDGES = """
  UNION ALL
  SELECT s.metric_id, s.aggregation, s.labels, {start}, s.id, 1, p.value{rate}, p.value * p.weight{rate}, p.weight,
         p.value{rate}, p.value{rate}, p.at, p.value{rate}, p.weight, p.revised_at IS NOT NULL
  FROM sets s JOIN metrics_point p ON p.label_set_id = s.id{join} WHERE {where}"""

_HOURS = """
  UNION ALL
  SELECT s.metric_id, s.aggregation, s.labels, {start}, s.id, r.count, r.total{rate}, r.weighed{rate}, r.weights,
         r.low{rate}, r.high{rate}, r.last_at, r.last{rate}, r.last_weight, r.revised
  FROM sets s JOIN metrics_rollup r ON r.label_set_id = s.id AND r.span = %(hour)s{join} WHERE {where}"""

_ROLLUPS = """, cell AS (
  SELECT s.metric_id, s.aggregation, s.labels, {start} AS bucket, s.id, r.count, r.total{rate} AS total,
         r.weighed{rate} AS weighed, r.weights, r.low{rate} AS low, r.high{rate} AS high, r.last_at AS at,
         r.last{rate} AS last, r.last_weight, r.revised
  FROM sets s JOIN metrics_rollup r ON r.label_set_id = s.id AND r.span = %(span)s{join}{where}{edges}
), newest AS (
  SELECT DISTINCT ON (id, bucket) metric_id, labels, bucket, last, last_weight,
         bool_or(revised) OVER (PARTITION BY id, bucket) AS revised
  FROM cell WHERE aggregation = 'last' ORDER BY id, bucket, at DESC
), summed AS (
  SELECT metric_id, labels, bucket,
         CASE aggregation WHEN 'sum' THEN sum(total) WHEN 'min' THEN min(low) WHEN 'max' THEN max(high)
              WHEN 'count' THEN sum(count)
              ELSE sum(weighed) / nullif(sum(weights), 0) END AS value,
         sum(weights) AS weight, bool_or(revised) AS revised
  FROM cell WHERE aggregation <> 'last' GROUP BY metric_id, aggregation, labels, bucket
  UNION ALL
  SELECT metric_id, labels, bucket, sum(last), sum(last_weight), bool_or(revised)
  FROM newest GROUP BY metric_id, labels, bucket
)
SELECT metric_id, labels::text, bucket, value, weight, revised FROM summed
UNION ALL
SELECT pu.metric_id, NULL, NULL, NULL, NULL, NULL FROM metrics_pulse pu
JOIN unnest(%(metrics)s::bigint[], %(clocks)s::text[]) k(id, clock) ON k.id = pu.metric_id WHERE pu.clock <> k.clock
ORDER BY metric_id, labels, bucket
"""

_KINDS = {"min": "min(value)", "max": "max(value)", "count": "count(*)"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of which time, how parted and narrowed."""

    start: datetime | None = None
    end: datetime | None = None
    grain: str = ""
    whole: bool = False
    by: Sequence[str] = ()
    each: bool = False
    labels: Mapping[str, str] | None = None
    only: Sequence[Mapping[str, str]] | None = None
    by_places: bool = False  # by what the clocks on the walls of places show


APART = timedelta(hours=28)  # more than any two clocks differ

Worth = Sequence[tuple[datetime, float]]


def read_points(plans: Sequence[Plan], asked: Asked, worth: Worth | None = None) -> list[Bucket]:
    """From the points themselves; each times what it was worth at its time."""
    where, arguments = _bounds("p.at", asked.start, asked.end, by_places=asked.by_places)
    at = on_the_wall("p.at") if asked.by_places else "p.at"
    return fetch(
        _sets(asked, arguments, plans, worth)
        + _POINTS.format(
            start=_bucket(asked, at), where=f" WHERE {where}" if where else "", kinds=_kinds(plans),
            **_priced(at, worth),
        ),
        arguments,
    )  # fmt: skip


def read_newest(plans: Sequence[Plan], *, now: datetime, each: bool, by_places: bool = False) -> list[Bucket]:
    """The newest buckets that have begun by now, from the points themselves."""
    asked = Asked(each=each, by_places=by_places)
    arguments: dict[str, Any] = {"now": now}
    first = _SINCE.format(
        start=_start("t.grain", "t.top").replace("s.", "t."), partition="s.id" if each else "s.metric_id",
        top=on_the_wall("q.at") if by_places else "q.at",
    )  # fmt: skip
    at = on_the_wall("p.at") if by_places else "p.at"
    since = at_the_place("x.since") if by_places else "x.since"
    return fetch(
        _sets(asked, arguments, plans)
        + first
        + _POINTS.format(
            start=_bucket(asked, at), where=f" WHERE p.at >= {since} AND p.at <= %(now)s", kinds=_kinds(plans),
            rate="", join=" JOIN since x ON x.id = s.id",
        ),
        arguments,
    )  # fmt: skip


def _priced(moment: str, worth: Worth | None) -> dict[str, str]:
    if worth is None:
        return {"rate": "", "join": ""}
    return {"rate": " * f.rate", "join": f" JOIN worth f ON {moment} >= f.since AND {moment} < f.until"}


def _kinds(plans: Sequence[Plan]) -> str:
    wanted = {plan.aggregation for plan in plans}
    kinds = "".join(f" WHEN '{kind}' THEN {sql}" for kind, sql in _KINDS.items() if kind in wanted)
    for kind in sorted(wanted):
        if kind[1:].isdigit():
            kinds += (
                f" WHEN '{kind}' THEN percentile_cont({int(kind[1:]) / 100}) WITHIN GROUP (ORDER BY value) "
                f"FILTER (WHERE aggregation = '{kind}')"
            )
    return kinds


def read_rollups(plans: Sequence[Plan], asked: Asked, span: Span, worth: Worth | None = None) -> list[Bucket] | None:
    """From hours or days put together beforehand, with points at the edges; all of the same clock.

    Nothing where they were made anew by another clock meanwhile.
    """
    zone = ZoneInfo(plans[0].zone)
    low = _begin(asked.start, span, zone, up=True) if asked.start else None
    high = _begin(asked.end, span, zone, up=False) if asked.end else None
    if low and high and high <= low:
        return None
    where, arguments = _bounds("r.at", low, high)
    start, edges = _bucket(asked, "r.at"), ""
    hours = span == Span.DAY and all(plan.rolled > 1 for plan in plans)
    for number, (by_hour, first, last) in enumerate(_edges(asked, low, high, zone if hours else None)):
        moment, piece = ("r.at", _HOURS) if by_hour else ("p.at", _EDGES)
        bounds = f"{moment} >= %(first{number})s AND {moment} < %(last{number})s"
        edges += piece.format(start=_bucket(asked, moment), where=bounds, **_priced(moment, worth))
        arguments |= {f"first{number}": first, f"last{number}": last, "hour": int(Span.HOUR)}
    arguments["span"] = int(span)
    sql = _sets(asked, arguments, plans, worth) + _ROLLUPS.format(
        start=start, where=f" WHERE {where}" if where else "", edges=edges, **_priced("r.at", worth)
    )
    arguments["clocks"] = [plan.clock for plan in plans]
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        rows = cursor.fetchall()
    return None if any(row[2] is None for row in rows) else _buckets(rows)


def _edges(
    asked: Asked, low: datetime | None, high: datetime | None, zone: ZoneInfo | None
) -> Iterator[tuple[bool, datetime, datetime]]:
    """`(by hours, from, to)`: the pieces before and after the whole days, by hours as far as they go, if there are any."""
    for first, last in ((asked.start, low), (high, asked.end)):
        if first is None or last is None or first >= last:
            continue
        begin = _begin(first, Span.HOUR, zone, up=True) if zone else last
        end = _begin(last, Span.HOUR, zone, up=False) if zone else last
        if begin >= end:
            yield False, first, last
            continue
        for by_hours, since, until in ((False, first, begin), (True, begin, end), (False, end, last)):
            if since < until:
                yield by_hours, since, until


def _bounds(
    column: str, start: datetime | None, end: datetime | None, *, by_places: bool = False
) -> tuple[str, dict[str, Any]]:
    clauses, arguments = [], {}
    # By places a day begins at each one's midnight; the plain bounds beside keep the parts of the table few.
    for sign, name, moment, apart in ((">=", "start", start, -APART), ("<", "end", end, APART)):
        if moment is None:
            continue
        arguments[name] = moment
        if by_places:
            arguments[f"outer_{name}"] = moment + apart
            bound = at_the_place(f"%({name})s::timestamptz")
            clauses.append(f"{column} {sign} {bound} AND {column} {sign} %(outer_{name})s")
        else:
            clauses.append(f"{column} {sign} %({name})s")
    return " AND ".join(clauses), arguments


def _bucket(asked: Asked, moment: str) -> str:
    if asked.whole:
        return "'epoch'::timestamptz"
    return _start("%(grain)s" if asked.grain else "s.grain", moment)


def _sets(asked: Asked, arguments: dict[str, Any], plans: Iterable[Plan], worth: Worth | None = None) -> str:
    arguments |= {"metrics": [plan.id for plan in plans], "grain": asked.grain, "by": list(asked.by)}
    narrowed = ""
    if asked.labels:
        narrowed = " AND s.labels @> %(labels)s::jsonb"
        arguments["labels"] = json.dumps(dict(asked.labels))
    if asked.only is not None:
        narrowed += " AND s.labels = ANY(%(only)s::text[]::jsonb[])"
        arguments["only"] = [json.dumps(dict(one)) for one in asked.only]
    group = "'{}'::jsonb"
    if asked.each:
        group = "s.labels"
    elif asked.by:
        group = (
            "(SELECT coalesce(jsonb_object_agg(n, s.labels ->> n), '{}'::jsonb) "
            "FROM unnest(%(by)s::text[]) n WHERE s.labels ? n)"
        )
    if worth is not None:
        arguments |= {"since": [since for since, _rate in worth], "rates": [rate for _since, rate in worth]}
    return _SETS.format(
        group=group, narrowed=narrowed, worth="" if worth is None else _WORTH, own=_OWN if asked.by_places else "",
        places=OWN_ZONE if asked.by_places else "",
    )  # fmt: skip


def fetch(sql: str, arguments: Mapping[str, Any]) -> list[Bucket]:
    with connection.cursor() as cursor:
        # Only our own fragments are put together here; every value travels as an argument.
        cursor.execute(sql, arguments)
        return _buckets(cursor.fetchall())


def _buckets(rows: Iterable[tuple[Any, ...]]) -> list[Bucket]:
    return [
        Bucket(metric, _labels(labels), at, value, weight, revised)
        for metric, labels, at, value, weight, revised in rows
    ]


@functools.lru_cache(maxsize=50_000)
def _labels(text: str) -> dict[str, str]:
    """Shared by all buckets that have them: nobody writes into it."""
    parsed: dict[str, str] = json.loads(text)
    return parsed


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
