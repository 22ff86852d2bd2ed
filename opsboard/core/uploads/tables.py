"""From the bytes of an upload to a table of texts: which encoding, which delimiter, which row is wrong.

Files are read whole, in columns.
"""

import gzip
import hashlib
import io
import re
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Final, Literal

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import (
    EMPTY,
    LONG_CELL,
    NOT_A_TABLE,
    OLD_EXCEL,
    TOO_LARGE,
    TOO_MANY_COLUMNS,
    TOO_MANY_ROWS,
    Complaint,
    Complaints,
    Unreadable,
    UploadError,
)
from opsboard.core.uploads.date_orders import DateOrder, guess_order
from opsboard.core.uploads.delimited import guess_delimiter, header_of, read_rows, without_title
from opsboard.core.uploads.encodings import decode
from opsboard.core.uploads.limits import Limits
from opsboard.core.uploads.moments import as_naive, parse_moment
from opsboard.core.uploads.numbers import Decimal, guess_decimal, is_blank, parse_number
from opsboard.core.uploads.sheets import as_percent, as_text, read_sheet
from opsboard.core.uploads.titles import LOOKED_AT, header_at, joined_header

type CellKind = Literal["moment", "number", "text"]

_DATE_WORDS: Final = (
    "date",
    "time",
    "day",
    "at",
    "when",
    "timestamp",
    "日期",
    "时间",
    "日",
    "月",
    "周",
    "month",
    "week",
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to hold, from its cells: shown in the wizard beside the preview, changed there by people."""

    kind: CellKind
    blanks: int
    date_order: DateOrder | None = None
    ambiguous: bool = False
    example: str = ""


@dataclass(frozen=True)
class Table:
    """An upload as texts in columns. Every row is a whole one: ragged rows are in ``complaints`` and left out.

    ``frame`` has one String column per name (never null: a blank cell is ``""``); ``rows`` (UInt32, same length) is each
    row's number as a spreadsheet shows it (the header is 1; a CSV record with line breaks in a cell counts once).
    ``names`` are unique: a blank header becomes ``column_3``, a second ``value`` becomes ``value (2)``; ``headers`` is
    what the file says. ``digest`` (SHA-256 of the bytes) is the same for the same file.
    """

    frame: "pl.DataFrame"
    rows: "pl.Series"
    names: tuple[str, ...]
    headers: tuple[str, ...]
    filename: str
    digest: str
    encoding: str = ""
    encoding_sure: bool = True
    delimiter: str = ""
    decimal: Decimal = "."
    decimal_sure: bool = True
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    complaints: list[Complaint] = field(default_factory=list)
    complaint_count: int = 0
    cut: bool = False  # only the beginning of a longer file
    # Cells that an XLSX file stores as numbers (Float64) and as dates (naive Datetime µs); absent columns have none.
    numbers: "dict[str, pl.Series]" = field(default_factory=dict)
    moments: "dict[str, pl.Series]" = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def preview(self, count: int = 10) -> list[tuple[str, ...]]:
        """The first rows as texts, in the order of ``names``."""
        return self.frame.head(count).rows()

    def texts(self, name: str) -> "pl.Series":
        """A column's cells as texts. An unknown name raises KeyError."""
        if name not in self.names:
            raise KeyError(name)
        return self.frame[name]

    @cached_property
    def guesses(self) -> dict[str, Guess]:
        """For each column what it seems to hold."""
        return {name: self._guess(name) for name in self.names}

    def _guess(self, name: str) -> Guess:
        texts = self.texts(name).str.strip_chars()
        filled = texts.filter(texts != "")
        blanks = len(texts) - len(filled)
        if not len(filled):
            return Guess("text", blanks)
        sample = pl.concat([filled.head(200), filled.gather_every(max(len(filled) // 300, 1))]).to_list()
        cells = [text for text in sample if not is_blank(text)] or sample
        if name in self.moments and self.moments[name].is_not_null().sum() * 2 >= len(filled):
            return Guess("moment", blanks, "ymd", example=cells[0])
        numeric = sum(1 for text in cells if _is_number(text, self.decimal) or _is_number(text, "."))
        timely = sum(1 for text in cells if _is_moment(text))
        named_so = any(word in name.lower() for word in _DATE_WORDS)
        if timely >= 0.8 * len(cells) and (numeric < 0.8 * len(cells) or named_so):
            order = guess_order(filled)
            return Guess("moment", blanks, order.order, order.ambiguous, order.example or cells[0])
        if numeric >= 0.8 * len(cells):
            return Guess("number", blanks, example=cells[0])
        return Guess("text", blanks, example=cells[0])


def read_table(
    file: bytes | str | Path | IO[bytes],
    *,
    filename: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: Decimal | None = None,
    sheet: str | None = None,
    limits: Limits | None = None,
) -> Table:
    """An uploaded CSV, TSV, XLSX (or gzipped CSV) file as a ``Table``. What it is shows by its bytes, not its name.

    What isn't given is found out. A file that can't be read at all raises ``UploadError``; rows with too few or too many
    cells, and cells that are too long, become complaints of the table.
    """
    limits = limits or Limits()
    content = _bytes_of(file, limits)
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(b"\x1f\x8b"):
        content = _unpack(content, limits)
    if not content.strip():
        raise UploadError(EMPTY)
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _from_workbook(content, filename, digest, decimal, sheet, limits)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UploadError(OLD_EXCEL)
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"{\\rtf")):
        raise UploadError(NOT_A_TABLE)
    return _from_text(content, filename, digest, encoding, delimiter, decimal, limits)


def _bytes_of(file: bytes | str | Path | IO[bytes], limits: Limits) -> bytes:
    if isinstance(file, bytes):
        content = file
    elif isinstance(file, str | Path):
        with Path(file).open("rb") as stream:
            content = stream.read(limits.max_bytes + 1)
    else:
        content = file.read(limits.max_bytes + 1)
    if len(content) > limits.max_bytes:
        raise _too_large(limits)
    return content


def _unpack(content: bytes, limits: Limits) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(limits.max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UploadError(NOT_A_TABLE) from error
    if len(unpacked) > limits.max_bytes:
        raise _too_large(limits)
    return unpacked


def _too_large(limits: Limits) -> UploadError:
    return UploadError(TOO_LARGE, limit=limits.max_bytes // 1_000_000)


def _from_text(
    content: bytes,
    filename: str,
    digest: str,
    encoding: str | None,
    delimiter: str | None,
    decimal: Decimal | None,
    limits: Limits,
) -> Table:
    decoded = decode(content, encoding)
    text = decoded.text
    if "\n" not in text:
        text = text.replace("\r", "\n")
    first_row = 1
    # Excel writes and obeys a first line that names the delimiter.
    named = text[:8].partition("\n")[0]
    if re.fullmatch(r"sep=[^\r\n]\r?", named, re.IGNORECASE):
        delimiter, text, first_row = delimiter or named[4], text[len(named) + 1 :], 2
    while text[:1] in {"\n", "\r"}:
        first_row, text = first_row + (text[0] == "\n"), text[1:]
    if not text.strip():
        raise UploadError(EMPTY)
    text, skipped, delimiter = without_title(text, delimiter, _is_value)
    first_row += skipped
    delimiter = delimiter or guess_delimiter(text)
    headers = header_of(text, delimiter)
    if len(headers) > limits.max_columns:
        raise UploadError(TOO_MANY_COLUMNS, count=len(headers), limit=limits.max_columns)
    names = unique_names(headers)
    complaints = Complaints()
    frame = _without_blank_rows(read_rows(text, delimiter, names, first_row, limits, complaints), names)
    if len(frame) > limits.max_rows:
        raise UploadError(TOO_MANY_ROWS, limit=limits.max_rows)
    frame = _without_long_cells(frame, names, limits, complaints)
    mark, sure = (decimal, True) if decimal else _decimal_of(frame, names, delimiter)
    return Table(
        frame=frame.select(names),
        rows=frame["#row"].cast(pl.UInt32),
        names=names,
        headers=headers,
        filename=filename,
        digest=digest,
        encoding=decoded.encoding,
        encoding_sure=decoded.sure,
        delimiter=delimiter,
        decimal=mark,
        decimal_sure=sure,
        complaints=complaints.in_order(),
        complaint_count=complaints.total,
    )


def unique_names(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Names for columns from their headers: blank ones are numbered, repeated ones counted."""
    names: list[str] = []
    taken: set[str] = set()
    for place, header in enumerate(headers, start=1):
        base = header[:200] or f"column_{place}"
        name, count = base, 1
        while name in taken or name == "#row":
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _without_blank_rows(frame: "pl.DataFrame", names: tuple[str, ...]) -> "pl.DataFrame":
    return frame.filter(pl.any_horizontal(pl.col(list(names)) != ""))


def _without_long_cells(
    frame: "pl.DataFrame", names: tuple[str, ...], limits: Limits, complaints: Complaints
) -> "pl.DataFrame":
    if not len(frame):
        return frame
    longest = frame.select(pl.col(list(names)).str.len_bytes().max()).row(0)
    if max(longest) <= limits.max_cell:
        return frame
    too_long = frame.select(pl.any_horizontal(pl.col(list(names)).str.len_chars() > limits.max_cell)).to_series()
    for row in frame["#row"].filter(too_long).to_list():
        complaints.add(Complaint(row, "", LONG_CELL, {"limit": limits.max_cell}))
    return frame.filter(~too_long)


def _decimal_of(frame: "pl.DataFrame", names: tuple[str, ...], delimiter: str | None) -> tuple[Decimal, bool]:
    sample = frame.head(500)
    if len(frame) > 1000:
        sample = pl.concat([sample, frame.gather_every(len(frame) // 500)])
    return guess_decimal([text for name in names for text in sample[name].to_list() if text], delimiter)


def _from_workbook(
    content: bytes, filename: str, digest: str, decimal: Decimal | None, sheet: str | None, limits: Limits
) -> Table:
    found = read_sheet(content, sheet=sheet, max_rows=limits.max_rows, max_columns=limits.max_columns)
    first = next((place for place, row in enumerate(found.rows) if any(as_text(cell).strip() for cell in row)), None)
    if first is None:
        raise UploadError(EMPTY)
    first += header_at(found.rows[first : first + LOOKED_AT], lambda cell: _is_value(as_text(cell)))
    words = joined_header(found.rows[first : first + 3], lambda cell: _is_value(as_text(cell)))
    top = [" ".join(as_text(cell).split()) for cell in words or found.rows[first]]
    first += 1 if words else 0
    body = found.rows[first + 1 :]
    filled = [place for place in range(len(top)) if top[place] or any(row[place] not in {"", None} for row in body)]
    if len(filled) > limits.max_columns:
        raise UploadError(TOO_MANY_COLUMNS, count=len(filled), limit=limits.max_columns)
    headers = tuple(top[place] for place in filled)
    names = unique_names(headers)
    kept = [(first + 2 + at, row) for at, row in enumerate(body) if any(row[p] not in {"", None} for p in filled)]
    if len(kept) > limits.max_rows:
        raise UploadError(TOO_MANY_ROWS, limit=limits.max_rows)
    columns: dict[str, pl.Series] = {}
    numbers: dict[str, pl.Series] = {}
    moments: dict[str, pl.Series] = {}
    for name, place in zip(names, filled, strict=True):
        cells = [row[place] for _, row in kept]
        written = as_percent if place in found.percents else as_text
        columns[name] = pl.Series(name, [written(cell) for cell in cells], dtype=pl.String)
        plain = [cell if isinstance(cell, float) and not isinstance(cell, bool) else None for cell in cells]
        dated = [as_naive(cell) if isinstance(cell, date | datetime) else None for cell in cells]
        if any(cell is not None for cell in plain):
            numbers[name] = pl.Series(name, plain, dtype=pl.Float64)
        if any(cell is not None for cell in dated):
            moments[name] = pl.Series(name, dated, dtype=pl.Datetime("us"))
    complaints = Complaints()
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    mark, sure = (decimal, True) if decimal else _decimal_of(frame, names, None)
    return Table(
        frame=frame,
        rows=pl.Series("#row", [row for row, _ in kept], dtype=pl.UInt32),
        names=names,
        headers=headers,
        filename=filename,
        digest=digest,
        decimal=mark,
        decimal_sure=sure,
        sheet=found.name,
        sheets=found.names,
        complaints=complaints.in_order(),
        complaint_count=complaints.total,
        numbers=numbers,
        moments=moments,
    )


def _is_value(text: str) -> bool:
    return _is_number(text, ".") or _is_number(text, ",") or _is_moment(text)


def _is_number(text: str, decimal: Decimal) -> bool:
    try:
        return parse_number(text, decimal) is not None
    except Unreadable:
        return False


def _is_moment(text: str) -> bool:
    for order in ("dmy", "mdy", "ymd"):
        try:
            return parse_moment(text, tz="UTC", date_order=order) is not None
        except Unreadable:
            continue
    return False
