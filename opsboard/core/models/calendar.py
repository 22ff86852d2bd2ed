"""The days on which a workspace works differently from what their weekday says."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import calendars
from opsboard.core.models.base import WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change


def check_hours(text: str) -> None:
    """Refuse hours of work that make no sense, in words."""
    try:
        calendars.parse_hours(text)
    except calendars.CalendarError:
        raise ValidationError(
            _("Write hours such as 09:00-12:00, 13:00-18:00, in order; 22:00-06:00 ends the next morning.")
        ) from None


class CalendarDayQuerySet(WorkspaceQuerySet):
    def public(self) -> Self:
        return self.filter(public=True)

    def own(self) -> Self:
        return self.filter(public=False)

    def in_years(self, first: int, last: int) -> Self:
        return self.filter(day__gte=date(first, 1, 1), day__lte=date(last, 12, 31))


@every_change()
class CalendarDay(WorkspaceModel):
    """A holiday (no hours), or a day that is worked although its weekday is free, such as a shifted one (调休).

    `public` days come from the country's calendar and are renewed with it; a day that somebody entered by hand stays,
    and wins.
    """

    workspace = models.ForeignKey("core.Workspace", on_delete=models.CASCADE, related_name="calendar_days")
    day = models.DateField(gettext_lazy("Date"))
    name = models.CharField(gettext_lazy("Name"), max_length=120, blank=True)
    hours = models.CharField(gettext_lazy("Hours of work"), max_length=120, blank=True, validators=[check_hours])
    public = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Any]] = CalendarDayQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("Special day")
        ordering = ("day",)
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "day"],
                name="a_day_is_in_the_calendar_once",
                violation_error_message=gettext_lazy("This day is in the calendar already."),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.day.isoformat()
