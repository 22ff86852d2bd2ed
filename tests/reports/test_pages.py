"""The pages of reports, for those who make them and for those who only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from opsboard.core.contract import Section
from opsboard.core.models import Team, User, Workspace
from opsboard.core.versions import StaleVersion
from opsboard.reports import analysis, services, tasks
from opsboard.reports.models import Issue, Report

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def address(name: str, **more: int) -> str:
    return reverse(f"reports:{name}", kwargs={"workspace": "north-plant", **more})


def a_report(
    workspace: Workspace, by: User, now: datetime, title: str = "Weekly report", team: int | None = None
) -> Report:
    return services.open_report(workspace=workspace, by=by, now=now, title=title, team=team)


def a_ready_issue(report: Report, by: User, now: datetime) -> Issue:
    issue = services.order_issue(report=report, by=by, now=now, period=report.workspace.period("2026-W47"))
    assert issue.job_id is not None
    tasks.make_issue(issue.job_id)
    issue.refresh_from_db()
    return issue


def asked(workspace: Workspace, now: datetime, **more: object) -> dict[str, object]:
    return {"title": "Board paper", "period": "2026-W47", "language": "en", "team": "", **more}


@pytest.fixture(autouse=True)
def _on_wednesday(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=True):
        yield


def test_an_empty_list_teaches(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    answer = sign_in(anna).get(address("report_list"))
    assert answer.status_code == 200
    assert "No report yet" in answer.content.decode()


def test_making_a_pdf_from_the_form_opens_the_report_and_starts_the_job(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    answer = sign_in(anna).post(address("make_report"), asked(workspace, now))
    report = Report.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == report.get_absolute_url()
    assert (report.title, report.period_kind) == ("Board paper", "week")
    assert Issue.objects.get().period_slug == "2026-W47"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"period": "2026-W99"}, "2026-W99"),
        ({"title": ""}, "required"),
        ({"language": "tlh"}, "tlh"),
        ({"sections": ["nobody.week"]}, "nobody.week"),
        ({"team": "4711"}, "4711"),
    ],
)
def test_a_wrong_answer_is_said_beside_its_field(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn, wrong: dict[str, object], said: str
) -> None:
    answer = sign_in(anna).post(address("make_report"), asked(workspace, now, **wrong))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Report.objects.exists()


def test_an_editor_cannot_make_a_report_for_a_team_that_is_not_theirs(
    workspace: Workspace, anna: User, wang: User, now: datetime, sign_in: SignIn
) -> None:
    team = Team.objects.get(name="Warehouse")
    assert sign_in(anna).post(address("make_report"), asked(workspace, now, team=team.pk)).status_code == 422
    assert sign_in(wang).post(address("make_report"), asked(workspace, now, team=team.pk)).status_code == 303


def test_a_viewer_reads_but_does_not_make(
    workspace: Workspace, anna: User, victor: User, now: datetime, sign_in: SignIn, sections: list[Section]
) -> None:
    report = a_report(workspace, anna, now)
    issue = a_ready_issue(report, anna, now)
    client = sign_in(victor)
    assert "Make the PDF</button>" not in client.get(report.get_absolute_url()).content.decode()
    assert client.post(address("make_issue", pk=report.pk), {"period": "2026-W47"}).status_code == 403
    assert client.post(address("remove_report", pk=report.pk)).status_code == 403
    assert client.get(address("issue_file", pk=issue.pk)).status_code == 200


def test_the_file_is_safe_to_open(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn, sections: list[Section]
) -> None:
    issue = a_ready_issue(a_report(workspace, anna, now, title='Week "47"\r\nX: y 周报'), anna, now)
    answer = sign_in(anna).get(address("issue_file", pk=issue.pk))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert "\n" not in answer["Content-Disposition"]
    assert b"".join(answer.streaming_content).startswith(b"%PDF-1.7")  # type: ignore[attr-defined]
    saved = sign_in(anna).get(address("issue_file", pk=issue.pk), {"download": ""})
    assert saved["Content-Disposition"].startswith("attachment")


def test_a_stranger_finds_nothing(
    workspace: Workspace, anna: User, stranger: User, now: datetime, sign_in: SignIn, sections: list[Section]
) -> None:
    report = a_report(workspace, anna, now)
    issue = a_ready_issue(report, anna, now)
    client = sign_in(stranger)
    for one in (address("report_list"), report.get_absolute_url(), address("issue_file", pk=issue.pk)):
        assert client.get(one).status_code == 404
    elsewhere = reverse("reports:issue_file", kwargs={"workspace": "south-shop", "pk": issue.pk})
    assert client.get(elsewhere).status_code == 404


def test_a_file_that_is_gone_from_the_disk_is_not_found(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn, sections: list[Section]
) -> None:
    issue = a_ready_issue(a_report(workspace, anna, now), anna, now)
    assert issue.file is not None
    Path(issue.file.file.path).unlink()
    assert sign_in(anna).get(address("issue_file", pk=issue.pk)).status_code == 404


def test_without_pango_the_page_says_what_to_install(
    workspace: Workspace, anna: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "missing_libraries", lambda: ("Pango",))
    words = sign_in(anna).get(address("report_list")).content.decode()
    for command in ("apt install", "dnf install pango", "apk add pango", "brew install pango"):
        assert command in words


def test_progress_is_shown_while_a_pdf_is_made(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    report = a_report(workspace, anna, now)
    services.order_issue(report=report, by=anna, now=now, period=workspace.period("2026-W47"))
    words = sign_in(anna).get(report.get_absolute_url()).content.decode()
    assert "<progress" in words
    assert "every 2s" in words


def test_a_kept_report_is_set_up_and_changed(workspace: Workspace, anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    fields = {"title": "Month", "period_kind": "month", "language": "zh-hans", "scheduled": "on", "team": ""}
    assert client.get(address("open_report")).status_code == 200
    assert client.post(address("open_report"), fields).status_code == 303
    report = Report.objects.get()
    assert report.scheduled
    assert "Month" in client.get(address("change_report", pk=report.pk)).content.decode()
    changed = client.post(
        address("change_report", pk=report.pk), {**fields, "title": "Monthly", "version": report.version}
    )
    assert changed.status_code == 303
    report.refresh_from_db()
    assert report.title == "Monthly"


def test_a_stale_change_is_refused_and_keeps_what_was_typed(
    workspace: Workspace, anna: User, now: datetime, sign_in: SignIn
) -> None:
    report = a_report(workspace, anna, now)
    fields = {"title": "Mine", "period_kind": "week", "language": "en", "team": "", "version": report.version}
    services.change_report(
        report=report, title="Theirs", period_kind="month", language="en", sections=[], team=None, scheduled=True
    )
    answer = sign_in(anna).post(address("change_report", pk=report.pk), fields)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert 'value="Mine"' in shown
    for theirs in ("Theirs", "Month", "Yes"):
        assert f"Meanwhile somebody else chose: {theirs}" in shown
    assert "chose: English" not in shown
    report.refresh_from_db()
    assert report.title == "Theirs"


def test_a_save_on_top_of_an_older_version_is_refused_by_the_service_too(
    workspace: Workspace, anna: User, now: datetime
) -> None:
    report = a_report(workspace, anna, now)
    same: dict[str, Any] = {"period_kind": "week", "language": "en", "sections": [], "team": None, "scheduled": False}
    services.change_report(report=report, title="First", version=report.version, **same)
    with pytest.raises(StaleVersion):
        services.change_report(report=report, title="Second", version=report.version, **same)
    report.refresh_from_db()
    assert report.title == "First"


def test_the_list_is_exported(workspace: Workspace, anna: User, now: datetime, sign_in: SignIn) -> None:
    a_report(workspace, anna, now, title="=cmd()")
    answer = sign_in(anna).get(address("report_list"), {"export": "csv"})
    assert "'=cmd()" in b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_the_number_of_queries_does_not_grow_with_the_reports(
    workspace: Workspace,
    anna: User,
    now: datetime,
    sign_in: SignIn,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    for number in range(30):
        a_report(workspace, anna, now, title=f"Report {number}")
    client = sign_in(anna)
    client.get(address("report_list"))
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        client.get(address("report_list"))
