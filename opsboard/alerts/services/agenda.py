"""What a tick has to say beside its own changes, asked in one query."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from opsboard.alerts.models import (
    Alert,
    Flapping,
    Instance,
    MaintenanceWindow,
    NoticeGroup,
    Silence,
    Trouble,
)
from opsboard.core.models import Workspace

# One statement: it costs less than a millisecond, and a quiet tick asks nothing else.
_AGENDA = f"""
SELECT EXISTS (SELECT 1 FROM {NoticeGroup._meta.db_table} g JOIN {Alert.watch.field.related_model._meta.db_table} w
          ON w.id = g.watch_id WHERE g.due_at <= %(tick)s AND w.workspace_id = %(workspace)s)
  OR EXISTS (SELECT 1 FROM {Silence._meta.db_table}
             WHERE workspace_id = %(workspace)s AND starts_at <= %(tick)s AND ends_at > %(tick)s)
  OR EXISTS (SELECT 1 FROM {MaintenanceWindow._meta.db_table} WHERE workspace_id = %(workspace)s AND deleted_at IS NULL)
  OR EXISTS (SELECT 1 FROM {Alert._meta.db_table}
             WHERE workspace_id = %(workspace)s AND silenced_at IS NOT NULL AND state <> 'resolved')
  OR EXISTS (SELECT 1 FROM {Alert._meta.db_table}
             WHERE workspace_id = %(workspace)s AND escalate_at <= %(tick)s AND acknowledged_at IS NULL
               AND state IN ('firing', 'recovering'))
  OR EXISTS (SELECT 1 FROM {Alert._meta.db_table}
             WHERE workspace_id = %(workspace)s AND acknowledged_until <= %(tick)s AND state <> 'resolved')
  OR EXISTS (SELECT 1 FROM {Flapping._meta.db_table} f JOIN {Instance._meta.db_table} i ON i.id = f.instance_id
             WHERE f.calm_at <= %(tick)s AND f.over_at IS NULL AND i.workspace_id = %(workspace)s)
  OR EXISTS (SELECT 1 FROM {Instance._meta.db_table} WHERE workspace_id = %(workspace)s AND health = 'error')
  OR EXISTS (SELECT 1 FROM {Trouble._meta.db_table} t JOIN {Alert.watch.field.related_model._meta.db_table} w
             ON w.id = t.watch_id WHERE w.workspace_id = %(workspace)s)
"""  # noqa: S608 - our own tables


def is_anything_due(workspace: Workspace, *, tick: datetime) -> bool:
    """Whether some group, silence, escalation or other promise has something to say at this tick."""
    with connection.cursor() as cursor:
        cursor.execute(_AGENDA, {"workspace": workspace.pk, "tick": tick})
        row = cursor.fetchone()
    return bool(row and row[0])
