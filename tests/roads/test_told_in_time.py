"""After-sales must answer within two hours: told while one customer still waits, and not by next week's average."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from metrics.models import WaitingList
from opsboard.alerts.models import Alert
from opsboard.core.models import Notice, Role, User, Workspace
from opsboard.core.services import issue_token
from tests.roads.programs import by_program

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True)]
expect.set_options(timeout=20_000)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.3)


def test_after_sales_hears_of_the_customer_who_waits_longer_than_two_hours(
    workspace: Workspace, anna: User, workers: Path, open_page: Callable[..., Page]
) -> None:
    # Anna keeps a list of the customers who wait for an answer.
    page = open_page(anna, reverse("metrics:create_waiting_list", kwargs={"workspace": workspace.slug}))
    page.fill("input[name=name]", "After-sales tickets")
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_role("heading", name="After-sales tickets")).to_be_visible()
    kept = WaitingList.objects.get()

    # The help desk's program tells it what came in.
    token = issue_token(owner=anna, workspace=workspace, role=Role.EDITOR, name="Help desk", now=timezone.now())[1]
    now = timezone.now()
    waiting = {"reference": "Ticket 4711", "opened_at": (now - timedelta(minutes=125)).isoformat(), "who": "Li Na"}
    fresh = {"reference": "Ticket 4712", "opened_at": (now - timedelta(minutes=20)).isoformat(), "who": "Zhou"}
    taken = by_program(workspace, token, f"waiting/{kept.key}/items", {"items": [fresh, waiting]})
    assert taken["opened"] == 2

    # She says when to speak up: as soon as somebody has waited for two hours.
    page.reload()
    expect(page.get_by_text("Ticket 4711").first).to_be_visible()
    page.get_by_role("link", name="Watch this number").first.click()
    dialog = page.locator("#dialog")
    dialog.locator("select[name=indicator]").select_option(kept.oldest_indicator)
    dialog.locator("input[name=value]").fill("2")
    dialog.locator("form button[type=submit]").last.click()
    page.wait_for_url("**/alerts/**")

    # It speaks up within a tick or two, and names the one who waits and who has it.
    until(lambda: Alert.objects.firing().exists())
    alert = Alert.objects.get()
    until(lambda: Notice.objects.filter(user=anna, severity="warning").exists())
    notice = Notice.objects.get(user=anna, severity="warning")
    assert "Ticket 4711" in f"{notice.text} {notice.detail}"
    assert "Li Na" in f"{notice.text} {notice.detail}"
    until(lambda: bool(list(workers.iterdir())), 30)
    page.goto(alert.get_absolute_url())
    expect(page.get_by_text("Ticket 4711").first).to_be_visible()

    # The customer gets the answer; all is quiet again.
    by_program(
        workspace, token, f"waiting/{kept.key}/items",
        {"items": [{"reference": "Ticket 4711", "closed_at": timezone.now().isoformat()}]},
    )  # fmt: skip
    until(lambda: Alert.objects.get().state == Alert.State.RESOLVED)
    assert Notice.objects.filter(user=anna, severity="warning").count() == 1
