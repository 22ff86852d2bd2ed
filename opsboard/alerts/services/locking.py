"""One evaluation, change of watches or round of notices at a time in a workspace."""

from django.db import connection

from opsboard.core.models import Workspace

LOCK = 0x616C


def lock(workspace: Workspace) -> None:
    """Until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, workspace.pk % 2**31])
