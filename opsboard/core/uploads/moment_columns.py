"""Whole columns of dates and times, turned into moments as `moments` does with one of them, but fast."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import (
    MOVED_BY_CLOCK,
    ORDER_MIXED,
    ORDER_UNCLEAR,
    OUT_OF_RANGE,
    Complaint,
    Complaints,
    Unreadable,
)
from opsboard.core.uploads.date_orders import DateOrder, OrderGuess, guess_order
from opsboard.core.uploads.moments import EARLIEST, LATEST, NUMERIC, parse
from opsboard.core.uploads.numbers import shorten

# What the fast reader knows, by the shape of the text. All begin with the year, so no order needs to be known.
_FAST: Final = (
    (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), "%Y-%m-%d", False),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII), "%Y-%m-%d %H:%M:%S", False),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII), "%Y-%m-%dT%H:%M:%S", False),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", re.ASCII), "%Y-%m-%d %H:%M", False),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", re.ASCII), "%Y-%m-%dT%H:%M", False),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d+", re.ASCII), "%Y-%m-%d %H:%M:%S%.f", False),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+", re.ASCII), "%Y-%m-%dT%H:%M:%S%.f", False),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}", re.ASCII), "%Y/%m/%d", False),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2}", re.ASCII), "%Y/%m/%d %H:%M:%S", False),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}", re.ASCII), "%Y/%m/%d %H:%M", False),
    (re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})", re.ASCII), "%Y-%m-%dT%H:%M:%S%#z", True),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}", re.ASCII), "%Y-%m-%d %H:%M:%S%#z", True),
    (
        re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+(?:Z|[+-]\d{2}:\d{2})", re.ASCII),
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        True,
    ),
    (
        re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d+(?:Z|[+-]\d{2}:\d{2})", re.ASCII),
        "%Y-%m-%d %H:%M:%S%.f%#z",
        True,
    ),
)


def fast_pattern(texts: "pl.Series") -> str | None:
    """The pattern of the first filled cell, where the fast reader knows it; the other cells may be written otherwise."""
    filled = texts.str.strip_chars()
    filled = filled.filter(filled != "")
    if not len(filled):
        return None
    return next((pattern for shape, pattern, _offset in _FAST if shape.fullmatch(filled[0])), None)


def read_moments(
    texts: "pl.Series",
    *,
    tz: str,
    date_order: DateOrder | None,
    native: "pl.Series | None",
    rows: "pl.Series",
    column: str,
    complaints: Complaints,
    warnings: Complaints,
) -> "tuple[pl.Series, pl.Series, OrderGuess]":
    """(moments as Datetime µs UTC with null for blank and refused cells, Boolean: the cell was blank, the order).

    ``native`` holds date cells of an XLSX file as naive local times. Three readers, each for what the one before left:
    the formats that start with the year, one pattern for numeric dates, and ``parse_moment`` for the rest, once a text.
    """
    reader = _Reader(texts.str.strip_chars(), tz, rows, column, complaints, warnings)
    if native is not None:
        reader.take_native(native)
    reader.take_year_first()
    order = OrderGuess(date_order, ambiguous=False, fits=(date_order,)) if date_order else reader.order()
    if order.order is None:
        message = ORDER_UNCLEAR if order.ambiguous else ORDER_MIXED
        complaints.add(Complaint(None, column, message, {"value": order.example}))
        return reader.result(), reader.blank, order
    reader.take_numeric(order.order)
    reader.take_one_by_one(order.order)
    return reader.result(), reader.blank, order


class _Reader:
    """Reads a column in steps; ``pending`` says which cells are still to be read."""

    def __init__(
        self, texts: "pl.Series", tz: str, rows: "pl.Series", column: str, complaints: Complaints, warnings: Complaints
    ) -> None:
        self.texts, self.tz, self.zone = texts, tz, ZoneInfo(tz)
        self.rows, self.column = rows, column
        self.complaints, self.warnings = complaints, warnings
        self.blank = texts == ""
        self.pending = (~self.blank).arg_true()
        self.parts: list[pl.DataFrame] = []

    def result(self) -> "pl.Series":
        empty = pl.repeat(None, len(self.texts), dtype=pl.Datetime("us", "UTC"), eager=True)
        if not self.parts:
            return empty
        if len(self.parts) == 1 and len(self.parts[0]) == len(self.texts) and self.parts[0]["i"].is_sorted():
            return self.parts[0]["utc"]
        taken = pl.concat(self.parts)
        return empty.scatter(taken["i"], taken["utc"])

    def order(self) -> OrderGuess:
        return guess_order(self.texts.gather(self.pending))

    def take_native(self, native: "pl.Series") -> None:
        there = native.is_not_null()
        self.blank = self.blank & ~there
        index = there.arg_true()
        if len(index):
            self._take_local(index, native.gather(index))
        self.pending = (~self.blank & ~there).arg_true()

    def take_year_first(self) -> None:
        for _ in range(len(_FAST)):
            if not len(self.pending):
                return
            texts = self.texts.gather(self.pending)
            shape = next((fast for fast in _FAST if fast[0].fullmatch(texts[0])), None)
            if shape is None:
                return
            _, pattern, has_offset = shape
            read = texts.str.to_datetime(pattern, strict=False, time_unit="us")
            # A lenient %Y reads 25/12/23 as a day of the year 25: such dates are for the next reader.
            good = (read.dt.year() >= 1000).fill_null(False)
            if not good[0]:
                return
            index, value = self.pending.filter(good), read.filter(good)
            self.pending = self.pending.filter(~good)
            if has_offset:
                self._take(index, value.dt.convert_time_zone("UTC"))
            else:
                self._take_local(index, value)

    def take_numeric(self, order: DateOrder) -> None:
        """Numeric dates of any order, by one pattern; Chinese date words are turned into its marks first."""
        if not len(self.pending):
            return
        texts = self.texts.gather(self.pending)
        if texts.str.contains("年", literal=True).any():
            texts = texts.str.replace_many({"年": "-", "月": "-", "日": " ", "号": " "}).str.strip_chars()
        part = texts.str.extract_groups(NUMERIC).struct.unnest()
        frame = part.select(
            i=self.pending,
            first=pl.col("1"),
            second=pl.col("2"),
            third=pl.col("3"),
            hour=pl.col("4").cast(pl.Int32).fill_null(0),
            minute=pl.col("5").cast(pl.Int32).fill_null(0),
            sec=pl.col("6").cast(pl.Int32).fill_null(0),
            micro=pl.col("7").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int32).fill_null(0),
            half=pl.col("8"),
            offset=pl.col("9"),
        ).filter(pl.col("first").is_not_null(), pl.col("half").is_null(), pl.col("offset").is_null())
        year_first = pl.col("first").str.len_bytes() == 4
        place = dict(zip(order, ("first", "second", "third"), strict=True))
        year_text = pl.when(year_first).then(pl.col("first")).otherwise(pl.col(place["y"]))
        frame = frame.select(
            "i", "hour", "minute", "sec", "micro",
            digits=year_text.str.len_bytes(),
            year=year_text.cast(pl.Int32),
            month=pl.when(year_first).then(pl.col("second")).otherwise(pl.col(place["m"])).cast(pl.Int32),
            day=pl.when(year_first).then(pl.col("third")).otherwise(pl.col(place["d"])).cast(pl.Int32),
        )  # fmt: skip
        frame = frame.filter(
            pl.col("digits").is_in([2, 4]), pl.col("hour") < 24, pl.col("minute") < 60, pl.col("sec") < 60
        ).with_columns(
            year=pl.when(pl.col("digits") == 4)
            .then(pl.col("year"))
            .otherwise(pl.col("year") + pl.when(pl.col("year") >= 70).then(1900).otherwise(2000))
        )
        leap = (pl.col("year") % 4 == 0) & ((pl.col("year") % 100 != 0) | (pl.col("year") % 400 == 0))
        last = (
            pl.when(pl.col("month").is_in([4, 6, 9, 11])).then(30)
            .when(pl.col("month") == 2).then(pl.when(leap).then(29).otherwise(28))
            .otherwise(31)
        )  # fmt: skip
        frame = frame.filter(
            pl.col("year").is_between(1900, 2199), pl.col("month").is_between(1, 12), pl.col("day").is_between(1, last)
        )
        if not len(frame):
            return
        naive = frame.select(
            pl.datetime("year", "month", "day", "hour", "minute", "sec", "micro", time_unit="us")
        ).to_series()
        self._take_local(frame["i"], naive)
        self.pending = self.pending.filter(~self.pending.is_in(frame["i"].implode()))

    def take_one_by_one(self, order: DateOrder) -> None:
        if not len(self.pending):
            return
        texts = self.texts.gather(self.pending)
        found: dict[str, datetime] = {}
        moved: set[str] = set()
        blank: set[str] = set()
        refused: dict[str, Unreadable] = {}
        for text in texts.unique().to_list():
            try:
                moment, was_moved = parse(text, self.zone, order)
            except Unreadable as error:
                refused[text] = error
                continue
            if moment is None:
                blank.add(text)
                continue
            found[text] = moment
            if was_moved:
                moved.add(text)
        here = pl.DataFrame({"i": self.pending, "text": texts})
        if found:
            known = pl.DataFrame(
                {"text": list(found), "utc": list(found.values())},
                schema={"text": pl.String, "utc": pl.Datetime("us", "UTC")},
            )
            taken = here.join(known, on="text", how="inner", maintain_order="left")
            self._take(taken["i"], taken["utc"])
        if blank:
            self.blank = self.blank.scatter(here.filter(pl.col("text").is_in(sorted(blank)))["i"], True)
        self._report(here, self.warnings, sorted(moved), lambda text: Unreadable(MOVED_BY_CLOCK, value=shorten(text)))
        self._report(here, self.complaints, sorted(refused), lambda text: refused[text])
        self.pending = self.pending.clear()

    def _take(self, index: "pl.Series", utc: "pl.Series") -> None:
        fine = (utc >= EARLIEST) & (utc < LATEST)
        if not fine.all():
            wrong = pl.DataFrame({"i": index.filter(~fine), "text": self.texts.gather(index.filter(~fine))})
            texts = wrong["text"].unique().to_list()
            self._report(wrong, self.complaints, texts, lambda text: Unreadable(OUT_OF_RANGE, value=shorten(text)))
            index, utc = index.filter(fine), utc.filter(fine)
        self.parts.append(pl.DataFrame({"i": index.cast(pl.UInt32), "utc": utc.cast(pl.Datetime("us", "UTC"))}))

    def _take_local(self, index: "pl.Series", naive: "pl.Series") -> None:
        utc = naive.dt.replace_time_zone(self.tz, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
        gone = utc.is_null() & naive.is_not_null()
        if gone.any():
            where = gone.arg_true()
            moved = [value.replace(tzinfo=self.zone).astimezone(UTC) for value in naive.gather(where).to_list()]
            utc = utc.scatter(where, pl.Series("moved", moved, dtype=pl.Datetime("us", "UTC")))
            cells = index.gather(where)
            texts = naive.gather(where).dt.strftime("%Y-%m-%d %H:%M:%S")
            here = pl.DataFrame({"i": cells, "text": texts})
            self._report(
                here, self.warnings, texts.unique().to_list(), lambda text: Unreadable(MOVED_BY_CLOCK, value=text)
            )
        self._take(index, utc)

    def _report(
        self, here: "pl.DataFrame", to: Complaints, texts: list[str], what: Callable[[str], Unreadable]
    ) -> None:
        if not texts:
            return
        wrong = here.filter(pl.col("text").is_in(texts))
        shown = wrong.head(to.room)
        for index, text in shown.select("i", "text").iter_rows():
            error = what(text)
            to.add(Complaint(int(self.rows[index]), self.column, error.text, error.values))
        to.add_uncounted(len(wrong) - len(shown))
