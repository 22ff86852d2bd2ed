"""When the steps of an escalation are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsboard.core.calendars import CalendarError, WorkCalendar, add_working_time, next_working_moment


@dataclass(frozen=True, slots=True)
class Stair:
    """One step: how long after the alert fired, and whether only working time counts."""

    delay: int
    working: bool = False


def first_due(stairs: Sequence[Stair], fired_at: datetime, calendar: WorkCalendar) -> datetime | None:
    return _after(stairs[0].delay, stairs[0], fired_at, calendar) if stairs else None


def next_due(
    stairs: Sequence[Stair], done: int, fired_at: datetime, done_at: datetime, calendar: WorkCalendar
) -> datetime | None:
    """When the step after step number `done` (from 0) is due.

    Its delay counts from the firing; but where `done` came late, after an acknowledgement ran out, the distance between
    the two is kept, so that not all who were spared are woken at once.
    """
    if done + 1 >= len(stairs):
        return None
    this, following = stairs[done], stairs[done + 1]
    apart = max(0, following.delay - this.delay)
    return max(_after(following.delay, following, fired_at, calendar), _after(apart, following, done_at, calendar))


def _after(seconds: int, stair: Stair, moment: datetime, calendar: WorkCalendar) -> datetime:
    """So much later; outside working hours the delay stands still, and nobody is called then."""
    if not stair.working:
        return moment + timedelta(seconds=seconds)
    try:
        due = add_working_time(calendar, moment, seconds)
        return next_working_moment(calendar, due)
    except CalendarError:  # a calendar in which nobody works: better told than never
        return moment + timedelta(seconds=seconds)
