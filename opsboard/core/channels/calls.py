"""One call to a service, and what its status says before anybody reads the body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from opsboard.core import net
from opsboard.core.channels.answers import NotTaken

MAX_BYTES = 100_000


def tell(url: str, body: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None) -> net.Answer:
    """POST JSON. Raises `net.OutboundError` where nobody answered."""
    content = body if isinstance(body, bytes) else packed(body)
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return net.post(url, content=content, headers={**kind, **(headers or {})}, max_bytes=MAX_BYTES)


def packed(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def read(answer: net.Answer) -> dict[str, Any]:
    """The body as a JSON object; whatever else came is an empty one."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_status(answer: net.Answer) -> None:
    """Raises `NotTaken` unless the status is 2xx."""
    if answer.ok:
        return
    words = f"HTTP {answer.status} {answer.text[:200]}"
    if answer.status == 429:
        raise NotTaken(words, reason="busy", wait=patience(answer.headers.get("retry-after", "")))
    if answer.status >= 500 or answer.status in (408, 425):
        raise NotTaken(words, reason="server")
    if answer.status == 413:
        raise NotTaken(words, reason="large", for_good=True)
    raise NotTaken(words, reason="address" if answer.status in (404, 410) else "refused", for_good=True)


def patience(asked: str, otherwise: int = 60) -> timedelta:
    """What `Retry-After` asks for, within reason."""
    seconds = int(asked) if asked.isdecimal() and len(asked) < 6 else otherwise
    return timedelta(seconds=min(max(seconds, 1), 3600))
