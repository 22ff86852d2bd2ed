"""Rows that a program hands over (a query's answer, a list of JSON objects) as the same table that a file becomes."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.limits import Limits
from opsboard.core.uploads.sheets import as_text
from opsboard.core.uploads.tables import Table, unique_names


def table_of(names: Sequence[str], rows: Iterable[Sequence[Any]], *, filename: str) -> Table:
    """A table of these rows; a row's number is its place, counted from 2 as below a header.

    Numbers and moments keep their value: what comes typed need not be guessed. NaN and infinity stay what they are, so
    that they are complained about.
    """
    headers = tuple(" ".join(str(name).split())[:200] for name in names)
    unique = unique_names(headers)
    columns: list[list[str]] = [[] for _name in unique]
    cut = Limits().max_cell
    count = 0
    for row in rows:
        count += 1
        for column, value in zip(columns, row, strict=True):
            column.append(_text(value)[:cut])
    frame = pl.DataFrame(
        {name: pl.Series(name, column, dtype=pl.String) for name, column in zip(unique, columns, strict=True)}
    )
    digest = hashlib.sha256("\x1f".join(headers).encode())
    return Table(
        frame=frame,
        rows=pl.Series("#row", range(2, count + 2), dtype=pl.UInt32),
        names=unique,
        headers=headers,
        filename=filename,
        digest=digest.hexdigest(),
    )


def columns_of(items: Sequence[Mapping[str, Any]], *, most: int) -> list[str]:
    """The names that occur in some objects, in the order in which they first do."""
    names: dict[str, None] = {}
    for item in items:
        for name in item:
            if len(names) < most:
                names.setdefault(str(name))
    return list(names)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "1" if value else "0"
        case float() if not math.isfinite(value):
            return str(value)
        case float():
            return repr(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case bytes() | memoryview():
            return ""
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
    return as_text(value)
