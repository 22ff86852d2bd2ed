"""What happened, what people were told, and what left the house."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from opsboard.core.models.base import About, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.channels import Channel


class Occurrence(WorkspaceModel, About):
    """Something happened: history, outbox and trigger in one row, written in the same transaction as the change."""

    key = models.CharField(max_length=100)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    facts = models.JSONField(default=dict)
    unique_as = models.CharField(max_length=200, null=True, blank=True)
    caused_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="led_to")
    chain = models.UUIDField()
    depth = models.PositiveSmallIntegerField(default=0)
    told = models.BooleanField(default=False)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["workspace", "key", "unique_as"], name="an_occurrence_happens_once"),
        )
        indexes = (
            models.Index(fields=["workspace", "-at"], name="occurrence_by_time"),
            models.Index(fields=["id"], condition=models.Q(delivered_at=None), name="occurrence_waiting"),
            models.Index(fields=["about_type", "about_id"], name="occurrence_by_about"),
        )

    def __str__(self) -> str:
        return self.key


class ReactionRun(models.Model):
    """One reaction's answer to one occurrence; unique, so it happens once."""

    class State(models.TextChoices):
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="reaction_runs")
    reaction = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices)
    tries = models.PositiveSmallIntegerField(default=1)
    error = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["occurrence", "reaction"], name="a_reaction_answers_once"),)


class NoticeQuerySet(WorkspaceQuerySet):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def for_person(self, user: Any) -> Self:
        return self.filter(user=user)


class Notice(WorkspaceModel, About):
    """What somebody was told, in the app; the e-mail about it is a Delivery."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    text = models.CharField(max_length=500)
    detail = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    severity = models.CharField(max_length=10, default="info")
    unique_as = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=["user", "unique_as"], name="nobody_is_told_twice"),)
        indexes = (
            models.Index(fields=["user", "-created_at"], name="notice_by_person"),
            models.Index(fields=["user", "workspace"], condition=models.Q(read_at=None), name="notice_unread"),
        )

    def __str__(self) -> str:
        return self.text


class Delivery(WorkspaceModel):
    """One message that leaves the house: the only outbox. `unique_as` makes the intent exactly once.

    waiting → claimed (a lease) → sending (the other side may already have it) → sent. A worker that dies while `claimed`
    loses the lease and another takes over; one that dies while `sending` leaves `unknown`, which only a person retries,
    because mail cannot be unsent.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        SENDING = "sending", _("Handing over")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Unclear")
        FAILED = "failed", _("Failed")

    channel = models.CharField(max_length=20, default="email")
    recipient = models.CharField(max_length=320)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    html = models.TextField(blank=True)
    unique_as = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    notice = models.ForeignKey(Notice, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries")
    channel_to = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries", verbose_name=_("Channel")
    )
    payload = models.JSONField(default=dict, blank=True)  # the card, for what is no letter
    urgency = models.PositiveSmallIntegerField(default=0)  # of a card: the graver, the sooner
    together = models.PositiveSmallIntegerField(default=1)  # how many cards were told in the same message
    reason = models.CharField(max_length=40, blank=True)  # why it failed, as far as the house knows what helps
    instead_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by")
    followed_up = models.BooleanField(default=False)  # what failed for good: the fallback was asked, people were told

    class Meta:
        indexes = (
            models.Index(fields=["channel_to", "-created_at"], name="delivery_by_channel"),
            models.Index(
                fields=["channel_to", "due_at"],
                condition=models.Q(state__in=["waiting", "claimed"], channel_to__isnull=False),
                name="delivery_open_by_channel",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(state__in=["failed", "unknown"], channel_to__isnull=False, followed_up=False),
                name="delivery_to_follow_up",
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(state__in=["waiting", "claimed", "sending"]), name="delivery_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} · {self.recipient}"

    @property
    def tone(self) -> str:
        """How its state looks: see the tag `badge`."""
        return {"sent": "good", "failed": "bad", "unknown": "warn"}.get(self.state, "info")


class Snapshot(WorkspaceModel):
    """An indicator's value as it was: kept hourly for what is not a series of its own."""

    key = models.CharField(max_length=200)
    labels = models.JSONField(default=dict)
    at = models.DateTimeField()
    value = models.FloatField(null=True)
    weight = models.FloatField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["workspace", "key", "labels", "at"], name="a_snapshot_is_taken_once"),
        )


class SearchEntry(WorkspaceModel):
    """The one search table: a named thing of any app."""

    model = models.CharField(max_length=100)
    object_id = models.BigIntegerField()
    name = models.CharField(max_length=300)
    state = models.CharField(max_length=60, blank=True)
    url = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    limited_to = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["workspace", "model", "object_id"], name="a_thing_is_found_once"),
        )
