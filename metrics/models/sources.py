"""Where values are fetched from, when, and how each fetch went."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from opsboard.core.models import Job, LimitedModel, Versioned, WorkspaceQuerySet
from opsboard.core.models.history import every_change

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


class Origin(models.TextChoices):
    """What kind of place the values come from."""

    HTTP = "http", _("Web address (CSV or JSON)")
    SQL = "sql", _("Database (SQL)")
    PROMETHEUS = "prometheus", _("Prometheus query")
    FEISHU = "feishu", _("Feishu Base")
    INDICATOR = "indicator", _("A number of Opsboard")
    DATASET = "dataset", _("A table of Opsboard")


class Every(models.IntegerChoices):
    FIVE_MINUTES = 300, _("Every 5 minutes")
    QUARTER = 900, _("Every 15 minutes")
    HALF_HOUR = 1800, _("Every 30 minutes")
    HOUR = 3600, _("Every hour")
    SIX_HOURS = 21_600, _("Every 6 hours")
    DAY = 86_400, _("Once a day")


class SourceQuerySet(WorkspaceQuerySet):
    def active(self) -> Self:
        return self.filter(paused_at=None).exclude(mapping={})

    def due(self, now: datetime) -> Self:
        return self.active().filter(turn__next_at__lte=now)


@every_change(exclude=["secret"])
class Source(LimitedModel, Versioned):
    """A place that values are fetched from on a schedule: what to ask there, and what its columns are."""

    kind = models.CharField(_("Kind"), max_length=10, choices=Origin.choices)
    name = models.CharField(_("Name"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Owner"),
    )
    every = models.IntegerField(_("How often"), choices=Every.choices, default=Every.DAY)
    at_time = models.TimeField(_("At"), default=time(6, 0))
    asks = models.JSONField(default=dict)  # what is asked for: address, query, table; no secrets
    secret = models.TextField(blank=True)  # sealed by core.secrets
    mapping = models.JSONField(
        default=dict, blank=True
    )  # a packed Plan; empty until somebody said what the columns are
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("of values", "Source")
        verbose_name_plural = _("Sources")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(condition=models.Q(kind__in=Origin.values), name="source_kind_is_known"),
            models.CheckConstraint(condition=models.Q(every__in=Every.values), name="source_schedule_is_known"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("metrics:source", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.mapping.get("timezone") or self.workspace.timezone)

    @property
    def active(self) -> bool:
        return self.paused_at is None and bool(self.mapping)

    def may_be_changed_by(self, viewer: Viewer) -> bool:
        """Its owner's and the admins' business: it reads with the owner's rights, and shows what it reads."""
        if not viewer.may("editor"):
            return False
        return (
            viewer.may("admin")
            or self.owner_id is None
            or (viewer.user is not None and viewer.user.pk == self.owner_id)
        )

    def next_after(self, moment: datetime) -> datetime:
        """The first turn after a moment: whole steps of the day, or the chosen time in the workspace's zone."""
        zone = self.workspace.zone
        local = timezone.localtime(moment, zone)
        if self.every >= Every.DAY:
            day = local.date()
            while (found := datetime.combine(day, self.at_time, zone)) <= moment:
                day += timedelta(days=1)
            return found
        seconds = int(moment.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.every + self.every, tz=moment.tzinfo)


class Turn(models.Model):
    """How it stands with a source: when it is read next, how far it came, what went wrong. Changed by workers."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="turn")
    next_at = models.DateTimeField(null=True, db_index=True)
    since = models.DateTimeField(null=True)  # the newest moment that was read
    metrics = ArrayField(models.BigIntegerField(), default=list)  # which it wrote, the last time it went well
    failures = models.PositiveIntegerField(default=0)
    failed_since = models.DateTimeField(null=True)
    went_well_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)


class PullQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        return self.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])


class Pull(models.Model):
    """One reading of a source: when, how many rows, what changed, or why it failed."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="pulls")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=Job.State.choices, default=Job.State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    revised = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    complaints = models.JSONField(default=list)

    objects: ClassVar[models.Manager[Any]] = PullQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["source"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="a_source_is_read_by_one_at_a_time",
            ),
        )

    @property
    def lasted(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at else None
