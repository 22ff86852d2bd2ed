"""Dashboards as files: CSV and XLSX of what the tiles show, and pictures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from metrics.models import Shown, TileKind
from opsboard.core.lazy import openpyxl
from opsboard.core.lists import plain

type Row = Sequence[Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 50_000


def rows_of(shown: Shown) -> list[Row]:
    """What a tile shows as rows, the first naming the columns; nothing for a text."""
    if shown.tile.kind == TileKind.TEXT or not shown.courses:
        return []
    compared = shown.look.earlier() is not None
    beside = [_("A year ago") if shown.look.compare == "year" else _("The period before")] if compared else []
    if shown.tile.is_total:
        rows: list[Row] = [(_("Number"), _("Value"), *beside, _("Unit"))]
        for course in shown.courses:
            before = [course.total_before()] if compared else []
            rows.append((course.name, course.total(), *before, _unit(course.source)))
        return rows
    rows = [(_("Time"), _("Number"), _("Value"), _("Weight"), _("Unit"))]
    for course in shown.courses:
        for at, value, weight in course.values:
            rows.append((timezone.localtime(at, course.source.zone), course.name, value, weight, _unit(course.source)))
    if compared:
        for course in shown.courses:
            for at, value, weight in course.before:
                name = f"{course.name} ({beside[0]})"
                rows.append((timezone.localtime(at, course.source.zone), name, value, weight, _unit(course.source)))
    return rows[: MOST_ROWS + 1]


def _unit(source: Any) -> str:
    return _("rate, 0 to 1") if source.as_rate else source.unit


def _cell(value: Any) -> Any:
    """Moments stay by the number's own clock; everything else as in any list."""
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d %H:%M")
    return plain(value)


def sheets(kind: str, name: str, parts: Sequence[tuple[str, Sequence[Row]]]) -> HttpResponse:
    """One file: a CSV in which each row names its tile, or a workbook with a sheet for each tile."""
    stamp = timezone.localdate().isoformat()
    known = [(title, rows) for title, rows in parts if rows]
    if kind == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        if len(known) == 1:
            writer.writerows([_cell(value) for value in row] for row in known[0][1])
        else:
            for title, rows in known:
                writer.writerow([plain(title)])
                writer.writerows([_cell(value) for value in row] for row in rows)
                writer.writerow([])
        content, look = b"\xef\xbb\xbf" + buffer.getvalue().encode(), "text/csv; charset=utf-8"
    else:
        content, look = _workbook(known), XLSX
    response = HttpResponse(content, content_type=look)
    file = f"{re.sub(r'[^\w.-]+', '-', name).strip('-') or 'dashboard'}-{stamp}.{kind}"
    response["Content-Disposition"] = content_disposition_header(True, file) or "attachment"
    return response


def _workbook(parts: Sequence[tuple[str, Sequence[Row]]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    taken: set[str] = set()
    for title, rows in parts or [(_("Empty"), [])]:
        # Excel's rules for the names of sheets: 31 characters, none of these, no two alike.
        base = re.sub(r"[\[\]:*?/\\]", " ", plain(title).lstrip("'")).strip("' ")[:27] or _("Tile")
        sheet_name, count = base, 1
        while sheet_name.casefold() in taken:
            count += 1
            sheet_name = f"{base} {count}"
        taken.add(sheet_name.casefold())
        sheet = book.create_sheet(title=sheet_name)
        for row in rows:
            sheet.append([_cell(value) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
