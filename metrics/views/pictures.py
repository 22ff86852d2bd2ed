"""Dashboards and tiles as pictures."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from metrics import charts
from metrics.models import Dashboard
from metrics.views.boards import found_dashboard, look_for, values_of
from opsboard.core import periods
from opsboard.core.access import Request, Viewer


def drawn_picture(request: HttpRequest, row: Dashboard, viewer: Viewer) -> HttpResponse:
    """One SVG; `?theme=dark`, and `?tile=3` for one of the tiles."""
    now = timezone.now()
    look = look_for(request.GET, row, now)
    theme = "dark" if request.GET.get("theme") == "dark" else "light"
    number = request.GET.get("tile", "")
    if number:
        chosen = row.tile(int(number)) if number.isdecimal() and len(number) < 6 else None
        if chosen is None:
            raise Http404
        row = Dashboard(workspace=row.workspace, span=row.span, compare=row.compare, tiles=[chosen.kept()])
    shown, _labels, happened = values_of(viewer, row, look, now)
    if number:
        svg = charts.tile_picture(shown[0], happened, theme=theme)
    else:
        period = periods.between(look.first, look.last, look.zone).dates()
        svg = charts.dashboard_picture(shown, happened, name=row.name, period=period, theme=theme)
    response = HttpResponse(svg, content_type="image/svg+xml; charset=utf-8")
    # Opened by itself it is only a picture: nothing in it may run.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@require_GET
def picture(request: Request, pk: int) -> HttpResponse:
    return drawn_picture(request, found_dashboard(request, pk), request.viewer)
