"""From the bytes of an upload to a table of texts: which encoding, which delimiter, which row is wrong.

Files are read whole, in columns. The fast reader (polars) takes files whose rows and quotation marks are in order; the
slow one (Python's ``csv``) takes the rest and says which rows are not. Both give the same table.
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Literal

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import (
    BAD_ROW_LENGTH,
    EMPTY,
    LONG_CELL,
    NO_HEADER,
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
from opsboard.core.uploads.encodings import decode
from opsboard.core.uploads.moments import DateOrder, as_naive, guess_order, parse_moment
from opsboard.core.uploads.numbers import Decimal, guess_decimal, is_blank, parse_number
from opsboard.core.uploads.sheets import as_text, read_sheet

type CellKind = Literal["moment", "number", "text"]

DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFF: Final = 200
_MOST_RAGGED: Final = 10_000
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
class Limits:
    """How large an upload may be. Rows don't count the header; ``max_bytes`` also holds after unpacking .gz."""

    max_bytes: int = 200_000_000
    max_rows: int = 2_000_000
    max_columns: int = 500
    max_cell: int = 32_767


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
    delimiter = delimiter or guess_delimiter(text)
    headers = _header(text, delimiter)
    if len(headers) > limits.max_columns:
        raise UploadError(TOO_MANY_COLUMNS, count=len(headers), limit=limits.max_columns)
    names = unique_names(headers)
    complaints = Complaints()
    frame = _read_fast(text, delimiter, names, first_row, limits, complaints)
    if frame is None:
        frame = _read_slowly(text, delimiter, names, first_row, limits, complaints)
    frame = _without_blank_rows(frame, names)
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


def guess_delimiter(text: str) -> str:
    """Comma, semicolon, tab or bar: the one that cuts the most rows into as many cells as the header has.

    A file with one column gets a delimiter that doesn't occur in it, so that ``1,5`` stays one cell.
    """
    start = text[: 1 << 18]
    best, best_score = "", (0.0, 0)
    for delimiter in DELIMITERS:
        if delimiter not in start:
            continue
        rows = [row for row in islice(_records(start, delimiter), _SNIFF) if row]
        if len(start) < len(text) and len(rows) > 1:
            rows = rows[:-1]  # the sample may end in the middle of a row
        width = len(rows[0])
        if width < 2:
            continue
        score = (sum(1 for row in rows if len(row) == width) / len(rows), width)
        if score[0] > best_score[0] + 0.02 or (score[0] > best_score[0] - 0.02 and width > best_score[1]):
            best, best_score = delimiter, score
    return best or next((delimiter for delimiter in ("\t", ";", "|", ",") if delimiter not in text), ",")


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        first = next(_records(text, delimiter))
    except (StopIteration, csv.Error) as error:
        raise UploadError(NO_HEADER) from error
    while len(first) > 1 and not first[-1].strip():
        first.pop()  # a delimiter at the end of each row makes no column
    if not any(cell.strip() for cell in first):
        raise UploadError(NO_HEADER)
    return tuple(" ".join(cell.split()) for cell in first)


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


def _read_fast(
    text: str, delimiter: str, names: tuple[str, ...], first_row: int, limits: Limits, complaints: Complaints
) -> "pl.DataFrame | None":
    """The file by polars, or None where quotation marks aren't in order or very many rows are not.

    Rows with too few or too many cells are cut out of the text first; polars would fill them up or fail.
    """
    if not delimiter.isascii() or len(delimiter) != 1:
        return None
    content = text.encode()
    measured = _measure(np.frombuffer(content, dtype=np.uint8), ord(delimiter))
    if measured is None:
        return None
    if int((~measured.blank).sum()) - 1 > limits.max_rows:
        raise UploadError(TOO_MANY_ROWS, limit=limits.max_rows)
    ragged = (measured.cells != len(names)) & ~measured.blank
    ragged[0] = False  # the header may end in delimiters; it was read already, and is left out here
    wrong = np.flatnonzero(ragged)
    if len(wrong) > _MOST_RAGGED:
        return None
    numbers = np.arange(first_row, first_row + len(measured.cells))
    ends = measured.ends + 1
    left_out = np.concatenate(([0], wrong))
    edges = [(0 if place == 0 else int(ends[place - 1]), int(ends[place])) for place in left_out.tolist()]
    good = b"".join(
        content[end:begin] for (_, end), (begin, _) in zip(edges, [*edges[1:], (len(content), 0)], strict=True)
    )
    try:
        frame = pl.read_csv(
            good,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            separator=delimiter,
            empty_string_is_null=False,
        )
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if len(frame) != len(measured.cells) - len(left_out):
        return None
    frame = frame.with_columns(pl.Series("#row", np.delete(numbers, left_out), dtype=pl.UInt32))
    mended = _mend([(int(numbers[place]), content[begin:end]) for place, (begin, end) in zip(left_out[1:], edges[1:], strict=True)], delimiter, names, complaints)  # fmt: skip
    return pl.concat([frame, mended]).sort("#row") if len(mended) else frame


def _mend(
    records: list[tuple[int, bytes]], delimiter: str, names: tuple[str, ...], complaints: Complaints
) -> "pl.DataFrame":
    """Rows that aren't as long as the header: those with blank cells too many are cut, the others complained about."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    for number, record in records:
        cells = next(_records(record.decode(), delimiter), [])
        if _fitted(cells, number, len(names), complaints):
            rows.append(cells)
            numbers.append(number)
    return _framed(rows, numbers, names)


def _fitted(cells: list[str], number: int, width: int, complaints: Complaints) -> bool:
    """Whether a row has as many cells as the header, once blank ones too many are cut off; else a complaint."""
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        complaints.add(Complaint(number, "", BAD_ROW_LENGTH, {"count": len(cells), "expected": width}))
        return False
    del cells[width:]
    return True


def _framed(rows: list[list[str]], numbers: list[int], names: tuple[str, ...]) -> "pl.DataFrame":
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    made = [pl.Series(name, cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True)]
    return pl.DataFrame([*made, pl.Series("#row", numbers, dtype=pl.UInt32)])


@dataclass(frozen=True, slots=True)
class _Measured:
    """For each record: how many cells it has, where it ends (its line feed, or the end of the text), whether it's blank."""

    cells: "np.ndarray[Any, Any]"
    ends: "np.ndarray[Any, Any]"
    blank: "np.ndarray[Any, Any]"


def _measure(content: "np.ndarray[Any, Any]", delimiter: int) -> _Measured | None:
    """The records of a text, or None where a quotation mark isn't where it should be."""
    quote, newline, back = 34, 10, 13
    ends: list[np.ndarray[Any, Any]] = []
    cuts: list[np.ndarray[Any, Any]] = []
    inside = np.uint8(0)
    step = 1 << 24
    for start in range(0, len(content), step):
        block = content[start : start + step]
        is_quote = block == quote
        if inside or is_quote.any():
            if not _quotes_in_order(content, start, is_quote, inside, delimiter):
                return None
            within = np.bitwise_xor.accumulate(is_quote.view(np.uint8)) ^ inside
            inside = within[-1]
            outside = within == 0
            ends.append(np.flatnonzero((block == newline) & outside) + start)
            cuts.append(np.flatnonzero((block == delimiter) & outside) + start)
        else:
            ends.append(np.flatnonzero(block == newline) + start)
            cuts.append(np.flatnonzero(block == delimiter) + start)
    if inside:
        return None
    end = np.concatenate(ends)
    cut = np.concatenate(cuts)
    if content[-1] != newline:
        end = np.append(end, len(content))
    begin = np.concatenate(([0], end[:-1] + 1))
    last = np.minimum(end - 1, len(content) - 1)
    length = end - begin - ((end > begin) & (content[last] == back))
    cells = np.diff(np.searchsorted(cut, end), prepend=0) + 1
    return _Measured(cells, end, length == 0)


def _quotes_in_order(
    content: "np.ndarray[Any, Any]",
    start: int,
    is_quote: "np.ndarray[Any, Any]",
    inside: Any,
    delimiter: int,
) -> bool:
    """Whether each cell that has quotation marks begins and ends with one, and has them doubled within."""
    places = np.flatnonzero(is_quote) + start
    opening = ((np.arange(len(places)) & 1) ^ int(inside)) == 0
    before = np.where(places > 0, content[np.maximum(places - 1, 0)], 10)
    after = np.where(places + 1 < len(content), content[np.minimum(places + 1, len(content) - 1)], 10)
    starts_well = np.isin(before[opening], (delimiter, 10, 13, 34))
    ends_well = np.isin(after[~opening], (delimiter, 10, 13, 34))
    return bool(starts_well.all() and ends_well.all())


def _read_slowly(
    text: str, delimiter: str, names: tuple[str, ...], first_row: int, limits: Limits, complaints: Complaints
) -> "pl.DataFrame":
    rows: list[list[str]] = []
    numbers: list[int] = []
    number = first_row - 1
    previous_limit = csv.field_size_limit(max(limits.max_bytes, 131_072))
    try:
        for record in _records(text, delimiter):
            number += 1
            if number == first_row or not any(record) or not _fitted(record, number, len(names), complaints):
                continue
            rows.append(record)
            numbers.append(number)
            if len(rows) > limits.max_rows:
                raise UploadError(TOO_MANY_ROWS, limit=limits.max_rows)
    except csv.Error as error:
        raise UploadError(NOT_A_TABLE) from error
    finally:
        csv.field_size_limit(previous_limit)
    return _framed(rows, numbers, names)


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
    top = [" ".join(as_text(cell).split()) for cell in found.rows[first]]
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
        columns[name] = pl.Series(name, [as_text(cell) for cell in cells], dtype=pl.String)
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
