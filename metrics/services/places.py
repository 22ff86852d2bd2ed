"""Say by which clock a shop or a site lives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import Place
from opsboard.core import live
from opsboard.core.imports import Plan
from opsboard.core.models import Workspace

MOST = 500


@transaction.atomic
def set_place(*, workspace: Workspace, dimension: str, value: str, timezone: str, now: datetime) -> Place:
    """From now on, and for all of the past, the label's days are those of this time zone; the same place again moves."""
    dimension, value = dimension.strip(), value.strip()
    row = Place.objects.filter(workspace=workspace, dimension=dimension, value=value).first()
    if row is None:
        if Place.objects.filter(workspace=workspace).count() >= MOST:
            raise ValidationError(_("At most %(most)s places can be told.") % {"most": MOST})
        row = Place(workspace=workspace, dimension=dimension, value=value)
    row.timezone = timezone
    row.full_clean()
    row.save()
    live.changed(workspace, "metrics")
    return row


@transaction.atomic
def remove_place(*, workspace: Workspace, pk: int, now: datetime) -> bool:
    gone, _kinds = Place.objects.filter(workspace=workspace, pk=pk).delete()
    if gone:
        live.changed(workspace, "metrics")
    return bool(gone)


def zones_in(workspace: Workspace, plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """`{column: {value: time zone}}` of a file's label columns: its rows' local times are those of the place."""
    columns = plan.columns.get("labels", ())
    answer: dict[str, dict[str, str]] = {}
    for row in Place.objects.filter(workspace=workspace, dimension__in=columns).order_by("dimension"):
        answer.setdefault(row.dimension, {})[row.value] = row.timezone
    return answer
