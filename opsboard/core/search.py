"""One search over everything that has a name: filled in bulk from the apps' Things, kept fresh by what happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When

from opsboard.core import registry
from opsboard.core.contract import Thing
from opsboard.core.models import Occurrence, SearchEntry, Workspace

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

AT_MOST = 50


@transaction.atomic
def index(*, workspace: Workspace, thing: Thing, pks: Sequence[int] | None = None) -> int:
    """Write the search rows of one kind of thing (all, or these); what is gone leaves. Answers how many stand."""
    standing = SearchEntry.objects.filter(workspace=workspace, model=thing.model)
    if pks is not None:
        standing = standing.filter(object_id__in=pks)
    rows = [
        SearchEntry(
            workspace=workspace,
            model=thing.model,
            object_id=one.pk,
            name=str(one.name)[:300],
            state=str(one.state)[:60],
            url=one.url[:500],
            text=one.text[:20_000],
            limited_to=list(one.limited_to),
        )
        for one in thing.rows(workspace, pks)
    ]
    standing.exclude(object_id__in=[row.object_id for row in rows]).delete()
    SearchEntry.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["workspace", "model", "object_id"],
        update_fields=["name", "state", "url", "text", "limited_to"],
        batch_size=1000,
    )
    return len(rows)


def index_all(*, workspace: Workspace) -> int:
    return sum(index(workspace=workspace, thing=thing) for thing in registry.things())


def keep_fresh(occurrence: Occurrence, now: datetime) -> None:
    """Something happened to a thing: its search row follows."""
    ref = occurrence.about_ref
    for thing in registry.things():
        if ref is not None and thing.model == ref.model:
            index(workspace=occurrence.workspace, thing=thing, pks=[ref.pk])


def find(viewer: Viewer, text: str, *, at_most: int = AT_MOST) -> list[SearchEntry]:
    """What this viewer may see whose name or text holds every word; names that begin with the text come first."""
    text = text.replace("\x00", "")
    words = text.split()[:8]
    if not words:
        return []
    rows = SearchEntry.objects.visible_to(viewer)
    open_models = [thing.model for thing in registry.things() if viewer.may_enter(thing.key.partition(".")[0])]
    rows = rows.filter(model__in=open_models)
    for word in words:
        rows = rows.filter(Q(name__icontains=word) | Q(text__icontains=word))
    rows = rows.annotate(
        place=Case(
            When(name__istartswith=text.strip(), then=Value(0)),
            When(name__icontains=words[0], then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    ).order_by("place", "name", "id")
    found = rows[: at_most * 4] if viewer.team_ids is not None else rows[:at_most]
    return [
        row for row in found if not row.limited_to or viewer.team_ids is None or set(row.limited_to) & viewer.team_ids
    ][:at_most]
