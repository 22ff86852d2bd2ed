"""Another program: JSON by POST, signed, with a key that is the same when it is sent again.

`X-Opsboard-Signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 under the channel's secret of `<seconds>.<body>`; whoever
receives it compares in constant time and refuses old seconds. `Idempotency-Key` after the IETF draft.
"""

from __future__ import annotations

import hashlib
import hmac

from opsboard.core.cards import Card
from opsboard.core.channels import calls
from opsboard.core.channels.answers import Way


def signature(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def deliver(card: Card, way: Way) -> str:
    body = calls.packed({"id": way.key, "workspace": way.workspace, "kind": "notice", **card.stored()})
    headers = {"Idempotency-Key": way.key}
    if secret := way.settings.get("secret"):
        headers["X-Opsboard-Signature"] = f"t={int(way.at)},v1={signature(secret, int(way.at), body)}"
    answer = calls.tell(way.settings["url"], body, headers)
    calls.check_status(answer)
    return f"HTTP {answer.status}"
