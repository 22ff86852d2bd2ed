"""Dashboards to read: the list, one of them, one tile large, and the wall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from metrics import charts
from metrics.models import Dashboard, Metric, Shown, TileKind
from metrics.views.board_files import Row, rows_of, sheets
from metrics.views.boards import asked_of, bar_of, dashboard_and_marks, found_dashboard, look_for, values_of
from metrics.views.grids import board_of, fresh, not_yet, nothing_new, put_in, sight_of
from opsboard.core.access import Request
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.pages import page

MOST_LISTED = 500
LIST_COLUMNS = (
    Shows("name", gettext_lazy("Dashboard"), str, sort=("name",)),
    Shows("owner", gettext_lazy("Owner"), lambda row: row.owner, sort=("owner__name", "owner__username")),
    Shows("tiles", gettext_lazy("Tiles"), lambda row: len(row.tiles)),
    Shows("seen_by", gettext_lazy("Seen by"), lambda row: gettext_lazy("Only me") if row.private else ""),
)


@require_GET
def dashboard_list(request: Request) -> HttpResponse:
    visible = Dashboard.objects.visible_to(request.viewer)
    rows = visible.deleted() if request.GET.get("deleted") == "yes" else visible.standing()
    listing = Listing(
        key="metrics.dashboards",
        rows=rows.with_favourites_of(request.user).select_related("owner", "workspace"),
        columns=LIST_COLUMNS,
        filters=(
            Filter(
                "mine", gettext_lazy("Whose"),
                (("mine", gettext_lazy("Mine")), ("favourites", gettext_lazy("Favourites"))),
                lambda found, value: found.filter(
                    **({"owner": request.user} if value == "mine" else {"favourites__user": request.user})
                ),
            ),
            Filter("deleted", gettext_lazy("Deleted"), (("yes", gettext_lazy("Yes")),), lambda found, _value: found),
        ),
        search=("name", "description"),
        order=("-favourite", "position", "name"),
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    context = {
        "shown": shown, "any": visible.exists(), "metrics": Metric.objects.visible_to(request.viewer).in_use().exists(),
        "deleted": request.GET.get("deleted") == "yes",
    }  # fmt: skip
    return page(request, "metrics/dashboards/dashboard_list.html", context, part="metrics/dashboards/_dashboards.html")


@require_GET
def dashboard(request: Request, pk: int) -> HttpResponse:
    """The whole page; to htmx only the grid, and that only if something is new."""
    now = timezone.now()
    row, marks = dashboard_and_marks(request, pk)
    look = look_for(request.GET, row, now)
    edit = "edit" in request.GET and request.viewer.may("editor")
    sight = sight_of(request.viewer, row, look, now, marks, edit=edit)
    if (unchanged := nothing_new(request, sight)) is not None:
        return unchanged
    if request.GET.get("export") in {"csv", "xlsx"}:
        shown, _labels, _happened = values_of(request.viewer, row, look, now)
        return sheets(request.GET["export"], row.name, [(charts.title_of(one), rows_of(one)) for one in shown])
    board = board_of(sight, patient=edit)
    if (later := not_yet(request, board)) is not None:
        return later
    mark = "" if edit else board.tag  # what stands on the page is not sent again
    context = {"dashboard": row, "board": board, "edit": edit, "mark": mark, **asked_of(row, look)}
    answer = page(request, "metrics/dashboards/dashboard.html", context, part="metrics/dashboards/_board.html")
    return fresh(request, put_in(answer, board), board)


@require_GET
def tile(request: Request, pk: int, number: int) -> HttpResponse:
    """One tile large: its chart, to explore where somebody wants to, and its values."""
    now = timezone.now()
    row = found_dashboard(request, pk)
    chosen = row.tile(number)
    if chosen is None:
        raise Http404
    look = look_for(request.GET, row, now)
    alone = Dashboard(
        pk=row.pk,
        workspace=row.workspace,
        span=row.span,
        compare=row.compare,
        tiles=[chosen.kept() | {"w": 12, "h": 8}],
    )
    (shown,), labels, happened = values_of(request.viewer, alone, look, now)
    drawn = charts.draw(shown, happened)
    rows = rows_of(shown)
    if request.GET.get("export") in {"csv", "xlsx"}:
        return sheets(request.GET["export"], drawn.title, [(drawn.title, rows)])
    explorable = chosen.kind in {TileKind.NUMBER, TileKind.LINE, TileKind.BAR, TileKind.STACKED} and any(
        one.values for one in shown.courses
    )
    explore = explorable and "explore" in request.GET
    context = {
        "dashboard": row, "drawn": drawn, "rows": _listed(shown, rows), "head": _head(rows),
        "count": max(0, len(rows) - 1), "figure": charts.explored_tile(shown, happened) if explore else None,
        "explorable": explorable, "explore": explore, **asked_of(row, look), **bar_of(row, look, labels),
    }  # fmt: skip
    return page(request, "metrics/dashboards/tile.html", context, part="metrics/dashboards/_tile_large.html")


def _listed(shown: Shown, rows: Sequence[Row]) -> list[Row]:
    """What stands under a large tile: its values, the newest on top; the time compared with is in the files."""
    if shown.tile.is_total:
        return list(rows[1 : MOST_LISTED + 1])
    count = sum(len(course.values) for course in shown.courses)
    return sorted(rows[1 : count + 1], key=lambda row: row[0], reverse=True)[:MOST_LISTED]


def _head(rows: Sequence[Row]) -> list[tuple[Any, bool]]:
    """The columns' names, and which of them hold numbers."""
    return (
        [(title, any(isinstance(row[place], int | float) for row in rows[1:])) for place, title in enumerate(rows[0])]
        if rows
        else []
    )


EACH = ((15, "15"), (30, "30"), (60, "60"), (300, "300"))


@require_GET
def wall(request: Request, pk: int) -> HttpResponse:
    """A dashboard that fills a screen, and gives way to the next after a while."""
    row, marks = dashboard_and_marks(request, pk)
    asked = [text for text in request.GET.getlist("with") if text.isdecimal() and len(text) < 10][:20]
    others = Dashboard.objects.visible_to(request.viewer).standing()
    chosen = {one.pk: one for one in others.filter(pk__in=asked).select_related("workspace")}
    order = [row, *(chosen[int(text)] for text in asked if int(text) in chosen and int(text) != row.pk)]
    now = timezone.now()
    look = look_for(request.GET, row, now)
    sight = sight_of(request.viewer, row, look, now, marks, closed=True, wall=True)
    if (unchanged := nothing_new(request, sight)) is not None:
        return unchanged
    board = board_of(sight)
    each = request.GET.get("each", "")
    context = {
        "dashboard": row, "board": board, "look": look,
        "others": list(others.exclude(pk=row.pk).order_by("position", "name")[:50]),
        "chosen": {one.pk for one in order}, "seconds": int(each) if each.isdecimal() and 5 <= int(each) <= 3600 else 60,
        "addresses": [
            {"name": one.name, "url": reverse("metrics:wall", kwargs={"workspace": request.workspace.slug, "pk": one.pk})}
            for one in order
        ],
        "way_out": row.get_absolute_url(), "eachs": EACH,
    }  # fmt: skip
    answer = page(request, "metrics/dashboards/wall.html", context, part="metrics/dashboards/_wall.html")
    return fresh(request, put_in(answer, board), board)
