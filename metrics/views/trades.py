"""What do you run? The metrics of a trade, chosen on one page and made in one step."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from metrics import services
from metrics.models import Aggregation, Direction, Grain, Metric
from metrics.services.trades import MONEY, TRADES, Sketch
from opsboard.core.access import Request, needs
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused


@require_GET
def trade_list(request: Request) -> HttpResponse:
    return page(request, "metrics/trade_list.html", {"trades": list(TRADES.values())})


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def trade(request: Request, key: str) -> HttpResponse:
    if key not in TRADES:
        raise Http404
    chosen = set(request.POST.getlist("metric")) if request.method == "POST" else None
    context = {"trade": TRADES[key], "rows": _rows(request, TRADES[key].sketches, chosen), "trades": TRADES.values()}
    if request.method != "POST":
        return page(request, "metrics/trade.html", context)
    if not chosen:
        return refused(request, "metrics/trade.html", {**context, "trouble": _("Choose at least one metric.")})
    made = services.furnish_trade(
        workspace=request.workspace, by=request.user, now=timezone.now(), trade=key, only=chosen
    )
    text = (
        ngettext("%(count)s metric is there, in its tree.", "%(count)s metrics are there, in their tree.", len(made))
        if made
        else _("All of these were there already; nothing was changed.")
    )
    url = reverse("metrics:metric_tree", kwargs={"workspace": request.workspace.slug})
    return done(request, url, message=text % {"count": len(made)} if made else text, go=True)


def _rows(request: Request, sketches: tuple[Sketch, ...], chosen: set[str] | None) -> list[dict[str, Any]]:
    there = set(
        Metric.objects.filter(workspace=request.workspace, key__in=[one.key for one in sketches]).values_list(
            "key", flat=True
        )
    )
    names = {one.key: one.name for one in sketches}
    return [
        {
            "sketch": one, "there": one.key in there, "chosen": one.key in chosen if chosen is not None else True,
            "unit": request.workspace.currency if one.unit == MONEY else one.unit,
            "direction": Direction(one.direction).label, "grain": Grain(one.grain).label,
            "aggregation": Aggregation(one.aggregation).label, "star": place == 0, "under": names.get(one.under, ""),
        }
        for place, one in enumerate(sketches)
    ]  # fmt: skip
