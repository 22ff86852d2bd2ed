"""Reports over the API: make one, list them, fetch the file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from opsboard.core import periods, storage
from opsboard.core.access import Viewer
from opsboard.core.api import ApiRequest, JobStarted
from opsboard.core.models import Team
from opsboard.core.models.people import LANGUAGES
from opsboard.reports import services
from opsboard.reports.models import Issue, Report

router = Router()


class ReportOrder(Schema):
    """`period` is a week (2026-W47), a month (2026-11), a quarter (2026-Q4) or a year; left out, the running week."""

    title: str = Field("", max_length=120)
    period: str = Field("", max_length=24, examples=["2026-W47"])
    week: str = Field("", max_length=24, description="Another name for `period`.")
    language: str = Field("", max_length=10, examples=["en", "zh-hans"])
    sections: list[str] = Field(default_factory=list, description="Keys of the parts; none means all.")
    team: int | None = Field(None, description="Only for this team; left out, for everybody in the workspace.")


class ReportOut(Schema):
    id: int
    title: str
    period_kind: str
    language: str
    sections: list[str]
    scheduled: bool
    issues: int
    latest_issue: int | None
    latest_period: str | None
    latest_made_at: datetime | None


class ReportPage(Schema):
    items: list[ReportOut]
    next: str | None


class IssueOut(Schema):
    id: int
    report: int
    period: str
    language: str
    pages: int
    unprepared: list[str]
    job: int | None
    ready: bool
    created_at: datetime
    made_at: datetime | None


class IssuePage(Schema):
    items: list[IssueOut]
    next: str | None


def _cursor(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    return int(text or 0)


@router.post("reports", response={202: JobStarted}, summary="Make a report as PDF")
def make_report(request: ApiRequest, payload: ReportOrder) -> Status[dict[str, Any]]:
    viewer, now = request.viewer, timezone.now()
    order = _checked(viewer, payload, now)
    report = services.report_for(viewer=viewer, by=viewer.user, now=now, **order)
    issue = services.order_issue(
        report=report, by=viewer.user, now=now, period=order["period"], language=order["language"],
        sections=order["sections"],
    )  # fmt: skip
    return Status(202, {"job": issue.job_id})


def _checked(viewer: Viewer, payload: ReportOrder, now: datetime) -> dict[str, Any]:
    wrong: dict[str, str] = {}
    workspace = viewer.workspace
    period = workspace.week_of(now)
    if asked := payload.period or payload.week:
        try:
            period = workspace.period(asked)
        except periods.UnknownPeriod:
            wrong["period"] = _("Write a week as 2026-W47, a month as 2026-11, a quarter as 2026-Q4, a year as 2026.")
        else:
            if period.kind not in Report.PeriodKind.values:
                wrong["period"] = _("A report covers a week, a month, a quarter or a year.")
            elif period.start > now:
                wrong["period"] = _("This period has not begun yet.")
    language = payload.language.lower() or workspace.language
    if language not in dict(LANGUAGES):
        wrong["language"] = _("Choose one of: %(names)s.") % {"names": ", ".join(dict(LANGUAGES))}
    known = {section.key for section in services.offered_sections(viewer)}
    if unknown := sorted(set(payload.sections) - known):
        wrong["sections"] = _("Unknown: %(keys)s. There are: %(known)s.") % {
            "keys": ", ".join(unknown), "known": ", ".join(sorted(known)) or "–",
        }  # fmt: skip
    if payload.team is not None:
        teams = Team.objects.filter(workspace=workspace, pk=payload.team)
        if not teams.exists() or (viewer.team_ids is not None and payload.team not in viewer.team_ids):
            wrong["team"] = _("There is no such team among yours.")
    if wrong:
        raise ValidationError(wrong)
    title = payload.title.strip() or str(_("Weekly report"))
    return {
        "title": title, "period": period, "language": language, "sections": payload.sections, "team": payload.team,
    }  # fmt: skip


@router.get("reports", response=ReportPage, summary="The reports")
def reports(request: ApiRequest, limit: int = 50, cursor: str = "") -> dict[str, Any]:
    size = min(max(limit, 1), 500)
    rows = list(
        Report.objects.visible_to(request.viewer).with_latest_issue(request.viewer).filter(pk__gt=_cursor(cursor)).order_by("pk")[: size + 1]
    )  # fmt: skip
    items = [
        {
            "id": row.pk, "title": row.title, "period_kind": row.period_kind, "language": row.language,
            "sections": row.sections, "scheduled": row.scheduled, "issues": row.issue_count,
            "latest_issue": row.latest_issue_id, "latest_period": row.latest_period,
            "latest_made_at": row.latest_made_at,
        }
        for row in rows[:size]
    ]  # fmt: skip
    return {"items": items, "next": str(rows[size - 1].pk) if len(rows) > size else None}


@router.get("reports/{pk}/issues", response=IssuePage, summary="The issues of a report, newest first")
def issues(request: ApiRequest, pk: int, limit: int = 50, cursor: str = "") -> dict[str, Any]:
    size, before = min(max(limit, 1), 500), _cursor(cursor)
    found = Issue.objects.visible_to(request.viewer).filter(report=_report(request.viewer, pk)).order_by("-pk")
    rows = list((found.filter(pk__lt=before) if before else found)[: size + 1])
    items = [
        {
            "id": row.pk, "report": row.report_id, "period": row.period_slug, "language": row.language,
            "pages": row.pages, "unprepared": row.unprepared, "job": row.job_id, "ready": row.file_id is not None,
            "created_at": row.created_at, "made_at": row.made_at,
        }
        for row in rows[:size]
    ]  # fmt: skip
    return {"items": items, "next": str(rows[size - 1].pk) if len(rows) > size else None}


@router.get("reports/{pk}/file", response={200: bytes}, summary="The PDF: of the newest issue, or of the one asked for")
def report_file(request: ApiRequest, pk: int, issue: int | None = None) -> FileResponse:
    found = Issue.objects.visible_to(request.viewer).ready().filter(report=_report(request.viewer, pk))
    if issue is not None:
        found = found.filter(pk=issue)
    newest = found.select_related("file").order_by("-made_at", "-pk").first()
    if newest is None or newest.file is None:
        raise Http404
    try:
        return storage.answer(newest.file)
    except FileNotFoundError as lost:
        raise Http404 from lost


def _report(viewer: Viewer, pk: int) -> Report:
    report: Report | None = Report.objects.visible_to(viewer).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if report is None:
        raise Http404
    return report
