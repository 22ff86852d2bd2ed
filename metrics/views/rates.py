"""What currencies are worth in one another, by day."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from metrics import services
from metrics.forms import RateForm
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Listing, Shows
from opsboard.core.models import ExchangeRate, Role
from opsboard.core.pages import done, page, posted, refused

COLUMNS = (
    Shows("day", gettext_lazy("From day"), lambda row: row.day, sort=("day",)),
    Shows("source", gettext_lazy("One"), lambda row: row.source, sort=("source",)),
    Shows("rate", gettext_lazy("is"), lambda row: row.rate),
    Shows("target", gettext_lazy("In"), lambda row: row.target, sort=("target",)),
)


@require_http_methods(["GET", "POST"])
def rates(request: Request) -> HttpResponse:
    today = timezone.localtime(timezone.now(), request.workspace.zone).date()
    form = RateForm(posted(request), initial={"day": today.isoformat()})
    listing = Listing(
        key="metrics.rates", rows=ExchangeRate.objects.visible_to(request.viewer), columns=COLUMNS, order=("-day",),
        per_page=30,
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    context = {"form": form, "shown": shown}
    if request.method != "POST":
        return page(request, "metrics/rates.html", context, part="metrics/_rates.html")
    if form.is_valid():
        try:
            services.set_rate(workspace=request.workspace, now=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, request.path, message=_("The rate is in."), go=True)
    return refused(request, "metrics/rates.html", context, part="metrics/_rates.html")


@require_POST
@needs(Role.EDITOR)
def remove_rate(request: Request, pk: int) -> HttpResponse:
    if not services.remove_rate(workspace=request.workspace, pk=pk, now=timezone.now()):
        raise Http404
    return done(request, "../../", message=_("The rate is deleted."), go=True)
