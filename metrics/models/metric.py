"""What a metric is: its name, unit, direction, how it adds up, and who looks after it."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics import analysis
from opsboard.core.models import LimitedModel, Occurrence, Versioned, WorkspaceQuerySet, check_currency
from opsboard.core.models.history import every_change
from opsboard.core.models.people import check_zone

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

PREFIX = "metrics.value:"  # how the house calls a metric's value

check_key = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?\Z",
    _("Small letters a–z, digits, - and _ only, beginning and ending with a letter or digit."),
)


class Direction(models.TextChoices):
    UP = "up", _("Up is better")
    DOWN = "down", _("Down is better")


class Aggregation(models.TextChoices):
    """How values of several times and several label sets become one."""

    SUM = "sum", _("Sum")
    MEAN = "mean", _("Average (by weight)")
    LAST = "last", _("Latest")
    RATIO = "ratio", _("Rate (numerator / denominator)")
    MIN = "min", _("Smallest")
    MAX = "max", _("Largest")
    COUNT = "count", _("Number of values")
    P50 = "p50", _("Median (p50)")
    P90 = "p90", _("90% are at most (p90)")
    P95 = "p95", _("95% are at most (p95)")
    P99 = "p99", _("99% are at most (p99)")
    FORMULA = "formula", _("Calculated from other metrics")

    @property
    def fraction(self) -> float | None:
        """Of a percentile: 0.9 for p90."""
        return int(self.value[1:]) / 100 if self.value[1:].isdigit() else None


class Grain(models.TextChoices):
    """How often the metric is measured, and so how its values are put together."""

    MINUTE = "minute", _("Minute")
    HOUR = "hour", _("Hour")
    DAY = "day", _("Day")
    WEEK = "week", _("Week")
    MONTH = "month", _("Month")

    @property
    def seconds(self) -> int:
        return {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}[self.value]


class MetricQuerySet(WorkspaceQuerySet):
    def in_use(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def on_the_front(self) -> Self:
        """The few numbers that decide, the north star first, then as people put them."""
        chosen = self.in_use().filter(models.Q(north_star=True) | models.Q(front__isnull=False))
        return chosen.order_by("-north_star", "front", "pk")

    def spoken_of(self, viewer: Viewer, thing: models.Model) -> tuple[Metric | None, datetime | None]:
        """The metric that the latest happening with another app's object speaks of, and of which of its values: those of
        an alert."""
        about = {"about_type": ContentType.objects.get_for_model(thing), "about_id": thing.pk}
        told = Occurrence.objects.visible_to(viewer).filter(**about, facts__indicator__startswith=PREFIX)
        rows = list(told.order_by("-at", "-pk").values_list("facts__indicator", "facts__value_at")[:20])
        if not rows:
            return None, None
        at = next((one for _key, one in rows if one), None)
        metric = self.visible_to(viewer).filter(key=str(rows[0][0]).removeprefix(PREFIX)).first()
        return metric, datetime.fromisoformat(str(at)) if at else None


@every_change()
class Metric(LimitedModel, Versioned):
    """A number that decides: named, with a unit, the direction that is better, and perhaps a target."""

    key = models.CharField(_("Key"), max_length=80, validators=[check_key])
    name = models.CharField(_("Name"), max_length=200)
    unit = models.CharField(_("Unit"), max_length=40, blank=True)
    direction = models.CharField(
        _("Which way is better"), max_length=4, choices=Direction.choices, default=Direction.UP
    )
    aggregation = models.CharField(_("Adds up as"), max_length=7, choices=Aggregation.choices, default=Aggregation.SUM)
    grain = models.CharField(_("Measured each"), max_length=6, choices=Grain.choices, default=Grain.DAY)
    formula = models.CharField(_("Formula"), max_length=500, blank=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True, validators=[check_currency])
    target = models.FloatField(_("Target"), null=True, blank=True)
    decimals = models.PositiveSmallIntegerField(
        _("Decimals shown"), null=True, blank=True, validators=[MaxValueValidator(8)]
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Owner"),
    )
    description = models.TextField(_("What it means"), blank=True, max_length=5000)
    counted = models.TextField(_("How it is counted"), blank=True, max_length=2000)
    owner_role = models.CharField(_("Who usually looks after it"), max_length=120, blank=True)
    target_note = models.TextField(_("How the target was set"), blank=True, max_length=2000)
    # The front holds the few numbers that decide, in the order that people gave them; the north star stands first.
    front = models.PositiveSmallIntegerField(null=True, blank=True)
    north_star = models.BooleanField(_("North-star metric"), default=False)
    timezone = models.CharField(_("Time zone"), max_length=64, blank=True, validators=[check_zone])
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = MetricQuerySet.as_manager()

    class Meta:
        verbose_name = _("Metric")
        verbose_name_plural = _("Metrics")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "key"],
                name="metric_keys_differ_in_a_workspace",
                violation_error_message=_("Another metric has this key."),
            ),
            models.CheckConstraint(
                condition=models.Q(direction__in=Direction.values), name="metric_direction_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(aggregation__in=Aggregation.values), name="metric_aggregation_is_known"
            ),
            models.CheckConstraint(condition=models.Q(grain__in=Grain.values), name="metric_grain_is_known"),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=models.Q(north_star=True),
                name="a_workspace_has_one_north_star",
                violation_error_message=_("Another metric is the north star already."),
            ),
            models.CheckConstraint(
                condition=models.Q(aggregation="formula", formula__gt="")
                | ~models.Q(aggregation="formula") & models.Q(formula=""),
                name="metric_is_calculated_where_it_has_a_formula",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.target is not None and not abs(self.target) <= analysis.LARGEST:
            raise ValidationError({"target": gettext("This number is too large to be counted with.")})

    def get_absolute_url(self) -> str:
        return reverse("metrics:metric", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    @property
    def indicator(self) -> str:
        """The key under which others watch it."""
        return f"{PREFIX}{self.key}"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The clock by which its days begin: its own, or the workspace's."""
        return zoneinfo.ZoneInfo(self.timezone) if self.timezone else self.workspace.zone

    @property
    def as_rate(self) -> bool:
        """Whether it is shown as a percentage: a rate without a unit, or with the unit %."""
        if self.aggregation == Aggregation.FORMULA:
            return self.unit == "%"
        return self.aggregation == Aggregation.RATIO and self.unit in {"", "%"}

    @property
    def is_calculated(self) -> bool:
        return self.aggregation == Aggregation.FORMULA

    @property
    def clock(self) -> str:
        """What its buckets begin by; what was put together by another clock is put together anew."""
        return f"{self.zone.key}|{self.grain}|{self.workspace.week_start}"

    def is_off(self, value: float | None) -> bool:
        """Whether a value misses the target in the wrong direction."""
        return value is not None and self.target is not None and self.misses(value, self.target)

    def misses(self, value: float, target: float) -> bool:
        return value < target if self.direction == Direction.UP else value > target

    def improves(self, change: float) -> bool:
        return change > 0 if self.direction == Direction.UP else change < 0

    def target_over(self, start: datetime, end: datetime) -> float | None:
        """What it should be over a time: a sum's target is for one of its days (hours, weeks), the others' for any."""
        if self.target is None or self.aggregation != Aggregation.SUM:
            return self.target
        count = round((end - start).total_seconds() / Grain(self.grain).seconds)
        # A month's target says nothing about a week, and nothing is asked before the first day has ended.
        return self.target * count if count >= 1 else None

    def state_of(self, value: float | None) -> dict[str, Any]:
        """How a value of its grain stands against the target, as a badge shows it."""
        return self.state_against(value, self.target)

    def state_against(self, value: float | None, target: float | None) -> dict[str, Any]:
        """The same against another target, such as a week's."""
        if value is None:
            return {"key": "no_data", "word": _("No data"), "tone": "quiet"}
        if target is None:
            return {"key": "no_target", "word": _("No target"), "tone": "quiet"}
        if self.misses(value, target):
            return {"key": "off", "word": _("Off target"), "tone": "bad"}
        return {"key": "on", "word": _("On target"), "tone": "good"}
