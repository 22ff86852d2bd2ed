"""Make, change, lay out, copy and delete dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from metrics.analysis.grids import Place, exchanged, free_place, settled
from metrics.models import Aggregation, Dashboard, Favourite, Grain, Metric, Tile, TileKind
from metrics.models.tiles import MOST_SOURCES, MOST_TEXT, MOST_TILES, SIZES, SPANS
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import Membership, User, Workspace
from opsboard.core.versions import compare_and_set

FIELDS = ("name", "description", "owner", "private", "limited_to", "span", "compare")
FIRST_NUMBERS = 8
FIRST_LINES = 4


def _check(dashboard: Dashboard) -> None:
    owner = dashboard.owner
    if owner and not Membership.objects.active().of(dashboard.workspace).filter(user=owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own a dashboard.")})
    if dashboard.private and owner is None:
        raise ValidationError({"private": _("A private dashboard needs an owner.")})
    if dashboard.span not in SPANS:
        raise ValidationError({"span": _("Choose one of the periods.")})
    dashboard.full_clean()


def _say(event: str, dashboard: Dashboard, by: User | None, now: datetime) -> None:
    emit(f"metrics.dashboard_{event}", workspace=dashboard.workspace, at=now, by=by, about=dashboard)
    live.changed(dashboard.workspace, "dashboards")


@transaction.atomic
def create_dashboard(
    *, workspace: Workspace, by: User | None, now: datetime, name: str, tiles: Sequence[Tile] = (), **given: Any
) -> Dashboard:
    given.setdefault("owner", by)
    for tile in tiles:
        _check_tile(tile)
    last = Dashboard.objects.filter(workspace=workspace).aggregate(last=Max("position"))["last"]
    dashboard = Dashboard(
        workspace=workspace, name=name, created_at=now, position=(last or 0.0) + 1024, tiles=_kept(tiles), **given
    )
    _check(dashboard)
    dashboard.save(force_insert=True)
    _say("created", dashboard, by, now)
    return dashboard


@transaction.atomic
def change_dashboard(
    *, dashboard: Dashboard, by: User | None, now: datetime, version: int, **changes: Any
) -> Dashboard:
    """Save on top of `version`; raises StaleVersion where somebody was faster."""
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"a dashboard has no {sorted(unknown)}")
    changed: Dashboard = Dashboard.objects.select_related("workspace").get(pk=dashboard.pk)
    for field, value in changes.items():
        setattr(changed, field, value)
    _check(changed)
    changed.version = compare_and_set(Dashboard.objects.all(), dashboard.pk, version, **changes)
    _say("changed", changed, by, now)
    return changed


# --- tiles ------------------------------------------------------------------------------------------------------------


def _kept(tiles: Sequence[Tile]) -> list[dict[str, Any]]:
    return [tile.kept() for tile in tiles]


def _check_tile(tile: Tile) -> None:
    if tile.kind not in TileKind.values:
        raise ValidationError({"kind": _("Choose how the tile shows its number.")})
    if tile.kind == TileKind.TEXT:
        if not tile.text.strip():
            raise ValidationError({"text": _("Write what the tile shall say.")})
        if len(tile.text) > MOST_TEXT:
            raise ValidationError({"text": _("At most %(count)s characters.") % {"count": MOST_TEXT}})
    elif not tile.sources:
        raise ValidationError({"source": _("Choose a number.")})
    if len(tile.sources) > MOST_SOURCES:
        raise ValidationError({"more": _("At most %(count)s numbers on one tile.") % {"count": MOST_SOURCES}})
    if tile.kind == TileKind.PARETO and not tile.by:
        raise ValidationError({"by": _("A Pareto chart needs a dimension: the causes that it ranks.")})
    if tile.kind == TileKind.FUNNEL and len(tile.sources) < 2 and not tile.by:
        raise ValidationError({"more": _("A funnel needs two stages at least.")})


def _lay_out(
    dashboard: Dashboard, version: int, by: User | None, now: datetime, change: Callable[[list[Tile]], list[Tile]]
) -> Dashboard:
    """Change the tiles on top of `version`, from where there is a way back."""
    current: Dashboard = Dashboard.objects.select_related("workspace").get(pk=dashboard.pk)
    after = _kept(change(current.laid_out))
    if len(after) > MOST_TILES:
        raise ValidationError(_("At most %(count)s tiles on one dashboard.") % {"count": MOST_TILES})
    return _set_tiles(current, version, by, now, tiles=after, back=current.version, forth=None)


@transaction.atomic
def _set_tiles(current: Dashboard, version: int, by: User | None, now: datetime, **changes: Any) -> Dashboard:
    current.version = compare_and_set(Dashboard.objects.all(), current.pk, version, **changes)
    for name, value in changes.items():
        setattr(current, name, value)
    _say("changed", current, by, now)
    return current


def _placed(tiles: Sequence[Tile], first: int | None = None) -> list[Tile]:
    places = {place.id: place for place in settled([tile.place for tile in tiles], first)}
    return [tile.at(places[tile.id]) for tile in tiles]


def save_tile(*, dashboard: Dashboard, by: User | None, now: datetime, version: int, tile: Tile) -> Dashboard:
    """Put a tile on the dashboard (id 0: a new one, where there is room), or another in the place of the one it has."""
    _check_tile(tile)

    def change(tiles: list[Tile]) -> list[Tile]:
        if tile.id:
            return _placed([tile if one.id == tile.id else one for one in tiles], tile.id)
        x, y = free_place([one.place for one in tiles], tile.w, tile.h)
        number = max((one.id for one in tiles), default=0) + 1
        return [*tiles, replace(tile, id=number, x=x, y=y)]

    return _lay_out(dashboard, version, by, now, change)


def remove_tile(*, dashboard: Dashboard, by: User | None, now: datetime, version: int, number: int) -> Dashboard:
    return _lay_out(dashboard, version, by, now, lambda tiles: _placed([one for one in tiles if one.id != number]))


def move_tile(*, dashboard: Dashboard, by: User | None, now: datetime, version: int, place: Place) -> Dashboard:
    """To another place or size; what lies there makes room, or takes the place that becomes free where it fits."""

    def change(tiles: list[Tile]) -> list[Tile]:
        places = exchanged([one.place for one in tiles], place)
        found = {one.id: one for one in places}
        return _placed([one.at(found[one.id]) for one in tiles], place.id)

    return _lay_out(dashboard, version, by, now, change)


def step_layout(
    *, dashboard: Dashboard, by: User | None, now: datetime, version: int, forward: bool = False
) -> Dashboard:
    """The tiles as they were before the last change that is not undone yet; or `forward`: what was undone last, again."""
    current: Dashboard = Dashboard.objects.select_related("workspace").get(pk=dashboard.pk)
    kept = current.tiles_at(current.forth if forward else current.back)
    if kept is None and version == current.version:
        raise ValidationError(_("There is nothing to redo.") if forward else _("There is nothing to undo."))
    tiles, back, forth = kept or (current.tiles, None, None)
    back, forth = (current.version, forth) if forward else (back, current.version)
    return _set_tiles(current, version, by, now, tiles=tiles, back=back, forth=forth)


# --- the whole --------------------------------------------------------------------------------------------------------


@transaction.atomic
def delete_dashboard(*, dashboard: Dashboard, by: User | None, now: datetime) -> bool:
    """Out of sight, and its links end; it can be brought back. False where it was deleted before."""
    if not Dashboard.objects.filter(pk=dashboard.pk, deleted_at=None).update(deleted_at=now):
        return False
    _say("deleted", dashboard, by, now)
    return True


@transaction.atomic
def restore_dashboard(*, dashboard: Dashboard, by: User | None, now: datetime) -> bool:
    if not Dashboard.objects.filter(pk=dashboard.pk).exclude(deleted_at=None).update(deleted_at=None):
        return False
    _say("changed", dashboard, by, now)
    return True


def duplicate_dashboard(*, dashboard: Dashboard, by: User, now: datetime) -> Dashboard:
    """A copy of one's own to change; limited to the same teams."""
    name = _("%(name)s (copy)") % {"name": dashboard.name[:180]}
    return create_dashboard(
        workspace=dashboard.workspace, by=by, now=now, name=name, description=dashboard.description,
        private=dashboard.private, limited_to=list(dashboard.limited_to), span=dashboard.span,
        compare=dashboard.compare, tiles=dashboard.laid_out,
    )  # fmt: skip


def set_favourite(*, dashboard: Dashboard, user: User, now: datetime, favourite: bool) -> None:
    if favourite:
        Favourite.objects.get_or_create(dashboard=dashboard, user=user, defaults={"since": now})
    else:
        Favourite.objects.filter(dashboard=dashboard, user=user).delete()


@transaction.atomic
def move_dashboard(*, dashboard: Dashboard, by: User | None, now: datetime, up: bool) -> None:
    """One place up or down in the workspace's order."""
    rows = list(
        Dashboard.objects.filter(workspace=dashboard.workspace, deleted_at=None)
        .order_by("position", "name", "pk")
        .values_list("pk", flat=True)
    )
    if dashboard.pk not in rows:
        return
    here = rows.index(dashboard.pk)
    there = max(0, min(len(rows) - 1, here + (-1 if up else 1)))
    rows.insert(there, rows.pop(here))
    for place, pk in enumerate(rows, start=1):
        Dashboard.objects.filter(pk=pk).exclude(position=place * 1024.0).update(position=place * 1024.0)
    live.changed(dashboard.workspace, "dashboards")


def put_numbers(*, dashboard: Dashboard, by: User | None, now: datetime, metrics: Sequence[Metric]) -> Dashboard:
    """Below what is there: for each metric that no tile shows yet its number and its course."""

    def change(tiles: list[Tile]) -> list[Tile]:
        shown = {key for tile in tiles for key in tile.sources}
        for kind in (TileKind.NUMBER, TileKind.LINE):
            for metric in metrics:
                if metric.indicator not in shown:
                    w, h = SIZES[kind]
                    x, y = free_place([one.place for one in tiles], w, h)
                    number = max((one.id for one in tiles), default=0) + 1
                    tiles = [*tiles, Tile(number, kind, x, y, w, h, sources=(metric.indicator,))]
        return tiles

    return _lay_out(dashboard, dashboard.version, by, now, change)


def first_span(metrics: Sequence[Metric], latest: Mapping[int, datetime], now: datetime) -> str:
    """The shortest period in which the metrics' newest values, some sixty of each, can be seen."""
    reach = max(
        ((now - latest[one.pk]).total_seconds() + 60 * Grain(one.grain).seconds for one in metrics if one.pk in latest),
        default=0.0,
    )
    spans = [(days, key) for key, (days, _title) in SPANS.items() if days >= 7]
    return next((key for days, key in sorted(spans) if days * 86_400 >= reach), max(spans)[1])


def first_tiles(metrics: Sequence[Metric], dimensions: dict[int, dict[str, list[str]]]) -> list[Tile]:
    """Tiles for the metrics that are there: numbers on top, the course of the first, what they are made of below."""
    tiles: list[Tile] = []

    def put(kind: TileKind, sources: Sequence[str], wide: int = 0, **more: Any) -> None:
        w, h = SIZES[kind]
        w = wide or w
        x, y = free_place([one.place for one in tiles], w, h)
        tiles.append(Tile(len(tiles) + 1, kind, x, y, w, h, sources=tuple(sources), **more))

    numbers = metrics[:FIRST_NUMBERS]
    for metric in numbers:
        put(TileKind.NUMBER, [metric.indicator], wide=4 if len(numbers) in {3, 5, 6} else 0)  # rows without a gap
    for metric in metrics[:FIRST_LINES]:
        put(TileKind.LINE, [metric.indicator])
    for metric in metrics:
        names = [name for name, values in dimensions.get(metric.pk, {}).items() if 1 < len(values) <= 60]
        if not names or len(tiles) >= FIRST_NUMBERS + FIRST_LINES + 4:
            continue
        kind = TileKind.PARETO if metric.aggregation == Aggregation.SUM and metric.direction == "down" else TileKind.BAR
        put(kind, [metric.indicator], by=names[0])
        if metric.grain in {Grain.MINUTE, Grain.HOUR}:
            put(TileKind.HEAT, [metric.indicator])
    return tiles
