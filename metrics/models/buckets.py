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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from opsboard.core.models.rows import rows_of


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
  SELECT unnest(%(metrics)s::bigint[]) AS id UNION SELECT o.of_id FROM metrics_operand o JOIN wanted x ON x.id = o.metric_id
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
    return {row[0]: Plan(*row) for row in rows_of(_PLANS, {"metrics": list(metric_ids)})}


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

_CELLS = """, cell AS (
  SELECT s.metric_id, s.aggregation, s.labels, {start} AS bucket, s.id, p.at, p.value{rate} AS value, p.weight, p.revised_at
  FROM sets s JOIN metrics_point p ON p.label_set_id = s.id{join}{where}
)"""

_SUMMED = """
SELECT metric_id, labels::text, bucket,
       CASE aggregation WHEN 'sum' THEN sum(value){kinds}
            ELSE sum(value * weight) / nullif(sum(weight), 0) END AS value,
       sum(weight) AS weight, bool_or(revised_at IS NOT NULL) AS revised
FROM cell WHERE aggregation <> 'last' GROUP BY metric_id, aggregation, labels, bucket"""

_NEWEST = """
SELECT metric_id, labels::text, bucket, sum(value), sum(weight), bool_or(revised) FROM (
  SELECT DISTINCT ON (id, bucket) metric_id, labels, bucket, value, weight,
         bool_or(revised_at IS NOT NULL) OVER (PARTITION BY id, bucket) AS revised
  FROM cell WHERE aggregation = 'last' ORDER BY id, bucket, at DESC
) newest GROUP BY metric_id, labels, bucket"""

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
    where, arguments = bounds_of("p.at", asked.start, asked.end, by_places=asked.by_places)
    at = on_the_wall("p.at") if asked.by_places else "p.at"
    return fetch(
        sets_of(asked, arguments, plans, worth)
        + _CELLS.format(start=begins(asked, at), where=f" WHERE {where}" if where else "", **priced(at, worth))
        + _put_together(plans),
        arguments,
    )


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
        sets_of(asked, arguments, plans)
        + first
        + _CELLS.format(
            start=begins(asked, at), where=f" WHERE p.at >= {since} AND p.at <= %(now)s", rate="",
            join=" JOIN since x ON x.id = s.id",
        )
        + _put_together(plans),
        arguments,
    )  # fmt: skip


def priced(moment: str, worth: Worth | None) -> dict[str, str]:
    if worth is None:
        return {"rate": "", "join": ""}
    return {"rate": " * f.rate", "join": f" JOIN worth f ON {moment} >= f.since AND {moment} < f.until"}


def _put_together(plans: Sequence[Plan]) -> str:
    """Cells as buckets; without what none of these metrics needs."""
    kinds = {plan.aggregation for plan in plans}
    pieces = [_SUMMED.format(kinds=_kinds(plans))] if kinds != {"last"} else []
    return " UNION ALL ".join(pieces + [_NEWEST] * ("last" in kinds)) + " ORDER BY 1, 2, 3"


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


def bounds_of(
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


def begins(asked: Asked, moment: str) -> str:
    if asked.whole:
        return "'epoch'::timestamptz"
    return _start("%(grain)s" if asked.grain else "s.grain", moment)


def sets_of(asked: Asked, arguments: dict[str, Any], plans: Iterable[Plan], worth: Worth | None = None) -> str:
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
        return buckets_in(cursor.fetchall())


def buckets_in(rows: Iterable[tuple[Any, ...]]) -> list[Bucket]:
    return [
        Bucket(metric, _labels(labels), at, value, weight, revised)
        for metric, labels, at, value, weight, revised in rows
    ]


@functools.lru_cache(maxsize=50_000)
def _labels(text: str) -> dict[str, str]:
    """Shared by all buckets that have them: nobody writes into it."""
    parsed: dict[str, str] = json.loads(text)
    return parsed
