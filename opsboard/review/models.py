"""The week's review: what was decided, and the one or two fixes that were chosen."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core import periods
from opsboard.core.models import About, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change

FIXES_A_WEEK = 2


class ReviewQuerySet(WorkspaceQuerySet):
    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def newest_first(self) -> Self:
        return self.order_by("-week")

    def with_counts(self) -> Self:
        return self.annotate(
            fix_count=models.Count("fixes", distinct=True), decision_count=models.Count("decisions", distinct=True)
        )


@every_change()
class Review(WorkspaceModel):
    """One week of the team: read together, decided, closed."""

    week = models.CharField(_("Week"), max_length=8)  # 2026-W47
    summary = models.TextField(_("Summary"), blank=True, max_length=4000)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("Weekly review")
        constraints = (
            models.UniqueConstraint(fields=["workspace", "week"], name="one_review_a_week"),
            models.CheckConstraint(condition=models.Q(week__regex=r"^\d{4}-W\d\d$"), name="review_week_is_an_iso_week"),
        )

    def __str__(self) -> str:
        return str(self.period.label())

    def get_absolute_url(self) -> str:
        return reverse("review:week", kwargs={"workspace": self.workspace.slug, "week": self.week})

    @property
    def period(self) -> periods.Period:
        return self.workspace.period(self.week)

    @property
    def closed(self) -> bool:
        return self.closed_at is not None


@every_change()
class Decision(WorkspaceModel):
    """What was decided, in words that people can be reminded of."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="decisions")
    text = models.TextField(_("Decision"), max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Decision")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.text[:120]


@every_change()
class Fix(WorkspaceModel, About):
    """One of the week's one or two small fixes. It is about the action that carries it."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="fixes")
    place = models.PositiveSmallIntegerField()
    finding = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Small fix")
        ordering = ("place",)
        constraints = (
            models.UniqueConstraint(fields=["review", "place"], name="fixes_of_a_week_have_places"),
            models.UniqueConstraint(fields=["review", "about_type", "about_id"], name="a_fix_is_chosen_once_a_week"),
            models.CheckConstraint(
                condition=models.Q(place__gte=1, place__lte=FIXES_A_WEEK), name="a_week_has_one_or_two_fixes"
            ),
        )

    def __str__(self) -> str:
        return self.about_name


def week_given(viewer: Any, slug: str) -> periods.Period:
    """The week that an address names, in the workspace's zone; raises UnknownPeriod."""
    period: periods.Period = viewer.workspace.period(slug)
    if period.kind != "week":
        raise periods.UnknownPeriod(slug)
    return period
