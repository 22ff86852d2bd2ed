"""Processes: the list, one of them, and its own fields."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion
from processes import services
from processes.forms import ProcessForm
from processes.models import Process
from processes.views.found import found_process

FORM = ("processes/process_form.html", "processes/_process_form.html")
COLUMNS = (
    Shows("name", gettext_lazy("Process"), str, sort=("name",)),
    Shows("owner", gettext_lazy("Owner"), lambda row: row.owner, sort=("owner__name", "owner__username")),
    Shows("cases", gettext_lazy("Cases"), lambda row: row.cases, sort=("cases",)),
    Shows(
        "lead_time", gettext_lazy("Lead time"), lambda row: row.lead_time, sort=("lead_time",),
        exported=gettext_lazy("Lead time, mean (seconds)"),
    ),
    Shows("last_event", gettext_lazy("Newest event"), lambda row: row.last_event, sort=("last_event",)),
    Shows("drawn", gettext_lazy("Drawn"), lambda row: row.drawn, sort=("drawn",)),
)  # fmt: skip


def _list(request: Request) -> str:
    return reverse("processes:process_list", kwargs={"workspace": request.workspace.slug})


@require_GET
def process_list(request: Request) -> HttpResponse:
    visible = Process.objects.visible_to(request.viewer)
    deleted = request.GET.get("deleted") == "yes"
    listing = Listing(
        key="processes.processes",
        rows=(visible.deleted() if deleted else visible.standing()).with_counts().select_related("owner", "workspace"),
        columns=COLUMNS,
        filters=(
            Filter(
                "mine", gettext_lazy("Whose"), (("mine", gettext_lazy("Mine")),),
                lambda found, _value: found.filter(owner=request.user),
            ),
            Filter("deleted", gettext_lazy("Deleted"), (("yes", gettext_lazy("Yes")),), lambda found, _value: found),
        ),
        search=("name", "description"),
        order=("name",),
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    context = {"shown": shown, "any": visible.exists(), "deleted": deleted}
    return page(request, "processes/process_list.html", context, part="processes/_processes.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_process(request: Request) -> HttpResponse:
    form = ProcessForm(posted(request), viewer=request.viewer, initial={"owner": request.user.pk})
    context: dict[str, Any] = {"form": form}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    if form.is_valid():
        try:
            row = services.create_process(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("The process is there."), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_process(request: Request, pk: int) -> HttpResponse:
    row = found_process(request, pk)
    form = ProcessForm(posted(request), viewer=request.viewer, process=row)
    context: dict[str, Any] = {"form": form, "process": row, "version": row.version}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_process(
                process=row, by=request.user, now=timezone.now(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.cleaned_data,
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, FORM[0], context, part=FORM[1], status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved."), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


@require_POST
def delete_process(request: Request, pk: int) -> HttpResponse:
    row = found_process(request, pk)
    services.delete_process(process=row, by=request.user, now=timezone.now())
    message = _("“%(name)s” is deleted. It can be brought back here.") % {"name": row.name}
    return done(request, f"{_list(request)}?deleted=yes", message=message, go=True)


@require_POST
def restore_process(request: Request, pk: int) -> HttpResponse:
    row = found_process(request, pk, deleted=True)
    services.restore_process(process=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("It is back."), go=True)
