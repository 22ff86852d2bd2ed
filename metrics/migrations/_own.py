"""What the models cannot say: the points' table is one in parts by time."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from metrics.models import partitions


def make_parts(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        partitions.create_table(cursor, datetime.now(UTC).date())


OPERATIONS = [migrations.RunPython(make_parts, migrations.RunPython.noop)]
