"""Who does the work of a role: how many people, when they are there, what an hour costs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from opsboard.core.models import WorkspaceModel
from opsboard.core.models.history import every_change
from processes.models.drawings import OfProcessQuerySet
from processes.models.process import Process


@every_change()
class Staffing(WorkspaceModel):
    """What people say of a role; what they leave open comes from the log, and where there is none, from the workspace."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="staffing")
    role = models.CharField(_("Role"), max_length=200)
    people = models.PositiveSmallIntegerField(
        pgettext_lazy("how many", "People"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    cost_an_hour = models.DecimalField(
        _("Cost an hour"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    hours = models.JSONField(_("Working hours"), default=dict, blank=True)  # as the workspace's calendar keeps them

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Role")
        verbose_name_plural = _("Roles")
        ordering = ("process", "role")
        constraints = (models.UniqueConstraint(fields=["process", "role"], name="a_role_is_staffed_once_in_a_process"),)

    def __str__(self) -> str:
        return self.role
