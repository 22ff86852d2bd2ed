"""The pages of reports in a browser: nothing for axe to find, and a PDF that appears while one looks on."""

from datetime import datetime

import pytest
from playwright.sync_api import expect

from opsboard.core.models import Job, User, Workspace
from opsboard.reports import analysis, services, tasks
from tests.look.conftest import DESK, PHONE
from tests.look.test_gallery import Ask, Open, keep

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/north-plant/reports/"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_reports(
    workspace: Workspace,
    anna: User,
    now: datetime,
    open_as: Open,
    complaints: Ask,
    theme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anna.language = "zh-hans" if theme == "dark" else "en"
    anna.save()
    page = open_as(anna, LIST, theme=theme, size=PHONE if theme == "dark" else DESK)
    keep(page, f"reports-empty-{theme}")
    assert complaints(page) == []
    report = services.open_report(workspace=workspace, by=anna, now=now, title="运营周报 Weekly", scheduled=True)
    for slug in ("2026-W45", "2026-W46"):
        services.order_issue(report=report, by=anna, now=now, period=workspace.period(slug))
    Job.objects.filter(pk=Job.objects.earliest("pk").pk).update(state="failed", error="Pango is missing.")
    monkeypatch.setattr(analysis, "missing_libraries", lambda: ("Pango",))
    site = "/".join(page.url.split("/")[:3])
    for path in (LIST, f"{LIST}{report.pk}/", f"{LIST}{report.pk}/change/", f"{LIST}new/"):
        page.goto(f"{site}{path}")
        keep(page, f"{path.strip('/').replace('/', '-')}-{theme}")
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_pdf_is_ordered_and_appears_without_a_reload(workspace: Workspace, anna: User, open_as: Open) -> None:
    page = open_as(anna, LIST)
    page.get_by_label("Title").fill("Board paper")
    page.get_by_role("button", name="Make the PDF").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Board paper")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.evaluate("window.same = true")
    tasks.make_issue(Job.objects.get().pk)
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert page.evaluate("window.same")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.startswith("Board paper 2026-W")
