"""Dates and times as people and programs write them, turned into moments in UTC.

A time without an offset is local to ``tz`` (the workspace's zone, or the one chosen in the wizard).

* Where the clocks go back and a local time comes twice, it is the **first** pass.
* Where the clocks go forward and a local time never came, it is read as if they had not gone forward yet (02:30 becomes
  03:30), with a warning: a file with such times was most likely written without summer time.

``date_order`` matters only to numeric dates that don't start with a four-digit year.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.complaints import (
    MOVED_BY_CLOCK,
    NO_SUCH_DAY,
    NOT_A_MOMENT,
    ORDER_MIXED,
    ORDER_UNCLEAR,
    OUT_OF_RANGE,
    Complaint,
    Complaints,
    Unreadable,
)
from opsboard.core.uploads.numbers import shorten

type DateOrder = Literal["ymd", "dmy", "mdy"]

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
# What Excel counts from; good for days after 28 February 1900, the day before its missing leap day.
EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - cells hold local times
UNIX_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - as above

# One pattern for every numeric date: three parts, perhaps a time, perhaps am or pm, perhaps an offset.
_DATE: Final = r"^([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})"
_TIME: Final = r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]{1,9}))?)?)?"
_TAIL: Final = r" *(?:([AaPp])\.?[Mm]\.?)? *(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
_NUMERIC: Final = _DATE + _TIME + _TAIL
_NUMERIC_RE: Final = re.compile(_NUMERIC, re.ASCII)
_COMPACT_RE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2})(\d{2})(\d{2})?(Z)?)?", re.ASCII)
_MONTH_RE: Final = re.compile(r"(\d{4})[-/.](\d{1,2})", re.ASCII)
_UNIX_RE: Final = re.compile(r"\d{10}(?:\.\d+)?|\d{13}", re.ASCII)
_NAMED_RE: Final = re.compile(
    r"(?:[a-z]{3,9}\.?,? )?(?:(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?[ ,-]+(\d{4})|([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))(.*)",
    re.ASCII,
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]

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
)


@dataclass(frozen=True, slots=True)
class OrderGuess:
    """What some dates say about their order. ``ambiguous``: several orders fit and people must choose."""

    order: DateOrder | None
    ambiguous: bool
    fits: tuple[DateOrder, ...]
    example: str = ""


def parse_moment(text: str, *, tz: str, date_order: DateOrder | None = None) -> datetime | None:
    """The moment in a cell as an aware datetime in UTC, or None where the cell is blank.

    Read are ISO 8601 (with or without offset), numeric dates in ``date_order``, ``2024年3月5日 14时30分``, ``5 Mar 2024``,
    ``March 5, 2024 2:30 PM``, ``20240305``, ``2024-03`` (its first day) and seconds or milliseconds since 1970.
    Anything else raises ``Unreadable``; so does a numeric date whose order is unclear.
    """
    moment, _ = _parse(text, ZoneInfo(tz), date_order)
    return moment


def _parse(text: str, tz: ZoneInfo, order: DateOrder | None) -> tuple[datetime | None, bool]:
    clean = normalise(text)
    if not clean or clean.lower() in {"na", "n/a", "null", "none", "-"}:
        return None, False
    naive, offset = _take_apart(clean, text, order)
    if offset is not None:
        moment, moved = (naive - offset).replace(tzinfo=UTC), False
    else:
        local = naive.replace(tzinfo=tz)
        moment = local.astimezone(UTC)
        moved = moment.astimezone(tz).replace(tzinfo=None) != naive
    if not EARLIEST <= moment < LATEST:
        raise Unreadable(OUT_OF_RANGE, value=shorten(text))
    return moment, moved


def _take_apart(clean: str, text: str, order: DateOrder | None) -> tuple[datetime, timedelta | None]:
    """(wall clock time, offset from UTC or None for local)."""
    for reader in (_numeric, _compact, _unix, _named):
        found = reader(clean, text, order)
        if found is not None:
            return found
    raise Unreadable(NOT_A_MOMENT, value=shorten(text))


def _numeric(clean: str, text: str, order: DateOrder | None) -> tuple[datetime, timedelta | None] | None:
    month = _MONTH_RE.fullmatch(clean)
    if month is not None:
        return _checked(text, int(month[1]), int(month[2]), 1, 0, 0), None
    found = _NUMERIC_RE.match(clean)
    if found is None:
        return None
    first, second, third, hour, minute, second_, fraction, half, offset = found.groups()
    if len(first) == 4:
        year, month_, day = int(first), int(second), int(third)
    else:
        if order is None:
            guess = guess_order_of([clean])
            if guess.order is None:
                raise Unreadable(ORDER_UNCLEAR, value=shorten(text))
            order = guess.order
        if order == "ymd" and len(third) == 4:
            raise Unreadable(NOT_A_MOMENT, value=shorten(text))
        place = {letter: (first, second, third)[at] for at, letter in enumerate(order)}
        if len(place["y"]) not in {2, 4}:
            raise Unreadable(NOT_A_MOMENT, value=shorten(text))
        year, month_, day = _full_year(int(place["y"]), place["y"]), int(place["m"]), int(place["d"])
    hours = _twelve_hours(int(hour or 0), half, text)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return _checked(text, year, month_, day, hours, int(minute or 0), int(second_ or 0), micro), _offset(offset)


def _compact(clean: str, text: str, order: DateOrder | None) -> tuple[datetime, timedelta | None] | None:
    found = _COMPACT_RE.fullmatch(clean)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    if not 1900 <= year < 2200 or not 1 <= month <= 12:
        return None
    moment = _checked(text, year, month, day, int(found[4] or 0), int(found[5] or 0), int(found[6] or 0))
    return moment, _offset(found[7])


def _unix(clean: str, text: str, order: DateOrder | None) -> tuple[datetime, timedelta | None] | None:
    if not _UNIX_RE.fullmatch(clean):
        return None
    seconds = float(clean) / 1000 if len(clean) == 13 and "." not in clean else float(clean)
    return UNIX_EPOCH + timedelta(seconds=seconds), timedelta(0)


def _named(clean: str, text: str, order: DateOrder | None) -> tuple[datetime, timedelta | None] | None:
    found = _NAMED_RE.fullmatch(clean.lower())
    if found is None:
        return None
    name = found[2] or found[4]
    if name[:3] not in _MONTHS or not (_MONTH_NAMES[_MONTHS.index(name[:3])].startswith(name) or name == "sept"):
        return None
    month = _MONTHS.index(name[:3]) + 1
    day, year = int(found[1] or found[5]), int(found[3] or found[6])
    rest = found[7].strip(" ,")
    time = _numeric(f"2000-01-01 {rest}", text, order) if rest else (UNIX_EPOCH, None)
    if time is None:
        return None
    clock, offset = time
    return _checked(text, year, month, day, clock.hour, clock.minute, clock.second, clock.microsecond), offset


def normalise(text: str) -> str:
    """Full-width to half-width, Chinese date words to marks, so that one pattern reads them all."""
    clean = unicodedata.normalize("NFKC", text).strip()
    if not clean.isascii():
        clean = re.sub(r"[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?", " ", clean)
        half = " AM" if re.search("上午|凌晨|早上", clean) else " PM" if re.search("下午|晚上", clean) else ""
        clean = re.sub("上午|凌晨|早上|下午|晚上", " ", clean)
        clean = re.sub(r"(\d)年", r"\1-", clean)
        clean = re.sub(r"(\d)月", r"\1-", clean)
        clean = re.sub(r"(\d)[日号號]", r"\1 ", clean)
        clean = re.sub(r"(\d)[时時点點]整?", r"\1:", clean)
        clean = re.sub(r"(\d)分", r"\1:", clean)
        clean = re.sub(r"(\d)秒", r"\1", clean).strip().rstrip("-")
        clean = re.sub(r" (\d{1,2}):$", r" \1:00", clean).rstrip(":") + half
    return re.sub(r"\s+", " ", clean).strip()


def _full_year(number: int, text: str) -> int:
    """Two digits: 70 to 99 are 19.., the rest 20.. (POSIX takes 69; nobody's spreadsheet minds)."""
    if len(text) > 2:
        return number
    return number + (1900 if number >= 70 else 2000)


def _twelve_hours(hour: int, half: str | None, text: str) -> int:
    if half is None:
        return hour
    if half in "Pp":
        # 14:30 PM is written by programs that mean 14:30.
        return hour if hour >= 12 else hour + 12
    if hour > 12:
        raise Unreadable(NOT_A_MOMENT, value=shorten(text))
    return hour % 12


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -length if text[0] == "-" else length


def _checked(
    text: str, year: int, month: int, day: int, hour: int, minute: int, second: int = 0, micro: int = 0
) -> datetime:
    # 24:00 is how ISO 8601 and many shift plans write the end of a day.
    next_day = hour == 24 and minute == second == micro == 0
    try:
        moment = datetime(year, month, day, 0 if next_day else hour, minute, second, micro)  # noqa: DTZ001
        return moment + timedelta(days=1) if next_day else moment
    except (ValueError, OverflowError) as error:
        raise Unreadable(NO_SUCH_DAY, value=shorten(text)) from error


def guess_order_of(texts: list[str]) -> OrderGuess:
    """The order of numeric dates in some cells: the orders in which every one of them is possible.

    Dates that begin with a four-digit year, or that aren't numeric, say nothing. Points between the parts mean day
    first (nobody writes 3.5.2024 for March 5). ``ambiguous`` when both day first and month first remain.
    """
    return guess_order(pl.Series("dates", texts, dtype=pl.String))


def guess_order(texts: "pl.Series") -> OrderGuess:
    """``guess_order_of`` for a column; a million cells take about half a second, and only where dates are unclear."""
    dates = texts.str.strip_chars().filter(
        texts.str.contains(r"^\s*[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})\b")
    )
    if not len(dates):
        return OrderGuess("ymd", ambiguous=False, fits=("ymd",))
    parts = pl.DataFrame(
        {"text": dates, "part": dates.str.extract_groups(r"^([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})")}
    ).unnest("part")
    parts = parts.select(
        pl.col("text"),
        pl.col("1").cast(pl.Int32).alias("a"),
        pl.col("3").cast(pl.Int32).alias("b"),
        pl.col("4").cast(pl.Int32).alias("c"),
        (pl.col("4").str.len_bytes() == 2).alias("short"),
        (pl.col("2") == ".").alias("pointed"),
    )
    top = parts.select(pl.col("a", "b", "c").max(), pl.col("short", "pointed").all()).row(0, named=True)
    fits: list[DateOrder] = []
    if top["a"] <= 31 and top["b"] <= 12:
        fits.append("dmy")
    if top["a"] <= 12 and top["b"] <= 31 and not top["pointed"]:
        fits.append("mdy")
    if top["short"] and top["b"] <= 12 and top["c"] <= 31 and not top["pointed"]:
        fits.append("ymd")
    if len(fits) == 1:
        return OrderGuess(fits[0], ambiguous=False, fits=tuple(fits))
    if fits == ["dmy", "mdy"] and bool((parts["a"] == parts["b"]).all()):
        return OrderGuess("dmy", ambiguous=False, fits=tuple(fits))
    unclear = parts.filter(pl.col("a") != pl.col("b"))["text"] if fits else parts["text"]
    example = shorten(unclear[0]) if len(unclear) else shorten(parts["text"][0])
    return OrderGuess(None, ambiguous=bool(fits), fits=tuple(fits), example=example)


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
        if len(self.parts) == 1 and len(self.parts[0]) == len(self.texts):
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
        part = texts.str.extract_groups(_NUMERIC).struct.unnest()
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
                moment, was_moved = _parse(text, self.zone, order)
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
            taken = here.join(known, on="text", how="inner")
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


def from_excel(serial: float) -> datetime:
    """The naive local time that an Excel serial number stands for (1900 date system), to the millisecond."""
    return EXCEL_EPOCH + timedelta(milliseconds=round(serial * 86_400_000))


def looks_like_a_day(value: float) -> bool:
    """Whether a bare number in a date column can only be meant as an Excel serial (1954 to 2119)."""
    return 20_000 <= value < 80_000


def as_naive(value: date | datetime) -> datetime:
    """A date cell as a naive datetime, to the millisecond (Excel stores fractions of a day and is never quite exact)."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    rounded = value + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
