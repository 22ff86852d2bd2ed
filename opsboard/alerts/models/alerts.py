from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from opsboard.alerts.models import words
from opsboard.alerts.models.instances import Instance
from opsboard.alerts.models.routes import NoticeGroup
from opsboard.alerts.models.watches import Severity, Watch
from opsboard.core.models import WorkspaceModel, WorkspaceQuerySet

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.periods import Period


class Reason(models.TextChoices):
    """Why an alert ended, where it was not the number itself."""

    CLEARED = "", _("the number came back")
    RULE_CHANGED = "rule_changed", _("its watch was changed")
    RULE_PAUSED = "rule_paused", _("its watch was paused")
    RULE_DELETED = "rule_deleted", _("its watch was deleted")
    UNIT_CHANGED = "unit_changed", _("the unit of its number was changed")
    NO_DATA = "no_data", _("there were no data")
    SERIES_GONE = "series_gone", _("this part reports no more")
    DATA_BACK = "data_back", _("data came again")
    CORRECTED = "corrected", _("the number was corrected")


class AlertQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        """An alert is seen by those who may see its watch; it outlives a deleted one."""
        rows = super().visible_to(viewer)
        for label in viewer.closed_apps:
            rows = rows.exclude(watch__indicator__startswith=f"{label}.")
        if viewer.team_ids is None:
            return rows
        return rows.filter(
            models.Q(watch__limited_to=[]) | models.Q(watch__limited_to__overlap=list(viewer.team_ids) or [-1])
        )

    def firing(self) -> Self:
        return self.filter(state__in=[Alert.State.FIRING, Alert.State.RECOVERING])

    def pending(self) -> Self:
        return self.filter(state=Alert.State.PENDING)

    def resolved(self) -> Self:
        return self.filter(state=Alert.State.RESOLVED)

    def open(self) -> Self:
        return self.exclude(state=Alert.State.RESOLVED)

    def unacknowledged(self) -> Self:
        return self.filter(acknowledged_at=None)

    def fired_in(self, period: Period) -> Self:
        return self.filter(fired_at__gte=period.start, fired_at__lt=period.end)

    def resolved_in(self, period: Period) -> Self:
        return self.filter(resolved_at__gte=period.start, resolved_at__lt=period.end)

    def active_between(self, start: datetime | None, end: datetime | None) -> Self:
        """Alerts whose time overlaps [start, end)."""
        rows = self
        if start:
            rows = rows.filter(models.Q(resolved_at=None) | models.Q(resolved_at__gte=start))
        if end:
            rows = rows.filter(active_at__lt=end)
        return rows

    def counted(self, period: Period) -> dict[str, int]:
        """Of a period: how many fired, were resolved, still fire of those that had fired, and happened at all; one query."""
        start, end = period.start, period.end
        return self.filter(active_at__lt=end).counts(
            fired=("alerts_alert.fired_at >= %s AND alerts_alert.fired_at < %s", (start, end)),
            resolved=("alerts_alert.resolved_at >= %s AND alerts_alert.resolved_at < %s", (start, end)),
            still=("alerts_alert.state IN ('firing', 'recovering') AND alerts_alert.fired_at < %s", (end,)),
            happened=(
                "alerts_alert.fired_at IS NOT NULL "
                "AND (alerts_alert.resolved_at IS NULL OR alerts_alert.resolved_at >= %s)",
                (start,),
            ),
        )

    def on_object(self, model: str, pk: int) -> Self:
        label, _dot, name = model.partition(".")
        return self.filter(watch__about_type__app_label=label, watch__about_type__model=name, watch__about_id=pk)


class Alert(WorkspaceModel):
    """One episode: a number crossed its threshold, stayed there, and came back. Pending ones may yet go by unseen."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        FIRING = "firing", _("Firing")
        RECOVERING = "recovering", _("Recovering")
        NODATA = "nodata", _("No data")
        RESOLVED = "resolved", _("Resolved")

    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="alerts")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="alerts")
    labels = models.JSONField(default=dict)
    episode = models.PositiveIntegerField()
    state = models.CharField(_("State"), max_length=12, choices=State.choices)
    severity = models.CharField(_("Severity"), max_length=10, choices=Severity.choices)
    active_at = models.DateTimeField(_("Since"))
    fired_at = models.DateTimeField(_("Fired"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("Resolved"), null=True, blank=True)
    value = models.FloatField(null=True)
    peak = models.FloatField(_("Peak"), null=True)
    threshold = models.FloatField()
    bucket_at = models.DateTimeField(null=True)  # of the value that fired it
    reference = models.FloatField(null=True)  # what the value was compared with
    detail = models.CharField(max_length=300, blank=True)  # the one thing behind the value that waits or stands out
    detail_url = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=20, blank=True, choices=Reason.choices)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_until = models.DateTimeField(null=True, blank=True)
    note = models.TextField(pgettext_lazy("a remark on an alert", "Note"), blank=True)
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("Looks after it"),
    )  # fmt: skip
    group = models.ForeignKey(NoticeGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    told_at = models.DateTimeField(null=True, blank=True)  # when a notice last named it as firing
    told_end_at = models.DateTimeField(null=True, blank=True)
    pressing = models.CharField(max_length=10, blank=True)  # why its notice must not wait
    silenced_at = models.DateTimeField(null=True, blank=True)
    next_step = models.PositiveSmallIntegerField(default=0)  # of its escalation
    escalate_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("Alert")
        constraints = (
            models.UniqueConstraint(fields=["instance", "episode"], name="an_episode_is_one_alert"),
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "firing", "recovering", "nodata", "resolved"]),
                name="alert_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending") | models.Q(fired_at__isnull=False), name="alert_fired_sometime"
            ),
            models.CheckConstraint(
                condition=models.Q(state="resolved", resolved_at__isnull=False)
                | (~models.Q(state="resolved") & models.Q(resolved_at=None)),
                name="alert_is_resolved_at_a_moment",
            ),
        )
        indexes = (
            models.Index(fields=["workspace", "-active_at"], name="alert_by_time"),
            models.Index(fields=["workspace", "state"], condition=~models.Q(state="resolved"), name="alert_open"),
            models.Index(fields=["group"], name="alert_in_group"),
            models.Index(fields=["workspace"], condition=models.Q(silenced_at__isnull=False), name="alert_silenced"),
            models.Index(
                fields=["workspace", "escalate_at"],
                condition=models.Q(escalate_at__isnull=False),
                name="alert_escalates",
            ),
            models.Index(
                fields=["workspace", "acknowledged_until"],
                condition=models.Q(acknowledged_until__isnull=False),
                name="alert_acknowledged_until",
            ),
        )

    def __str__(self) -> str:
        name = str(self.watch)
        return f"{name} · {self.labels_text}" if self.labels else name

    def get_absolute_url(self) -> str:
        return reverse("alerts:alert", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    @property
    def labels_text(self) -> str:
        return words.labels(self.labels)

    @property
    def peak_text(self) -> str:
        return self.watch.written(self.peak)

    @property
    def value_text(self) -> str:
        return self.watch.written(self.value)

    @property
    def is_open(self) -> bool:
        return self.state != self.State.RESOLVED

    @property
    def seconds(self) -> float | None:
        """How long it lasted, or None while it goes on."""
        return (self.resolved_at - self.active_at).total_seconds() if self.resolved_at else None

    @property
    def lasted(self) -> str:
        return words.duration(self.seconds) if self.seconds is not None else ""


class Transition(models.Model):
    """One change of state, kept for good: what the timeline of an alert shows."""

    class Step(models.TextChoices):
        PENDING = "pending", _("Crossed the threshold")
        CANCELLED = "cancelled", _("Came back before it fired")
        FIRED = "fired", _("Fired")
        RAISED = "raised", _("Became more severe")
        LOWERED = "lowered", _("Became less severe")
        RECOVERING = "recovering", _("Recovering")
        AGAIN = "again", _("Back over the threshold")
        NODATA = "nodata", _("No data")
        RESOLVED = "resolved", _("Resolved")
        CORRECTED = "corrected", _("Corrected afterwards")

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="transitions")
    alert = models.ForeignKey(Alert, null=True, on_delete=models.SET_NULL, related_name="transitions")
    at = models.DateTimeField()
    step = models.CharField(max_length=12, choices=Step.choices)
    episode = models.PositiveIntegerField()
    value = models.FloatField(null=True)
    severity = models.CharField(max_length=10, blank=True, choices=Severity.choices)
    reason = models.CharField(max_length=20, blank=True, choices=Reason.choices)

    class Meta:
        ordering = ("at", "id")
        constraints = (models.UniqueConstraint(fields=["instance", "at", "step"], name="a_transition_happens_once"),)


class Remark(models.Model):
    """What people did about an alert, and when that ended: kept for its timeline."""

    class Kind(models.TextChoices):
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        TAKEN_OVER = "taken_over", _("Taken over")
        RAN_OUT = "ran_out", _("The acknowledgement ran out")
        WITHDRAWN = "withdrawn", _("Acknowledgement taken back")
        OUTRANKED = "outranked", _("Graver: the acknowledgement ended")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="remarks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("at", "id")
