"""Waiting lists: what is open, since when, and who has it. An average tells too late; the oldest one tells in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import connection, models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.models.metric import Metric, check_key
from opsboard.core.calendars import WorkCalendar, around_the_clock
from opsboard.core.models import LimitedModel, Versioned, WorkspaceQuerySet
from opsboard.core.models.history import every_change


class Clock(models.TextChoices):
    ALWAYS = "always", _("All hours, day and night")
    WORKING = "working", _("Working hours only")


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

    @property
    def calendar(self) -> WorkCalendar:
        """When time counts here: always, or in the workspace's working hours without its holidays."""
        return self.workspace.calendar if self.clock == Clock.WORKING else around_the_clock(self.workspace.timezone)

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


@dataclass(frozen=True)
class Waiting:
    """What waits in a list, all in all or with one label: how many, and which one longest."""

    list_id: int
    labels: dict[str, str]
    count: int
    oldest: WaitingItem | None


_WAITING = """
WITH item AS (
  SELECT i.id, i.waiting_list_id, i.labels, i.opened_at, (i.closed_at IS NULL OR i.closed_at > %(now)s) AS waits
  FROM metrics_waitingitem i
  WHERE i.waiting_list_id = ANY(%(lists)s) AND i.opened_at <= %(now)s
    AND (i.closed_at IS NULL OR i.closed_at > %(since)s)
)
SELECT waiting_list_id, '', '', count(*) FILTER (WHERE waits), (array_agg(id ORDER BY opened_at, id) FILTER (WHERE waits))[1]
FROM item GROUP BY 1
UNION ALL
SELECT waiting_list_id, e.key, e.value, count(*) FILTER (WHERE waits), (array_agg(id ORDER BY opened_at, id) FILTER (WHERE waits))[1]
FROM item, jsonb_each_text(item.labels) e GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
REMEMBERED = timedelta(days=30)  # a label that nothing waits for is nought, and not unknown, for so long


def waiting_in(list_ids: Sequence[int], now: datetime) -> list[Waiting]:
    """What waits, by list and by each of their labels; two queries for all."""
    if not list_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"lists": list(list_ids), "now": now, "since": now - REMEMBERED})
        rows = cursor.fetchall()
    items = {one.pk: one for one in WaitingItem.objects.filter(pk__in={row[4] for row in rows if row[4]})}
    return [
        Waiting(list_id, {name: value} if name else {}, count, items.get(oldest))
        for list_id, name, value, count, oldest in rows
    ]
