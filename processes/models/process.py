"""A process: work that runs again and again, from an order to its delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import LimitedModel, Versioned, WorkspaceQuerySet
from opsboard.core.models.history import every_change

if TYPE_CHECKING:
    from processes.models.drawings import Drawing
    from processes.models.event_logs import EventLog


class ProcessQuerySet(WorkspaceQuerySet):
    def standing(self) -> Self:
        return self.filter(deleted_at=None)

    def deleted(self) -> Self:
        return self.exclude(deleted_at=None)

    def with_counts(self) -> Self:
        """Each knows what is there: `cases` and `lead_time` (mean seconds) of its newest log, `drawn` versions."""
        logs = self.model._meta.get_field("logs").related_model
        newest = logs.objects.filter(process=models.OuterRef("pk")).order_by("-id")
        return self.annotate(
            cases=models.Subquery(newest.values("cases")[:1]),
            lead_time=models.Subquery(newest.values("lead_time")[:1]),
            last_event=models.Subquery(newest.values("last_event")[:1]),
            drawn=models.Count("drawings", distinct=True),
        )


@every_change()
class Process(LimitedModel, Versioned):
    """Drawn by people (`drawings`, BPMN) and measured from what really happened (`logs`)."""

    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("What it is for"), blank=True, max_length=2000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("Owner"),
    )  # fmt: skip
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = ProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("Process")
        verbose_name_plural = _("Processes")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("processes:process", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    @cached_property
    def drawing(self) -> Drawing | None:
        """The newest drawn version."""
        found: Drawing | None = self.drawings.order_by("-number").first()
        return found

    @property
    def log(self) -> EventLog | None:
        """The log that is shown where none is named: the newest."""
        found: EventLog | None = self.logs.order_by("-id").first()
        return found
