"""A real browser before a real server with real workers, all on the test database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, Page

from opsboard.core.models import User

ROOT = Path(__file__).resolve().parent.parent.parent
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def environment(tmp_path: Path, site: str) -> dict[str, str]:
    """The environment of a process that works on the test database."""
    base = settings.DATABASE_URL.rpartition("/")[0]
    return {
        **os.environ,
        "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(tmp_path / "mail"),
        "SITE_URL": site,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def workers(site: str, tmp_path: Path) -> Iterator[Path]:
    """A worker with its beat, as `make run` has them; answers the folder that mail is written to."""
    (tmp_path / "mail").mkdir()
    log = (tmp_path / "worker.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "opsboard.celery", "worker", "--beat", "--concurrency", "1", "--queues", "default,pdf",
         "--schedule", str(tmp_path / "beat"), "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
        cwd=ROOT, env=environment(tmp_path, site), stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    yield tmp_path / "mail"
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.close()


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
