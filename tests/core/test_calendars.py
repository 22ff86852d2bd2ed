from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsboard.core.calendars import (
    CalendarError,
    WorkCalendar,
    add_working_days,
    add_working_time,
    around_the_clock,
    format_hours,
    is_working,
    next_working_moment,
    parse_hours,
    working_days_between,
    working_seconds_between,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkCalendar(tz="Asia/Shanghai")
HOUR = 3600.0


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_a_working_day_has_eight_hours() -> None:
    assert working_seconds_between(OFFICE, at("2026-11-23T00:00"), at("2026-11-24T00:00")) == 8 * HOUR


def test_nights_weekends_and_lunch_do_not_count() -> None:
    friday_five, monday_ten = at("2026-11-20T17:00"), at("2026-11-23T10:00")
    assert working_seconds_between(OFFICE, friday_five, monday_ten) == 2 * HOUR
    assert working_seconds_between(OFFICE, at("2026-11-23T11:30"), at("2026-11-23T13:30")) == HOUR
    assert working_seconds_between(OFFICE, monday_ten, friday_five) == -2 * HOUR


def test_holidays_are_off_and_shifted_days_are_worked() -> None:
    calendar = WorkCalendar(
        tz="Asia/Shanghai",
        holidays=frozenset(
            {date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 7)}
        ),
        shifted={date(2026, 10, 10): ((9 * 60, 12 * 60), (13 * 60, 18 * 60))},
    )
    assert working_days_between(calendar, date(2026, 10, 1), date(2026, 10, 7)) == 0
    assert calendar.is_working_day(date(2026, 10, 10))  # a Saturday that makes up for the holiday
    assert not OFFICE.is_working_day(date(2026, 10, 10))
    assert working_seconds_between(calendar, at("2026-10-10T00:00"), at("2026-10-11T00:00")) == 8 * HOUR


def test_a_night_shift_belongs_to_the_day_it_starts_on() -> None:
    nights = WorkCalendar(tz="Asia/Shanghai", week=(parse_hours("22:00-06:00"),) * 5 + ((), ()))
    saturday_morning = working_seconds_between(nights, at("2026-11-21T00:00"), at("2026-11-21T12:00"))
    monday_morning = working_seconds_between(nights, at("2026-11-23T00:00"), at("2026-11-23T12:00"))
    assert (saturday_morning, monday_morning) == (6 * HOUR, 0)


def test_a_night_shift_is_longer_when_the_clocks_go_back() -> None:
    nights = WorkCalendar(tz="Europe/Berlin", week=(parse_hours("22:00-06:00"),) * 7)
    autumn = working_seconds_between(nights, at("2026-10-24T22:00", BERLIN), at("2026-10-25T06:00", BERLIN))
    spring = working_seconds_between(nights, at("2026-03-28T22:00", BERLIN), at("2026-03-29T06:00", BERLIN))
    assert (autumn, spring) == (9 * HOUR, 7 * HOUR)


def test_working_time_is_added_over_the_weekend() -> None:
    assert add_working_time(OFFICE, at("2026-11-20T17:00"), 2 * HOUR) == at("2026-11-23T10:00")
    assert add_working_time(OFFICE, at("2026-11-21T12:00"), HOUR) == at("2026-11-23T10:00")
    assert add_working_time(OFFICE, at("2026-11-23T10:00"), -2 * HOUR) == at("2026-11-20T17:00")


def test_time_that_ends_with_the_shift_ends_there() -> None:
    assert add_working_time(OFFICE, at("2026-11-20T16:00"), 2 * HOUR) == at("2026-11-20T18:00")
    assert next_working_moment(OFFICE, at("2026-11-20T18:00")) == at("2026-11-23T09:00")
    assert next_working_moment(OFFICE, at("2026-11-23T10:15")) == at("2026-11-23T10:15")


@pytest.mark.parametrize("seconds", [1, 59, HOUR, 7.5 * HOUR, 40 * HOUR, 1000 * HOUR])
def test_what_is_added_is_what_lies_between(seconds: float) -> None:
    for start in (at("2026-11-20T17:00"), at("2026-11-21T03:00"), at("2026-12-31T23:59")):
        end = add_working_time(OFFICE, start, seconds)
        assert working_seconds_between(OFFICE, start, end) == pytest.approx(seconds)


def test_a_calendar_without_work_says_so() -> None:
    idle = WorkCalendar(week=((),) * 7)
    with pytest.raises(CalendarError, match="nobody works"):
        add_working_time(idle, at("2026-01-01T00:00"), 1)
    with pytest.raises(CalendarError, match="nobody works"):
        add_working_days(idle, date(2026, 1, 1), 1)
    assert working_seconds_between(idle, at("2026-01-01T00:00"), at("2027-01-01T00:00")) == 0


def test_a_long_stand_still_is_not_the_end() -> None:
    only_2027 = WorkCalendar(week=((),) * 7, shifted={date(2027, 12, 1): ((540, 600),)})
    assert add_working_time(only_2027, datetime(2026, 1, 1, tzinfo=UTC), 60) == datetime(2027, 12, 1, 9, 1, tzinfo=UTC)


def test_around_the_clock_is_the_time_itself() -> None:
    always = around_the_clock("Europe/Berlin")
    start, end = at("2026-03-01T05:30", BERLIN), at("2026-04-01T01:00", BERLIN)
    assert working_seconds_between(always, start, end) == (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()
    assert is_working(always, start)


def test_working_days_are_counted_from_the_day_after() -> None:
    assert add_working_days(OFFICE, date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert add_working_days(OFFICE, date(2026, 11, 23), -1) == date(2026, 11, 20)
    assert add_working_days(OFFICE, date(2026, 11, 21), 0) == date(2026, 11, 23)
    assert add_working_days(OFFICE, date(2026, 11, 20), 0) == date(2026, 11, 20)


def test_is_working_ends_with_the_shift() -> None:
    assert is_working(OFFICE, at("2026-11-23T17:59"))
    assert not is_working(OFFICE, at("2026-11-23T18:00"))
    assert not is_working(OFFICE, at("2026-11-23T12:30"))


def test_hours_are_written_and_read() -> None:
    assert parse_hours("09:00-12:00, 13:00-18:00") == ((540, 720), (780, 1080))
    assert parse_hours("9:00-12:00，13:00-18:00") == ((540, 720), (780, 1080))
    assert parse_hours("22:00-6") == ((1320, 1800),)
    assert parse_hours("00:00-24:00") == ((0, 1440),)
    assert parse_hours("") == ()
    for text in ("09:00-12:00, 13:00-18:00", "22:00-06:00", "00:00-24:00"):
        assert format_hours(parse_hours(text)) == text


@pytest.mark.parametrize("text", ["9", "9-", "a-b", "9:00-12:00, 11:00-13:00", "25:00-26:00", "9:75-10:00", "9-10-11"])
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(CalendarError):
        parse_hours(text)


def test_a_calendar_is_stored_and_read() -> None:
    calendar = WorkCalendar(
        tz="Asia/Shanghai",
        holidays=frozenset({date(2026, 1, 1)}),
        shifted={date(2026, 1, 4): ((540, 720),)},
        week_start="sunday",
    )
    assert WorkCalendar.from_json(calendar.as_json()) == calendar


@pytest.mark.parametrize(
    "stored", [{"week": [[]]}, {"tz": "Mars/Olympus"}, {"holidays": ["x"]}, {"week": [[[5, 1]]] * 7}, {"week": 3}]
)
def test_a_stored_calendar_that_makes_no_sense_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(CalendarError):
        WorkCalendar.from_json(stored)


def test_ten_years_are_counted_in_a_moment() -> None:
    start = at("2016-01-01T00:00")
    assert working_seconds_between(OFFICE, start, start + timedelta(days=3652)) == 8 * HOUR * working_days_between(
        OFFICE, date(2016, 1, 1), date(2025, 12, 30)
    )
