"""Live pages may listen from this site, under each name of one's own machine, and from nowhere else."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings

from opsboard import events_asgi
from opsboard.core import live
from opsboard.core.access import Viewer
from opsboard.core.models import Workspace


def allowed_origin(asking: str) -> str:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "path": "/healthz", "method": "GET", "headers": [(b"origin", asking.encode())]}
    with ThreadPoolExecutor(1) as aside:  # the browser's own loop may run in this thread
        aside.submit(lambda: asyncio.run(events_asgi.application(scope, receive, send))).result()
    allowed: bytes = dict(sent[0]["headers"])[b"access-control-allow-origin"]
    return allowed.decode()


@pytest.mark.parametrize(
    ("asking", "allowed"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://evil.example", "http://localhost:8000"),
        ("", "http://localhost:8000"),
    ],
)
def test_only_this_sites_pages_may_listen(asking: str, allowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EVENTS_ORIGINS", ["http://localhost:8000", "http://127.0.0.1:8000"])
    assert allowed_origin(asking) == allowed


@pytest.mark.django_db
def test_a_page_hears_what_changed_between_its_making_and_its_listening(
    workspace: Workspace, editor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_asgi, "BREATH", 0.01)
    live.connection().hset(live.latest(workspace.pk), "work", json.dumps([time.time() - 60, 7]))
    text = live.token(editor)
    live._publish(workspace.pk, "notices")
    sent: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "path": "/events/",
        "method": "GET",
        "headers": [],
        "query_string": f"token={text}".encode(),
    }
    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(events_asgi.application(scope, receive, send))).result()
    assert b'"notices"' in b"".join(sent)
    assert b'"work"' not in b"".join(sent)
