"""Event logs: what really happened, stored as one Parquet file each."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import StoredFile, WorkspaceModel
from processes.models.drawings import OfProcessQuerySet
from processes.models.process import Process


class EventLog(WorkspaceModel):
    """The rows lie in `file`, sorted by case, end and file order (`analysis/logs.py` says its columns). Where a file told
    of single events (scheduled, started, completed …), they lie in `singles`, and `file` holds the steps they make.

    `facts` holds what every page asks; `revision` rises with each change of the rows, so that what was drawn of an
    earlier one is known to be old.
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="logs")
    name = models.CharField(_("Name"), max_length=255)
    file = models.ForeignKey(StoredFile, on_delete=models.RESTRICT, related_name="+")
    singles = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.RESTRICT, related_name="+")
    paired = models.BooleanField(default=False)  # single starts and ends are one event of every view
    revision = models.PositiveIntegerField(default=1)
    cases = models.PositiveIntegerField(_("Cases"), default=0)
    events = models.PositiveIntegerField(_("Events"), default=0)
    activities = models.PositiveIntegerField(_("Steps"), default=0)
    variants = models.PositiveIntegerField(_("Variants"), default=0)
    first_event = models.DateTimeField(_("From"), null=True, blank=True)
    last_event = models.DateTimeField(_("To"), null=True, blank=True)
    lead_time = models.FloatField(_("Lead time"), null=True, blank=True)  # seconds, mean
    intervals = models.BooleanField(default=False)  # whether starts are known, so that work and waiting can be parted
    facts = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = OfProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Event log")
        verbose_name_plural = _("Event logs")
        ordering = ("process", "-id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.process.get_absolute_url()
