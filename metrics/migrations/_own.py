"""What the models cannot say: the points' table is one in parts by time, and what others may read of it."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from metrics.models import partitions

VIEWS = """
CREATE SCHEMA IF NOT EXISTS reporting;

CREATE VIEW reporting.metrics AS
SELECT w.slug AS workspace, m.key AS metric, m.name, m.unit, m.currency, m.direction, m.aggregation, m.formula, m.grain,
       m.target, u.name AS owner, m.description, coalesce(nullif(m.timezone, ''), w.timezone) AS timezone,
       m.archived_at IS NOT NULL AS archived, coalesce(p.points, 0) AS points, p.first_at, p.last_at, p.written_at
FROM metrics_metric m JOIN core_workspace w ON w.id = m.workspace_id LEFT JOIN core_user u ON u.id = m.owner_id
LEFT JOIN metrics_pulse p ON p.metric_id = m.id
WHERE m.limited_to = '{}';

CREATE VIEW reporting.labels AS
SELECT w.slug AS workspace, m.key AS metric, s.id AS label_set, e.key AS label, e.value
FROM metrics_labelset s JOIN metrics_metric m ON m.id = s.metric_id JOIN core_workspace w ON w.id = m.workspace_id,
     jsonb_each_text(s.labels) e
WHERE m.limited_to = '{}';

CREATE VIEW reporting.points AS
SELECT w.slug AS workspace, m.key AS metric, p.at, (p.at AT TIME ZONE coalesce(nullif(m.timezone, ''), w.timezone)) AS local_time,
       p.value, p.weight, s.id AS label_set,
       (SELECT string_agg(e.key || ' = ' || e.value, ', ' ORDER BY e.key) FROM jsonb_each_text(s.labels) e) AS labels_text,
       s.labels, p.revised_at
FROM metrics_point p JOIN metrics_labelset s ON s.id = p.label_set_id JOIN metrics_metric m ON m.id = s.metric_id
JOIN core_workspace w ON w.id = m.workspace_id
WHERE m.limited_to = '{}';
"""

_VALUES = """
CREATE VIEW reporting.{name} AS
WITH kept AS (
  SELECT p.metric_id, p.rolled FROM metrics_pulse p JOIN metrics_metric m ON m.id = p.metric_id
  JOIN core_workspace w ON w.id = m.workspace_id
  WHERE p.rolled >= {level} AND p.clock = coalesce(nullif(m.timezone, ''), w.timezone) || '|' || m.grain || '|' || w.week_start
)
SELECT w.slug AS workspace, m.key AS metric, v.at, (v.at AT TIME ZONE coalesce(nullif(m.timezone, ''), w.timezone)) AS local_time,
       s.id AS label_set,
       (SELECT string_agg(e.key || ' = ' || e.value, ', ' ORDER BY e.key) FROM jsonb_each_text(s.labels) e) AS labels_text,
       s.labels, v.count, v.total AS sum, v.weighed AS weighted_sum, v.weights AS weight,
       v.weighed / nullif(v.weights, 0) AS mean, v.low AS min, v.high AS max, v.last
FROM (
  SELECT r.label_set_id, r.at, r.count, r.total, r.weighed, r.weights, r.low, r.high, r.last
  FROM metrics_rollup r JOIN metrics_labelset s ON s.id = r.label_set_id JOIN kept k ON k.metric_id = s.metric_id
  WHERE r.span = {span}
  UNION ALL
  SELECT p.label_set_id, date_trunc('{unit}', p.at, coalesce(nullif(m.timezone, ''), w.timezone)), count(*), sum(p.value),
         sum(p.value * p.weight), sum(p.weight), min(p.value), max(p.value), (array_agg(p.value ORDER BY p.at DESC))[1]
  FROM metrics_point p JOIN metrics_labelset s ON s.id = p.label_set_id JOIN metrics_metric m ON m.id = s.metric_id
  JOIN core_workspace w ON w.id = m.workspace_id
  WHERE NOT EXISTS (SELECT FROM kept k WHERE k.metric_id = m.id)
  GROUP BY p.label_set_id, 2
) v JOIN metrics_labelset s ON s.id = v.label_set_id JOIN metrics_metric m ON m.id = s.metric_id
JOIN core_workspace w ON w.id = m.workspace_id
WHERE m.limited_to = '{{}}';
"""

VIEWS += _VALUES.format(name="hourly_values", level=2, span=1, unit="hour")
VIEWS += _VALUES.format(name="daily_values", level=1, span=24, unit="day")

DROPPED = "DROP VIEW IF EXISTS " + ", ".join(
    f"reporting.{name}" for name in ("metrics", "labels", "points", "hourly_values", "daily_values")
)


def make_parts(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        partitions.create_table(cursor, datetime.now(UTC).date())


OPERATIONS = [
    migrations.RunPython(make_parts, migrations.RunPython.noop),
    migrations.RunSQL(VIEWS, DROPPED),
]
