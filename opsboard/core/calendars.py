"""When people work: hours by weekday, holidays, and days that were shifted (调休), in one time zone.

All functions are pure; a calendar is a value. Hours are minutes after local midnight, so that 24:00 is 1440 and a night
shift from 22:00 to 06:00 is (1320, 1800): it belongs to the day it starts on. On the days the clocks change, the hours
are those that the clock on the wall shows, so a night shift can last an hour more or less.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

type Hours = tuple[tuple[int, int], ...]
type WeekStart = Literal["monday", "sunday"]

OFFICE_HOURS: Final[Hours] = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
ALL_DAY: Final[Hours] = ((0, 1440),)
_ONE_DAY: Final = timedelta(days=1)
# After so many days without work a search gives up: the calendar is empty, not on holiday.
_PATIENCE: Final = 3 * 366


class CalendarError(ValueError):
    """Hours that overlap, end before they start, or a calendar in which nobody ever works."""


@dataclass(frozen=True)
class WorkCalendar:
    """Working time in ``tz`` (IANA name).

    ``week`` has the hours of Monday to Sunday. ``holidays`` are days off, whatever the weekday. ``shifted`` are days that
    are worked although the weekday says otherwise, with their hours; where a day is in both, ``shifted`` wins.
    """

    tz: str = "UTC"
    week: tuple[Hours, ...] = (*(OFFICE_HOURS,) * 5, (), ())
    holidays: frozenset[date] = frozenset()
    shifted: Mapping[date, Hours] = field(default_factory=dict)
    week_start: WeekStart = "monday"

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise CalendarError("a week has seven days")
        for hours in (*self.week, *self.shifted.values()):
            _check(hours)
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise CalendarError(f"unknown time zone: {self.tz!r}") from error

    def hours_on(self, day: date) -> Hours:
        """The spans of work that begin on a day; none on a day off."""
        if day in self.shifted:
            return self.shifted[day]
        if day in self.holidays:
            return ()
        return self.week[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        """Whether any work begins on a day."""
        return bool(self.hours_on(day))

    @property
    def worked_like(self) -> dict[date, int]:
        """Days that are worked although their weekday is free, each with the nearest weekday that is worked (Monday is 0)."""
        answer: dict[date, int] = {}
        for day, hours in self.shifted.items():
            if hours and not self.week[day.weekday()]:
                for step in (-1, 1, -2, 2, -3, 3):
                    if self.week[(day.weekday() + step) % 7]:
                        answer[day] = (day.weekday() + step) % 7
                        break
        return answer

    def spans_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The spans of work that begin on a day, as moments in UTC."""
        spans = ((self._moment(day, start), self._moment(day, end)) for start, end in self.hours_on(day))
        # A span inside the hour that the clocks skip has no length.
        return [(start, end) for start, end in spans if end > start]

    def spans_between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """All spans of work between two moments, cut to them, in order, in UTC."""
        zone = ZoneInfo(self.tz)
        # A night shift that began the day before may reach into the first day.
        day = start.astimezone(zone).date() - _ONE_DAY
        last = end.astimezone(zone).date()
        reached = start.astimezone(UTC)
        stop = end.astimezone(UTC)
        while day <= last:
            for from_, to in self.spans_on(day):
                # Shifts of two days may overlap; an hour is worked once.
                from_, to = max(from_, reached), min(to, stop)
                if to > from_:
                    yield from_, to
                    reached = to
            day += _ONE_DAY

    def _moment(self, day: date, minutes: int) -> datetime:
        days, rest = divmod(minutes, 1440)
        wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), ZoneInfo(self.tz))
        return wall.astimezone(UTC)

    def as_json(self) -> dict[str, Any]:
        """As JSON, for a settings field; ``from_json`` reads it."""
        return {
            "tz": self.tz,
            "week": [[list(span) for span in hours] for hours in self.week],
            "holidays": sorted(day.isoformat() for day in self.holidays),
            "shifted": {day.isoformat(): [list(s) for s in hours] for day, hours in sorted(self.shifted.items())},
            "week_start": self.week_start,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The calendar that ``as_json`` wrote. Raises ``CalendarError``."""
        try:
            return cls(
                tz=str(value.get("tz", "UTC")),
                week=tuple(_hours(hours) for hours in value["week"]) if "week" in value else cls().week,
                holidays=frozenset(date.fromisoformat(day) for day in value.get("holidays", ())),
                shifted={date.fromisoformat(day): _hours(h) for day, h in value.get("shifted", {}).items()},
                week_start="sunday" if value.get("week_start") == "sunday" else "monday",
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise CalendarError(str(error)) from error


def around_the_clock(tz: str = "UTC") -> WorkCalendar:
    """Work at all hours of all days."""
    return WorkCalendar(tz=tz, week=(ALL_DAY,) * 7)


def working_seconds_between(calendar: WorkCalendar, start: datetime, end: datetime) -> float:
    """The seconds of working time between two aware moments; negative when ``end`` comes first."""
    if end < start:
        return -working_seconds_between(calendar, end, start)
    return sum(((to - from_).total_seconds() for from_, to in calendar.spans_between(start, end)), 0.0)


def add_working_time(calendar: WorkCalendar, start: datetime, seconds: float) -> datetime:
    """The moment (UTC) at which so much working time has passed since ``start``; backwards for negative seconds.

    Zero seconds give the next moment of work at or after ``start``. Time that ends with a shift ends there, and not
    with the start of the next. Raises ``CalendarError`` for a calendar without work.
    """
    if seconds < 0:
        return _subtract(calendar, start, -seconds)
    left = timedelta(seconds=seconds)
    for from_, to in _onwards(calendar, start):
        if left < to - from_ or (left == to - from_ and left > timedelta(0)):
            return from_ + left
        left -= to - from_
    raise CalendarError("nobody works in this calendar")


def next_working_moment(calendar: WorkCalendar, moment: datetime) -> datetime:
    """``moment`` if somebody works then, else when work next begins (UTC). Raises ``CalendarError``."""
    return add_working_time(calendar, moment, 0)


def is_working(calendar: WorkCalendar, moment: datetime) -> bool:
    """Whether a moment lies in working time."""
    return any(from_ <= moment < to for from_, to in calendar.spans_between(moment, moment + timedelta(microseconds=1)))


def working_days_between(calendar: WorkCalendar, first: date, last: date) -> int:
    """How many working days there are from ``first`` to ``last``, both included."""
    return sum(calendar.is_working_day(first + timedelta(days=step)) for step in range((last - first).days + 1))


def add_working_days(calendar: WorkCalendar, day: date, count: int) -> date:
    """The ``count``-th working day after ``day`` (before it, if negative); 0 gives ``day`` or the next working day."""
    step = _ONE_DAY if count >= 0 else -_ONE_DAY
    if count == 0:
        day, count = day - _ONE_DAY, 1
    left, idle = abs(count), 0
    while left:
        day += step
        if calendar.is_working_day(day):
            left, idle = left - 1, 0
        else:
            idle += 1
            if idle > _PATIENCE:
                raise CalendarError("nobody works in this calendar")
    return day


def _onwards(calendar: WorkCalendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans of work from a moment on, until there has been none for years."""
    here, worked = start, start
    while here - worked < timedelta(days=_PATIENCE):
        until = here + timedelta(days=28)
        for span in calendar.spans_between(here, until):
            worked = until
            yield span
        here = until


def _subtract(calendar: WorkCalendar, start: datetime, seconds: float) -> datetime:
    left = timedelta(seconds=seconds)
    here, worked = start, start
    while worked - here < timedelta(days=_PATIENCE):
        since = here - timedelta(days=28)
        for from_, to in reversed(list(calendar.spans_between(since, here))):
            worked = since
            if left <= to - from_:
                return to - left
            left -= to - from_
        here = since
    raise CalendarError("nobody works in this calendar")


def _check(hours: Hours) -> None:
    reached = 0
    for start, end in hours:
        if not 0 <= start < 1440 or not start < end <= start + 1440:
            raise CalendarError(f"hours from {start} to {end} minutes make no sense")
        if start < reached:
            raise CalendarError("hours overlap or are not in order")
        reached = end


def _hours(value: Any) -> Hours:
    return tuple((int(start), int(end)) for start, end in value)


@lru_cache(maxsize=256)
def parse_hours(text: str) -> Hours:
    """``09:00-12:00, 13:00-18:00`` as hours; ``22:00-06:00`` reaches into the next day. Raises ``CalendarError``."""
    spans: list[tuple[int, int]] = []
    for part in text.replace("，", ",").replace("：", ":").replace("–", "-").split(","):
        if not part.strip():
            continue
        try:
            start, end = (_minutes(clock) for clock in part.split("-"))
        except ValueError as error:
            raise CalendarError(f"not hours of work: {part.strip()[:40]!r}") from error
        spans.append((start, end if end > start else end + 1440))
    _check(tuple(spans))
    return tuple(spans)


def format_hours(hours: Hours) -> str:
    """The inverse of ``parse_hours``."""
    return ", ".join(f"{_clock(start)}-{_clock(end if end <= 1440 else end - 1440)}" for start, end in hours)


def _minutes(clock: str) -> int:
    hour, _, minute = clock.strip().partition(":")
    value = int(hour) * 60 + int(minute or 0)
    if not 0 <= value <= 1440 or int(minute or 0) > 59:
        raise ValueError(clock)
    return value


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
