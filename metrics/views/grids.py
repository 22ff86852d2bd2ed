"""The grid of a dashboard, drawn once for each state of its numbers: what is as it was is neither read nor drawn again.

Every look at a dashboard has a mark. A page that has it already is told so (304); a grid that somebody has seen is kept
under it; and where a number is new, only the tiles that show it are drawn anew. While numbers stream in, open pages get a
new grid once a second (`DASHBOARD_REST`), not with each of them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import BaseCache, cache, caches
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag
from django.utils.safestring import SafeString, mark_safe

from metrics import charts
from metrics.models import Dashboard, Look, Marks, Measure, Tile, marks_of, measures_of, read_tiles
from metrics.models.measures import PREFIX
from metrics.views.boards import bar_of, happened_in, keys_of, query_of
from opsboard.core import live
from opsboard.core.access import Viewer
from opsboard.core.pages import wants_part

KEPT_FOR, NEAR_FOR = 3600, 60
HOLE = mark_safe("<!--grid-->")  # what people type never looks so: it is escaped
LONGEST_WAIT, STEP = 3.0, 0.02  # seconds for somebody else who draws the same
TOPICS = (
    "metrics", "annotations", "alerts", "work", "review", "reports", "processes", "journeys", "costs", "risks", "feedback"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """One reader's look at one dashboard. `closed`: for people who have no other page here. `rows`: of the grid, where it
    fills a wall.

    Without a `tag` nobody knows whether it is new.
    """

    viewer: Viewer
    row: Dashboard
    look: Look
    now: datetime
    edit: bool
    closed: bool
    rows: int
    marks: Marks
    around: str
    tag: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard's grid, drawn, and the bar above it, from which people choose what it shows."""

    grid: bytes
    bar: str
    empty: bool
    tag: str = ""  # of the sight that it was drawn for
    late: bool = False  # a newer one comes in a moment

    @property
    def place(self) -> SafeString:
        """Where the grid comes into a page, once the rest of it is written (see `put_in`)."""
        return HOLE


def sight_of(
    viewer: Viewer,
    row: Dashboard,
    look: Look,
    now: datetime,
    marks: Marks | None = None,
    *,
    edit: bool = False,
    closed: bool = False,
    wall: bool = False,
) -> Sight:
    """What a look at a dashboard is known by: its numbers, its tiles, its reader. One query where the marks are not known."""
    keys = keys_of(row)
    if marks is None:
        marks = marks_of(row.workspace, [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)])
    rows = max((tile.y + tile.h for tile in row.laid_out), default=1) if wall else 0
    told: list[Any] = [
        row.pk, translation.get_language(), edit, closed, rows, viewer.role, sorted(viewer.closed_apps),
        None if viewer.team_ids is None else sorted(viewer.team_ids),
        look.first.isoformat(), look.last.isoformat(), look.span, look.compare, sorted(look.labels.items()),
        int(now.timestamp()) // 3600,  # hours end
        marks.beside,
    ]  # fmt: skip
    known = True
    if any(not key.startswith(PREFIX) for key in keys):  # numbers of other rooms: these say when they change, and age
        counted = live.versions(row.workspace, TOPICS)
        known = counted is not None
        told += [counted, int(now.timestamp()) // 60, viewer.user.pk if viewer.user else 0]
    around = _hashed(told)
    tag = _hashed([around, row.version, sorted(marks.metrics.items())]) if known else ""
    return Sight(viewer, row, look, now, edit, closed, rows, marks, around, tag)


def _hashed(told: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]


def nothing_new(request: HttpRequest, sight: Sight) -> HttpResponse | None:
    """304 to a page that shows what there is already."""
    if not sight.tag or not wants_part(request):
        return None
    answer: HttpResponse | None = get_conditional_response(request, etag=quote_etag(sight.tag))
    return None if answer is None else _marked(answer, sight.tag)


def not_yet(request: HttpRequest, board: Board) -> HttpResponse | None:
    """To an open grid that asks whether there is a newer one, before that is drawn: that it asks again in a moment.

    Who chose another look has to get something, even where the browser had it before and asks by its mark.
    """
    mine = request.headers.get("HX-Source", "").endswith("#board") and "If-None-Match" in request.headers
    if not board.late or not mine or not wants_part(request):
        return None
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Trigger": "board-late"})


def fresh(request: HttpRequest, response: HttpResponse, board: Board) -> HttpResponse:
    """A browser may keep a part, but asks each time whether it still holds; a whole page is never kept."""
    return _marked(response, board.tag) if wants_part(request) else response


def _marked(response: HttpResponse, tag: str) -> HttpResponse:
    if tag:
        response["ETag"] = quote_etag(tag)
        patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "Cookie"])
    return response


def board_of(sight: Sight, *, patient: bool = True) -> Board:
    """The grid of a look. Who is not patient gets the one before, where that is just drawn or somebody draws the newest."""
    if not sight.tag:
        return _draw(sight)
    key = f"metrics.grid:{sight.tag}"
    if (kept := _kept(key)) is not None:
        return kept
    before = f"metrics.grid.before:{_hashed([sight.around, sight.row.version, sight.marks.definitions])}"
    last, drawn = (None, 0.0) if patient else cache.get(before) or (None, 0.0)
    rests = 0 <= time.time() - drawn < settings.DASHBOARD_REST
    mine = not rests and _my_turn(key)
    if not mine and last is not None and (kept := _kept(last)) is not None:
        return replace(kept, late=True)
    mine = mine or _my_turn(key, LONGEST_WAIT)
    try:
        if (kept := _kept(key)) is not None:
            return kept
        board = _draw(sight)
        _near().set(key, board, NEAR_FOR)
        cache.set_many({key: asdict(board), before: (key, time.time())}, KEPT_FOR)
        return board
    finally:
        if mine:
            cache.delete(f"{key}:drawn")


def put_in(response: TemplateResponse, board: Board) -> TemplateResponse:
    """The grid into a page: templates would copy its hundreds of kB once for each block that it lies in."""

    def fill(rendered: HttpResponse) -> None:
        before, _hole, after = rendered.content.partition(HOLE.encode())
        rendered.content = [before, board.grid, after]

    response.add_post_render_callback(fill)
    return response


def _near() -> BaseCache:
    return caches["grids"]


def _kept(key: str) -> Board | None:
    """A grid that this process or another has drawn already; what is near need not be sent for."""
    board: Board | None = _near().get(key)
    if board is None and (kept := cache.get(key)) is not None:
        board = Board(**kept)
        _near().set(key, board, NEAR_FOR)
    return board


def _my_turn(key: str, wait: float = 0.0) -> bool:
    """Where many look at the same, one draws; the others may wait for it, but not for ever."""
    until = time.monotonic() + wait
    while not (mine := cache.add(f"{key}:drawn", 1, LONGEST_WAIT)):
        if time.monotonic() >= until or cache.has_key(key):
            break
        time.sleep(STEP)
    return bool(mine)


def _draw(sight: Sight) -> Board:
    """The whole grid; the tiles whose numbers are as they were come from where they are kept."""
    viewer, row, look, now = sight.viewer, sight.row, sight.look, sight.now
    tiles = row.laid_out
    sources, labels = measures_of(viewer, keys_of(row))
    keys = {tile.id: _key(sight, tile, sources) for tile in tiles} if sight.tag else {}
    kept: dict[str, str] = cache.get_many(keys.values()) if keys else {}
    drawn = {tile.id: kept[keys[tile.id]] for tile in tiles if keys and keys[tile.id] in kept}
    new = [tile for tile in tiles if tile.id not in drawn]
    if new:
        answers = read_tiles(viewer, new, look, now, sources, drawn=True)
        first = min([look.first, *(one.look.first for one in answers.values())])
        happened = happened_in(viewer, sources, first, look.last)
        template = loader.get_template("metrics/dashboards/_tile.html")
        context = {
            "edit": sight.edit, "closed": sight.closed, "dashboard": row, "workspace": row.workspace, "medium": "screen",
            "query": urlencode(query_of(look, row)),
        }  # fmt: skip
        for tile in new:
            drawn[tile.id] = template.render(
                {**context, "drawn": charts.draw(answers[tile.id], happened, rows=sight.rows)}
            )
        if keys:
            cache.set_many({keys[tile.id]: drawn[tile.id] for tile in new}, KEPT_FOR)
    grid = "".join(drawn[tile.id] for tile in tiles)
    above = loader.render_to_string("metrics/dashboards/_bar.html", bar_of(row, look, labels))
    return Board(f'<div class="grid">{grid}</div>'.encode(), above, not tiles, sight.tag)


def _key(sight: Sight, tile: Tile, sources: Mapping[str, Measure]) -> str:
    """What one tile is known by: how it is described, and the marks of those of its numbers that this reader may see."""
    marks = [sight.marks.metrics.get(key.removeprefix(PREFIX), "") if key in sources else None for key in tile.sources]
    return f"metrics.tile:{_hashed([sight.around, tile.kept(), marks])}"
