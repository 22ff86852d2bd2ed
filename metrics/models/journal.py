"""The anomaly journal: what moved, why, what was decided and done, and whether the number came back. And new levels."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.models.metric import Metric
from opsboard.core.models import LimitedModel, Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change

# So long after a change its proof is made anew.
PROVEN_FOR: Final = timedelta(days=400)
# So long a stretch can be asked about, and written down.
LONGEST: Final = timedelta(days=800)


class Verdict(models.TextChoices):
    """What the proof of effect says."""

    MOVED = "moved", _("Moved")
    SIGNAL = "signal", _("Something changed")
    NO_SIGNAL = "no_signal", _("Not proven")
    WRONG_WAY = "wrong_way", _("Worse")
    NOT_COMPARABLE = "not_comparable", _("Not comparable")


class MovementQuerySet(WorkspaceQuerySet):
    def in_period(self, start: datetime, end: datetime) -> Self:
        return self.filter(start_at__lt=end, end_at__gt=start)

    def without_cause(self) -> Self:
        return self.filter(cause="")

    def still_proven(self, on: date) -> Self:
        """Entries whose change is young enough for new values to say more about it."""
        return self.filter(changed_on__gte=on - PROVEN_FOR)


@every_change()
class Movement(LimitedModel, Versioned):
    """A stretch in which a metric moved, and what people know of it."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="movements", verbose_name=_("Metric"))
    start_at = models.DateTimeField(_("From"))
    end_at = models.DateTimeField(_("To"))
    actual = models.FloatField(_("Actual"), null=True, blank=True)
    expected = models.FloatField(_("Expected"), null=True, blank=True)
    signal = models.BooleanField(_("A signal"), default=False)
    found = models.TextField(_("What the numbers say"), blank=True, max_length=2000)
    cause = models.TextField(_("Cause"), blank=True, max_length=4000)
    decision = models.TextField(_("Decision"), blank=True, max_length=4000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Owner")
    )  # fmt: skip
    # The action belongs to another app: its number, and its name and address so that the entry reads well without it.
    action_id = models.BigIntegerField(null=True, blank=True)
    action_name = models.CharField(max_length=300, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    changed_on = models.DateField(_("Changed on"), null=True, blank=True)
    verdict = models.CharField(_("Proof"), max_length=14, blank=True, choices=Verdict.choices)
    relative = models.FloatField(null=True, blank=True)
    relative_low = models.FloatField(null=True, blank=True)
    relative_high = models.FloatField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    written_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("Journal entry")
        ordering = ("-start_at", "-pk")
        indexes = (
            models.Index(fields=["workspace", "-start_at"], name="movement_by_time"),
            models.Index(fields=["action_id"], condition=~models.Q(action_id=None), name="movement_by_action"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(end_at__gt=models.F("start_at")), name="a_movement_takes_time"),
            models.UniqueConstraint(
                fields=["metric", "start_at", "end_at"], name="a_movement_is_written_once",
                violation_error_message=_("This movement is in the journal already."),
            ),
        )  # fmt: skip

    def clean(self) -> None:
        for name in ("start_at", "end_at", "changed_on"):
            told = getattr(self, name)
            if told is not None and not 1901 <= told.year < 2199:
                raise ValidationError({name: gettext("The time lies outside the years 1900 to 2200.")})
        if self.end_at - self.start_at > LONGEST:
            raise ValidationError({"end_at": gettext("An entry is about 800 days at most.")})

    def __str__(self) -> str:
        day = self.start_at.astimezone(self.metric.zone).date()
        return f"{self.metric.name}, {day.isoformat()}"

    def get_absolute_url(self) -> str:
        return reverse("metrics:movement", kwargs={"workspace": self.workspace.slug, "pk": self.pk})


class LevelQuerySet(WorkspaceQuerySet):
    def asked(self) -> Self:
        return self.filter(state=Level.State.ASKED, metric__archived_at=None)

    def confirmed(self) -> Self:
        return self.filter(state=Level.State.CONFIRMED)


class Level(WorkspaceModel):
    """A metric has a new level since a moment. A person says whether limits begin anew there."""

    class State(models.TextChoices):
        ASKED = "asked", _("To be answered")
        CONFIRMED = "confirmed", _("New limits from here")
        REFUSED = "refused", _("Not a new level")

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="levels")
    at = models.DateTimeField()
    before = models.FloatField()
    after = models.FloatField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED)
    found_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = LevelQuerySet.as_manager()

    class Meta:
        ordering = ("at",)
        constraints = (models.UniqueConstraint(fields=["metric", "at"], name="a_level_begins_once"),)

    def __str__(self) -> str:
        return f"{self.metric}, {self.at.date().isoformat()}"
