"""A real browser before a real server with real workers, all on the test database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from opsboard.core.models import User
from tests.nursery import Process

INTO_FILES = "django.core.mail.backends.filebased.EmailBackend"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def workers(site: str, tmp_path: Path) -> Iterator[Path]:
    """A worker with its beat, as `make run` has them; answers the folder that mail is written to."""
    mail = tmp_path / "mail"
    mail.mkdir()
    process = Process(
        "celery", "-A", "opsboard.celery", "worker", "--beat", "--concurrency", "1", "--queues", "default,pdf",
        "--schedule", str(tmp_path / "beat"), "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        log=tmp_path / "worker.log", SITE_URL=site, MEDIA_ROOT=str(settings.MEDIA_ROOT),
        MAILERS={"default": {"BACKEND": INTO_FILES, "OPTIONS": {"file_path": str(mail)}}},
    )  # fmt: skip
    yield mail
    process.end()


@pytest.fixture
def open_page(chrome: Browser, site: str, client: Any) -> Iterator[Callable[..., Page]]:
    """`open_page(anna, "/north-plant/")`: a page that a person has open. A fault in a script fails the test."""
    contexts, faults = [], []

    def opened(
        user: User | None, address: str = "/", *, viewport: dict[str, int] | None = None, scheme: str = "light"
    ) -> Page:
        context = chrome.new_context(base_url=site, viewport=viewport or DESK, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
        contexts.append(context)
        if user is not None:
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(f"{page.url}: {fault}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"{page.url}: {message.text}")
                if "Content Security Policy" in message.text and "connect-src" not in message.text
                else None
            ),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)
