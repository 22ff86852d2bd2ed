"""Files of points on their way in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from metrics import services
from metrics.forms import ImportForm, OrdersForm, ParcelsForm
from metrics.services import presets
from metrics.views.came import came_of
from opsboard.core.access import Request, needs
from opsboard.core.imports import Wizard
from opsboard.core.models import Role
from opsboard.core.uploads import Table


def _recognised(importer: str) -> Callable[[Table], Any]:
    def recognise(table: Table) -> Any:
        found = presets.preset_for(table)
        return found.title if found and found.importer == importer else ""

    return recognise


_PLACES: dict[str, Any] = {
    "new": "metrics:new_import",
    "run": "metrics:import_run",
    "crumb": ("metrics:metric_list", gettext_lazy("Metrics")),
    "where": "metrics/_where_preset.html",
    "after": "metrics/_came.html",
    "came": came_of,
}
wizard = Wizard(
    services.POINTS,
    new="metrics:new_import",
    run="metrics:import_run",
    form=ImportForm,
    crumb=("metrics:metric_list", gettext_lazy("Metrics")),
    lead=gettext_lazy(
        "One row per time: a day and its number are enough. Exports of Amazon, Shopify, TikTok Shop, Taobao and 1688, and "
        "tracking files of carriers are recognised and counted for you."
    ),
    script="js/metrics.js",
    where="metrics/_where.html",
    after="metrics/_came.html",
    came=came_of,
    variants=(
        Wizard(services.ORDER_FILES, form=OrdersForm, recognise=_recognised(presets.ORDERS), **_PLACES),
        Wizard(services.PARCEL_FILES, form=ParcelsForm, recognise=_recognised(presets.PARCELS), **_PLACES),
    ),
)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_import(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def import_run(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)
