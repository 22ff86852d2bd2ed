"""A notice that comes in while somebody works is told once on the open page, with the way to it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from opsboard.core import notices
from opsboard.core.models import User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_grave_notice_is_told_once_and_led_to_by_keys(
    workspace: Workspace, anna: User, open_as: Callable[..., Page]
) -> None:
    now = timezone.now()
    notices.tell([anna], "Old news", "/x/", workspace=workspace, now=now - timedelta(days=1), unique_as="a", severity="critical")  # fmt: skip
    page = open_as(anna, "/north-plant/alerts/")
    now = timezone.now() + timedelta(seconds=1)
    told = page.locator("#toasts-list .toast-note")
    for name, severity in (("Stock is counted", "info"), ("Reply is 55 min, above 36.9", "warning")):
        notices.tell([anna], name, "/north-plant/alerts/", workspace=workspace, now=now, unique_as=name, severity=severity)  # fmt: skip
    for _twice in range(2):
        with page.expect_response("**/notices/"):
            page.evaluate("document.body.dispatchEvent(new CustomEvent('live:notices'))")
    expect(page.locator("#bell")).to_contain_text("3")
    expect(told).to_have_count(1)
    link = told.get_by_role("link", name="Reply is 55 min, above 36.9")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#bell")).to_contain_text("2")
    expect(told).to_have_count(0)
