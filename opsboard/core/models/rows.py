"""Rows of SQL that was written once, as objects.

For the few questions that come with every request: the ORM would build the same sentence anew each time, which costs
several times what the database needs for its answer.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

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


def first_row(sql: str, params: Mapping[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found
