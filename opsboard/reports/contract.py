"""What reports give the others: an event when one is made, an effect to make one, their names for the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core.access import the_house
from opsboard.core.contract import Contract, Effect, Event, Every, Fact, Home, Named, Outcome, Part, Ref, Starter, Thing
from opsboard.core.models import User, Workspace
from opsboard.core.periods import Period, UnknownPeriod
from opsboard.reports import services
from opsboard.reports.forms import NEW, MakeEffectForm
from opsboard.reports.models import Report


def make_report(
    *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any
) -> Outcome:  # fmt: skip
    asked, which = str(settings.get("report", "")), str(settings.get("which", "previous"))
    if asked == NEW:
        with translation.override(workspace.language):
            title = _("Weekly report")
        row = services.report_for(
            viewer=the_house(workspace), by=by, now=now, title=title, period=workspace.week_of(now),
            language=workspace.language, sections=[], team=None,
        )  # fmt: skip
    else:
        rows = Report.objects.filter(workspace=workspace).select_related("workspace")
        found = rows.filter(pk=asked).first() if asked.isascii() and asked.isdigit() else None
        if found is None:
            raise ValidationError(_("This report is no longer there."))
        row = found
    issue = services.order_issue(report=row, by=by, now=now, period=_period(row, which, now))
    return Outcome(
        about=Ref.to(row),
        message=_("The PDF is being made."),
        result={"job": issue.job_id, "report": row.pk, "issue": issue.pk},
    )


def _period(report: Report, which: str, now: datetime) -> Period:
    running = report.period_at(now)
    if which in {"running", "previous"}:
        return running if which == "running" else running.previous()
    try:
        return report.workspace.period(which)
    except UnknownPeriod as unknown:
        raise ValidationError(
            _("“%(text)s” names no week, month, quarter or year.") % {"text": which[:40]}
        ) from unknown


def names(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    rows = Report.objects.filter(workspace=workspace).select_related("workspace")
    for row in rows if pks is None else rows.filter(pk__in=pks):
        yield Named(
            pk=row.pk, name=row.title, state=row.get_period_kind_display(), url=row.get_absolute_url(), text="",
            limited_to=tuple(row.limited_to),
        )  # fmt: skip


def furnish(workspace: Workspace, user: User, trade: str, now: datetime) -> None:
    """The report of the week, in the workspace's language; nothing is made until somebody asks or the week ends."""
    with translation.override(workspace.language):
        title = _("Weekly report")
    if not Report.objects.filter(workspace=workspace, title=title).exists():
        services.open_report(workspace=workspace, by=user, now=now, title=title, scheduled=True)


contract = Contract(
    title=gettext_lazy("Reports"),
    home=Home(
        address="reports:report_list",
        part=Part.PROVE,
        icon="report",
        order=20,
        hint=gettext_lazy("The week as a PDF that management reads and keeps."),
    ),
    events=(
        Event(
            "reports.report_made",
            gettext_lazy("A report was made"),
            facts=(
                Fact("report", gettext_lazy("Report")),
                Fact("period", gettext_lazy("Period")),
                Fact("pages", gettext_lazy("Number of pages"), "number"),
                Fact("url", gettext_lazy("Address"), "url"),
            ),
        ),
    ),
    effects=(
        Effect(
            "reports.make_report",
            gettext_lazy("Make a report"),
            form=MakeEffectForm,
            perform=make_report,
            icon="report",
        ),
    ),
    things=(Thing("reports.report", gettext_lazy("Report"), "reports.report", "report", names),),
    starters=(Starter("reports.weekly", gettext_lazy("The week's report"), furnish),),
    schedule=(Every("opsboard.reports.tasks.order_due_issues", 600),),
)
