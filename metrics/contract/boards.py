"""What dashboards give the others: what happens to them, and their names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics import charts
from metrics.models import Dashboard, Tile, TileKind, favourite_for, measures_of
from metrics.models.measures import PREFIX
from metrics.views.boards import happened_in, keys_of, tiles_for, told_look
from metrics.views.grids import KEPT_FOR, Sight, sight_of
from opsboard.core import access
from opsboard.core.access import Viewer
from opsboard.core.contract import Event, Fact, Named, Section, Thing
from opsboard.core.models import Workspace
from opsboard.core.periods import Period, between

FRONT = 6
CHARTS = 2
LATELY = 30  # days


def dashboards_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    """Private ones are for their owners' eyes: they are in no common search."""
    found = Dashboard.objects.visible_to(access.the_house(workspace)).standing().select_related("workspace")
    for row in found if pks is None else found.filter(pk__in=pks):
        if not row.private:
            yield Named(row.pk, row.name, "", row.get_absolute_url(), row.description, tuple(row.limited_to))


def tell_favourite(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """The front tiles of one's favourite dashboard, over the period that is told; one query where they are drawn already."""
    found = favourite_for(viewer)
    if found is None:
        return None
    row, marks = found
    tiles = [tile for tile in row.laid_out if tile.kind != TileKind.TEXT]
    numbers = [tile for tile in tiles if tile.kind == TileKind.NUMBER][:FRONT]
    drawn_too = [tile for tile in tiles if tile.kind in {TileKind.LINE, TileKind.BAR, TileKind.STACKED}][:CHARTS]
    if not (numbers or drawn_too):
        return None
    now = timezone.now()
    running = period.start <= now < period.end
    if running:  # of a week that has just begun there is nothing to see yet
        today = timezone.localtime(now, viewer.workspace.zone).date()
        period = between(today - timedelta(days=LATELY - 1), today, viewer.workspace.zone)
    drawn = _fronts(sight_of(viewer, row, told_look(row, period), now, marks), [*numbers, *drawn_too])
    return {
        "dashboard": row,
        "lately": running,
        "numbers": [drawn[tile.id] for tile in numbers],
        "charts": [drawn[tile.id] for tile in drawn_too],
    }


def _fronts(sight: Sight, tiles: Sequence[Tile]) -> dict[int, Mapping[str, Any]]:
    """What the template shows of each tile; those whose numbers are as they were come from where they are kept."""
    keys = {tile.id: _key(sight, tile) for tile in tiles} if sight.tag else {}
    kept: dict[str, Any] = cache.get_many(keys.values()) if keys else {}
    drawn: dict[int, Mapping[str, Any]] = {pk: kept[key] for pk, key in keys.items() if key in kept}
    new = [tile for tile in tiles if tile.id not in drawn]
    if new:
        viewer, look = sight.viewer, sight.look
        sources, _labels = measures_of(viewer, keys_of(sight.row))
        happened = happened_in(viewer, sources, look.first, look.last)
        for tile, shown in zip(new, tiles_for(viewer, new, look, sight.now, sources), strict=True):
            drawn[tile.id] = _front(charts.draw(shown, happened))
        if keys:
            cache.set_many({keys[tile.id]: drawn[tile.id] for tile in new}, KEPT_FOR)
    return drawn


def _key(sight: Sight, tile: Tile) -> str:
    """The marks change with the definition of a number, which says who may see it; the sight knows who looks."""
    marks = [sight.marks.metrics.get(key.removeprefix(PREFIX), "") for key in tile.sources]
    told = json.dumps([sight.around, tile.kept(), marks], default=str)
    return f"metrics.front:{hashlib.sha256(told.encode()).hexdigest()}"


def _front(one: charts.Drawn) -> dict[str, Any]:
    """Paper shows the roomy one of two drawings."""
    if one.tile.kind != TileKind.NUMBER:
        return {"title": one.title, "chart": one.chart}
    return {
        "title": one.title, "url": one.url, "spark_small": one.spark_small, "value_text": one.value_text,
        "tone": one.tone, "change_text": one.change_text,
    }  # fmt: skip


EVENTS = (
    Event("metrics.dashboard_created", gettext_lazy("A dashboard was made")),
    Event("metrics.dashboard_changed", gettext_lazy("A dashboard was changed")),
    Event("metrics.dashboard_deleted", gettext_lazy("A dashboard was deleted")),
    Event("metrics.dashboard_shared", gettext_lazy("A dashboard was shared by a link")),
    Event("metrics.dashboard_unshared", gettext_lazy("A dashboard’s link was revoked")),
    Event(
        "metrics.annotation_written",
        gettext_lazy("An annotation was written"),
        (Fact("text", pgettext_lazy("on a day", "What happened")),),
    ),
)
THINGS = (
    Thing(
        "metrics.dashboards", gettext_lazy("Dashboards"), "metrics.dashboard", "layout-dashboard", dashboards_by_name
    ),
)
SECTIONS = (
    Section(
        "metrics.favourite",
        gettext_lazy("My dashboard"),
        "metrics/dashboards/_favourite.html",
        tell_favourite,
        order=12,
    ),
)
