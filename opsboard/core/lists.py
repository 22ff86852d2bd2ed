"""Filter, sort, page and export any list, from one description of its columns.

A view writes::

    listing = Listing(key="work.actions", rows=Action.objects.visible_to(viewer), columns=COLUMNS, filters=FILTERS)
    shown = listing.show(request)          # -> Shown: rows of this page, form values, links
    if shown.export: return shown.export   # CSV or XLSX of all filtered rows (?export=csv|xlsx)

and the page includes `core/parts/_filters.html` and `core/parts/_pager.html`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from opsboard.core.lazy import lazy

openpyxl = lazy("openpyxl")
PER_PAGE = 50
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no XLSX may hold them


@dataclass(frozen=True)
class Shows:
    """A column: its title, how to sort by it, and its plain value for an export."""

    name: str
    title: Any
    value: Callable[[Any], Any]
    sort: tuple[str, ...] = ()
    exported: Any = ""  # the title in a file, where that holds something else than the page

    @property
    def heads(self) -> str:
        """What a file calls it."""
        return str(self.exported or self.title)


@dataclass(frozen=True)
class Filter:
    """A choice above the list. `apply(queryset, value)` narrows; `choices` are (value, label) pairs."""

    name: str
    title: Any
    choices: Sequence[tuple[str, Any]]
    apply: Callable[[Any, str], Any]


@dataclass
class Shown:
    """What one request shows of a list."""

    page: Page[Any]
    total: int
    filters: list[dict[str, Any]]
    text: str
    sort: str
    columns: list[dict[str, Any]]
    query: str  # the address's query without page and export
    searchable: bool
    narrowed: bool
    export: Any = None  # an HttpResponse of the whole list, where the address asks for one
    values: dict[str, str] = field(default_factory=dict)


class Echo:
    def write(self, text: str) -> str:
        return text


@dataclass
class Listing:
    key: str
    rows: QuerySet[Any]
    columns: Sequence[Shows]
    filters: Sequence[Filter] = ()
    search: Sequence[str] = ()
    order: tuple[str, ...] = ("pk",)
    per_page: int = PER_PAGE
    dressed: Callable[[Any], Any] | None = None  # what a row needs beyond its columns; for an export, all at once

    def show(self, request: HttpRequest) -> Shown:
        """Apply what the address asks; unknown values are ignored, never an error."""
        asked = request.GET
        rows, values = self.rows, {}
        for one in self.filters:
            value = asked.get(one.name, "")
            if value in {key for key, _label in one.choices} and value:
                rows, values[one.name] = one.apply(rows, value), value
        text = asked.get("q", "").replace("\x00", "").strip()[:200]
        if text and self.search:
            anywhere = Q()
            for name in self.search:
                anywhere |= Q(**{f"{name}__icontains": text})
            rows, values["q"] = rows.filter(anywhere), text
        sort = asked.get("sort", "")
        by_name = {column.name: column for column in self.columns if column.sort}
        column = by_name.get(sort.lstrip("-"))
        order = self.order
        if column:
            values["sort"] = sort
            order = tuple(
                (f"-{name}" if not name.startswith("-") else name[1:]) if sort.startswith("-") else name
                for name in column.sort
            )
        rows = rows.order_by(*order, "pk")
        export = self._export(rows, asked.get("export", ""))
        paginator = Paginator(rows, self.per_page)
        shown = paginator.get_page(asked.get("page"))
        query = urlencode(values)
        return Shown(
            page=shown,
            total=paginator.count if export is None else 0,
            filters=[
                {"name": one.name, "title": one.title, "choices": one.choices, "value": values.get(one.name, "")}
                for one in self.filters
            ],
            text=values.get("q", ""),
            sort=values.get("sort", ""),
            columns=[self._head(column, values) for column in self.columns],
            query=query,
            searchable=bool(self.search),
            narrowed=bool(set(values) - {"sort"}),
            export=export,
            values=values,
        )

    def _head(self, column: Shows, values: dict[str, str]) -> dict[str, Any]:
        now = values.get("sort", "")
        following = f"-{column.name}" if now == column.name else column.name
        return {
            "name": column.name,
            "title": column.title,
            "sortable": bool(column.sort),
            "state": {column.name: "ascending", f"-{column.name}": "descending"}.get(now, "none"),
            "query": urlencode({**{key: value for key, value in values.items() if key != "sort"}, "sort": following}),
        }

    def _export(self, rows: QuerySet[Any], kind: str) -> HttpResponse | StreamingHttpResponse | None:
        if kind not in {"csv", "xlsx"}:
            return None
        if self.dressed is not None:
            rows = self.dressed(rows)
        return self._csv(rows) if kind == "csv" else self._xlsx(rows)

    def _name(self, suffix: str) -> str:
        return f"{self.key.replace('.', '-')}-{timezone.localdate().isoformat()}.{suffix}"

    def _csv(self, rows: QuerySet[Any]) -> StreamingHttpResponse:
        writer = csv.writer(Echo())

        def lines() -> Any:
            yield "\ufeff" + writer.writerow([column.heads for column in self.columns])
            for row in rows.iterator(chunk_size=2000) if _streams(rows) else rows:
                yield writer.writerow([plain(column.value(row)) for column in self.columns])

        response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self._name("csv")}"'
        return response

    def _xlsx(self, rows: QuerySet[Any]) -> HttpResponse:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet(title=_("List"))
        sheet.append([column.heads for column in self.columns])
        for row in rows[:100_000]:
            sheet.append([plain(column.value(row), naive=True) for column in self.columns])
        buffer = io.BytesIO()
        book.save(buffer)
        response = HttpResponse(
            buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
        response["Content-Disposition"] = f'attachment; filename="{self._name("xlsx")}"'
        return response


def _streams(rows: Any) -> bool:
    return isinstance(rows, QuerySet) and not rows._prefetch_related_lookups  # type: ignore[attr-defined]


def plain(value: Any, *, naive: bool = False) -> Any:
    """A cell that a spreadsheet takes as what it is: text that looks like a formula is defused with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("Yes")) if value else str(_("No"))
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.replace(tzinfo=None, microsecond=0) if naive else local.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return float(f"{value:.15g}")  # 17.2 that was subtracted is 17.200000000000003
    if isinstance(value, int):
        return value
    text = UNPRINTABLE.sub("", str(value))
    return f"'{text}" if text.startswith(DANGEROUS) else text
