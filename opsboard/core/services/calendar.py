"""Say when a workspace works, and keep its public holidays up to date."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from babel import Locale
from babel.core import get_global
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone as clock
from django.utils import translation
from django.utils.translation import gettext as _

from opsboard.core import soon
from opsboard.core.lazy import holidays as library
from opsboard.core.models import CalendarDay, Workspace
from opsboard.core.models.calendar import check_hours

log = logging.getLogger(__name__)
YEARS_BACK, YEARS_AHEAD = 3, 1
ANNOUNCED_EACH_YEAR = frozenset({"CN"})  # where a government decree shifts working days, some weeks before the year


def countries(language: str) -> list[tuple[str, str]]:
    """`[(code, name)]` of the countries whose public holidays are known, by name."""
    names = Locale.parse("zh_Hans" if language.startswith("zh") else "en").territories
    known = library.list_supported_countries(include_aliases=False)
    return sorted(((code, names[code]) for code in known if code in names), key=lambda pair: pair[1])


def country_of(timezone: str) -> str:
    """The country whose clock this is, if that is one country's: `Asia/Shanghai` → `CN`; else an empty text."""
    code: str = get_global("zone_territories").get(timezone, "")
    return code if len(code) == 2 and code != "ZZ" else ""


@transaction.atomic
def change_calendar(
    *, workspace: Workspace, holidays_of: str, year_start: int, work_hours: Sequence[str], now: datetime
) -> Workspace:
    """The country whose holidays are free, the first month of the fiscal year, and the hours of Monday to Sunday."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    for place, text in enumerate(work_hours):
        try:
            check_hours(text)
        except ValidationError as refusal:
            raise ValidationError({f"hours_{place}": refusal.messages}) from refusal
    if len(work_hours) != 7 or not any(text.strip() for text in work_hours):
        raise ValidationError({"hours_0": _("Somebody has to work at some time of the week.")})
    changed = row.holidays_of != holidays_of
    row.holidays_of, row.year_start, row.work_hours = holidays_of, year_start, [text.strip() for text in work_hours]
    row.full_clean()
    row.save(update_fields=["holidays_of", "year_start", "work_hours"])
    if changed or holidays_of:
        keep_public_days(workspace=row, now=now)
    return row


def add_day(*, workspace: Workspace, day: date, name: str, hours: str) -> CalendarDay:
    """A day off of your own, or with hours a day that is worked; it takes the place of a public one."""
    with transaction.atomic():
        CalendarDay.objects.filter(workspace=workspace, day=day, public=True).delete()
        row = CalendarDay(workspace=workspace, day=day, name=name.strip(), hours=hours.strip())
        row.full_clean()
        row.save(force_insert=True)
    return row


def remove_day(*, row: CalendarDay, now: datetime) -> None:
    """Take a day out; if it is a public holiday, it is one again."""
    with transaction.atomic():
        row.delete()
        keep_public_days(workspace=row.workspace, now=now)


def keep_public_days(*, workspace: Workspace, now: datetime) -> int:
    """Write the country's holidays and shifted working days of some years; what somebody entered stays."""
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=workspace.pk)
        year = clock.localtime(now, row.zone).year
        first, last = year - YEARS_BACK, year + YEARS_AHEAD
        wanted = public_days(row.holidays_of, first, last, row.language) if row.holidays_of else {}
        shifted = next((hours for hours in row.work_hours if hours), "")
        rows = CalendarDay.objects.filter(workspace=workspace)
        own = set(rows.own().values_list("day", flat=True))
        # Years before the window keep the days that they had: the past does not change.
        kept = {one.day: one for one in rows.public().in_years(first, last)}
        new = {
            day: (name, shifted if worked else "")
            for day, (name, worked) in wanted.items()
            if day not in own and (not worked or shifted)
        }
        for day, was in kept.items():
            if new.get(day) != (was.name, was.hours):
                was.delete()
        CalendarDay.objects.bulk_create(
            CalendarDay(workspace=workspace, day=day, name=name, hours=hours, public=True)
            for day, (name, hours) in sorted(new.items())
            if day not in kept or (kept[day].name, kept[day].hours) != (name, hours)
        )
    return len(new)


def keep_all(*, now: datetime) -> None:
    """Every workspace's public days, once a day: a new year comes, and governments announce."""
    for workspace in Workspace.objects.exclude(holidays_of="").order_by("pk"):
        try:
            keep_public_days(workspace=workspace, now=now)
        except Exception:  # one country's rules must not cost the others theirs
            log.exception("the holidays of %s could not be renewed", workspace.holidays_of)


def keep_soon() -> None:
    """After commit, by a worker: the rules of some countries take a second to load."""
    soon.run_task("opsboard.core.tasks.keep_calendars")


def public_days(country: str, first: int, last: int, language: str) -> dict[date, tuple[str, bool]]:
    """`{day: (name, whether it is worked)}`: holidays, and free weekdays that are worked in exchange (调休).

    Source: the `holidays` library, which follows each country's law and yearly notices.
    """
    spoken = library.list_localized_countries().get(country, [])
    wanted = "zh_CN" if language.startswith("zh") else "en_US"
    arguments: dict[str, Any] = {"language": wanted} if wanted in spoken else {}
    found = library.country_holidays(country, years=range(first, last + 1), **arguments)
    answer = {day: (str(name)[:120], False) for day, name in found.items() if first <= day.year <= last}
    with translation.override(language):
        worked = _("Shifted working day")
    for day in getattr(found, "weekend_workdays", ()):
        if first <= day.year <= last:
            answer[day] = (worked, True)
    return answer


def is_announced(rows: Sequence[CalendarDay], country: str, year: int) -> bool:
    """Whether a year's shifted days are known, in a country that announces them each year."""
    return country not in ANNOUNCED_EACH_YEAR or any(row.day.year == year and row.hours for row in rows)
