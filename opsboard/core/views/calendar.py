"""When a workspace works: hours, holidays, the fiscal year."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from opsboard.core.access import Request, needs
from opsboard.core.forms import CalendarDayForm, CalendarForm, say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import CalendarDay, Role
from opsboard.core.pages import done, page, refused
from opsboard.core.services import calendar as services

TEMPLATE = "core/people/calendar.html"
COLUMNS = (
    Shows("day", gettext_lazy("Date"), lambda row: row.day, sort=("day",)),
    Shows("name", gettext_lazy("Name"), lambda row: row.name, sort=("name",)),
    Shows("hours", gettext_lazy("Hours of work"), lambda row: row.hours),
    Shows("public", gettext_lazy("Source"), lambda row: _("public holidays") if row.public else _("entered by hand")),
)


def _context(request: Request, **forms: Any) -> dict[str, Any]:
    workspace = request.workspace
    rows = CalendarDay.objects.visible_to(request.viewer)
    year = timezone.localtime(timezone.now(), workspace.zone).year
    years = sorted({day.year for day in rows.values_list("day", flat=True)} | {year, year + 1}, reverse=True)
    listing = Listing(
        key="core.calendar",
        rows=rows,
        columns=COLUMNS,
        filters=(
            Filter(
                "year", gettext_lazy("Year"), [(str(one), str(one)) for one in years],
                lambda found, value: found.filter(day__year=int(value)),
            ),
            Filter(
                "kind", gettext_lazy("Kind"),
                (("off", gettext_lazy("Days off")), ("worked", gettext_lazy("Worked days"))),
                lambda found, value: found.filter(hours="") if value == "off" else found.exclude(hours=""),
            ),
        ),
        search=("name",),
        order=("-day",),
        per_page=25,
    )  # fmt: skip
    present = list(rows.filter(day__year__gte=year))
    return {
        "form": CalendarForm.of(workspace, language=get_language() or "en"),
        "day_form": CalendarDayForm(),
        "shown": listing.show(request),
        "any": bool(present) or rows.exists(),
        "not_announced": [
            one
            for one in (year, year + 1)
            if workspace.holidays_of and not services.is_announced(present, workspace.holidays_of, one)
        ],
        "fiscal": workspace.fiscal_year_of(timezone.now()),
        **forms,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Role.ADMIN)
def calendar(request: Request) -> HttpResponse:
    if request.method != "POST":
        context = _context(request)
        if context["shown"].export:
            answer: HttpResponse = context["shown"].export
            return answer
        return page(request, TEMPLATE, context, part="core/people/_calendar_days.html")
    form = CalendarForm(request.POST, language=get_language() or "en")
    if form.is_valid():
        try:
            services.change_calendar(workspace=request.workspace, now=timezone.now(), **form.settings())
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, _here(request), message=_("Saved."), go=True)
    return refused(request, TEMPLATE, _context(request, form=form))


@require_POST
@needs(Role.ADMIN)
def add_calendar_day(request: Request) -> HttpResponse:
    form = CalendarDayForm(request.POST)
    if form.is_valid():
        try:
            services.add_day(workspace=request.workspace, **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, _here(request), message=_("The day is in the calendar."), go=True)
    return refused(request, TEMPLATE, _context(request, day_form=form))


@require_POST
@needs(Role.ADMIN)
def remove_calendar_day(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(CalendarDay.objects.visible_to(request.viewer).own().select_related("workspace"), pk=pk)
    services.remove_day(row=row, now=timezone.now())
    return done(request, _here(request), message=_("The day is out of the calendar."), go=True)


def _here(request: Request) -> str:
    return reverse("core:calendar", kwargs={"workspace": request.workspace.slug})
