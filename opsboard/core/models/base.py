"""What every table of the house inherits: its workspace, and one spelling of who may see a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from opsboard.core.contract import Ref

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


class WorkspaceQuerySet(models.QuerySet[Any]):
    """Questions begin with `.visible_to(viewer)`: it includes the workspace, the app's limits and the row's."""

    def visible_to(self, viewer: Viewer) -> Self:
        if not viewer.may_enter(self.model._meta.app_label):
            return self.none()
        rows = self.filter(workspace_id=viewer.workspace.pk)
        if viewer.team_ids is None or not issubclass(self.model, LimitedModel):
            return rows
        return rows.filter(models.Q(limited_to=[]) | models.Q(limited_to__overlap=list(viewer.team_ids) or [-1]))

    def counts(self, **conditions: tuple[str, Sequence[Any]]) -> dict[str, int]:
        """How many rows keep each of these conditions, in one question.

        The conditions are SQL of ours with their arguments, over columns named with their table: the ORM takes longer
        to spell several counts than the database to count.
        """
        numbers = [
            RawSQL(f"count(*) FILTER (WHERE {sql})", tuple(arguments), models.IntegerField())  # noqa: S611
            for sql, arguments in conditions.values()
        ]
        found = next(iter(self.order_by().values_list(*numbers)), [0] * len(numbers))  # who may not enter has none
        return dict(zip(conditions, found, strict=True))

    def listed_for(self, viewer: Viewer) -> list[Any]:
        """The rows, all of them of the viewer's own workspace: joining it would fetch it anew with each."""
        rows = list(self)
        for row in rows:
            row.workspace = viewer.workspace
        return rows


class WorkspaceModel(models.Model):
    workspace = models.ForeignKey(
        "core.Workspace", on_delete=models.CASCADE, related_name="+", verbose_name=_("Workspace")
    )

    objects: ClassVar[models.Manager[Any]] = WorkspaceQuerySet.as_manager()

    class Meta:
        abstract = True

    def open_to(self, viewer: Viewer) -> bool:
        """What `.visible_to(viewer)` asks, of a row that is here already."""
        label = self._meta.app_label
        return viewer.may_enter(label) and self.workspace_id == viewer.workspace.pk


class LimitedModel(WorkspaceModel):
    """A row that may be limited to teams; an empty list means everybody in the workspace. Admins see all."""

    limited_to = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("Only for teams"))

    class Meta:
        abstract = True

    def open_to(self, viewer: Viewer) -> bool:
        limits, own = self.limited_to, viewer.team_ids
        return super().open_to(viewer) and (own is None or not limits or not own.isdisjoint(limits))


class Versioned(models.Model):
    """A row that people edit: a stale save is refused with both texts (see `core.versions`)."""

    version = models.PositiveIntegerField(_("Version"), default=1, editable=False)

    class Meta:
        abstract = True


class About(models.Model):
    """A link to any object, with a copy of its name so that it reads well after the object is gone."""

    about_type = models.ForeignKey(ContentType, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    about_id = models.BigIntegerField(null=True, blank=True)
    about = GenericForeignKey("about_type", "about_id", for_concrete_model=False)
    about_name = models.CharField(max_length=300, blank=True)
    about_url = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True

    @property
    def about_ref(self) -> Ref | None:
        if self.about_type_id is None or self.about_id is None:
            return None
        kind = ContentType.objects.get_for_id(self.about_type_id)
        return Ref(f"{kind.app_label}.{kind.model}", self.about_id, self.about_name, self.about_url)


def about_fields(ref: Ref | None) -> dict[str, Any]:
    """The columns of `About` for a reference, ready for `create(**about_fields(ref))`."""
    if ref is None:
        return {"about_type": None, "about_id": None, "about_name": "", "about_url": ""}
    label, model = ref.model.split(".")
    return {
        "about_type": ContentType.objects.get_by_natural_key(label, model),
        "about_id": ref.pk,
        "about_name": ref.name[:300],
        "about_url": ref.url[:500],
    }
