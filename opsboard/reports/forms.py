"""What people type: which report, for when, in which language, with which parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import periods
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.models import Team, Workspace
from opsboard.core.models.people import LANGUAGES
from opsboard.reports import services
from opsboard.reports.models import Report

WEEKS, MONTHS, QUARTERS = 13, 6, 4


def period_choices(viewer: Viewer, now: datetime) -> list[tuple[str, list[tuple[str, str]]]]:
    """The last weeks, months and quarters, newest first; what is running is marked."""
    zone = viewer.workspace.zone
    groups = (
        (_("Weeks"), viewer.workspace.week_of(now), WEEKS),
        (_("Months"), periods.month_of(now, zone), MONTHS),
        (_("Quarters"), viewer.workspace.fiscal_quarter_of(now), QUARTERS),
    )
    return [(str(title), _backwards(first, count, now)) for title, first, count in groups]


def week_to_tell(workspace: Workspace, now: datetime) -> periods.Period:
    """At the beginning of a week people report the one before: there is nothing to tell yet of the new one."""
    week = workspace.week_of(now)
    return week.previous() if now < week.start + timedelta(days=2) else week


def _backwards(period: periods.Period, count: int, now: datetime) -> list[tuple[str, str]]:
    found = []
    for _number in range(count):
        words = period.label() if period.kind != "week" else f"{period.label()} ({period.dates()})"
        if now in period:
            words = _("%(period)s, so far") % {"period": words}
        found.append((period.slug, words))
        period = period.previous()
    return found


def _teams(viewer: Viewer) -> list[tuple[str, str]]:
    """Everybody, or one of the viewer's own teams (an admin: any)."""
    rows = Team.objects.filter(workspace=viewer.workspace)
    if viewer.team_ids is not None:
        rows = rows.filter(pk__in=viewer.team_ids)
    return [("", _("Everybody in the workspace")), *((str(team.pk), team.name) for team in rows)]


class _Settings(forms.Form):
    """The fields that making once and keeping for later share."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)
    sections = forms.MultipleChoiceField(
        label=gettext_lazy("Parts"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Choose none to print every part, also those that come later."),
    )  # fmt: skip
    team = forms.ChoiceField(
        label=gettext_lazy("Who may open it"), required=False,
        help_text=gettext_lazy("The report shows only what all of them may see."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        choices = [(section.key, section.title) for section in services.offered_sections(viewer)]
        self.fields["sections"].choices = choices  # type: ignore[attr-defined]
        teams, kept = _teams(viewer), str(self.initial.get("team") or "")
        if kept and kept not in dict(teams):  # it stays closed until somebody says otherwise
            teams.append((kept, _("A team that is gone")))
        self.fields["team"].choices = teams  # type: ignore[attr-defined]

    def clean_team(self) -> int | None:
        chosen = self.cleaned_data.get("team")
        return int(chosen) if chosen else None


class MakeForm(_Settings):
    """Make the PDF now."""

    period = forms.ChoiceField(label=gettext_lazy("For which time"))

    field_order = ("title", "period", "language", "team", "sections")

    def __init__(self, *args: Any, viewer: Viewer, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        self.initial = {
            "title": _("Weekly report"),
            "language": viewer.workspace.language,
            "period": week_to_tell(viewer.workspace, now).slug,
            **self.initial,
        }
        self.fields["period"].choices = period_choices(viewer, now)  # type: ignore[attr-defined]

    def clean_period(self) -> periods.Period:
        return self.viewer.workspace.period(self.cleaned_data["period"])


class IssueForm(forms.Form):
    """One more issue of a report that exists."""

    period = forms.ChoiceField(label=gettext_lazy("For which time"))

    def __init__(self, *args: Any, viewer: Viewer, report: Report, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.fields["period"].choices = period_choices(viewer, now)  # type: ignore[attr-defined]
        if report.period_kind == Report.PeriodKind.WEEK:
            self.initial["period"] = week_to_tell(viewer.workspace, now).slug
        else:
            self.initial["period"] = report.period_at(now).previous().slug

    def clean_period(self) -> periods.Period:
        return self.viewer.workspace.period(self.cleaned_data["period"])


class ReportForm(_Settings):
    """A report that is kept: its settings, and whether it comes by itself."""

    period_kind = forms.ChoiceField(label=gettext_lazy("Each issue covers a"), choices=Report.PeriodKind.choices)
    scheduled = forms.BooleanField(label=gettext_lazy("Make it by itself when the period has ended"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    field_order = ("title", "period_kind", "scheduled", "language", "team", "sections")

    def show_beside(self, current: Model) -> None:
        """What somebody else saved meanwhile, beside what was typed; saving again is then on top of theirs."""
        assert isinstance(current, Report)
        mine, theirs = self.cleaned_data, self.settings_of(current)
        mine = {**mine, "team": str(mine["team"] or "")}
        self.data = {**self.data.dict(), "sections": self.data.getlist("sections"), "version": str(current.version)}  # type: ignore[attr-defined]
        self.add_error(
            None, _("Somebody changed this report meanwhile. What you see below is yours; save again to keep it.")
        )
        for name in [name for name in theirs if name != "version" and mine[name] != theirs[name]]:
            said = self._said(name, theirs[name])
            self.add_error(name, _("Meanwhile somebody else chose: %(value)s") % {"value": said})

    def _said(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        words = dict(getattr(self.fields[name], "choices", ()))
        many = value if isinstance(value, list) else [value]
        return ", ".join(str(words.get(one, one)) for one in many) or _("every part")

    @staticmethod
    def settings_of(report: Report) -> Mapping[str, Any]:
        return {
            "title": report.title,
            "period_kind": report.period_kind,
            "language": report.language,
            "sections": report.sections,
            "team": str(report.limited_to[0]) if report.limited_to else "",
            "scheduled": report.scheduled,
            "version": report.version,
        }


NEW = "new"


class MakeEffectForm(forms.Form):
    """The settings of the effect `reports.make_report`, for rules and buttons.

    Beside something that has a period in its address (the review of a week), that period is offered first.
    """

    report = forms.ChoiceField(label=gettext_lazy("Report"))
    which = forms.ChoiceField(label=gettext_lazy("For which time"))

    def __init__(self, *args: Any, viewer: Viewer, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list(Report.objects.visible_to(viewer).order_by("title"))
        reports = [(str(row.pk), row.title) for row in rows] or [(NEW, str(_("Weekly report")))]
        times = [
            ("previous", str(_("the period that has just ended"))),
            ("running", str(_("the running period, so far"))),
        ]
        named = period_named_by(about, viewer.workspace)
        if named is not None:
            times.insert(0, (named.slug, named.label()))
        if about is not None and about.model == Report._meta.label_lower:
            self.initial.setdefault("report", str(about.pk))
        self.fields["report"].choices = reports  # type: ignore[attr-defined]
        self.fields["which"].choices = times  # type: ignore[attr-defined]


def period_named_by(about: Ref | None, workspace: Workspace) -> periods.Period | None:
    """The week or month in an object's address, such as /north-plant/review/2026-W47/."""
    for part in reversed((about.url if about is not None else "").strip("/").split("/")):
        try:
            period = workspace.period(part)
        except periods.UnknownPeriod:
            continue
        if period.kind.removeprefix("fiscal_") in Report.PeriodKind.values:
            return period
    return None
