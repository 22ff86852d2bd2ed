"""Excel workbooks (.xlsx): the values that were last computed, dates as dates, numbers as numbers.

The file is measured before the reader touches it. A workbook is a zip archive of XML: a few kilobytes can unpack to
gigabytes, and one cell at XFD1048576 makes a reader lay out seventeen billion of them.
"""

import re
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

from opsboard.core.lazy import calamine
from opsboard.core.uploads.complaints import (
    BROKEN_WORKBOOK,
    NO_SUCH_SHEET,
    NOT_A_TABLE,
    SWOLLEN,
    TOO_MANY_COLUMNS,
    TOO_MANY_ROWS,
    UploadError,
)
from opsboard.core.uploads.moments import as_naive

MAX_UNPACKED: Final = 1_000_000_000
MAX_PARTS: Final = 5_000
MAX_CELLS: Final = 30_000_000
_BLOCK: Final = 1 << 20
# A cell's place, in the XML of a sheet: r="AB12". Rows alone (r="12") are caught by the second pattern.
_PLACE: Final = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{0,4})([0-9]{1,9})[\"']")
# A cell whose formula went wrong, and what it shows: the reader gives these as empty.
_ERROR: Final = re.compile(
    rb"<(?:\w+:)?c\b([^>]*\bt=[\"']e[\"'][^>]*)>(?:(?!</(?:\w+:)?c>).){0,300}?<(?:\w+:)?v>(#[^<]{1,20})<", re.DOTALL
)
_CELL: Final = re.compile(rb"<(?:\w+:)?c(\s[^>/]*)>")  # a cell that holds something
_LOOK: Final = re.compile(rb"\ss\s*=\s*[\"']([0-9]{1,6})[\"']")
_NO_NUMBER: Final = re.compile(rb"\st\s*=\s*[\"'](?!n[\"'])")
_LOOKS: Final = 1 << 18
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

type Errors = dict[tuple[int, int], str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet from its first row on, as Python values, and the names of all sheets.

    `percents` are the places of the columns whose numbers are shown as per cent.
    """

    name: str
    names: tuple[str, ...]
    rows: list[list[Any]]
    percents: frozenset[int] = frozenset()


def read_sheet(content: bytes, *, sheet: str | None, max_rows: int, max_columns: int) -> Sheet:
    """The rows of a sheet: the named one, or the first that holds anything. Raises ``UploadError``."""
    errors = _measure(content, max_rows, max_columns)
    try:
        with calamine.CalamineWorkbook.from_filelike(BytesIO(content)) as workbook:
            visible = tuple(
                info.name
                for info in workbook.sheets_metadata
                if info.visible == calamine.SheetVisibleEnum.Visible and info.typ == calamine.SheetTypeEnum.WorkSheet
            )
            names = visible or tuple(workbook.sheet_names)
            if sheet is not None and sheet not in workbook.sheet_names:
                raise UploadError(NO_SUCH_SHEET, sheet=sheet[:60])
            name, rows = "", []
            for name in (sheet,) if sheet is not None else names:
                rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                if rows:
                    break
    except UploadError:
        raise
    except Exception as error:
        # The reader raises its own errors and, for some damaged files, plain ones; all mean the same to people.
        raise UploadError(BROKEN_WORKBOOK) from error
    if any(errors.values()):
        for (row, column), text in errors.get(_part_of(content, name), {}).items():
            if row <= len(rows) and column <= len(rows[row - 1]):
                rows[row - 1][column - 1] = text
    return Sheet(name, names, rows, _percents(content, name))


def _percents(content: bytes, sheet: str) -> frozenset[int]:
    """The columns most of whose first cells are shown as per cent: the reader gives values without their looks."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = {part.filename.lower(): part for part in archive.infolist()}
            styles = ET.fromstring(archive.read(parts["xl/styles.xml"]))  # noqa: S314 - measured before, as above
            with archive.open(parts[_part_of(content, sheet)]) as stream:
                head = stream.read(_LOOKS)
    except (KeyError, ET.ParseError, zipfile.BadZipFile, OSError):
        return frozenset()
    own = {one.get("numFmtId"): one.get("formatCode") or "" for one in styles.iter(f"{_MAIN}numFmt")}
    looks = styles.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    shown = [own.get(one.get("numFmtId"), "%" if one.get("numFmtId") in {"9", "10"} else "") for one in looks]
    percent = {str(at) for at, code in enumerate(shown) if "%" in code}
    seen: Counter[int] = Counter()
    so: Counter[int] = Counter()
    for cell in _CELL.findall(head):
        place, look = _PLACE.search(cell), _LOOK.search(cell)
        if place is not None and place[1] and not _NO_NUMBER.search(cell):
            column = _column_number(place[1]) - 1
            seen[column] += 1
            so[column] += look is not None and look[1].decode() in percent
    return frozenset(column for column, count in so.items() if count * 2 > seen[column])


def _part_of(content: bytes, sheet: str) -> str:
    """The part of the archive that holds a sheet, in lower case, or ``""``."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        # The parser (expat) bounds what entities may grow to, and the parts were measured before.
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    link = next((item.get(f"{_LINK}id") for item in book.iter(f"{_MAIN}sheet") if item.get("name") == sheet), None)
    target = next((item.get("Target", "") for item in links if item.get("Id") == link), "")
    return (target.lstrip("/") if target.startswith("/") else f"xl/{target}").lower()


def _measure(content: bytes, max_rows: int, max_columns: int) -> dict[str, Errors]:
    """Unpack every part once, without keeping it, to know how much it really holds; note the cells with errors."""
    errors: dict[str, Errors] = {}
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            if not any(part.filename.lower() == "xl/workbook.xml" for part in parts):
                raise UploadError(NOT_A_TABLE)
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise UploadError(SWOLLEN)
            left = MAX_UNPACKED
            for part in parts:
                name = part.filename.lower()
                found = errors.setdefault(name, {}) if name.startswith("xl/worksheets/") else None
                left -= _measure_part(archive, part, left, found, max_rows, max_columns)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise UploadError(BROKEN_WORKBOOK) from error
    except ValueError as error:
        raise UploadError(BROKEN_WORKBOOK) from error
    return errors


def _measure_part(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, errors: Errors | None, max_rows: int, max_columns: int
) -> int:
    size, last_row, tail = 0, 0, b""
    columns: dict[bytes, int] = {}
    # Reading to the end checks the sum over the part: a size that was lied about does not pass.
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > left:
                raise UploadError(SWOLLEN)
            if errors is None:
                continue
            for letters, digits in _PLACE.findall(tail + block):
                last_row = max(last_row, int(digits))
                if letters not in columns:
                    columns[letters] = _column_number(letters)
            if b't="e"' in block or b"t='e'" in block:
                errors.update(_errors_in(tail + block))
            tail = block[-1024:]
    last_column = max(columns.values(), default=0)
    # The header is one row more; a sheet may end in formatted but empty rows, so these are let pass here and the
    # filled ones counted later, as long as the whole stays bearable.
    if last_row > 1_048_576 or last_row * max(last_column, 1) > MAX_CELLS:
        raise UploadError(TOO_MANY_ROWS, limit=max_rows)
    if last_column > max(max_columns, 16_384):
        raise UploadError(TOO_MANY_COLUMNS, count=last_column, limit=max_columns)
    return size


def _errors_in(xml: bytes) -> Errors:
    found: Errors = {}
    for attributes, text in _ERROR.findall(xml):
        place = _PLACE.search(b" " + attributes)
        if place is not None and place[1]:
            found[int(place[2]), _column_number(place[1])] = text.decode("ascii", "replace")
    return found


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def as_text(value: Any) -> str:
    """A cell's value as the text that a CSV file would have: 3 for 3.0, ISO dates, TRUE and FALSE."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            moment = as_naive(value)
            midnight = moment.time() == time(0)
            return moment.date().isoformat() if midnight else moment.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat()
        case timedelta():
            return _as_duration(value)
        case None:
            return ""
    return str(value)


def as_percent(value: Any) -> str:
    """A number that the sheet shows as per cent, as it shows it."""
    if isinstance(value, float) and not isinstance(value, bool):
        return f"{float(f'{value * 100:.12g}'):.12g}%"
    return as_text(value)


def _as_duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
