"""Another program: JSON by POST, signed, with a key that is the same when it is sent again.

`X-Opsboard-Signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 under the channel's secret of `<seconds>.<body>`; whoever
receives it compares in constant time and refuses old seconds. `Idempotency-Key` after the IETF draft.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

from opsboard.core import net
from opsboard.core.cards import Card
from opsboard.core.channels.answers import NotTaken, Way


def signature(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def deliver(card: Card, way: Way) -> str:
    body = json.dumps(
        {"id": way.key, "workspace": way.workspace, "kind": "notice", **card.stored()},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": way.key}
    if secret := way.settings.get("secret"):
        headers["X-Opsboard-Signature"] = f"t={int(way.at)},v1={signature(secret, int(way.at), body)}"
    answer = net.post(way.settings["url"], content=body, headers=headers, max_bytes=100_000)
    if answer.ok:
        return str(answer.status)
    words = f"{answer.status} {answer.text[:200]}"
    if answer.status == 429:
        raise NotTaken(words, reason="busy", wait=patience(answer.headers.get("retry-after", "")))
    if answer.status >= 500 or answer.status in (408, 425):
        raise NotTaken(words, reason="server")
    raise NotTaken(words, reason="address" if answer.status in (404, 410) else "refused", for_good=True)


def patience(asked: str, otherwise: int = 60) -> timedelta:
    """What `Retry-After` asks for, within reason."""
    seconds = int(asked) if asked.isdecimal() and len(asked) < 6 else otherwise
    return timedelta(seconds=min(max(seconds, 1), 3600))
