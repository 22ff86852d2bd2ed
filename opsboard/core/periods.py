"""Days, weeks, months, quarters and years as people mean them: half-open, in the workspace's time zone.

A ``Period`` knows its first moment and the first moment after it, both aware and in one zone, so that the days the
clocks change are 23 or 25 hours long and nothing is counted twice. Weeks are ISO weeks (Monday to Sunday, week 1 holds
4 January). A workspace whose week starts on Sunday gets the Sunday before that Monday to the Saturday after it, under
the same number: the number of a week never depends on who looks at it.

A fiscal year begins with a month that the workspace chooses and is named after the calendar year in which it begins;
where it begins in January, it is the calendar year. Its quarters are three of its months each.

Source of the week rule: ISO 8601-1:2019, 5.2.3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo

from django.utils import formats, translation
from django.utils.translation import gettext, pgettext

type Kind = Literal["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year", "custom"]
type WeekStart = Literal["monday", "sunday"]
type Zone = str | tzinfo

ONE_DAY: Final = timedelta(days=1)


class UnknownPeriod(ValueError):
    """A text that names no period, such as ``2026-W54`` or ``last week``."""


def in_words(day: date) -> str:
    """``16 Nov 2026`` · ``2026年11月16日``."""
    return formats.date_format(day, "DATE_FORMAT" if translation.get_language() == "zh-hans" else "j M Y")


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` (in) to ``end`` (out): aware datetimes in one zone. Made by the functions below, not by hand."""

    start: datetime
    end: datetime
    kind: Kind
    week_start: WeekStart = "monday"
    year_start: int = 1  # the month in which a fiscal year begins

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period needs aware datetimes")
        if self.end.astimezone(UTC) <= self.start.astimezone(UTC):
            raise ValueError("a period ends after it starts")

    def __contains__(self, moment: date | datetime) -> bool:
        if isinstance(moment, datetime):
            return self.start.astimezone(UTC) <= moment.astimezone(UTC) < self.end.astimezone(UTC)
        return self.first_day <= moment <= self.last_day

    def __str__(self) -> str:
        return self.slug

    @property
    def tz(self) -> tzinfo:
        """The zone in which the days of this period begin."""
        zone = self.start.tzinfo
        assert zone is not None  # __post_init__ refused anything else
        return zone

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The last day in the period (the day before ``end``)."""
        return (self.end - timedelta(microseconds=1)).date()

    @property
    def days(self) -> tuple[date, ...]:
        """Every day in the period, in order."""
        count = (self.last_day - self.first_day).days + 1
        return tuple(self.first_day + timedelta(days=step) for step in range(count))

    @property
    def seconds(self) -> float:
        """The real length in seconds; 167 or 169 hours for a week in which the clocks change."""
        return (self.end.astimezone(UTC) - self.start.astimezone(UTC)).total_seconds()

    @property
    def iso_week(self) -> tuple[int, int]:
        """(year, number) of the ISO week that the period's first Thursday lies in; for weeks, the week itself."""
        monday = self.first_day + ONE_DAY if self._is_sunday_week else self.first_day
        year, number, _ = monday.isocalendar()
        return year, number

    @property
    def _is_sunday_week(self) -> bool:
        return self.kind == "week" and self.week_start == "sunday"

    @property
    def _fiscal_year(self) -> int:
        return self.first_day.year - (self.first_day.month < self.year_start)

    @property
    def _fiscal_quarter(self) -> int:
        return (self.first_day.month - self.year_start) % 12 // 3 + 1

    @property
    def slug(self) -> str:
        """The period in an address: ``2026-11-20``, ``2026-W47``, ``2026-11``, ``2026-Q4``, ``2026``, ``FY2026-Q1``,
        ``FY2026``, ``a..b``."""
        day = self.first_day
        match self.kind:
            case "day":
                return day.isoformat()
            case "week":
                year, number = self.iso_week
                return f"{year:04}-W{number:02}"
            case "month":
                return f"{day.year:04}-{day.month:02}"
            case "quarter":
                return f"{day.year:04}-Q{_quarter(day)}"
            case "year":
                return f"{day.year:04}"
            case "fiscal_quarter":
                return f"FY{self._fiscal_year:04}-Q{self._fiscal_quarter}"
            case "fiscal_year":
                return f"FY{day.year:04}"
            case "custom":
                return f"{day.isoformat()}..{self.last_day.isoformat()}"

    def label(self, language: str | None = None) -> str:
        """The period in words, in ``language`` or the active one: ``Week 47, 2026`` · ``2026 年第 47 周``."""
        if language is not None:
            with translation.override(language):
                return self.label()
        day = self.first_day
        match self.kind:
            case "day":
                return in_words(day)
            case "week":
                year, number = self.iso_week
                return gettext("Week %(week)s, %(year)s") % {"week": number, "year": year}
            case "month":
                return formats.date_format(day, "YEAR_MONTH_FORMAT")
            case "quarter":
                return gettext("Quarter %(quarter)s, %(year)s") % {"quarter": _quarter(day), "year": day.year}
            case "year":
                return pgettext("a year as a period", "%(year)s") % {"year": day.year}
            case "fiscal_quarter":
                return gettext("Quarter %(quarter)s of the fiscal year %(year)s") % {
                    "quarter": self._fiscal_quarter,
                    "year": _fiscal_name(self._fiscal_year),
                }
            case "fiscal_year":
                return gettext("Fiscal year %(year)s") % {"year": _fiscal_name(day.year)}
            case "custom":
                return self.dates(language)

    def dates(self, language: str | None = None) -> str:
        """First and last day in words: ``16 Nov 2026 – 22 Nov 2026``, as the language writes short dates."""
        if language is not None:
            with translation.override(language):
                return self.dates()
        first, last = in_words(self.first_day), in_words(self.last_day)
        return first if first == last else f"{first} – {last}"

    def previous(self) -> "Period":
        """The period of the same kind that ends where this one starts; for ``custom``, as many days before it."""
        if self.kind == "custom":
            length = self.last_day - self.first_day
            return between(self.first_day - length - ONE_DAY, self.first_day - ONE_DAY, self.tz)
        return _around(self.first_day - ONE_DAY, self.kind, self.tz, self.week_start, self.year_start)

    def next(self) -> "Period":
        """The period of the same kind that starts where this one ends; for ``custom``, as many days after it."""
        if self.kind == "custom":
            length = self.last_day - self.first_day
            return between(self.last_day + ONE_DAY, self.last_day + ONE_DAY + length, self.tz)
        return _around(self.last_day + ONE_DAY, self.kind, self.tz, self.week_start, self.year_start)

    def each(self, kind: Kind) -> Iterator["Period"]:
        """The periods of a smaller kind that begin in this one: the days of a week, the weeks of a year."""
        part = _around(self.first_day, kind, self.tz, self.week_start, self.year_start)
        if part.first_day < self.first_day:
            part = part.next()
        while part.first_day <= self.last_day:
            yield part
            part = part.next()


def zone(tz: Zone) -> tzinfo:
    """A zone from its IANA name or from a tzinfo. An unknown name raises ``UnknownPeriod``."""
    if isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownPeriod(f"unknown time zone: {tz!r}") from error


def start_of_day(day: date, tz: Zone) -> datetime:
    """The first moment of a day. Where the clocks skip midnight (Cairo, Beirut) it is the first moment that exists."""
    where = zone(tz)
    # fold=0 takes the offset before a gap, so the way through UTC lands on the moment the clocks jumped.
    return datetime.combine(day, time.min, where).astimezone(UTC).astimezone(where)


def local_day(moment: date | datetime, tz: Zone) -> date:
    """The day on which a moment falls in a zone. A plain date is itself; a naive datetime is taken as local."""
    if isinstance(moment, datetime):
        return moment.date() if moment.tzinfo is None else moment.astimezone(zone(tz)).date()
    return moment


def day_of(day: date | datetime, tz: Zone) -> Period:
    """The day itself as a period."""
    first = local_day(day, tz)
    return _span(first, first, "day", tz)


def week_of(day: date | datetime, tz: Zone, week_start: WeekStart = "monday") -> Period:
    """The week that a day lies in. With ``week_start="sunday"`` it runs from Sunday to Saturday."""
    here = local_day(day, tz)
    back = here.weekday() if week_start == "monday" else (here.weekday() + 1) % 7
    first = here - timedelta(days=back)
    return _span(first, first + timedelta(days=6), "week", tz, week_start)


def month_of(day: date | datetime, tz: Zone) -> Period:
    """The calendar month that a day lies in."""
    first = local_day(day, tz).replace(day=1)
    return _span(first, _months_later(first, 1) - ONE_DAY, "month", tz)


def quarter_of(day: date | datetime, tz: Zone) -> Period:
    """The calendar quarter that a day lies in."""
    here = local_day(day, tz)
    first = date(here.year, 3 * (_quarter(here) - 1) + 1, 1)
    return _span(first, _months_later(first, 3) - ONE_DAY, "quarter", tz)


def year_of(day: date | datetime, tz: Zone) -> Period:
    """The calendar year that a day lies in."""
    year = local_day(day, tz).year
    return _span(date(year, 1, 1), date(year, 12, 31), "year", tz)


def fiscal_year_of(day: date | datetime, tz: Zone, year_start: int = 1) -> Period:
    """The fiscal year that a day lies in, where it begins with the month ``year_start`` (1–12)."""
    if year_start == 1:
        return year_of(day, tz)
    here = local_day(day, tz)
    first = date(here.year - (here.month < year_start), year_start, 1)
    return _span(first, _months_later(first, 12) - ONE_DAY, "fiscal_year", tz, year_start=year_start)


def fiscal_quarter_of(day: date | datetime, tz: Zone, year_start: int = 1) -> Period:
    """The quarter of the fiscal year that a day lies in."""
    if year_start == 1:
        return quarter_of(day, tz)
    here = local_day(day, tz)
    first = _months_later(date(here.year, here.month, 1), -((here.month - year_start) % 3))
    return _span(first, _months_later(first, 3) - ONE_DAY, "fiscal_quarter", tz, year_start=year_start)


def between(first_day: date, last_day: date, tz: Zone) -> Period:
    """From the first day to the last, both included. Days in the wrong order raise ``UnknownPeriod``."""
    if last_day < first_day:
        raise UnknownPeriod(f"{last_day} comes before {first_day}")
    return _span(first_day, last_day, "custom", tz)


def week(year: int, number: int, tz: Zone, week_start: WeekStart = "monday") -> Period:
    """Week ``number`` of an ISO year. A week that the year doesn't have raises ``UnknownPeriod``."""
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError as error:
        raise UnknownPeriod(f"there is no week {number} in {year}") from error
    return week_of(monday, tz, week_start)


def weeks_in(year: int) -> int:
    """52 or 53: how many ISO weeks a year has."""
    return date(year, 12, 28).isocalendar().week


def previous(period: Period) -> Period:
    """The period before, of the same kind."""
    return period.previous()


def following(period: Period) -> Period:
    """The period after, of the same kind."""
    return period.next()


_SLUGS: Final = (
    ("fiscal_quarter", re.compile(r"FY(\d{4})-Q([1-4])", re.ASCII)),
    ("fiscal_year", re.compile(r"FY(\d{4})", re.ASCII)),
    ("week", re.compile(r"(\d{4})-W(\d{2})", re.ASCII)),
    ("quarter", re.compile(r"(\d{4})-Q([1-4])", re.ASCII)),
    ("day", re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)),
    ("month", re.compile(r"(\d{4})-(\d{2})", re.ASCII)),
    ("year", re.compile(r"(\d{4})", re.ASCII)),
    ("custom", re.compile(r"(\d{4})-(\d{2})-(\d{2})\.\.(\d{4})-(\d{2})-(\d{2})", re.ASCII)),
)
# Room for the periods before and after, in any time zone.
EARLIEST: Final = 1900
LATEST: Final = 2200


def parse(slug: str, tz: Zone, week_start: WeekStart = "monday", year_start: int = 1) -> Period:
    """The period that a slug names: the inverse of ``Period.slug``. Anything else raises ``UnknownPeriod``."""
    for kind, pattern in _SLUGS:
        found = pattern.fullmatch(slug)
        if found is None:
            continue
        part = [int(group) for group in found.groups()]
        if not EARLIEST <= part[0] < LATEST:
            break
        try:
            match kind:
                case "week":
                    return week(part[0], part[1], tz, week_start)
                case "quarter":
                    return quarter_of(date(part[0], 3 * part[1], 1), tz)
                case "day":
                    return day_of(date(part[0], part[1], part[2]), tz)
                case "month":
                    return month_of(date(part[0], part[1], 1), tz)
                case "year":
                    return year_of(date(part[0], 1, 1), tz)
                case "fiscal_quarter":
                    begins = _months_later(date(part[0], year_start, 1), 3 * (part[1] - 1))
                    return fiscal_quarter_of(begins, tz, year_start)
                case "fiscal_year":
                    return fiscal_year_of(date(part[0], year_start, 1), tz, year_start)
                case "custom":
                    return between(date(part[0], part[1], part[2]), date(part[3], part[4], part[5]), tz)
        except (ValueError, OverflowError) as error:
            raise UnknownPeriod(f"not a period: {slug!r}") from error
    raise UnknownPeriod(f"not a period: {slug[:40]!r}")


def _around(day: date, kind: Kind, tz: Zone, week_start: WeekStart, year_start: int = 1) -> Period:
    match kind:
        case "day" | "custom":
            return day_of(day, tz)
        case "week":
            return week_of(day, tz, week_start)
        case "month":
            return month_of(day, tz)
        case "quarter":
            return quarter_of(day, tz)
        case "year":
            return year_of(day, tz)
        case "fiscal_quarter":
            return fiscal_quarter_of(day, tz, year_start)
        case "fiscal_year":
            return fiscal_year_of(day, tz, year_start)


def _span(
    first: date, last: date, kind: Kind, tz: Zone, week_start: WeekStart = "monday", year_start: int = 1
) -> Period:
    where = zone(tz)
    return Period(start_of_day(first, where), start_of_day(last + ONE_DAY, where), kind, week_start, year_start)


def _fiscal_name(year: int) -> str:
    """``2026/27``: the fiscal year that begins in 2026."""
    return f"{year}/{(year + 1) % 100:02}"


def _quarter(day: date) -> int:
    return (day.month - 1) // 3 + 1


def _months_later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
