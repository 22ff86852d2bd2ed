"""Waiting lists: what is open, since when, and who has it. An average tells too late; the oldest one tells in time."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.models.metric import Metric, check_key
from opsboard.core.calendars import CalendarError, WorkCalendar, around_the_clock, parse_hours
from opsboard.core.models import LimitedModel, Versioned, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.models.people import check_zone


class Clock(models.TextChoices):
    ALWAYS = "always", _("All hours, day and night")
    WORKING = "working", _("Working hours only")


def weekdays() -> list[int]:
    """Monday to Friday."""
    return [0, 1, 2, 3, 4]


class WaitingListQuerySet(WorkspaceQuerySet):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)


@every_change()
class WaitingList(LimitedModel, Versioned):
    """Things that wait to be dealt with: tickets without an answer, orders to be packed, invoices to be paid."""

    key = models.CharField(_("Key"), max_length=80, validators=[check_key])
    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("What waits here"), blank=True, max_length=2000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Owner"),
    )
    clock = models.CharField(_("Time counts"), max_length=7, choices=Clock.choices, default=Clock.ALWAYS)
    hours = models.CharField(_("Working hours"), max_length=120, blank=True, default="09:00-12:00, 13:00-18:00")
    days = ArrayField(models.SmallIntegerField(), default=weekdays, blank=True, verbose_name=_("Working days"))
    timezone = models.CharField(_("Time zone"), max_length=64, blank=True, validators=[check_zone])
    limit_hours = models.FloatField(
        _("Longest wait (hours)"), null=True, blank=True, validators=[MaxValueValidator(100_000)]
    )
    reply_metric = models.ForeignKey(
        Metric,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Write the time that each one waited into"),
    )
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = WaitingListQuerySet.as_manager()

    class Meta:
        verbose_name = _("Waiting list")
        verbose_name_plural = _("Waiting lists")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "key"],
                name="waiting_list_keys_differ_in_a_workspace",
                violation_error_message=_("Another waiting list has this key."),
            ),
            models.CheckConstraint(condition=models.Q(clock__in=Clock.values), name="waiting_list_clock_is_known"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("metrics:waiting_list", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def clean(self) -> None:
        if self.limit_hours is not None and not self.limit_hours > 0:
            raise ValidationError({"limit_hours": gettext("The longest wait must be more than nought.")})
        if self.clock != Clock.WORKING:
            return
        try:
            hours = parse_hours(self.hours)
        except CalendarError as fault:
            raise ValidationError({"hours": gettext("Write hours such as 09:00-12:00, 13:00-18:00.")}) from fault
        if not hours or not self.days:
            raise ValidationError({"hours": gettext("Nobody would ever work: give hours and at least one day.")})
        if any(day not in range(7) for day in self.days):
            raise ValidationError({"days": gettext("There is no such day of the week.")})

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone) if self.timezone else self.workspace.zone

    @property
    def calendar(self) -> WorkCalendar:
        """When time counts here."""
        if self.clock == Clock.ALWAYS:
            return around_the_clock(str(self.zone))
        hours = parse_hours(self.hours)
        return WorkCalendar(tz=str(self.zone), week=tuple(hours if day in self.days else () for day in range(7)))

    @property
    def oldest_indicator(self) -> str:
        return f"metrics.oldest_open:{self.key}"

    @property
    def count_indicator(self) -> str:
        return f"metrics.open_count:{self.key}"


class WaitingItemQuerySet(models.QuerySet[Any]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def open_at(self, moment: datetime) -> Self:
        """What waited at that moment."""
        return self.filter(opened_at__lte=moment).filter(models.Q(closed_at=None) | models.Q(closed_at__gt=moment))

    def longest_first(self) -> Self:
        return self.order_by("opened_at", "pk")


class WaitingItem(models.Model):
    """One thing that waits, or waited. A list may see thousands a day, so it is never tracked."""

    waiting_list = models.ForeignKey(WaitingList, on_delete=models.CASCADE, related_name="items")
    reference = models.CharField(_("Reference"), max_length=120)
    opened_at = models.DateTimeField(_("Waiting since"))
    closed_at = models.DateTimeField(_("Done at"), null=True, blank=True)
    who = models.CharField(_("Who has it"), max_length=120, blank=True)
    url = models.URLField(_("Address"), max_length=500, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    objects: ClassVar[models.Manager[Any]] = WaitingItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("Open item")
        constraints = (
            models.UniqueConstraint(fields=["waiting_list", "reference"], name="a_reference_waits_once_in_a_list"),
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | models.Q(closed_at__gte=models.F("opened_at")),
                name="nothing_ends_before_it_began_to_wait",
            ),
        )
        indexes = (
            models.Index(
                fields=["waiting_list", "opened_at"], condition=models.Q(closed_at=None), name="what_waits_by_age"
            ),
            models.Index(fields=["waiting_list", "closed_at"], name="what_waited_by_its_end"),
        )

    def __str__(self) -> str:
        return self.reference
