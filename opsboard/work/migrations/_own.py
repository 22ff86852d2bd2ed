"""What the models cannot say: what others may read of the actions."""

from django.db import migrations

VIEWS = """
CREATE SCHEMA IF NOT EXISTS reporting;

CREATE VIEW reporting.actions AS
SELECT w.slug AS workspace, a.id AS action, a.title, a.state, u.name AS owner, a.about_name AS about, a.opened_at, a.start_on,
       a.due_on, a.closed_at, a.state <> 'done' AND a.due_on < CURRENT_DATE AS overdue
FROM work_action a JOIN core_workspace w ON w.id = a.workspace_id LEFT JOIN core_user u ON u.id = a.owner_id
WHERE a.limited_to = '{}';
"""

OPERATIONS = [migrations.RunSQL(VIEWS, "DROP VIEW IF EXISTS reporting.actions")]
