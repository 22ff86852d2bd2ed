"""Versions of a drawn process: BPMN 2.0 is the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import WorkspaceModel, WorkspaceQuerySet
from processes.models.process import Process

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


class OfProcessQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        """What belongs to a process is seen by whoever sees the process."""
        seen = Process.objects.visible_to(viewer).standing()
        return super().visible_to(viewer).filter(process__in=seen)


class Drawing(WorkspaceModel):
    """One saved version. A save names the number that it was made from; the next number exists only once."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="drawings")
    number = models.PositiveIntegerField(_("Version"))
    bpmn = models.TextField()
    note = models.CharField(_("What changed"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Drawing")
        verbose_name_plural = _("Drawings")
        ordering = ("process", "-number")
        constraints = (models.UniqueConstraint(fields=["process", "number"], name="a_drawing_has_each_version_once"),)

    def __str__(self) -> str:
        return f"{self.process} · {self.number}"

    def get_absolute_url(self) -> str:
        return self.process.get_absolute_url()


class Note(WorkspaceModel):
    """What somebody says of a drawn step, or of the whole process (no step then), until it is dealt with."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="notes")
    step = models.CharField(max_length=300, blank=True)  # its id in the document
    step_name = models.CharField(_("Step"), max_length=300, blank=True)  # as it was called, should it be gone
    text = models.CharField(_("Remark"), max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Remark")
        verbose_name_plural = _("Remarks")
        ordering = ("process", "id")

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return self.process.get_absolute_url()
