"""Waiting lists on screen: what is open, the oldest first."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import analysis, services
from metrics.forms import WaitingImportForm, WaitingItemForm, WaitingListForm
from metrics.models import WaitingItem, WaitingList, waiting_in
from opsboard.core import objects
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.imports import Wizard
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion

wizard = Wizard(
    services.WAITING,
    new="metrics:new_waiting_import",
    run="metrics:waiting_import",
    form=WaitingImportForm,
    crumb=("metrics:waiting_lists", gettext_lazy("Waiting lists")),
    lead=gettext_lazy("One row per ticket, order or case: its number and since when it waits are enough."),
)
COLUMNS = (
    Shows("reference", gettext_lazy("Reference"), lambda row: row.reference, sort=("reference",)),
    Shows("who", gettext_lazy("Who has it"), lambda row: row.who, sort=("who",)),
    Shows("opened_at", gettext_lazy("Waiting since"), lambda row: row.opened_at, sort=("opened_at",)),
    Shows("closed_at", gettext_lazy("Done at"), lambda row: row.closed_at, sort=("closed_at",)),
    Shows("hours", gettext_lazy("Waited (hours)"), lambda row: round(row.hours, 2)),
    Shows("labels", gettext_lazy("Labels"), lambda row: row.labels_text),
)


def found_list(request: Request, pk: int) -> WaitingList:
    rows = WaitingList.objects.visible_to(request.viewer).select_related(
        "workspace", "owner", "reply_metric__workspace"
    )
    found: WaitingList = get_object_or_404(rows, pk=pk)
    return found


@require_GET
def waiting_lists(request: Request) -> HttpResponse:
    now = timezone.now()
    rows: list[Any] = list(
        WaitingList.objects.visible_to(request.viewer).in_use().select_related("workspace", "owner").order_by("name")
    )
    whole = {one.list_id: one for one in waiting_in([row.pk for row in rows], now) if not one.labels}
    calendars = {row.clock: row.calendar for row in {row.clock: row for row in rows}.values()}
    for row in rows:
        one = whole.get(row.pk)
        row.count = one.count if one else 0
        row.oldest = one.oldest if one else None
        row.age = analysis.hours_waited(calendars[row.clock], row.oldest.opened_at, now) if row.oldest else None
        row.late = row.age is not None and row.limit_hours is not None and row.age > row.limit_hours
    return page(request, "metrics/waiting_lists.html", {"rows": rows}, part="metrics/_waiting_lists.html")


@require_GET
def waiting_list(request: Request, pk: int) -> HttpResponse:
    row = found_list(request, pk)
    return _show(request, row, WaitingItemForm(row=row), page)


def _show(request: Request, row: WaitingList, form: WaitingItemForm, answer: Any) -> HttpResponse:
    now, calendar = timezone.now(), row.calendar

    def dressed(items: Any) -> list[Any]:
        for item in (found := list(items)):
            item.hours = analysis.hours_waited(calendar, item.opened_at, item.closed_at or now)
            item.late = row.limit_hours is not None and item.hours > row.limit_hours
            item.labels_text = " · ".join(f"{name}: {value}" for name, value in sorted(item.labels.items()))
        return found

    done_too = request.GET.get("state") == "done"
    listing = Listing(
        key=f"metrics.waiting.{row.key}",
        rows=row.items.exclude(closed_at=None) if done_too else row.items.open(),
        columns=COLUMNS,
        filters=(
            Filter("state", gettext_lazy("Shown"), (("done", gettext_lazy("Dealt with")),), lambda rows, _v: rows),
        ),
        search=("reference", "who"),
        order=("-closed_at",) if done_too else ("opened_at",),
        dressed=dressed,
    )
    shown = listing.show(request)
    if shown.export:
        export: HttpResponse = shown.export
        return export
    shown.page.object_list = dressed(shown.page.object_list)
    oldest = row.items.open().longest_first().first()
    context = {
        "row": row, "shown": shown, "form": form, "done_too": done_too, "open_count": row.items.open().count(),
        "oldest": next(iter(dressed([oldest])), None) if oldest else None,
        "any": row.items.exists(),
    }  # fmt: skip
    response: HttpResponse = answer(request, "metrics/waiting_list.html", context, part="metrics/_waiting_items.html")
    return response


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_waiting_list(request: Request) -> HttpResponse:
    form = WaitingListForm(posted(request), viewer=request.viewer)
    context = {"form": form}
    if request.method != "POST":
        return page(request, "metrics/waiting_form.html", context, part="metrics/_waiting_form.html")
    if form.is_valid():
        try:
            row = services.create_waiting_list(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("The waiting list is there."), go=True)
    return refused(request, "metrics/waiting_form.html", context, part="metrics/_waiting_form.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_waiting_list(request: Request, pk: int) -> HttpResponse:
    row = found_list(request, pk)
    form = WaitingListForm(posted(request), viewer=request.viewer, row=row)
    context: dict[str, Any] = {"form": form, "row": row, "version": row.version}
    if request.method != "POST":
        return page(request, "metrics/waiting_form.html", context, part="metrics/_waiting_form.html")
    if form.is_valid():
        try:
            services.change_waiting_list(
                row=row, by=request.user, now=timezone.now(), version=objects.pk_in(request.POST.get("version", "")) or 0,
                **form.cleaned_data,
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, "metrics/waiting_form.html", context, part="metrics/_waiting_form.html", status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, "metrics/waiting_form.html", context, part="metrics/_waiting_form.html")


@require_POST
def archive_waiting_list(request: Request, pk: int) -> HttpResponse:
    row = found_list(request, pk)
    services.archive_waiting_list(row=row, by=request.user, now=timezone.now())
    url = reverse("metrics:waiting_lists", kwargs={"workspace": request.workspace.slug})
    return done(request, url, message=_("Archived"), go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def open_item(request: Request, pk: int) -> HttpResponse:
    row = found_list(request, pk)
    form = WaitingItemForm(request.POST, row=row)
    if form.is_valid():
        given, now = form.cleaned_data, timezone.now()
        item = services.Item(
            given["reference"], given["opened_at"] or now, who=given["who"] or None, url=given["url"] or None
        )
        try:
            services.take_in(row=row, items=[item], by=request.user, now=now)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            return done(request, row.get_absolute_url(), message=_("It waits now."), go=True)
    return _show(request, row, form, refused)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def close_item(request: Request, pk: int, item: int) -> HttpResponse:
    row = found_list(request, pk)
    found = get_object_or_404(WaitingItem, waiting_list=row, pk=item)
    now = timezone.now()
    if found.closed_at is None:
        services.take_in(
            row=row,
            items=[services.Item(found.reference, closed_at=max(now, found.opened_at))],
            by=request.user,
            now=now,
        )
    return done(request, row.get_absolute_url(), changed="metrics", message=_("Dealt with."))


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_waiting_import(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def waiting_import(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)
