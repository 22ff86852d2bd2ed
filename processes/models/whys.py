"""Why work waits before a step, asked again and again until the cause can be dealt with."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import WorkspaceModel
from opsboard.core.models.history import every_change
from processes.models.drawings import OfProcessQuerySet
from processes.models.process import Process


@every_change()
class Why(WorkspaceModel):
    """One answer to one why. Those without a parent answer the first: why does work wait before the step?

    `evidence` is what the numbers say of it: a part that waits longer (as `analysis.segments` tells it), or nothing.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Supposed")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUTED = "refuted", _("Refuted")

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="whys")
    step = models.CharField(_("Step"), max_length=500)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="answers")
    text = models.CharField(_("Because"), max_length=300)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    evidence = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Why")
        verbose_name_plural = _("Whys")
        ordering = ("process", "id")
        indexes = (models.Index(fields=["process", "step"], name="whys_by_step"),)

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        where = {"workspace": self.process.workspace.slug, "pk": self.process_id}
        return f"{reverse('processes:whys', kwargs=where)}?why={self.pk}"


class Remark(WorkspaceModel):
    """What somebody says of an answer."""

    why = models.ForeignKey(Why, on_delete=models.CASCADE, related_name="remarks")
    text = models.CharField(_("Remark"), max_length=1000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text
