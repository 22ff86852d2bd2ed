"""Dashboards made and changed: their own fields, their tiles, where these lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics import charts, services
from metrics.analysis.grids import Place
from metrics.forms import DashboardForm, TileForm
from metrics.models import Dashboard, Metric, Tile, dimensions_of, newest
from metrics.views.boards import found_dashboard, look_for, values_of
from metrics.views.grids import board_of, sight_of
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion

FORM = ("metrics/dashboards/dashboard_form.html", "metrics/dashboards/_dashboard_form.html")
MOST_CHOSEN = 30
TILE = ("metrics/dashboards/tile_form.html", "metrics/dashboards/_tile_form.html")


def _version(request: Request) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _list(request: Request) -> str:
    return reverse("metrics:dashboard_list", kwargs={"workspace": request.workspace.slug})


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_dashboard(request: Request) -> HttpResponse:
    form = DashboardForm(posted(request), viewer=request.viewer)
    context: dict[str, Any] = {"form": form}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    if form.is_valid():
        try:
            row = services.create_dashboard(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, f"{row.get_absolute_url()}?edit=1", message=_("The dashboard is there."), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


@require_POST
def first_dashboard(request: Request) -> HttpResponse:
    """One click: a dashboard out of the metrics that are there, or of those that were just brought in."""
    now = timezone.now()
    rows = Metric.objects.visible_to(request.viewer).in_use().select_related("workspace")
    chosen = _numbers(request.POST.getlist("metric"))
    metrics = list((rows.filter(pk__in=chosen[:MOST_CHOSEN]) if chosen else rows).order_by("pk"))
    if not metrics:
        return done(
            request, reverse("metrics:new_import", kwargs={"workspace": request.workspace.slug}),
            message=_("Bring a number in first: a spreadsheet is enough."), go=True,
        )  # fmt: skip
    if (there := _numbers([request.POST.get("dashboard", "")])) and chosen:
        row = found_dashboard(request, there[0])
        try:
            services.put_numbers(dashboard=row, by=request.user, now=now, metrics=metrics)
        except (ValidationError, StaleVersion) as refusal:
            text = " ".join(getattr(refusal, "messages", ())) or _("Somebody else changed it just now. Try again.")
            messages.error(request, text)
            return done(request, row.get_absolute_url(), go=True)
        return done(request, row.get_absolute_url(), message=_("They are at the end of the dashboard."), go=True)
    name = metrics[0].name if len(metrics) == 1 else request.POST.get("name", "").replace("\x00", "").strip()[:200]
    latest = {one.metric_id: one.at for one in newest([metric.pk for metric in metrics], now=now)}
    row = services.create_dashboard(
        workspace=request.workspace, by=request.user, now=now, name=name or _("My numbers"),
        tiles=services.first_tiles(metrics, dimensions_of([metric.pk for metric in metrics])),
        span=services.first_span(metrics, latest, now),
    )  # fmt: skip
    return done(
        request, row.get_absolute_url(), message=_("Your dashboard is there. Move its tiles as you like."), go=True
    )


def _numbers(texts: Sequence[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_dashboard(request: Request, pk: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    form = DashboardForm(posted(request), viewer=request.viewer, dashboard=row)
    context: dict[str, Any] = {"form": form, "dashboard": row, "version": row.version}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    if form.is_valid():
        given = dict(form.cleaned_data)
        if given["private"] and row.owner_id != request.user.pk:
            given["owner"] = request.user
        try:
            services.change_dashboard(
                dashboard=row, by=request.user, now=timezone.now(), version=_version(request), **given
            )
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, FORM[0], context, part=FORM[1], status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


# --- tiles ------------------------------------------------------------------------------------------------------------


def _found_tile(row: Dashboard, number: int) -> Tile:
    tile = row.tile(number)
    if tile is None:
        raise Http404
    return tile


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def add_tile(request: Request, pk: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    start = {name: request.GET[name] for name in ("kind", "source") if request.GET.get(name)}
    form = TileForm(posted(request), viewer=request.viewer, initial=start)
    return _tile_page(request, row, form, {})


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_tile(request: Request, pk: int, number: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    tile = _found_tile(row, number)
    form = TileForm(posted(request), viewer=request.viewer, tile=tile)
    return _tile_page(request, row, form, {"tile": tile})


def _tile_page(request: Request, row: Dashboard, form: TileForm, more: dict[str, Any]) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "dashboard": row, "version": row.version, **more}
    if request.method != "POST":
        if more:
            context["preview"] = _drawn(request, row, more["tile"])
        return page(request, TILE[0], context, part=TILE[1])
    if form.is_valid():
        try:
            services.save_tile(
                dashboard=row, by=request.user, now=timezone.now(), version=_version(request), tile=form.given()
            )
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, TILE[0], context, part=TILE[1], status=409)
        else:
            return done(request, f"{row.get_absolute_url()}?edit=1", message=_("Saved"), go=True)
    return refused(request, TILE[0], context, part=TILE[1])


@require_POST
def preview_tile(request: Request, pk: int) -> HttpResponse:
    """What the tile that is being described would look like."""
    row = found_dashboard(request, pk)
    form = TileForm(request.POST, viewer=request.viewer)
    drawn = None
    if form.is_valid():
        tile = form.given()
        if tile.sources or tile.text:
            drawn = _drawn(request, row, tile)
    return page(request, "metrics/dashboards/_preview.html", {"preview": drawn})


def _drawn(request: Request, row: Dashboard, tile: Tile) -> charts.Drawn:
    now = timezone.now()
    alone = Dashboard(
        pk=row.pk,
        workspace=row.workspace,
        span=row.span,
        compare=row.compare,
        tiles=[tile.kept() | {"id": tile.id or 1}],
    )
    (shown,), _labels, happened = values_of(request.viewer, alone, look_for(request.GET, row, now), now)
    return charts.draw(shown, happened)


def _layout(request: Request, pk: int, change: Callable[[Dashboard, int], Dashboard]) -> HttpResponse:
    """Change where tiles lie: htmx and our script get the grid as it is now, a browser the page."""
    row = found_dashboard(request, pk)
    home = f"{row.get_absolute_url()}?edit=1"
    try:
        changed = change(row, _version(request))
    except ValidationError as refusal:
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"detail": " ".join(refusal.messages)}, status=422)
        return done(request, home, message=" ".join(refusal.messages), go=True)
    except StaleVersion as stale:
        context = {
            "dashboard": stale.current, "version": stale.current_version, "fields": _asked(request), "here": request.path,
            "theirs": charts.map_of(stale.current.laid_out),  # type: ignore[attr-defined]
            "yours": charts.map_of(_mine(stale.current, request)),  # type: ignore[arg-type]
        }  # fmt: skip
        return page(
            request, "metrics/dashboards/conflict.html", context, part="metrics/dashboards/_conflict.html", status=409
        )
    if request.headers.get("X-Requested-With") != "fetch":
        return done(request, home, go=True)
    now = timezone.now()
    look = look_for(request.GET, changed, now)
    board = board_of(sight_of(request.viewer, changed, look, now, edit=True))
    ways = {"X-Back": str(changed.back or ""), "X-Forth": str(changed.forth or "")}
    return HttpResponse(board.grid, headers={"X-Version": str(changed.version), **ways})


FIELDS = ("x", "y", "w", "h")


def _asked(request: Request) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:6] for name in FIELDS if name in request.POST}


def _place(request: Request, tile: Tile) -> Place:
    found = {name: getattr(tile, name) for name in FIELDS}
    for name, text in _asked(request).items():
        if text.isdecimal():
            found[name] = int(text)
    return Place(tile.id, **found)


def _mine(current: Dashboard, request: Request) -> list[Tile]:
    match = request.resolver_match
    number = match.kwargs.get("number") if match else None
    return [tile.at(_place(request, tile)) if tile.id == number else tile for tile in current.laid_out]


@require_POST
def move_tile(request: Request, pk: int, number: int) -> HttpResponse:
    def change(row: Dashboard, version: int) -> Dashboard:
        place = _place(request, _found_tile(row, number))
        return services.move_tile(dashboard=row, by=request.user, now=timezone.now(), version=version, place=place)

    return _layout(request, pk, change)


@require_POST
def remove_tile(request: Request, pk: int, number: int) -> HttpResponse:
    def change(row: Dashboard, version: int) -> Dashboard:
        _found_tile(row, number)
        return services.remove_tile(dashboard=row, by=request.user, now=timezone.now(), version=version, number=number)

    return _layout(request, pk, change)


@require_POST
def step_layout(request: Request, pk: int, *, forward: bool) -> HttpResponse:
    """Undo and redo."""

    def change(row: Dashboard, version: int) -> Dashboard:
        return services.step_layout(
            dashboard=row, by=request.user, now=timezone.now(), version=version, forward=forward
        )

    return _layout(request, pk, change)


# --- the whole --------------------------------------------------------------------------------------------------------


@require_POST
def delete_dashboard(request: Request, pk: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    services.delete_dashboard(dashboard=row, by=request.user, now=timezone.now())
    message = _("“%(name)s” is deleted. It can be brought back here.") % {"name": row.name}
    return done(request, f"{_list(request)}?deleted=yes", message=message, go=True)


@require_POST
def restore_dashboard(request: Request, pk: int) -> HttpResponse:
    row = found_dashboard(request, pk, deleted=True)
    services.restore_dashboard(dashboard=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("It is back."), go=True)


@require_POST
def duplicate_dashboard(request: Request, pk: int) -> HttpResponse:
    copy = services.duplicate_dashboard(dashboard=found_dashboard(request, pk), by=request.user, now=timezone.now())
    return done(request, copy.get_absolute_url(), message=_("This is the copy."), go=True)


@require_POST
def move_dashboard(request: Request, pk: int) -> HttpResponse:
    up = request.POST.get("to") != "down"
    services.move_dashboard(dashboard=found_dashboard(request, pk), by=request.user, now=timezone.now(), up=up)
    return done(request, _list(request), changed="dashboards")


@require_POST
@needs(write=Role.VIEWER)
def set_favourite(request: Request, pk: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    services.set_favourite(
        dashboard=row, user=request.user, now=timezone.now(), favourite=request.POST.get("favourite") == "yes"
    )
    here = request.POST.get("from") == "list"
    return done(request, _list(request) if here else row.get_absolute_url(), changed="dashboards", go=not here)
