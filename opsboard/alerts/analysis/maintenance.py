"""Maintenance windows on the wall's clock: once, daily, weekly or monthly, in an IANA time zone.

A start that the clocks skip comes when they have sprung (02:30 runs at 03:00); one that they show twice is the first.
A window over midnight belongs to the day on which it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

type Repeats = Literal["once", "daily", "weekly", "monthly"]
ONE_DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """From `starts` to `ends` on each day that it falls on; an end that is not after the start is the next day's."""

    repeats: Repeats
    first_on: date
    starts: time
    ends: time
    timezone: str
    last_on: date | None = None  # once: the day on which it ends; else the last day on which it starts
    weekdays: frozenset[int] = field(default_factory=frozenset)  # weekly: Monday is 0
    monthday: int = 1  # monthly: a month that is shorter has it on its last day

    def falls_on(self, day: date) -> bool:
        if day < self.first_on or (self.repeats != "once" and self.last_on is not None and day > self.last_on):
            return False
        match self.repeats:
            case "once":
                return day == self.first_on
            case "daily":
                return True
            case "weekly":
                return day.weekday() in self.weekdays
            case "monthly":
                return day.day == self.monthday or (day.day < self.monthday and (day + ONE_DAY).day == 1)

    def span(self, day: date) -> tuple[datetime, datetime]:
        """The window that starts on this day, in UTC."""
        zone = ZoneInfo(self.timezone)
        last = self.last_on if self.repeats == "once" and self.last_on is not None else day
        if last == day and self.ends <= self.starts:
            last = day + ONE_DAY
        start, end = moment_of(day, self.starts, zone), moment_of(last, self.ends, zone)
        if end <= start:  # it lies in the hour that the clocks skip: it keeps its length
            end = start + (datetime.combine(last, self.ends) - datetime.combine(day, self.starts))
        return start, end


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When a clock on the wall shows this, in UTC: after the gap if it never does, the first time if it does twice."""
    wall = datetime.combine(day, clock, zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    early, late = moment - timedelta(hours=4), moment + timedelta(hours=4)
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):  # where the clocks jump
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def spans(rule: Recurrence, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """All windows that overlap [start, end), in UTC and in order."""
    zone = ZoneInfo(rule.timezone)
    longest = LONGEST if rule.repeats == "once" else 2 * ONE_DAY
    day = max(rule.first_on, (start - longest).astimezone(zone).date())
    last = end.astimezone(zone).date()
    if rule.repeats == "once":
        last = min(last, rule.first_on)
    elif rule.last_on is not None:
        last = min(last, rule.last_on)
    while day <= last:
        if rule.falls_on(day):
            from_, to = rule.span(day)
            if from_ < end and to > start:
                yield from_, to
        day += ONE_DAY


def covers(rule: Recurrence, moment: datetime) -> tuple[datetime, datetime] | None:
    """The window that a moment lies in, if any."""
    for from_, to in spans(rule, moment, moment + timedelta(microseconds=1)):
        if from_ <= moment < to:
            return from_, to
    return None


def next_span(
    rule: Recurrence, after: datetime, *, within: timedelta = timedelta(days=400)
) -> tuple[datetime, datetime] | None:
    """The window that is on, or the next one."""
    return next(spans(rule, after, after + within), None)


def merged(pieces: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The union of spans, in order."""
    answer: list[tuple[datetime, datetime]] = []
    for start, end in sorted(pieces):
        if answer and start <= answer[-1][1]:
            answer[-1] = (answer[-1][0], max(answer[-1][1], end))
        else:
            answer.append((start, end))
    return answer
