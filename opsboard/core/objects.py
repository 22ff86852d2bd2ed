"""Objects of any app, found by model and id, under their own rules of who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Model

from opsboard.core.contract import Ref
from opsboard.core.models import WorkspaceModel

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


def pk_in(text: str) -> int:
    """The id that an address or a form names; 0, which no row has, where it is no such number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def find(viewer: Viewer, model: str, pk: int) -> Model | None:
    """The object, or None where there is no such model, no such row, or the viewer may not see it."""
    try:
        kind = apps.get_model(model)
    except (LookupError, ValueError):
        return None
    if not issubclass(kind, WorkspaceModel) or not 0 < pk < 2**63:
        return None
    found: Model | None = kind.objects.visible_to(viewer).filter(pk=pk).first()
    return found


def ref_to(viewer: Viewer, model: str, pk: int) -> Ref | None:
    """A reference to an object that the viewer may see, with its present name and address."""
    found = find(viewer, model, pk)
    return Ref.to(found) if found is not None else None
