"""Dates and times as people and programs write them, turned into moments in UTC.

A time without an offset is local to ``tz`` (the workspace's zone, or the one chosen in the wizard).

* Where the clocks go back and a local time comes twice, it is the **first** pass.
* Where the clocks go forward and a local time never came, it is read as if they had not gone forward yet (02:30 becomes
  03:30), with a warning: a file with such times was most likely written without summer time.

``date_order`` matters only to numeric dates that don't start with a four-digit year.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsboard.core.uploads.complaints import (
    NO_SUCH_DAY,
    NOT_A_MOMENT,
    ORDER_UNCLEAR,
    OUT_OF_RANGE,
    Unreadable,
)
from opsboard.core.uploads.date_orders import DateOrder, guess_order_of
from opsboard.core.uploads.numbers import shorten

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
# What Excel counts from; good for days after 28 February 1900, the day before its missing leap day.
EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - cells hold local times
UNIX_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - as above

# One pattern for every numeric date: three parts, perhaps a time, perhaps am or pm, perhaps an offset.
_DATE: Final = r"^([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})"
_TIME: Final = r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]{1,9}))?)?)?"
_TAIL: Final = r" *(?:([AaPp])\.?[Mm]\.?)? *(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
NUMERIC: Final = _DATE + _TIME + _TAIL
_NUMERIC_RE: Final = re.compile(NUMERIC, re.ASCII)
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


def parse_moment(text: str, *, tz: str, date_order: DateOrder | None = None) -> datetime | None:
    """The moment in a cell as an aware datetime in UTC, or None where the cell is blank.

    Read are ISO 8601 (with or without offset), numeric dates in ``date_order``, ``2024年3月5日 14时30分``, ``5 Mar 2024``,
    ``March 5, 2024 2:30 PM``, ``20240305``, ``2024-03`` (its first day) and seconds or milliseconds since 1970.
    Anything else raises ``Unreadable``; so does a numeric date whose order is unclear.
    """
    moment, _ = parse(text, ZoneInfo(tz), date_order)
    return moment


def parse(text: str, tz: ZoneInfo, order: DateOrder | None) -> tuple[datetime | None, bool]:
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
