"""After a test that commits: only the tables that it filled are emptied, not all hundred with all their partitions.

Laying two hundred empty tables anew (what TRUNCATE does) takes longer than most tests that would ask for it.
"""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}  # the same for every test: the migrations wrote them


def empty_what_was_filled() -> None:
    quoted = connection.ops.quote_name
    tables = [
        table
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if table not in KEPT
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever still writes (a page that was left, a worker) is waited for, and then nobody does.
        cursor.execute(f"LOCK TABLE {', '.join(map(quoted, tables))} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {quoted(table)})" for table in tables)
        )
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign keys, no audit of what goes
        for table in filled:
            cursor.execute(f"DELETE FROM {quoted(table)}")


def may_stop_triggers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')::boolean")
        return bool(cursor.fetchone()[0])


_truncate = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _teardown(case: TransactionTestCase) -> Any:
    if connection.vendor == "postgresql" and may_stop_triggers():
        empty_what_was_filled()
    else:
        _truncate(case)


def install() -> None:
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]
