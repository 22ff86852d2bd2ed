"""Somebody who has never seen Opsboard: a spreadsheet, a dashboard, a watch, and the notice when a bad value comes in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from metrics.models import Dashboard, Metric
from opsboard.alerts.models import Alert, Watch
from opsboard.core.models import Notice, User, Workspace

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)


def workbook(folder: Path, rows: list[tuple[str, float, int]]) -> Path:
    """As a clerk keeps it: a title, a day on which it was printed, per cent, and a total below."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Delivery report, North Plant"])
    sheet.append(["Printed on Monday"])
    sheet.append([])
    sheet.append(["Date", "On time", "Late parcels"])
    for day, share, late in rows:
        sheet.append([day, share, late])
        sheet.cell(sheet.max_row, 2).number_format = "0.0%"
    sheet.append(["Total", None, sum(late for _day, _share, late in rows)])
    file = folder / "delivery report.xlsx"
    book.save(file)
    return file


def upload(page: Page, file: Path) -> None:
    page.get_by_role("link", name="Metrics").first.click()
    page.get_by_role("link", name="Upload a spreadsheet").first.click()
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="What next?")).to_be_visible(timeout=40_000)


def test_from_a_spreadsheet_to_a_dashboard_and_a_notice(
    workspace: Workspace, anna: User, workers: Path, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    today = timezone.localtime(timezone.now(), workspace.zone).date()
    days = [today - timedelta(days=back) for back in range(40, 1, -1)]
    rows = [(f"{day:%Y-%m-%d}", 0.94 + 0.01 * (place % 3), 5 + place % 4) for place, day in enumerate(days)]
    page = open_page(anna, "/")
    upload(page, workbook(tmp_path, rows))
    assert {one.name: (one.aggregation, one.direction) for one in Metric.objects.all()} == {
        "On time": ("ratio", "up"), "Late parcels": ("sum", "down"),
    }  # fmt: skip

    # All that was in the file on one page.
    page.get_by_role("button", name="Make a dashboard").click()
    expect(page.get_by_role("heading", name="Delivery report")).to_be_visible()
    expect(page.locator("svg.chart").first).to_be_visible()
    board = Dashboard.objects.get()
    assert len(board.tiles) == 4

    # Back, and a watch: the past proposes where to draw the line; the share is written as people say it.
    page.go_back()
    page.get_by_role("link", name="Watch “On time”").click()
    dialog = page.locator("#dialog")
    expect(dialog.locator("select[name=op]")).to_have_value("<")
    expect(dialog.locator(".unit").first).to_have_text("%")
    dialog.get_by_role("button", name="Take the limit of routine variation").click()
    expect(dialog.locator(".watch-preview strong").first).to_contain_text("Alert when On time is below 9")
    assert 80 < float(dialog.locator("input[name=value]").input_value()) < 94
    dialog.locator("input[name=value]").fill("80")
    dialog.get_by_role("button", name="Send a test").click()
    expect(dialog.locator(".tried")).to_contain_text("It is under the bell.")
    dialog.locator("form button[type=submit]").last.click()
    page.wait_for_url("**/alerts/**")
    assert Watch.objects.get().value == 0.8

    # The next file brings a bad day; she hears of it without having asked.
    yesterday = today - timedelta(days=1)
    upload(page, workbook(tmp_path, [*rows, (f"{yesterday:%Y-%m-%d}", 0.613, 31)]))
    expect(page.get_by_role("link", name="Delivery report")).to_be_visible()
    end = time.monotonic() + 40
    while not Notice.objects.filter(user=anna, severity="warning", text__contains="61.3%").exists():
        assert time.monotonic() < end, list(Notice.objects.values_list("text", flat=True))
        time.sleep(0.3)
    assert Alert.objects.get().value == 0.613
    page.get_by_role("link", name="Notices").first.click()
    expect(page.get_by_text("On time is 61.3%, below 80%").first).to_be_visible()
