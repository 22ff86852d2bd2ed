"""Dashboards, whose favourites they are, and the links by which they are shown outside."""
# ruff: noqa: S608 - only names of our own tables and columns are put together

from __future__ import annotations

import functools
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from metrics.models.marks import Marks, marks_from, marks_of_tiles
from metrics.models.tiles import Tile, tiles_in
from opsboard.core.models import (
    LimitedModel,
    Versioned,
    WorkspaceModel,
    WorkspaceQuerySet,
    columns,
    rows_of,
)
from opsboard.core.models.history import every_change

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import User


class Compare(models.TextChoices):
    """What the present is set beside."""

    NOTHING = "", pgettext_lazy("compared with", "Nothing")
    PREVIOUS = "previous", _("The period before")
    YEAR = "year", _("A year ago")
    PLAN = "plan", _("Target")


class DashboardQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        """A private one is its owner's alone; admins, too, see only their own."""
        person = viewer.user.pk if viewer.user else 0
        return super().visible_to(viewer).filter(models.Q(private=False) | models.Q(owner_id=person))

    def standing(self) -> Self:
        return self.filter(deleted_at=None)

    def deleted(self) -> Self:
        return self.exclude(deleted_at=None)

    def with_favourites_of(self, user: User) -> Self:
        """Each knows whether it is this person's favourite; those come first."""
        mine = Favourite.objects.filter(dashboard=models.OuterRef("pk"), user=user)
        return self.annotate(favourite=models.Exists(mine))


@every_change()
class Dashboard(LimitedModel, Versioned):
    """Numbers side by side, as somebody wants to see them each morning."""

    name = models.CharField(_("Name"), max_length=200)
    description = models.TextField(_("What it is for"), blank=True, max_length=2000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Owner"),
    )
    private = models.BooleanField(_("Only for me"), default=False)
    position = models.FloatField(_("Order"), default=0)
    span = models.CharField(_("Period"), max_length=6, default="30d")
    compare = models.CharField(
        _("Compared with"), max_length=8, blank=True, default=Compare.PREVIOUS, choices=Compare.choices
    )
    tiles = models.JSONField(default=list, blank=True)
    back = models.PositiveIntegerField(null=True, blank=True)  # the version whose tiles undoing brings back
    forth = models.PositiveIntegerField(null=True, blank=True)  # and the one that was undone last
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = DashboardQuerySet.as_manager()

    class Meta:
        verbose_name = _("Dashboard")
        verbose_name_plural = _("Dashboards")
        ordering = ("position", "name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(private=False) | models.Q(owner__isnull=False), name="a_private_dashboard_has_an_owner",
                violation_error_message=_("A private dashboard needs an owner."),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("metrics:dashboard", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def open_to(self, viewer: Viewer) -> bool:
        """What `.visible_to(viewer)` asks, of a row that is here already."""
        person = viewer.user.pk if viewer.user else 0
        return super().open_to(viewer) and (not self.private or self.owner_id == person)

    @property
    def laid_out(self) -> list[Tile]:
        return tiles_in(self.tiles)

    def tile(self, number: int) -> Tile | None:
        return next((tile for tile in self.laid_out if tile.id == number), None)

    def tiles_at(self, version: int | None) -> tuple[list[dict[str, Any]], int | None, int | None] | None:
        """`(tiles, back, forth)` of an earlier version, which the history of changes has; None where it has not."""
        history: Any = self._meta.apps.get_model("metrics", "DashboardEvent")
        kept = history.objects.filter(pgh_obj_id=self.pk, version=version).order_by("-pgh_id")
        found: tuple[list[dict[str, Any]], int | None, int | None] | None = None
        if version is not None:
            found = kept.values_list("tiles", "back", "forth").first()
        return found

    @property
    def next_tile(self) -> int:
        return max((tile.id for tile in self.laid_out), default=0) + 1


class Favourite(models.Model):
    """A dashboard that somebody wants at hand."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="favourites")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["dashboard", "user"], name="a_dashboard_is_a_favourite_once"),
        )  # fmt: skip


def dashboard_for(viewer: Viewer, pk: int) -> tuple[Dashboard, Marks] | None:
    """A standing dashboard that this viewer may see, which knows whether it is a favourite, and the marks of its numbers.

    For open pages, which ask often; one query.
    """
    return _shown(viewer, _sql("d.id = %(pk)s"), {"pk": pk})


def favourite_for(viewer: Viewer) -> tuple[Dashboard, Marks] | None:
    """The first of somebody's favourites, and the marks of its numbers; one query."""
    return None if viewer.user is None else _shown(viewer, _sql("f.id IS NOT NULL"), {})


def _shown(viewer: Viewer, sql: str, asked: dict[str, Any]) -> tuple[Dashboard, Marks] | None:
    person = viewer.user.pk if viewer.user else 0
    free, teams = viewer.team_ids is None, sorted(viewer.team_ids or ())
    told = {"workspace": viewer.workspace.pk, "user": person, "free": free, "teams": teams}
    rows = rows_of(sql, told | asked)
    if not rows:
        return None
    (row,) = rows
    found = columns(Dashboard, "d").made(row[:-2])
    found.favourite = row[-2]
    found.workspace = viewer.workspace
    return (found, marks_from(viewer.workspace, json.loads(row[-1]))) if found.open_to(viewer) else None


@functools.cache
def _sql(which: str) -> str:
    """The first dashboard of this kind that stands and that the viewer may see (`.visible_to`)."""
    return f"""
        SELECT {columns(Dashboard, "d").sql}, d.favourite, {marks_of_tiles("d.tiles")} FROM (
          SELECT d.*, f.id IS NOT NULL AS favourite FROM {Dashboard._meta.db_table} d
          LEFT JOIN {Favourite._meta.db_table} f ON f.dashboard_id = d.id AND f.user_id = %(user)s
          WHERE {which} AND d.workspace_id = %(workspace)s AND d.deleted_at IS NULL
          AND (NOT d.private OR d.owner_id = %(user)s)
          AND (%(free)s OR d.limited_to = '{{}}' OR d.limited_to && %(teams)s::bigint[])
          ORDER BY d.position, d.name, d.id LIMIT 1
        ) d
    """


class ShareLinkQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        return super().visible_to(viewer).filter(dashboard__in=Dashboard.objects.visible_to(viewer))

    def open(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)


@every_change()
class ShareLink(WorkspaceModel):
    """A link that shows one dashboard to whoever holds it, as the one who made it sees it, until it ends."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="links")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    note = models.CharField(_("For whom"), max_length=200, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = ShareLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("Share link")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.note or str(self.dashboard)
