"""Predictions: what a change would bring, and what was known when it was asked."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import Job, WorkspaceModel
from processes.models.drawings import OfProcessQuerySet
from processes.models.event_logs import EventLog
from processes.models.process import Process


class Simulation(WorkspaceModel):
    """Moves on a process, and what came of simulating it with and without them. Kept as it was asked: more moves are another.

    Without a log it stands on what people typed (`a_month` cases arrive), and is an estimate. `result` is as the API tells
    it; while the work goes on it holds the first few runs (`runs` says how many).
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="simulations")
    log = models.ForeignKey(EventLog, null=True, blank=True, on_delete=models.SET_NULL, related_name="simulations")
    moves = models.JSONField(default=list, blank=True)
    cases = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(20_000)]
    )
    replications = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(2), MaxValueValidator(200)]
    )
    a_month = models.FloatField(_("Cases a month"), null=True, blank=True, validators=[MinValueValidator(0.01)])
    result = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Prediction")
        verbose_name_plural = _("Predictions")
        ordering = ("process", "-id")

    def __str__(self) -> str:
        return f"{self.process} · {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse(
            "processes:prediction",
            kwargs={"workspace": self.workspace.slug, "pk": self.process_id, "simulation": self.pk},
        )
