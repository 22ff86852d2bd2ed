"""Raw rows on their way to numbers."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from metrics import services
from metrics.forms import RawForm
from metrics.views.came import came_of
from opsboard.core.access import Request, needs
from opsboard.core.imports import Wizard
from opsboard.core.models import Role

wizard = Wizard(
    services.RAW,
    new="metrics:new_raw_import",
    run="metrics:raw_import",
    form=RawForm,
    crumb=("metrics:metric_list", gettext_lazy("Metrics")),
    lead=gettext_lazy(
        "Order lines, deliveries or customers as another program exports them: Opsboard counts repurchase, order value, "
        "on-time and churn by day and label. Upload the whole history each time; what did not change stays."
    ),
    after="metrics/_came.html",
    came=came_of,
)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_raw_import(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def raw_import(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)
