"""Long work with its progress, stored files, remembered mappings and saved lists."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core.models.base import About, WorkspaceModel, WorkspaceQuerySet


class JobQuerySet(WorkspaceQuerySet):
    def unfinished(self) -> Self:
        return self.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])


class Job(WorkspaceModel, About):
    """Long work: what it is, how far it got, how it ended."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    title = models.CharField(max_length=300)
    task = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)
    queue = models.CharField(max_length=30, default="default")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    progress = models.FloatField(default=0)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    errors = models.JSONField(default=list)
    error = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=models.Q(progress__gte=0, progress__lte=1), name="job_progress_is_0_to_1"),
        )
        indexes = (
            models.Index(
                fields=["state", "alive_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="job_unfinished",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("core:job", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    @property
    def finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}


class StoredFile(WorkspaceModel):
    """A file that somebody gave us or that we made. Served only through a view, with safe headers."""

    file = models.FileField(upload_to="%Y/%m", max_length=300)
    name = models.CharField(_("File name"), max_length=255)
    content_type = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["workspace", "sha256"], name="file_by_sum"),)

    def __str__(self) -> str:
        return self.name


class ImportMapping(WorkspaceModel):
    """How the columns of one kind of file are read; remembered per source (the importer and the header's shape)."""

    importer = models.CharField(max_length=100)
    shape = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["workspace", "importer", "shape"], name="one_mapping_per_source"),
        )


class ImportRun(WorkspaceModel):
    """One upload on its way through the wizard; finished, it is the audit entry of the import."""

    importer = models.CharField(max_length=100)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.SET_NULL, related_name="+")
    mapping = models.JSONField(default=dict)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    summary = models.JSONField(default=dict)


class SavedList(WorkspaceModel):
    """A list's filters and order under a name, for oneself or for everybody."""

    list_key = models.CharField(max_length=100)
    name = models.CharField(_("Name"), max_length=100)
    query = models.CharField(max_length=1000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    shared = models.BooleanField(_("Shared with everybody"), default=False)

    def __str__(self) -> str:
        return self.name
