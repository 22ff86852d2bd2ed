from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from opsboard.core.periods import (
    Period,
    UnknownPeriod,
    between,
    day_of,
    month_of,
    parse,
    previous,
    quarter_of,
    week,
    week_of,
    weeks_in,
    year_of,
)

SHANGHAI = "Asia/Shanghai"
BERLIN = "Europe/Berlin"


def test_a_week_runs_from_monday_to_monday() -> None:
    period = week_of(date(2026, 11, 22), SHANGHAI)
    assert period.start == datetime(2026, 11, 16, tzinfo=ZoneInfo(SHANGHAI))
    assert period.end == datetime(2026, 11, 23, tzinfo=ZoneInfo(SHANGHAI))
    assert period.slug == "2026-W47"
    assert (period.first_day, period.last_day, len(period.days)) == (date(2026, 11, 16), date(2026, 11, 22), 7)


def test_a_week_that_starts_on_sunday_keeps_its_number() -> None:
    period = week_of(date(2026, 11, 22), SHANGHAI, "sunday")
    assert (period.first_day, period.last_day) == (date(2026, 11, 22), date(2026, 11, 28))
    assert period.slug == "2026-W48"
    assert parse("2026-W48", SHANGHAI, "sunday") == period
    assert period.previous().slug == "2026-W47"


def test_a_moment_falls_in_the_week_of_its_own_zone() -> None:
    late_on_sunday_in_utc = datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert week_of(late_on_sunday_in_utc, SHANGHAI).slug == "2026-W48"
    assert week_of(late_on_sunday_in_utc, BERLIN).slug == "2026-W47"


def test_the_end_of_a_period_is_outside_it() -> None:
    period = day_of(date(2026, 3, 1), BERLIN)
    assert period.start in period
    assert period.end not in period
    assert date(2026, 3, 1) in period
    assert date(2026, 3, 2) not in period


@pytest.mark.parametrize(("year", "weeks"), [(2015, 53), (2020, 53), (2024, 52), (2025, 52), (2026, 53), (2027, 52)])
def test_some_years_have_53_weeks(year: int, weeks: int) -> None:
    assert weeks_in(year) == weeks


def test_week_53_is_followed_by_week_1() -> None:
    last = week(2026, 53, SHANGHAI)
    assert last.last_day == date(2027, 1, 3)
    assert last.next().slug == "2027-W01"
    assert last.next().previous() == last


def test_the_first_days_of_january_may_belong_to_the_old_year() -> None:
    assert week_of(date(2027, 1, 1), BERLIN).slug == "2026-W53"
    assert week_of(date(2024, 12, 30), BERLIN).slug == "2025-W01"


def test_clock_changes_make_long_and_short_weeks() -> None:
    assert week_of(date(2026, 3, 29), BERLIN).seconds == 167 * 3600
    assert week_of(date(2026, 10, 25), BERLIN).seconds == 169 * 3600
    assert week_of(date(2026, 10, 25), SHANGHAI).seconds == 168 * 3600


def test_a_day_whose_midnight_was_skipped_begins_at_one() -> None:
    day = day_of(date(2024, 4, 26), "Africa/Cairo")  # the clocks went from 24:00 to 01:00
    assert day.start.hour == 1
    assert day.seconds == 23 * 3600
    assert day.first_day == date(2024, 4, 26)
    assert day.previous().end == day.start


@pytest.mark.parametrize(
    "slug", ["2026-11-20", "2026-W47", "2026-11", "2026-Q4", "2026", "2026-11-03..2026-11-20", "2024-02-29"]
)
def test_a_slug_names_the_period_that_wrote_it(slug: str) -> None:
    period = parse(slug, BERLIN)
    assert period.slug == slug
    assert parse(period.next().slug, BERLIN).previous() == period


@pytest.mark.parametrize(
    "slug",
    ["2025-W53", "2026-W00", "2026-13", "2026-02-30", "0000", "last week", "", "2026-Q5", "2026-11-20..2026-11-03"],
)
def test_what_is_not_a_period_is_refused(slug: str) -> None:
    with pytest.raises(UnknownPeriod):
        parse(slug, BERLIN)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownPeriod):
        week_of(date(2026, 1, 1), "Mars/Olympus")


def test_months_quarters_and_years_follow_one_another() -> None:
    assert month_of(date(2024, 2, 29), BERLIN).last_day == date(2024, 2, 29)
    assert month_of(date(2026, 1, 15), BERLIN).previous().slug == "2025-12"
    assert quarter_of(date(2026, 12, 31), BERLIN).next().slug == "2027-Q1"
    assert previous(year_of(date(2026, 6, 1), BERLIN)).slug == "2025"


def test_a_custom_period_moves_by_its_own_length() -> None:
    ten_days = between(date(2026, 11, 1), date(2026, 11, 10), BERLIN)
    assert ten_days.previous().slug == "2026-10-22..2026-10-31"
    assert ten_days.next().slug == "2026-11-11..2026-11-20"


def test_a_week_has_seven_days_and_a_year_its_weeks() -> None:
    assert [day.slug for day in week(2026, 47, BERLIN).each("day")][::6] == ["2026-11-16", "2026-11-22"]
    assert len(list(year_of(date(2026, 1, 1), BERLIN).each("month"))) == 12


def test_a_period_has_a_name_in_both_languages() -> None:
    period = week(2026, 47, SHANGHAI)
    assert period.label("en") == "Week 47, 2026"
    assert period.label("zh-hans") == "2026 年第 47 周"
    with translation.override("en"):
        assert month_of(date(2026, 11, 1), SHANGHAI).label() == "November 2026"
    assert month_of(date(2026, 11, 1), SHANGHAI).label("zh-hans") == "2026年11月"


def test_naive_and_backward_periods_are_refused() -> None:
    aware = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        Period(datetime(2026, 1, 1), datetime(2026, 1, 2), "day")
    with pytest.raises(ValueError, match="ends after"):
        Period(aware, aware, "day")


@pytest.mark.parametrize("slug", ["0001-W01", "0001-01", "9999-W52", "9999-12-31", "1899", "2200-Q1"])
def test_years_that_have_no_neighbours_are_no_periods(slug: str) -> None:
    with pytest.raises(UnknownPeriod):
        parse(slug, "UTC")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "16 Nov 2026 – 22 Nov 2026"), ("zh-hans", "2026年11月16日 – 2026年11月22日")]
)
def test_the_days_of_a_period_are_written_as_everywhere(language: str, words: str) -> None:
    assert parse("2026-W47", SHANGHAI).dates(language) == words
