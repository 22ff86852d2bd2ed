"""What happened besides: a promotion, a price change, a strike. Charts show it where it fell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.models.metric import Metric
from opsboard.core.models import Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


class Sort(models.TextChoices):
    """What kind of thing it was."""

    PROMOTION = "promotion", _("Promotion")
    PRICE = "price", _("Price change")
    PROCESS = "process", _("Changed way of working")
    OUTSIDE = "outside", _("From outside")
    OTHER = "other", pgettext_lazy("kind of annotation", "Other")


class AnnotationQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        """What is about some metrics is seen by whoever sees one of them."""
        rows = super().visible_to(viewer)
        if viewer.team_ids is None:
            return rows
        seen = self.model.metrics.through.objects.filter(
            annotation=models.OuterRef("pk"), metric__in=Metric.objects.visible_to(viewer)
        )
        return rows.filter(models.Q(everywhere=True) | models.Exists(seen))

    def within(self, first: date, last: date) -> Self:
        """Those that touch the days from first to last."""
        return self.filter(models.Q(until__gte=first) | models.Q(until=None, on__gte=first), on__lte=last)

    def about(self, metrics: Sequence[int]) -> Self:
        return self.filter(models.Q(everywhere=True) | models.Q(metrics__in=metrics)).distinct()


@every_change()
class Annotation(WorkspaceModel, Versioned):
    """A day, or some days, and what happened; about all metrics or some."""

    on = models.DateField(_("Day"))
    until = models.DateField(pgettext_lazy("of several", "Last day"), null=True, blank=True)
    sort = models.CharField(_("Kind"), max_length=10, choices=Sort.choices, default=Sort.OTHER)
    text = models.CharField(pgettext_lazy("on a day", "What happened"), max_length=200)
    everywhere = models.BooleanField(_("On all metrics"), default=True)
    metrics = models.ManyToManyField(Metric, blank=True, related_name="annotations", verbose_name=_("Metrics"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Any]] = AnnotationQuerySet.as_manager()

    class Meta:
        verbose_name = _("Annotation")
        verbose_name_plural = _("Annotations")
        ordering = ("-on", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("on")),
                name="an_annotation_ends_after_it_begins",
                violation_error_message=_("The last day must not come before the first."),
            ),
        )

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return reverse("metrics:change_annotation", kwargs={"workspace": self.workspace.slug, "pk": self.pk})
