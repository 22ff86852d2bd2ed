"""The ways by which the house speaks to the outside: robots of chat groups, webhooks, lists of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core.cards import every_severity
from opsboard.core.models.base import Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.models.people import LANGUAGES

if TYPE_CHECKING:
    from datetime import datetime


class ChannelQuerySet(WorkspaceQuerySet):
    def working(self) -> Self:
        return self.filter(active=True, removed_at=None)

    def present(self) -> Self:
        return self.filter(removed_at=None)

    def shared(self) -> Self:
        """Those of the workspace, not of one person."""
        return self.filter(person=None)

    def of_person(self, user: Any) -> Self:
        return self.filter(person=user)


@every_change(
    exclude=["sealed", "robot", "last_at", "last_state", "last_words", "last_reason", "failing_since", "rests_until"]
)
class Channel(Versioned, WorkspaceModel):
    """A way by which people here are told: a robot in a chat group, a list of addresses, another program.

    What a stranger could send with (addresses of webhooks, secrets) is sealed; only its end is ever shown again.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        IN_APP = "in_app", _("In Opsboard")
        FEISHU = "feishu", _("Feishu / Lark robot")
        DINGTALK = "dingtalk", _("DingTalk robot")
        WECOM = "wecom", _("WeCom robot")
        SLACK = "slack", _("Slack")
        TEAMS = "teams", _("Microsoft Teams")
        WEBHOOK = "webhook", _("Webhook")
        APPRISE = "apprise", _("Other service (Apprise)")

    name = models.CharField(_("Name"), max_length=120)
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices)
    sealed = models.TextField(blank=True)
    hint = models.CharField(_("Leads to"), max_length=200, blank=True)
    robot = models.CharField(max_length=64, blank=True)  # the same for all channels that speak through one robot
    language = models.CharField(_("Language"), max_length=10, choices=LANGUAGES, default="en")
    fallback = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("When it fails, use")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("Looked after by"),
    )  # fmt: skip
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="own_channels",
        verbose_name=_("Only for"),
    )  # fmt: skip
    severities = ArrayField(
        models.CharField(max_length=10), default=every_severity, blank=True, verbose_name=_("Takes notices that are")
    )
    active = models.BooleanField(_("Active"), default=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(_("Removed"), null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_state = models.CharField(max_length=10, blank=True)
    last_words = models.TextField(blank=True)
    last_reason = models.CharField(max_length=40, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("Channel")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=models.Q(removed_at=None, person=None),
                name="channel_names_differ_in_a_workspace",
                violation_error_message=_("There is a channel of this name already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(fallback=models.F("id")), name="a_channel_is_not_its_own_fallback"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        name = "core:channel" if self.person_id is None else "core:my_channel"
        return reverse(name, kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def works_at(self, now: datetime) -> bool:
        return self.active and self.removed_at is None and (self.rests_until is None or self.rests_until <= now)


class RobotCall(models.Model):
    """One call to a robot. The robot's limits are counted by these rows, whoever makes the call.

    `at` is the latest moment at which the call may have arrived: while it is under way, that moment lies ahead.
    """

    robot = models.CharField(max_length=64)
    at = models.DateTimeField()
    digest = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=["robot", "at"], name="robot_calls_by_time"),)

    def __str__(self) -> str:
        return f"{self.robot[:8]} · {self.at:%H:%M:%S}"
