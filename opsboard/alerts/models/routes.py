from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.alerts.analysis.escalating import Stair
from opsboard.alerts.analysis.grouping import Timing
from opsboard.alerts.models.watches import A_YEAR, Watch
from opsboard.core.models import Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change


class EscalationQuerySet(WorkspaceQuerySet):
    def in_use(self) -> Self:
        return self.filter(deleted_at=None)


@every_change()
class EscalationPolicy(WorkspaceModel, Versioned):
    """Whom to call next, and after how long, while nobody looks after an alert."""

    title = models.CharField(_("Name"), max_length=200)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("Escalation")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("alerts:change_policy", kwargs={"workspace": self.workspace.slug, "pk": self.pk})


class EscalationStep(models.Model):
    """One step: a delay since the alert fired, and whom it calls."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    place = models.PositiveSmallIntegerField()
    delay = models.PositiveIntegerField(_("After"), validators=[MaxValueValidator(A_YEAR)])
    working = models.BooleanField(_("Only in working hours"), default=False)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("People"))
    teams = models.ManyToManyField("core.Team", blank=True, related_name="+", verbose_name=_("Teams"))
    channels = models.ManyToManyField("core.Channel", blank=True, related_name="+", verbose_name=_("Channels"))

    class Meta:
        ordering = ("policy", "place")
        constraints = (models.UniqueConstraint(fields=["policy", "place"], name="an_escalation_goes_step_by_step"),)

    @property
    def stair(self) -> Stair:
        return Stair(self.delay, self.working)


@every_change()
class Route(WorkspaceModel, Versioned):
    """How a watch speaks: what it tells together, how patiently, how often again, and who is called after that.

    The one without a watch is the workspace's own; what a watch leaves empty is taken from there.
    """

    watch = models.OneToOneField(Watch, null=True, blank=True, on_delete=models.CASCADE, related_name="route")
    group_by = ArrayField(
        models.CharField(max_length=100), null=True, blank=True, verbose_name=_("One notice for each")
    )
    group_wait = models.PositiveIntegerField(_("Wait for others"), null=True, blank=True, validators=[MaxValueValidator(3600)])  # fmt: skip
    group_interval = models.PositiveIntegerField(_("Time between notices"), null=True, blank=True, validators=[MaxValueValidator(86_400)])  # fmt: skip
    repeat_interval = models.PositiveIntegerField(_("Tell again after"), null=True, blank=True, validators=[MaxValueValidator(A_YEAR)])  # fmt: skip
    resolved = models.BooleanField(_("Tell when it is over"), null=True, blank=True)
    escalation = models.ForeignKey(
        EscalationPolicy,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Escalation"),
    )

    class Meta:
        verbose_name = _("How it speaks")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(watch=None), name="a_workspace_has_one_route"
            ),
        )

    def timing(self, house: Route | None) -> Timing:
        """This route's patience; what it leaves open is the house's, then the usual."""
        usual = Timing()

        def said(name: str, otherwise: Any) -> Any:
            own = getattr(self, name)
            return own if own is not None else otherwise if house is None or getattr(house, name) is None else getattr(house, name)  # fmt: skip

        return Timing(
            said("group_wait", usual.wait),
            said("group_interval", usual.interval),
            said("repeat_interval", usual.repeat),
            said("resolved", usual.resolved),
        )


class NoticeGroup(models.Model):
    """The alerts of one watch that are told together. `number` counts its notices, so that each has a name of its own."""

    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="notice_groups")
    values = models.JSONField(default=dict)
    values_hash = models.CharField(max_length=32)
    waiting_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["watch", "values_hash"], name="a_group_is_one_of_its_watch"),)
        indexes = (models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="notice_group_due"),)


class Told(WorkspaceModel):
    """One notice that went out: what was said, about which alerts, and to whom."""

    class Kind(models.TextChoices):
        FIRST = "first", _("Fired")
        MORE = "more", _("More fired")
        REPEAT = "repeat", _("Told again")
        RESOLVED = "resolved", _("Resolved")
        CATCH_UP = "catch_up", _("Still firing after a silence")
        RAISED = "raised", _("Graver")
        LOWERED = "lowered", _("Less grave")
        ESCALATED = "escalated", _("Escalated")
        FLAPPING = "flapping", _("Comes and goes")
        CALM = "calm", _("Steady again")
        NO_DATA = "no_data", _("No data")
        DATA_AGAIN = "data_again", _("Data again")
        ERROR = "error", _("Cannot be read")
        CORRECTED = "corrected", _("Corrected")

    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="told")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    unique_as = models.CharField(max_length=200, unique=True)
    text = models.CharField(max_length=500)
    severity = models.CharField(max_length=10)
    alert_ids = ArrayField(models.BigIntegerField(), default=list)
    firing = models.PositiveIntegerField(default=0)
    over = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["watch", "-at"], name="told_by_watch"),)

    def __str__(self) -> str:
        return self.text


class ToldTo(models.Model):
    """One recipient of a notice."""

    told = models.ForeignKey(Told, on_delete=models.CASCADE, related_name="recipients")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    channel = models.ForeignKey("core.Channel", null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    instead_of = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["told", "person"], name="a_person_hears_a_notice_once"),
            models.UniqueConstraint(fields=["told", "channel"], name="a_channel_takes_a_notice_once"),
        )


class Flapping(models.Model):
    """A label set that fires and resolves so often that people hear of it once, and again when it is steady."""

    instance = models.OneToOneField(
        "alerts.Instance", on_delete=models.CASCADE, primary_key=True, related_name="flapping"
    )
    alert = models.ForeignKey("alerts.Alert", on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    calm_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)  # steady again; what came before counts no more

    class Meta:
        indexes = (models.Index(fields=["calm_at"], condition=models.Q(over_at=None), name="flapping_now"),)


class Trouble(models.Model):
    """A watch whose number cannot be read; its owner was told."""

    watch = models.OneToOneField(Watch, on_delete=models.CASCADE, primary_key=True, related_name="trouble")
    since = models.DateTimeField()
