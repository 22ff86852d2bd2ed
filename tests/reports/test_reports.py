"""Reports are opened, made for a period, kept as they were, and show nobody more than they may see."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdf
import pytest
from django.core.exceptions import ValidationError

from opsboard.core import effects, jobs, registry
from opsboard.core.contract import Ref, Section
from opsboard.core.models import Job, Notice, Occurrence, StoredFile, Team, User, Workspace
from opsboard.reports import analysis, services, tasks
from opsboard.reports.forms import MakeEffectForm
from opsboard.reports.models import Issue, Report
from tests.conftest import viewer_for
from tests.reports.standards import complaints

pytestmark = pytest.mark.django_db


def a_report(workspace: Workspace, by: User, now: datetime, **more: object) -> Report:
    return services.open_report(workspace=workspace, by=by, now=now, title="Weekly report", **more)  # type: ignore[arg-type]


def an_issue(report: Report, by: User, now: datetime, slug: str = "2026-W47", **more: object) -> Issue:
    return services.order_issue(report=report, by=by, now=now, period=report.workspace.period(slug), **more)  # type: ignore[arg-type]


def content_of(issue: Issue) -> bytes:
    issue.refresh_from_db()
    assert issue.file is not None
    with issue.file.file.open("rb") as handle:
        return bytes(handle.read())


def text_of(issue: Issue) -> str:
    return "\n".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(content_of(issue))).pages)


def made(issue: Issue) -> Issue:
    assert issue.job_id is not None
    tasks.make_issue(issue.job_id)
    issue.refresh_from_db()
    return issue


def test_an_issue_is_a_job_of_the_pdf_queue(workspace: Workspace, anna: User, now: datetime) -> None:
    issue = an_issue(a_report(workspace, anna, now), anna, now)
    assert issue.job is not None
    assert (issue.job.queue, issue.job.state) == ("pdf", Job.State.WAITING)
    assert issue.in_hand


def test_a_button_pressed_twice_orders_one_issue(workspace: Workspace, anna: User, wang: User, now: datetime) -> None:
    report = a_report(workspace, anna, now)
    first = an_issue(report, anna, now)
    assert an_issue(report, anna, now) == first
    assert an_issue(report, wang, now) != first
    assert an_issue(report, anna, now, slug="2026-W46") != first
    assert an_issue(report, anna, now, language="zh-hans") != first
    made(first)
    assert an_issue(report, anna, now) != first


def test_the_pdf_has_cover_contents_pages_a_chart_and_a_table(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    pages = pypdf.PdfReader(io.BytesIO(content_of(issue))).pages
    words = [page.extract_text() for page in pages]
    assert "Weekly report" in words[0]
    assert "Week 47, 2026" in words[0]
    assert "North Plant" in words[0]
    assert "Contents" in words[1]
    assert f"Page 2 of {len(pages)}" in words[1]
    told = "".join(words[1:])
    assert "订单处理时长" in told
    assert "退货入库" in told
    assert "print 2026-W47" in told
    assert "Press" not in told
    assert issue.pages == len(pages)
    assert complaints(content_of(issue)) == []


def test_the_contents_name_the_page_of_each_chapter(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    reader = pypdf.PdfReader(io.BytesIO(content_of(issue)))
    lines = reader.pages[1].extract_text().splitlines()
    assert any(line.startswith("Metrics") and line.endswith("2") for line in lines)
    marks = [mark.title for mark in reader.outline if not isinstance(mark, list)]
    assert marks == ["Contents", "Metrics", "Costs"]


def test_a_long_report_has_its_contents_on_a_page_of_its_own(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    sections.extend(replace(sections[0], key=f"metrics.{number}", title=f"Line {number}") for number in range(8))
    issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content_of(issue))).pages]
    assert "退货入库" not in pages[1]
    assert "Line 7" in pages[1]
    assert complaints(content_of(issue)) == []


def test_a_report_speaks_its_own_language(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    report = a_report(workspace, anna, now, language="zh-hans")
    issue = made(an_issue(report, anna, now))
    words = text_of(issue)
    assert "目录" in words
    assert "第 2 页，共" in words
    assert complaints(content_of(issue)) == []


def test_a_section_that_fails_says_so_and_the_report_survives(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    assert issue.unprepared == ["costs.week"]
    assert "could not be prepared" in text_of(issue)
    assert "the ledger is on fire" not in text_of(issue)
    assert "costs.week" in caplog.text


def test_a_silent_section_takes_no_space_unless_it_was_chosen(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    report = a_report(workspace, anna, now)
    assert "Actions" not in text_of(made(an_issue(report, anna, now)))
    chosen = text_of(made(an_issue(report, anna, now, sections=["work.week"])))
    assert "Actions" in chosen
    assert "Nothing to tell" in chosen
    assert "Metrics" not in chosen


def test_a_report_for_everybody_holds_nothing_of_a_team_even_when_an_admin_makes_it(
    workspace: Workspace, adam: User, wang: User, now: datetime, sections: list[Section]
) -> None:
    assert "secret" not in text_of(made(an_issue(a_report(workspace, adam, now), adam, now)))


def test_a_team_report_holds_the_teams_things_and_only_the_team_may_open_it(
    workspace: Workspace, wang: User, anna: User, adam: User, now: datetime, sections: list[Section]
) -> None:
    team = Team.objects.get(name="Warehouse")
    issue = made(an_issue(a_report(workspace, wang, now, team=team.pk), wang, now))
    assert f"secret of [{team.pk}]" in text_of(issue)
    assert Issue.objects.visible_to(viewer_for(wang, workspace)).count() == 1
    assert Issue.objects.visible_to(viewer_for(adam, workspace)).count() == 1
    assert Issue.objects.visible_to(viewer_for(anna, workspace)).count() == 0
    assert Report.objects.visible_to(viewer_for(anna, workspace)).count() == 0


def test_an_issue_keeps_its_readers_when_the_report_is_opened_to_all(
    workspace: Workspace, wang: User, anna: User, now: datetime, sections: list[Section]
) -> None:
    team = Team.objects.get(name="Warehouse")
    report = a_report(workspace, wang, now, team=team.pk)
    made(an_issue(report, wang, now))
    services.change_report(
        report=report, title="Weekly report", period_kind="week", language="en", sections=[], team=None, scheduled=False
    )
    assert Report.objects.visible_to(viewer_for(anna, workspace)).count() == 1
    assert Issue.objects.visible_to(viewer_for(anna, workspace)).count() == 0
    latest = Report.objects.visible_to(viewer_for(anna, workspace)).with_latest_issue(viewer_for(anna, workspace)).get()
    assert latest.latest_issue_id is None
    assert latest.issue_count == 0


def test_a_finished_issue_is_told_once(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    tasks.make_issue(issue.job_id)  # the message came twice
    occurrence = Occurrence.objects.get(key="reports.report_made")
    assert occurrence.facts["period"] == "2026-W47"
    assert occurrence.facts["pages"] == issue.pages
    assert Notice.objects.get(user=anna).text == "The report is ready: Weekly report, Week 47, 2026"
    assert StoredFile.objects.count() == 1


def test_without_pango_the_job_fails_with_a_sentence_that_helps(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "missing_libraries", lambda: ("Pango",))
    issue = made(an_issue(a_report(workspace, anna, now), anna, now))
    assert issue.file is None
    job = issue.job
    assert job is not None
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "Pango is missing" in job.error
    assert "apt install" in job.error


def test_a_cancelled_issue_leaves_no_file(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section]
) -> None:
    issue = an_issue(a_report(workspace, anna, now), anna, now)
    assert issue.job is not None
    jobs.cancel(job=issue.job, now=now)
    assert made(issue).file is None
    assert not issue.in_hand


def test_an_issue_whose_report_was_removed_says_so(workspace: Workspace, anna: User, now: datetime) -> None:
    report = a_report(workspace, anna, now)
    job = an_issue(report, anna, now).job
    services.remove_report(report=report)
    assert job is not None
    tasks.make_issue(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "removed" in job.error


def test_removing_a_report_removes_its_files(
    workspace: Workspace, anna: User, now: datetime, sections: list[Section], django_capture_on_commit_callbacks: Any
) -> None:
    report = a_report(workspace, anna, now)
    issue = made(an_issue(report, anna, now))
    assert issue.file is not None
    keeper, name = issue.file.file.storage, issue.file.file.name
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_report(report=report)
    assert name
    assert not keeper.exists(name)
    assert not StoredFile.objects.exists()
    assert not Issue.objects.exists()


def test_a_report_needs_a_title(workspace: Workspace, anna: User, now: datetime) -> None:
    with pytest.raises(ValidationError, match="title"):
        services.open_report(workspace=workspace, by=anna, now=now, title="  ")


# A week of Shanghai ends on Sunday at 16:00 UTC.
THE_END = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "number"), [(timedelta(minutes=59), 0), (timedelta(hours=1), 1), (timedelta(days=6), 1)]
)
def test_a_scheduled_report_comes_an_hour_after_its_week(
    workspace: Workspace, anna: User, now: datetime, after: timedelta, number: int
) -> None:
    a_report(workspace, anna, now, scheduled=True)
    ordered = services.order_due_issues(now=THE_END + after)
    assert [issue.period_slug for issue in ordered] == ["2026-W47"] * number


def test_a_scheduled_report_comes_once(workspace: Workspace, anna: User, now: datetime) -> None:
    a_report(workspace, anna, now, scheduled=True)
    assert len(services.order_due_issues(now=THE_END + timedelta(hours=2))) == 1
    assert services.order_due_issues(now=THE_END + timedelta(hours=3)) == []
    assert [one.period_slug for one in services.order_due_issues(now=THE_END + timedelta(days=7, hours=2))] == [
        "2026-W48"
    ]


def test_a_schedule_does_not_reach_back_before_the_report(workspace: Workspace, anna: User) -> None:
    a_report(workspace, anna, THE_END + timedelta(minutes=5), scheduled=True)
    assert services.order_due_issues(now=THE_END + timedelta(hours=2)) == []


def test_a_report_without_schedule_waits_to_be_asked(workspace: Workspace, anna: User, now: datetime) -> None:
    a_report(workspace, anna, now)
    assert services.order_due_issues(now=THE_END + timedelta(days=1)) == []


def test_a_schedule_goes_on_without_an_owner_who_left(workspace: Workspace, anna: User, now: datetime) -> None:
    a_report(workspace, anna, now, scheduled=True)
    anna.memberships.all().delete()
    (issue,) = services.order_due_issues(now=THE_END + timedelta(hours=2))
    assert issue.by is None


def test_the_effect_makes_the_period_that_just_ended(workspace: Workspace, anna: User, now: datetime) -> None:
    report = a_report(workspace, anna, now)
    outcome = effects.perform(
        "reports.make_report", workspace=workspace, now=now, by=anna, report=str(report.pk), which="previous"
    )
    assert Issue.objects.get().period_slug == "2026-W46"
    assert outcome.about is not None
    assert outcome.about.pk == report.pk


def test_the_effect_beside_a_review_offers_its_week(workspace: Workspace, anna: User, now: datetime) -> None:
    about = Ref("review.review", 7, "Week 45, 2026", "/north-plant/review/2026-W45/")
    form = MakeEffectForm({"report": "new", "which": "2026-W45"}, viewer=viewer_for(anna, workspace), about=about)
    assert form.is_valid(), form.errors
    effects.perform("reports.make_report", workspace=workspace, now=now, by=anna, about=about, **form.cleaned_data)
    assert Issue.objects.get().period_slug == "2026-W45"
    assert Report.objects.get().title == "Weekly report"


def test_the_effect_refuses_a_time_that_is_none(workspace: Workspace, anna: User, now: datetime) -> None:
    with pytest.raises(ValidationError, match="names no week"):
        effects.perform("reports.make_report", workspace=workspace, now=now, by=anna, report="new", which="soon")


@pytest.mark.parametrize("asked", ["0", "999999", "x", "", "１"])
def test_the_effect_refuses_a_report_that_is_not_there(
    workspace: Workspace, anna: User, now: datetime, asked: str
) -> None:
    with pytest.raises(ValidationError, match="no longer there"):
        effects.perform("reports.make_report", workspace=workspace, now=now, by=anna, report=asked)


def test_the_effect_does_not_reach_into_another_workspace(
    workspace: Workspace, other_workspace: Workspace, anna: User, stranger: User, now: datetime
) -> None:
    theirs = a_report(other_workspace, stranger, now)
    with pytest.raises(ValidationError, match="no longer there"):
        effects.perform("reports.make_report", workspace=workspace, now=now, by=anna, report=str(theirs.pk))


def test_asking_each_week_makes_one_report(workspace: Workspace, anna: User, now: datetime) -> None:
    viewer = viewer_for(anna, workspace)
    for slug in ("2026-W46", "2026-W47"):
        services.report_for(
            viewer=viewer, by=anna, now=now, title="Weekly report", period=workspace.period(slug), language="en",
            sections=[], team=None,
        )  # fmt: skip
    assert Report.objects.count() == 1


def test_the_starter_furnishes_once(workspace: Workspace, anna: User, now: datetime) -> None:
    (starter,) = [one for one in registry.starters() if one.key == "reports.weekly"]
    starter.furnish(workspace, anna, "demo", now)
    starter.furnish(workspace, anna, "demo", now)
    assert Report.objects.get().scheduled
