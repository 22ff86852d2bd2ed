"""Rows of SQL that was written once, as objects.

For the few questions that come with every request: the ORM would build the same sentence anew each time, which costs
several times what the database needs for its answer.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, models


class Columns[M: models.Model]:
    """The columns of a model under an alias, and how a row of them becomes an object."""

    def __init__(self, model: type[M], alias: str) -> None:
        fields = model._meta.concrete_fields
        quote = connection.ops.quote_name
        self.model = model
        self.sql = ", ".join(f"{alias}.{quote(str(field.column))}" for field in fields)
        self.names = [field.attname for field in fields]
        self._converted = [
            (place, field.cached_col, convert)
            for place, field in enumerate(fields)
            for convert in field.get_db_converters(connection)
        ]

    def __len__(self) -> int:
        return len(self.names)

    def made(self, values: Sequence[Any]) -> M:
        row = list(values)
        for place, expression, convert in self._converted:
            row[place] = convert(row[place], expression, connection)
        return self.model.from_db(connection.alias, self.names, row)


@functools.cache
def columns[M: models.Model](model: type[M], alias: str) -> Columns[M]:
    return Columns(model, alias)


def rows_of(sql: str, params: Mapping[str, Any], *, binary: bool = False) -> list[tuple[Any, ...]]:
    """The rows of a question whose plan the server keeps, on this connection: planning it would cost more than answering.

    Django binds on this side, so its own cursors cannot (psycopg's documentation of prepared statements). `binary`: the
    server sends values as they are, not as text, which suits long strings of bytes.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    began = time.monotonic()
    with connection.wrap_database_errors:
        raw.prepare_threshold = 0 if settings.PREPARED_STATEMENTS else None
        try:
            with psycopg.Cursor(raw) as cursor:
                found: list[tuple[Any, ...]] = cursor.execute(sql, params, binary=binary).fetchall()
        finally:
            raw.prepare_threshold = None
    if connection.queries_logged:
        connection.queries_log.append({"sql": sql, "time": f"{time.monotonic() - began:.3f}"})
    return found
