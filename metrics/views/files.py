"""Files of points on their way in."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from metrics import services
from metrics.forms import ImportForm
from opsboard.core.access import Request, needs
from opsboard.core.imports import Wizard
from opsboard.core.models import Role

wizard = Wizard(
    services.POINTS,
    new="metrics:new_import",
    run="metrics:import_run",
    form=ImportForm,
    crumb=("metrics:metric_list", gettext_lazy("Metrics")),
    lead=gettext_lazy("One row per time: a day and its number are enough. Opsboard guesses the columns, you confirm."),
    script="js/metrics.js",
    where="metrics/_where.html",
)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_import(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def import_run(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)
