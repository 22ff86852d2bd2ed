from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from opsboard.alerts.analysis import maintenance, matching
from opsboard.core.models import Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.models.people import check_zone

LONGEST = timedelta(days=30)


class Matched(models.Model):
    """Whatever is about some alerts: all of its matchers must fit."""

    matchers = models.JSONField(_("Which alerts"), default=list)

    class Meta:
        abstract = True

    @property
    def rules(self) -> tuple[matching.Matcher, ...]:
        return matching.from_json(self.matchers)

    @property
    def matchers_text(self) -> str:
        return matching.written(self.rules)

    def fits(self, facts: Mapping[str, Sequence[str]]) -> bool:
        return matching.fits(self.rules, facts)

    def clean(self) -> None:
        if not self.rules:
            raise ValidationError({"matchers": gettext("Say which alerts, such as watch=Rework rate or shop=North.")})


class SilenceQuerySet(WorkspaceQuerySet):
    def active_at(self, moment: datetime) -> Self:
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)

    def coming_at(self, moment: datetime) -> Self:
        return self.filter(starts_at__gt=moment)

    def over_at(self, moment: datetime) -> Self:
        return self.filter(ends_at__lte=moment)


class Silence(Matched, WorkspaceModel):
    """For a while nobody is told of some alerts; what they do is still seen. Editing makes a new one and ends the old."""

    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"))
    reason = models.CharField(_("Reason"), max_length=500)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Silenced by")
    )
    created_at = models.DateTimeField()
    earlier = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="later")

    objects: ClassVar[models.Manager[Any]] = SilenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("Silence")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")), name="silence_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__lte=models.F("starts_at") + LONGEST), name="silence_is_30_days_at_most"
            ),
        )
        indexes = (models.Index(fields=["workspace", "ends_at"], name="silence_by_end"),)

    def __str__(self) -> str:
        return self.matchers_text

    def get_absolute_url(self) -> str:
        return reverse("alerts:silence", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def clean(self) -> None:
        super().clean()
        if self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": gettext("The end must come after the beginning.")})
        if self.ends_at - self.starts_at > LONGEST:
            raise ValidationError({"ends_at": gettext("A silence lasts 30 days at most. Should nobody hear of it at all, pause or delete the watch.")})  # fmt: skip
        if not self.reason.strip():
            raise ValidationError({"reason": gettext("Say why: whoever misses the notices will ask.")})

    def state_at(self, moment: datetime) -> str:
        if self.ends_at <= moment:
            return "over"
        return "coming" if self.starts_at > moment else "active"


class MaintenanceQuerySet(WorkspaceQuerySet):
    def in_use(self) -> Self:
        return self.filter(deleted_at=None)


@every_change()
class MaintenanceWindow(Matched, WorkspaceModel, Versioned):
    """A recurring time in which some numbers may be anything: nobody is told, and no baseline learns from it."""

    class Repeats(models.TextChoices):
        ONCE = "once", _("Once")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")
        MONTHLY = "monthly", _("Every month")

    title = models.CharField(_("Name"), max_length=200)
    reason = models.CharField(_("Reason"), max_length=500, blank=True)
    repeats = models.CharField(_("Repeats"), max_length=8, choices=Repeats.choices, default=Repeats.WEEKLY)
    first_on = models.DateField(_("First day"))
    last_on = models.DateField(_("Last day, if any"), null=True, blank=True)
    starts = models.TimeField(_("Starts at"))
    ends = models.TimeField(_("Ends at"))
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, verbose_name=_("Weekdays"))
    monthday = models.PositiveSmallIntegerField(
        _("Day of the month"), default=1, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    timezone = models.CharField(_("Time zone"), max_length=64, validators=[check_zone])
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = MaintenanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("Maintenance window")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(repeats__in=["once", "daily", "weekly", "monthly"]),
                name="window_recurrence_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(monthday__gte=1, monthday__lte=31), name="window_monthday_is_one"
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("alerts:change_window", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def clean(self) -> None:
        super().clean()
        days, hours = (self.first_on, self.last_on), (self.starts, self.ends)
        if self.first_on is None or None in hours or self.timezone not in zoneinfo.available_timezones():
            return  # each field says so itself
        problems: dict[str, str] = {}
        for name, day in zip(("first_on", "last_on"), days, strict=True):
            if day is not None and not 1900 <= day.year < 2200:
                problems[name] = gettext("The day lies outside the years 1900 to 2200.")
        if problems:
            raise ValidationError(problems)
        if self.repeats == self.Repeats.WEEKLY and not self.weekdays:
            problems["weekdays"] = gettext("Choose at least one weekday.")
        if self.last_on is not None and self.last_on < self.first_on:
            problems["last_on"] = gettext("The last day comes before the first.")
        elif self.repeats == self.Repeats.ONCE:
            start, end = self.rule.span(self.first_on)
            if end - start > maintenance.LONGEST:
                problems["last_on"] = gettext("One window lasts 31 days at most.")
            elif end <= start:
                problems["ends"] = gettext("The end must come after the beginning.")
        elif self.starts == self.ends:
            problems["ends"] = gettext("The end must differ from the beginning.")
        if problems:
            raise ValidationError(problems)

    @property
    def rule(self) -> maintenance.Recurrence:
        return maintenance.Recurrence(
            self.repeats,  # type: ignore[arg-type]
            self.first_on,
            self.starts,
            self.ends,
            self.timezone,
            self.last_on,
            frozenset(self.weekdays),
            self.monthday,
        )

    @property
    def when(self) -> str:
        """`Every week on Sat, Sun, 22:00–06:00`, in the reader's language."""
        hours = f"{self.starts:%H:%M}–{self.ends:%H:%M}"
        first = formats.date_format(self.first_on, "SHORT_DATE_FORMAT")
        match self.repeats:
            case self.Repeats.ONCE:
                return gettext("Once, on %(day)s, %(hours)s") % {"day": first, "hours": hours}
            case self.Repeats.WEEKLY:
                return gettext("Every week on %(days)s, %(hours)s") % {"days": self.weekdays_text, "hours": hours}
            case self.Repeats.MONTHLY:
                return gettext("Every month on day %(day)s, %(hours)s") % {"day": self.monthday, "hours": hours}
        return gettext("Every day, %(hours)s") % {"hours": hours}

    @property
    def weekdays_text(self) -> str:
        return ", ".join(str(WEEKDAYS[number]) for number in sorted(self.weekdays) if number in WEEKDAYS)


WEEKDAYS = {
    0: _("Mon"), 1: _("Tue"), 2: _("Wed"), 3: _("Thu"), 4: _("Fri"), 5: _("Sat"), 6: _("Sun"),
}  # fmt: skip
