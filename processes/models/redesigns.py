"""Redesigns that were decided on: what was predicted of them, from when they are live, and what came of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import About, WorkspaceModel
from opsboard.core.models.history import every_change
from processes.models.drawings import OfProcessQuerySet
from processes.models.process import Process
from processes.models.simulations import Simulation


@every_change()
class Redesign(WorkspaceModel, About):
    """An accepted prediction. What it is about is the action that was opened for it.

    `real` is what the newest log shows (`analysis.redesigns.Real`); each import fills it anew.
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="redesigns")
    simulation = models.OneToOneField(Simulation, on_delete=models.PROTECT, related_name="redesign")
    name = models.CharField(_("Name"), max_length=200)
    live_from = models.DateField(_("Live from"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("Owner"),
    )  # fmt: skip
    real = models.JSONField(default=dict, blank=True)
    measured_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Redesign")
        verbose_name_plural = _("Redesigns")
        ordering = ("process", "-id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("processes:redesigns", kwargs={"workspace": self.process.workspace.slug, "pk": self.process_id})
