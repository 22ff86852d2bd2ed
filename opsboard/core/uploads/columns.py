"""From a table of texts to columns that a database takes: moments, numbers and texts, or complaints by row and column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import NO_SUCH_COLUMN, Complaint, Complaints
from opsboard.core.uploads.date_orders import DateOrder, OrderGuess
from opsboard.core.uploads.moment_columns import read_moments
from opsboard.core.uploads.moments import from_excel, looks_like_a_day
from opsboard.core.uploads.numbers import Decimal, complain_of_blanks, read_numbers
from opsboard.core.uploads.tables import CellKind, Table

type OnBlank = Literal["keep", "skip", "complain"]
type Value = datetime | float | str | None

_DEFAULT_BLANK: Final[dict[CellKind, OnBlank]] = {"moment": "complain", "number": "complain", "text": "keep"}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that were asked for, in that order, for the rows that have nothing wrong.

    ``frame``: moments are Datetime µs UTC, numbers Float64, texts String (stripped, ``""`` for blank); ``rows`` (UInt32)
    are the row numbers of the file. ``complaints`` holds the first 200 by row, ``complaint_count`` counts all;
    ``warnings`` refuse nothing. ``ambiguous`` names the moment columns whose order of day and month must be asked for;
    nothing in them was read.
    """

    frame: "pl.DataFrame"
    rows: "pl.Series"
    complaints: list[Complaint]
    complaint_count: int
    warnings: list[Complaint] = field(default_factory=list)
    warning_count: int = 0
    ambiguous: Mapping[str, OrderGuess] = field(default_factory=dict)
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def ok(self) -> bool:
        """Whether every row of the file was read (skipped ones aside)."""
        return self.complaint_count == 0

    def chunks(self, size: int = 50_000) -> "Iterator[pl.DataFrame]":
        """The frame in slices, for work with progress."""
        yield from self.frame.iter_slices(size)

    def tuples(self) -> Iterator[tuple[Value, ...]]:
        """Row by row as Python values: aware datetimes in UTC, floats, texts, None."""
        return self.frame.iter_rows()

    def copy_text(self, size: int = 50_000) -> Iterator[bytes]:
        """Blocks for ``COPY … FROM STDIN (FORMAT csv)``: NULL is an empty cell, an empty text is ``""``.

        A caller that needs more columns (workspace, labels as JSON) adds them to ``frame`` and calls ``copy_blocks``.
        """
        return copy_blocks(self.frame, size)


def copy_blocks(frame: "pl.DataFrame", size: int = 50_000) -> Iterator[bytes]:
    """Any frame as blocks of ``COPY … FROM STDIN (FORMAT csv)``; aware moments keep their offset."""
    for part in frame.iter_slices(size):
        yield part.write_csv(include_header=False).encode()


def read_columns(
    table: Table,
    kinds: Mapping[str, CellKind],
    *,
    tz: str,
    date_order: DateOrder | None = None,
    decimal: Decimal | None = None,
    on_blank: Mapping[str, OnBlank] | None = None,
    keep_complaints: int = 200,
) -> Columns:
    """The named columns of a table as moments, numbers and texts.

    ``tz`` (IANA name) is the zone of times without an offset; ``date_order`` None means: find out, and ask where it is
    unclear (``ambiguous``); ``decimal`` None means the table's guess. ``on_blank`` says for each column whether a blank
    cell is kept (None, or ``""`` for text), skips its row or is complained about; moments and numbers complain unless
    told otherwise. NaN and infinity are always refused. Ragged rows of the table are among the complaints.
    """
    rules = on_blank or {}
    complaints, warnings = Complaints(keep_complaints), Complaints(keep_complaints)
    for complaint in table.complaints:
        complaints.add(complaint)
    complaints.add_uncounted(table.complaint_count - len(table.complaints))
    good = pl.repeat(True, len(table), dtype=pl.Boolean, eager=True)
    skip = pl.repeat(False, len(table), dtype=pl.Boolean, eager=True)
    values: list[pl.Series] = []
    ambiguous: dict[str, OrderGuess] = {}
    for name, kind in kinds.items():
        if name not in table.names:
            complaints.add(Complaint(None, name, NO_SUCH_COLUMN, {"column": name}))
            continue
        rule = rules.get(name, _DEFAULT_BLANK[kind])
        if kind == "moment":
            value, blank, order = _moments(table, name, tz, date_order, complaints, warnings)
            if order.order is None:
                ambiguous[name] = order
        elif kind == "number":
            value, blank = read_numbers(
                table.texts(name),
                decimal=decimal or table.decimal,
                native=table.numbers.get(name),
                rows=table.rows,
                column=name,
                complaints=complaints,
            )
        else:
            value = table.texts(name).str.strip_chars()
            blank = value == ""
        values.append(value.alias(name))
        if kind != "text":
            good &= value.is_not_null() | blank
        if rule == "complain":
            good &= ~blank
            complain_of_blanks(blank, table.rows, name, complaints)
        elif rule == "skip":
            skip |= blank
    frame = pl.DataFrame(values)
    whole = (good & ~skip) if len(values) else good
    return Columns(
        frame=frame if whole.all() else frame.filter(whole),
        rows=table.rows if whole.all() else table.rows.filter(whole),
        complaints=complaints.in_order(),
        complaint_count=complaints.total,
        warnings=warnings.in_order(),
        warning_count=warnings.total,
        ambiguous=ambiguous,
        skipped=int((skip & good).sum()),
    )


def _moments(
    table: Table, name: str, tz: str, date_order: DateOrder | None, complaints: Complaints, warnings: Complaints
) -> "tuple[pl.Series, pl.Series, OrderGuess]":
    native = table.moments.get(name)
    serial = table.numbers.get(name)
    if serial is not None:
        # A date column whose cells lost their format: Excel shows 45356, and means 5 March 2024.
        days = [from_excel(day) if day is not None and looks_like_a_day(day) else None for day in serial.to_list()]
        dated = pl.Series(name, days, dtype=pl.Datetime("us"))
        native = dated if native is None else pl.select(pl.coalesce(native, dated)).to_series()
    return read_moments(
        table.texts(name),
        tz=tz,
        date_order=date_order,
        native=native,
        rows=table.rows,
        column=name,
        complaints=complaints,
        warnings=warnings,
    )
