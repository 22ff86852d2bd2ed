"""The pages of reports: the list, one report with its issues, and the file."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from opsboard.core import jobs, lists, storage
from opsboard.core.access import Request, Viewer
from opsboard.core.pages import done, page, refused
from opsboard.core.versions import StaleVersion
from opsboard.reports import analysis, services
from opsboard.reports.forms import IssueForm, MakeForm, ReportForm
from opsboard.reports.models import Issue, Report


@require_GET
def report_list(request: Request) -> HttpResponseBase:
    rows = (
        Report.objects.visible_to(request.viewer).with_latest_issue(request.viewer).select_related("workspace", "owner")
    )
    listing = lists.Listing(
        key="reports.reports",
        rows=rows,
        columns=(
            lists.Shows("title", gettext_lazy("Title"), lambda row: row.title, ("title",)),
            lists.Shows("period", gettext_lazy("Period"), lambda row: row.get_period_kind_display(), ("period_kind",)),
            lists.Shows("language", gettext_lazy("Language"), lambda row: row.get_language_display(), ("language",)),
            lists.Shows("issues", gettext_lazy("Issues"), lambda row: row.issue_count, ("issue_count",)),
            lists.Shows("latest", gettext_lazy("Latest issue"), lambda row: row.latest_made_at, ("latest_made_at",)),
        ),
        filters=(
            lists.Filter(
                "period", gettext_lazy("Period"), Report.PeriodKind.choices, lambda found, value: found.filter(period_kind=value)
            ),
        ),
        search=("title",),
        order=("title",),
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export is not None:
        answer: HttpResponseBase = shown.export
        return answer
    return page(request, "reports/report_list.html", _list_context(request, shown), part="reports/_report_table.html")


def _list_context(request: Request, shown: lists.Shown | None = None, form: MakeForm | None = None) -> dict[str, Any]:
    return {
        "shown": shown,
        "form": form or MakeForm(viewer=request.viewer, now=timezone.now()),
        "missing": analysis.missing_libraries(),
        "remedies": analysis.REMEDIES,
        "any": Report.objects.visible_to(request.viewer).exists(),
    }


@require_POST
def make_report(request: Request) -> HttpResponse:
    """Make the PDF now: the report of that title is used again, or opened."""
    form = MakeForm(request.POST, viewer=request.viewer, now=timezone.now())
    if not form.is_valid():
        return refused(
            request, "reports/report_list.html", _list_context(request, form=form), part="reports/_make_form.html"
        )
    asked, now = form.cleaned_data, timezone.now()
    report = services.report_for(
        viewer=request.viewer, by=request.user, now=now, title=asked["title"], period=asked["period"],
        language=asked["language"], sections=asked["sections"], team=asked["team"],
    )  # fmt: skip
    services.order_issue(
        report=report, by=request.user, now=now, period=asked["period"], language=asked["language"],
        sections=asked["sections"],
    )  # fmt: skip
    return done(request, report.get_absolute_url(), changed="reports", message=_("The PDF is being made."), go=True)


def _report(viewer: Viewer, pk: int) -> Report:
    row: Report = get_object_or_404(Report.objects.visible_to(viewer).select_related("workspace", "owner"), pk=pk)
    return row


def _report_context(request: Request, report: Report, form: IssueForm | None = None) -> dict[str, Any]:
    rows = Issue.objects.visible_to(request.viewer).filter(report=report).with_everything()
    listing = lists.Listing(
        key="reports.issues",
        rows=rows,
        columns=(
            lists.Shows("period", gettext_lazy("Period"), lambda row: row.period_slug, ("starts_on",)),
            lists.Shows("language", gettext_lazy("Language"), lambda row: row.get_language_display(), ("language",)),
            lists.Shows("pages", gettext_lazy("Number of pages"), lambda row: row.pages, ("pages",)),
            lists.Shows("made", gettext_lazy("Made at"), lambda row: row.made_at, ("made_at",)),
            lists.Shows("by", gettext_lazy("Made by"), lambda row: str(row.by or ""), ("by__name",)),
        ),
        order=("-created_at",),
        per_page=20,
    )
    shown = listing.show(request)
    for issue in shown.page if shown.export is None else ():
        if issue.job is not None:
            jobs.look(issue.job)
    return {
        "report": report,
        "shown": shown,
        "form": form or IssueForm(viewer=request.viewer, report=report, now=timezone.now()),
        "in_hand": shown.export is None and any(issue.in_hand for issue in shown.page),
        "missing": analysis.missing_libraries(),
        "remedies": analysis.REMEDIES,
    }


@require_GET
def report(request: Request, pk: int) -> HttpResponseBase:
    context = _report_context(request, _report(request.viewer, pk))
    shown: lists.Shown = context["shown"]
    if shown.export is not None:
        answer: HttpResponseBase = shown.export
        return answer
    return page(request, "reports/report.html", context, part="reports/_issue_table.html")


@require_POST
def make_issue(request: Request, pk: int) -> HttpResponse:
    row = _report(request.viewer, pk)
    form = IssueForm(request.POST, viewer=request.viewer, report=row, now=timezone.now())
    if not form.is_valid():
        return refused(request, "reports/report.html", _report_context(request, row, form))
    services.order_issue(report=row, by=request.user, now=timezone.now(), period=form.cleaned_data["period"])
    return done(request, row.get_absolute_url(), changed="reports", message=_("The PDF is being made."), go=True)


def open_report(request: Request) -> HttpResponse:
    if request.method != "POST":
        initial = {"language": request.workspace.language, "period_kind": Report.PeriodKind.WEEK}
        return page(request, "reports/report_form.html", {"form": ReportForm(viewer=request.viewer, initial=initial)})
    form = ReportForm(request.POST, viewer=request.viewer)
    if not form.is_valid():
        return refused(request, "reports/report_form.html", {"form": form})
    asked = {key: value for key, value in form.cleaned_data.items() if key != "version"}
    row = services.open_report(workspace=request.workspace, by=request.user, now=timezone.now(), **asked)
    return done(request, row.get_absolute_url(), changed="reports", message=_("The report is set up."), go=True)


def change_report(request: Request, pk: int) -> HttpResponse:
    row = _report(request.viewer, pk)
    start = dict(ReportForm.settings_of(row))
    if request.method != "POST":
        form = ReportForm(viewer=request.viewer, initial=start)
        return page(request, "reports/report_form.html", {"form": form, "report": row})
    form = ReportForm(request.POST, viewer=request.viewer, initial=start)
    if not form.is_valid():
        return refused(request, "reports/report_form.html", {"form": form, "report": row})
    try:
        services.change_report(report=row, **form.cleaned_data)
    except StaleVersion as stale:
        form.show_beside(stale.current)
        return page(request, "reports/report_form.html", {"form": form, "report": stale.current}, status=409)
    return done(request, row.get_absolute_url(), changed="reports", message=_("Saved."), go=True)


@require_POST
def remove_report(request: Request, pk: int) -> HttpResponse:
    services.remove_report(report=_report(request.viewer, pk))
    to = reverse("reports:report_list", kwargs={"workspace": request.workspace.slug})
    return done(request, to, changed="reports", message=_("The report and its issues are removed."), go=True)


@require_GET
def issue_file(request: Request, pk: int) -> FileResponse:
    issue = get_object_or_404(Issue.objects.visible_to(request.viewer).ready().select_related("file"), pk=pk)
    try:
        assert issue.file is not None  # ready() asked for it
        return storage.answer(issue.file, download="download" in request.GET)
    except FileNotFoundError as lost:
        raise Http404(_("The file of this issue is no longer on the server. Make it again.")) from lost
