"""Texts with delimiters, cut into rows and cells.

The fast reader (polars) takes files whose rows and quotation marks are in order; the slow one (Python's ``csv``) takes the
rest and says which rows are not. Both give the same table.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import (
    BAD_ROW_LENGTH,
    NO_HEADER,
    NOT_A_TABLE,
    TOO_MANY_ROWS,
    Complaint,
    Complaints,
    UploadError,
)
from opsboard.core.uploads.limits import Limits
from opsboard.core.uploads.titles import LOOKED_AT, header_at

DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFF: Final = 200
_MOST_RAGGED: Final = 10_000


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


def without_title(text: str, delimiter: str | None, is_value: Callable[[str], bool]) -> tuple[str, int, str | None]:
    """The text from its header on, how many lines stood above it, and the delimiter if that showed it."""
    start = text[: 1 << 16]
    for one in (delimiter,) if delimiter else DELIMITERS:
        if one not in start:
            continue
        try:
            rows = list(islice(_records(start, one), LOOKED_AT))
        except csv.Error:
            continue
        skipped = header_at(rows, is_value)
        if skipped and not any("\n" in cell for row in rows[:skipped] for cell in row):
            return text.split("\n", skipped)[skipped], skipped, one
    return text, 0, delimiter


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def header_of(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        first = next(_records(text, delimiter))
    except (StopIteration, csv.Error) as error:
        raise UploadError(NO_HEADER) from error
    while len(first) > 1 and not first[-1].strip():
        first.pop()  # a delimiter at the end of each row makes no column
    if not any(cell.strip() for cell in first):
        raise UploadError(NO_HEADER)
    return tuple(" ".join(cell.split()) for cell in first)


def read_rows(
    text: str, delimiter: str, names: tuple[str, ...], first_row: int, limits: Limits, complaints: Complaints
) -> "pl.DataFrame":
    """The rows below the header as texts, one column a name, and ``#row``: where each stands in the file."""
    frame = _read_fast(text, delimiter, names, first_row, limits, complaints)
    return _read_slowly(text, delimiter, names, first_row, limits, complaints) if frame is None else frame


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
