"""What the models cannot say: what others may read of the alerts."""

from django.db import migrations

VIEWS = """
CREATE SCHEMA IF NOT EXISTS reporting;

CREATE VIEW reporting.alerts AS
SELECT w.slug AS workspace, a.id AS alert, v.indicator, v.indicator_title AS title, a.labels, a.episode, a.state, a.severity,
       a.active_at, a.fired_at, a.resolved_at, extract(epoch FROM a.resolved_at - a.fired_at) AS seconds, a.value, a.peak,
       a.threshold
FROM alerts_alert a JOIN core_workspace w ON w.id = a.workspace_id JOIN alerts_watch v ON v.id = a.watch_id;
"""

OPERATIONS = [migrations.RunSQL(VIEWS, "DROP VIEW IF EXISTS reporting.alerts")]
