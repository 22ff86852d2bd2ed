"""A browser before the real pages, signed in, with axe at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from opsboard.core.models import User

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "chrome" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def open_as(chrome: Browser, site: str) -> Any:
    """`open_as(anna, "/north-plant/", theme="dark", size=PHONE)`: a page. A fault in a script, or against the CSP, fails the test."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            faults.append(message.text)

    def hear_error(error: Error) -> None:
        faults.append(str(error))

    def open_page(user: User | None, path: str, *, theme: str = "light", size: dict[str, int] = DESK) -> Page:
        context = chrome.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if theme == "dark" else "light",
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        if user is not None:
            client = Client()
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                  "url": site}]
            )  # fmt: skip
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", hear_error)
        page.goto(f"{site}{path}")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def complaints() -> Callable[[Page], list[str]]:
    """What axe finds on the page, one line a finding."""

    def ask(page: Page) -> list[str]:
        source = AXE.read_text()
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:160]} | {'; '.join(check['message'] for check in node['any'])[:200]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    return ask
