"""What drives what: each metric may have one that it works on, and so they make trees."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from metrics.models.metric import Metric
from opsboard.core.models import WorkspaceModel
from opsboard.core.models.history import every_change


class Kind(models.TextChoices):
    """How a metric works on the one above it."""

    ADDS = "adds", _("Adds to it")
    MULTIPLIES = "multiplies", _("Multiplies it")
    INFLUENCES = "influences", _("Influences it")


class Sign(models.IntegerChoices):
    """Whether both move the same way. What adds or multiplies with a minus is taken away, or divides."""

    SAME = 1, _("More of this, more of that")
    OPPOSITE = -1, _("More of this, less of that")


@every_change()
class Influence(WorkspaceModel):
    """One branch of a metric tree: `child` works on `parent`."""

    parent = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="driven_by")
    child = models.OneToOneField(Metric, on_delete=models.CASCADE, related_name="drives")
    kind = models.CharField(_("How it drives"), max_length=10, choices=Kind.choices, default=Kind.INFLUENCES)
    sign = models.SmallIntegerField(_("Which way"), choices=Sign.choices, default=Sign.SAME)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("Influence")
        ordering = ("parent_id", "position", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("child")), name="a_metric_does_not_drive_itself"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="influence_kind_is_known"),
            models.CheckConstraint(condition=models.Q(sign__in=[1, -1]), name="influence_sign_is_plus_or_minus_1"),
        )

    def __str__(self) -> str:
        return f"{self.child} → {self.parent}"
