"""The whole road in a real browser, with real workers: a spreadsheet in, an alert out, an action done, the week closed, the PDF read."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from opsboard.core.models import Notice, User, Workspace
from opsboard.review.models import Review
from opsboard.work.models import Action
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)


def spreadsheet(folder: Path) -> Path:
    """Two days of hourly reply times; the last three hours are slow."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    slow, quick = 7.5, 3.2
    lines = ["time,minutes"]
    lines += [
        f"{(hour - timedelta(hours=back)).isoformat()},{slow if back <= 3 else quick}" for back in range(48, 0, -1)
    ]
    file = folder / "reply time.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def at(workspace: Workspace, name: str) -> str:
    return reverse(name, kwargs={"workspace": workspace.slug})


def until(page: Page, address: str, text: str, seconds: float = 60) -> None:
    """Look again and again, as somebody who waits would, until the text is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.goto(address)
        if page.locator("main").get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
    pytest.fail(f"“{text}” did not appear at {address}: {page.locator('main').inner_text()[:500]}")


def test_from_a_spreadsheet_to_the_weekly_pdf(
    workspace: Workspace, anna: User, workers: Path, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    # She signs in.
    page = open_page(None, "/")
    page.fill("input[name=login]", anna.email or "")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("heading", name="North Plant")).to_be_visible()

    # A spreadsheet comes in.
    page.goto(at(workspace, "metrics:new_import"))
    page.set_input_files("input[type=file]", spreadsheet(tmp_path))
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_text("First rows").first).to_be_visible()
    page.fill("input[name=name]", "First reply")
    page.select_option("select[name=direction]", "down")
    page.select_option("select[name=aggregation]", "mean")
    page.select_option("select[name=grain]", "hour")
    page.locator("button[value=import]").click()
    result = page.get_by_role("link", name="Open the metric")
    expect(result).to_be_visible(timeout=40_000)
    result.click()
    expect(page.locator("svg.chart").first).to_be_visible()

    # She says when the number should speak up; it does, once, in the app and by mail.
    page.get_by_role("link", name="Watch this number").click()
    dialog = page.locator("#dialog")
    dialog.locator("input[name=value]").fill("5")
    dialog.locator("form button[type=submit]").last.click()
    expect(page).to_have_url(re.compile("/alerts/"))
    until(page, at(workspace, "alerts:alert_list"), "First reply")
    end = time.monotonic() + 30
    while not Notice.objects.filter(user=anna, severity="warning").exists() and time.monotonic() < end:
        time.sleep(0.2)
    assert Notice.objects.filter(user=anna, severity="warning").count() == 1
    while not list(workers.iterdir()) and time.monotonic() < end:
        time.sleep(0.5)
    assert len(list(workers.iterdir())) == 1

    # She opens an action from the alert.
    page.locator("main").get_by_role("link", name="First reply").first.click()
    page.get_by_role("link", name="Open an action").first.click()
    dialog.locator("input[name=title]").fill("Train a second person for the desk")
    dialog.locator("textarea[name=acceptance_criteria]").fill("First reply under five minutes for a week")
    dialog.locator("form button[type=submit]").last.click()
    expect(page.get_by_role("heading", name="Train a second person for the desk")).to_be_visible()

    # On the board she moves it by keys, then it is done.
    page.goto(at(workspace, "work:board"))
    card = page.locator(".board-card", has_text="Train a second person")
    card.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("[data-column=doing] .board-card", has_text="Train a second person")).to_be_visible()
    end = time.monotonic() + 10
    while Action.objects.get().state != "doing" and time.monotonic() < end:
        time.sleep(0.2)
    assert Action.objects.get().state == "doing"
    page.goto(Action.objects.get().get_absolute_url())
    page.locator("textarea[name=note]").fill("Wang answers from ten to twelve")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("Wang answers from ten to twelve").first).to_be_visible()
    assert Action.objects.get().state == "done"

    # The week is read, a fix chosen, a decision noted, the week closed.
    page.goto(at(workspace, "review:this_week"))
    page.get_by_role("link", name="Choose:").first.click()
    page.fill("input[name=title]", "Call every customer back the same day")
    page.get_by_role("button", name="Choose for this week").click()
    expect(page.locator("#week").get_by_text("Call every customer back the same day").first).to_be_visible()
    page.fill("textarea[name=text]", "A second person answers from Monday on")
    page.get_by_role("button", name="Note decision").click()
    expect(page.locator(".told", has_text="A second person answers from Monday on")).to_be_visible()
    page.fill("textarea[name=summary]", "Answers were slow; two people answer from now on.")
    page.get_by_role("button", name="Close the week").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    assert Review.objects.get().closed

    # Management gets the PDF.
    page.get_by_role("link", name="Make the PDF").click()
    dialog.get_by_role("button", name="Make").click()
    expect(page).to_have_url(re.compile("/reports/"))
    link = page.locator("a[href*='/file/']").first
    expect(link).to_be_visible(timeout=90_000)
    content = page.request.get(link.get_attribute("href") or "").body()
    assert content.startswith(b"%PDF-")
    text = " ".join(" ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(content)).pages).split())
    assert "A second person answers from Monday on" in text
    assert "First reply" in text
