"""A workspace says when it works: hours, public holidays with shifted days, its fiscal year."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from opsboard.core import calendars, periods
from opsboard.core.models import CalendarDay, User, Workspace
from opsboard.core.services import calendar

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
WEEK = ["09:00-12:00, 13:00-18:00"] * 5 + ["", ""]
ADDRESS = "/north-plant/settings/calendar/"


def chinese(workspace: Workspace) -> Workspace:
    return calendar.change_calendar(workspace=workspace, holidays_of="CN", year_start=1, work_hours=WEEK, now=NOW)


def test_the_chinese_year_has_its_holidays_and_its_shifted_working_days(workspace: Workspace) -> None:
    """The State Council's notice for 2026: spring festival 15–23 February, worked on 14 and 28 February."""
    known = chinese(workspace).calendar
    assert not any(known.is_working_day(date(2026, 2, day)) for day in range(15, 24))
    assert known.hours_on(date(2026, 2, 14)) == known.hours_on(date(2026, 2, 28)) == calendars.OFFICE_HOURS
    assert not known.is_working_day(date(2026, 10, 1))
    assert known.is_working_day(date(2026, 10, 10))  # a Saturday
    assert calendars.working_days_between(known, date(2026, 9, 28), date(2026, 10, 11)) == 3 + 3  # a week of holidays
    week = periods.week_of(date(2026, 2, 11), workspace.zone)
    assert calendars.working_seconds_between(known, week.start, week.end) == 6 * 8 * 3600


def test_an_own_day_wins_and_a_removed_one_gives_the_public_day_back(workspace: Workspace) -> None:
    chinese(workspace)
    own = calendar.add_day(workspace=workspace, day=date(2026, 10, 1), name="Stocktaking", hours="08:00-12:00")
    calendar.keep_public_days(workspace=workspace, now=NOW)
    assert workspace.calendar.hours_on(date(2026, 10, 1)) == ((480, 720),)
    calendar.remove_day(row=own, now=NOW)
    assert workspace.calendar.hours_on(date(2026, 10, 1)) == ()


def test_another_country_takes_its_days_with_it_and_old_years_stay(workspace: Workspace) -> None:
    chinese(workspace)
    CalendarDay.objects.create(workspace=workspace, day=date(2019, 5, 1), name="Labour day", public=True)
    calendar.change_calendar(workspace=workspace, holidays_of="DE", year_start=1, work_hours=WEEK, now=NOW)
    days = set(CalendarDay.objects.filter(workspace=workspace).values_list("day", flat=True))
    assert date(2026, 10, 3) in days
    assert date(2026, 10, 5) not in days
    assert date(2019, 5, 1) in days


def test_a_year_that_is_not_announced_says_so(workspace: Workspace) -> None:
    chinese(workspace)
    rows = list(CalendarDay.objects.filter(workspace=workspace))
    assert calendar.is_announced(rows, "CN", 2026)
    assert not calendar.is_announced([row for row in rows if row.day.year != 2026], "CN", 2026)
    assert calendar.is_announced([], "DE", 2026)


def test_a_new_workspace_in_shanghai_has_the_chinese_calendar() -> None:
    assert calendar.country_of("Asia/Shanghai") == "CN"
    assert calendar.country_of("Europe/Berlin") == "DE"
    assert calendar.country_of("UTC") == ""


@pytest.mark.parametrize(
    ("day", "slug", "label", "first", "last"),
    [
        (date(2026, 11, 18), "FY2026", "Fiscal year 2026/27", date(2026, 4, 1), date(2027, 3, 31)),
        (date(2026, 3, 31), "FY2025", "Fiscal year 2025/26", date(2025, 4, 1), date(2026, 3, 31)),
        (date(2024, 2, 29), "FY2023", "Fiscal year 2023/24", date(2023, 4, 1), date(2024, 3, 31)),
    ],
)
def test_a_fiscal_year_is_named_after_the_year_in_which_it_begins(
    day: date, slug: str, label: str, first: date, last: date
) -> None:
    year = periods.fiscal_year_of(day, "Asia/Shanghai", 4)
    assert (year.slug, year.label(), year.first_day, year.last_day) == (slug, label, first, last)
    assert periods.parse(slug, "Asia/Shanghai", year_start=4) == year
    assert year.previous().next() == year
    assert next(year.each("fiscal_quarter")).first_day == first


def test_fiscal_quarters_have_three_months_each_and_follow_one_another() -> None:
    quarter = periods.fiscal_quarter_of(date(2026, 1, 15), "Europe/Berlin", 4)
    assert (quarter.slug, quarter.first_day, quarter.last_day) == ("FY2025-Q4", date(2026, 1, 1), date(2026, 3, 31))
    assert quarter.label() == "Quarter 4 of the fiscal year 2025/26"
    assert quarter.next().slug == "FY2026-Q1"
    assert periods.parse("FY2025-Q4", "Europe/Berlin", year_start=4) == quarter
    assert periods.fiscal_quarter_of(date(2026, 1, 15), "Europe/Berlin") == periods.quarter_of(
        date(2026, 1, 15), "Europe/Berlin"
    )


def given(**changes: str) -> dict[str, str]:
    hours = {f"hours_{place}": text for place, text in enumerate(WEEK)}
    return {"holidays_of": "CN", "year_start": "4", **hours, **changes}


def test_the_page_saves_the_calendar_and_lists_its_days(
    workspace: Workspace, adam: User, sign_in: SignIn, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    client = sign_in(adam)
    assert "No special days yet" in client.get(ADDRESS).content.decode()
    assert client.post(ADDRESS, given()).status_code == 303
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        html = client.get(ADDRESS).content.decode()
    assert "Shifted working day" in html
    assert "Fiscal year" in html
    workspace.refresh_from_db()
    assert workspace.year_start == 4
    added = client.post(f"{ADDRESS}days/", {"day": "2026-12-24", "name": "=Party", "hours": ""})
    assert added.status_code == 303
    export = b"".join(client.get(f"{ADDRESS}?export=csv").streaming_content)  # type: ignore[attr-defined]
    assert "'=Party" in export.decode()
    row = CalendarDay.objects.get(day=date(2026, 12, 24))
    assert client.post(f"{ADDRESS}days/{row.pk}/remove/").status_code == 303
    public = CalendarDay.objects.filter(public=True).first()
    assert public is not None
    assert client.post(f"{ADDRESS}days/{public.pk}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hours_0": "9 to 5"}, "Write hours such as 09:00-12:00"),
        ({"hours_2": "13:00-18:00, 09:00-12:00"}, "Write hours such as 09:00-12:00"),
        ({f"hours_{place}": "" for place in range(7)}, "Somebody has to work"),
        ({"holidays_of": "XX"}, "Select a valid choice"),
        ({"year_start": "13"}, "Select a valid choice"),
    ],
)
def test_hours_that_make_no_sense_are_refused_beside_their_field(
    changes: dict[str, str], sentence: str, workspace: Workspace, adam: User, sign_in: SignIn
) -> None:
    answer = sign_in(adam).post(ADDRESS, given(**changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    workspace.refresh_from_db()
    assert workspace.holidays_of == ""


def test_a_day_is_in_the_calendar_once(workspace: Workspace, adam: User, sign_in: SignIn) -> None:
    client = sign_in(adam)
    day = {"day": "2026-12-24", "name": "Party"}
    assert client.post(f"{ADDRESS}days/", day).status_code == 303
    again = client.post(f"{ADDRESS}days/", day)
    assert again.status_code == 422
    assert "This day is in the calendar already." in again.content.decode()
    assert client.post(f"{ADDRESS}days/", {"day": "0001-01-01"}).status_code == 422
