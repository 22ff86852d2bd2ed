"""Open a report, ask for an issue, make it: tell each section, set it on paper, keep the file, say so."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template import loader
from django.utils import timezone, translation
from django.utils.functional import lazy
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import jobs, live, notices, periods, registry, storage
from opsboard.core.access import Viewer, closed_apps, person_in
from opsboard.core.contract import Section
from opsboard.core.events import emit
from opsboard.core.lazy import pikepdf
from opsboard.core.models import Job, Role, User, Workspace
from opsboard.core.versions import StaleVersion
from opsboard.reports import analysis
from opsboard.reports.models import Issue, Report

log = logging.getLogger(__name__)

SCHEDULED_AFTER = timedelta(hours=1)
type Progress = Callable[[float, str], None]


# --- reports ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_report(
    *,
    workspace: Workspace,
    by: User | None,
    now: datetime,
    title: str,
    period_kind: str = Report.PeriodKind.WEEK,
    language: str = "",
    sections: Sequence[str] = (),
    team: int | None = None,
    scheduled: bool = False,
) -> Report:
    """A new report; no sections chosen means all of them, also those of apps that come later."""
    report = Report(
        workspace=workspace,
        owner=by,
        created_at=now,
        title=title.strip(),
        period_kind=period_kind,
        language=language or workspace.language,
        sections=list(sections),
        limited_to=[team] if team else [],
        scheduled=scheduled,
    )
    report.full_clean(exclude=["workspace", "owner"])
    report.save()
    live.changed(workspace, "reports")
    return report


def report_for(
    *,
    viewer: Viewer,
    by: User | None,
    now: datetime,
    title: str,
    period: periods.Period,
    language: str,
    sections: Sequence[str],
    team: int | None,
) -> Report:
    """The report of this title for these readers, opened where there is none yet: asking each week makes one report."""
    kind = period.kind.removeprefix("fiscal_")
    found: Report | None = (
        Report.objects.visible_to(viewer)
        .filter(title__iexact=title.strip(), period_kind=kind, limited_to=[team] if team else [])
        .select_related("workspace")
        .first()
    )
    return found or open_report(
        workspace=viewer.workspace, by=by, now=now, title=title, period_kind=kind, language=language,
        sections=sections, team=team,
    )  # fmt: skip


@transaction.atomic
def change_report(
    *, report: Report, title: str, period_kind: str, language: str, sections: Sequence[str], team: int | None,
    scheduled: bool, version: int | None = None,
) -> Report:  # fmt: skip
    """New settings for the issues to come; those that were made stay as they are. Raises StaleVersion."""
    report = Report.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=report.pk)
    if version not in (None, report.version):
        raise StaleVersion(report, version or 0, {"title": title})
    report.title, report.period_kind, report.language = title.strip(), period_kind, language
    report.sections, report.limited_to, report.scheduled = list(sections), [team] if team else [], scheduled
    report.full_clean(exclude=["workspace", "owner"])
    report.version += 1
    report.save()
    live.changed(report.workspace, "reports")
    return report


@transaction.atomic
def remove_report(*, report: Report) -> None:
    """The report, its issues and their files are gone."""
    rows = [issue.file for issue in report.issues.select_related("file") if issue.file is not None]
    report.delete()
    for row in rows:
        row.delete()
        # After commit: a rolled-back removal must not lose the PDF.
        transaction.on_commit(partial(row.file.storage.delete, row.file.name), robust=True)
    live.changed(report.workspace, "reports")


# --- issues -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def order_issue(
    *,
    report: Report,
    by: User | None,
    now: datetime,
    period: periods.Period,
    language: str = "",
    sections: Sequence[str] | None = None,
    by_schedule: bool = False,
) -> Issue:
    """Write the issue down and hand the work to the `pdf` queue; asked again meanwhile, it is the same issue."""
    words, chosen = language or report.language, list(report.sections if sections is None else sections)
    Report.objects.select_for_update().get(pk=report.pk)  # two presses of a button come one after the other
    in_hand: Issue | None = report.issues.filter(
        period_slug=period.slug, language=words, sections=chosen, limited_to=report.limited_to, by=by,
        by_schedule=by_schedule, job__in=Job.objects.unfinished(),
    ).first()  # fmt: skip
    if in_hand is not None:
        return in_hand
    issue = Issue.objects.create(
        workspace=report.workspace,
        report=report,
        title=report.title,
        period_slug=period.slug,
        starts_on=period.first_day,
        language=words,
        sections=chosen,
        limited_to=report.limited_to,
        by=by,
        by_schedule=by_schedule,
        created_at=now,
    )
    issue.job = jobs.start(
        task="opsboard.reports.tasks.make_issue",
        title=_("PDF: %(title)s, %(period)s") % {"title": report.title, "period": period.label()},
        workspace=report.workspace,
        by=by,
        now=now,
        about=report,
        url=report.get_absolute_url(),
        queue="pdf",
        issue=issue.pk,
    )
    issue.save(update_fields=["job"])
    live.changed(report.workspace, "reports")
    return issue


def order_due_issues(*, now: datetime) -> list[Issue]:
    """Each scheduled report gets the issue of the period that has just ended, once, however many workers ask."""
    ordered = []
    for report in Report.objects.scheduled().select_related("workspace", "owner"):
        period = report.period_at(now).previous()
        if now < period.end + SCHEDULED_AFTER or period.end <= report.created_at:
            continue
        if report.issues.filter(period_slug=period.slug, by_schedule=True).exists():
            continue
        # An owner who has left is nobody's reader any more; the report still comes, for those it is made for.
        here = report.owner is not None and person_in(report.workspace, report.owner) is not None
        try:
            with transaction.atomic(), translation.override(report.language):
                ordered.append(
                    order_issue(
                        report=report, by=report.owner if here else None, now=now, period=period, by_schedule=True
                    )
                )
        except IntegrityError:  # another worker was quicker
            continue
    return ordered


def make_issue(*, issue: Issue, now: datetime, progress: Progress | None = None) -> Issue:
    """The PDF itself. What cannot be prepared is said in its place; the rest of the report survives."""
    progress = progress or (lambda _share, _words: None)
    zone = issue.workspace.zone
    with translation.override(issue.language), timezone.override(zone):
        chapters = list(_tell(issue, progress))
        html = _paper(issue, chapters, now)
        progress(0.5, _("Setting the pages"))
        pdf = _print(
            html,
            issue,
            lambda page: progress(min(0.95, 0.5 + page * 0.01), _("Page %(page)s") % {"page": page} if page else ""),
        )
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            pages = len(opened.pages)
    return _keep(issue, pdf, pages, [chapter.key for chapter in chapters if chapter.failed], now)


def readers_of(issue: Issue) -> Viewer:
    """Whom an issue is prepared for: the least of those who may open it, so that nobody reads more than they may.

    No team: somebody who is in none. One team: a member of it. The owner's name stays, their further rights don't.
    """
    teams = frozenset(issue.limited_to)
    return Viewer(issue.workspace, issue.by, Role.VIEWER, teams, closed_apps(issue.workspace, teams))


def offered_sections(viewer: Viewer) -> list[Section]:
    return registry.sections(viewer)


@dataclass(frozen=True)
class Chapter:
    key: str
    title: str
    body: SafeString
    failed: bool = False


def _tell(issue: Issue, progress: Progress) -> Iterable[Chapter]:
    viewer, period = readers_of(issue), issue.period
    wanted = set(issue.sections)
    chosen = [section for section in registry.sections(viewer) if not wanted or section.key in wanted]
    for number, section in enumerate(chosen):
        progress(0.02 + 0.46 * number / len(chosen), str(section.title))
        try:
            with transaction.atomic():
                told = section.tell(viewer, period)
                body = "" if told is None else loader.render_to_string(
                    section.template,
                    {**told, "medium": "print", "section": section, "workspace": issue.workspace, "viewer": viewer,
                     "period": period},
                )  # fmt: skip
        except jobs.Cancelled:
            raise
        except Exception:  # one app's fault must not cost the others their chapter
            log.exception("section %s could not be prepared for issue %s", section.key, issue.pk)
            yield Chapter(section.key, str(section.title), SafeString(), failed=True)
        else:
            if told is not None or wanted:
                yield Chapter(
                    section.key,
                    str(section.title),
                    SafeString(analysis.for_paper(body, said=str(section.title)).strip()),
                )


def _paper(issue: Issue, chapters: Sequence[Chapter], now: datetime) -> str:
    period = issue.period
    return loader.render_to_string(
        "reports/paper.html",
        {
            "language": "zh-Hans" if issue.language.startswith("zh") else issue.language,
            "title": issue.title,
            "place": issue.workspace.name,
            "author": str(issue.by) if issue.by else "",
            "period_label": period.label(),
            "period_days": period.dates(),
            "made_at": now,
            "made_on": periods.in_words(timezone.localdate(now)),
            "chapters": chapters,
        },
    )


def _print(html: str, issue: Issue, told: Callable[[int], None]) -> bytes:
    # “Page x of y” in the reader's language: the words around the two numbers become CSS strings.
    words = _("Page %(page)s of %(pages)s") % {"page": "\0", "pages": "\1"}
    before, rest = words.split("\0")
    between, after = rest.split("\1")
    numbers = (
        f"{analysis.css_string(before)} counter(page) {analysis.css_string(between)} counter(pages) "
        f"{analysis.css_string(after)}"
    )
    try:
        return analysis.render_pdf(
            html,
            static=Path(settings.BASE_DIR) / "static",
            static_url=settings.STATIC_URL,
            base_url=f"{settings.SITE_URL}/",
            style_text=f"@page {{ @bottom-right {{ content: {numbers} }} }}",
            told=told,
        )
    except analysis.NoPrinter as missing:
        raise jobs.Refused(
            _(
                "This server can't make PDFs yet: %(library)s is missing. An admin can install it (Debian, Ubuntu: %(command)s)."
            )
            % {"library": str(missing), "command": analysis.REMEDIES[0].command}
        ) from missing
    except analysis.NoFonts as missing:
        raise jobs.Refused(_("The printing fonts are missing: %(reason)s.") % {"reason": str(missing)}) from missing


@transaction.atomic
def _keep(issue: Issue, pdf: bytes, pages: int, unprepared: list[str], now: datetime) -> Issue:
    issue.file = storage.keep(
        workspace=issue.workspace,
        name=issue.file_name,
        content=pdf,
        now=now,
        by=issue.by,
        content_type="application/pdf",
    )
    issue.pages, issue.unprepared, issue.made_at = pages, unprepared, now
    issue.save(update_fields=["file", "pages", "unprepared", "made_at"])
    emit(
        "reports.report_made",
        workspace=issue.workspace,
        at=now,
        by=issue.by,
        about=issue.report,
        unique_as=f"issue:{issue.pk}",
        report=issue.title,
        period=issue.period_slug,
        pages=pages,
        url=issue.get_absolute_url(),
    )
    if issue.by is not None:
        # In the reader's language, which is the notice's business.
        in_words = lazy(issue.period.label, str)()
        notices.tell(
            [issue.by],
            format_lazy(gettext_lazy("The report is ready: {title}, {period}"), title=issue.title, period=in_words),
            issue.get_absolute_url(),
            workspace=issue.workspace,
            now=now,
            unique_as=f"reports.issue:{issue.pk}",
            about=issue.report,
        )
    live.changed(issue.workspace, "reports")
    return issue
