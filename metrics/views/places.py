"""Shops and sites with a clock of their own."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from metrics import services
from metrics.forms import PlaceForm, known_labels
from metrics.models import Place
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused

COLUMNS = (
    Shows("dimension", gettext_lazy("Label"), lambda row: row.dimension, sort=("dimension",)),
    Shows("value", pgettext_lazy("of a label", "Value"), lambda row: row.value, sort=("value",)),
    Shows("timezone", gettext_lazy("Time zone"), lambda row: row.timezone, sort=("timezone",)),
)


@require_http_methods(["GET", "POST"])
def places(request: Request) -> HttpResponse:
    form = PlaceForm(posted(request), initial={"timezone": request.workspace.timezone})
    listing = Listing(
        key="metrics.places", rows=Place.objects.visible_to(request.viewer), columns=COLUMNS,
        order=("dimension", "value"), per_page=30,
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    now = timezone.now()
    rows = [(row, timezone.localtime(now, row.zone)) for row in shown.page]
    context = {"form": form, "shown": shown, "rows": rows, "known": known_labels(request.viewer)}
    if request.method != "POST":
        return page(request, "metrics/places.html", context, part="metrics/_places.html")
    if form.is_valid():
        try:
            services.set_place(workspace=request.workspace, now=now, **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, request.path, message=_("The place is in."), go=True)
    return refused(request, "metrics/places.html", context, part="metrics/_places.html")


@require_POST
@needs(Role.EDITOR)
def remove_place(request: Request, pk: int) -> HttpResponse:
    if not services.remove_place(workspace=request.workspace, pk=pk, now=timezone.now()):
        raise Http404
    return done(request, "../../", message=_("The place is deleted."), go=True)
