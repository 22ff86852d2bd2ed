"""A Feishu or Lark robot: an interactive card with buttons; 100 messages a minute and 5 a second, 20 KB each.

Source: Feishu Open Platform, “Custom bot usage guide” (signature, codes 9499, 19001, 19021, 19022, 19024, 11232).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Way

ROOM = 15_000
COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
REASONS = {19001: "address", 19021: "signature", 19022: "ip", 19024: "keyword", 9499: "format"}
BUSY = {11232, 11233, 99991400}


def signature(secret: str, at: int) -> str:
    """HMAC-SHA256 of nothing under `timestamp + newline + secret`."""
    return base64.b64encode(hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def message(card: Card, way: Way) -> dict[str, Any]:
    elements: list[dict[str, Any]] = []
    if card.text:
        elements.append({"tag": "div", "text": _plain(texts.cut(str(card.text), ROOM))})
    if card.lines:
        fields = [{"is_short": len(value) < 24, "text": _plain(f"{label}\n{value}")} for label, value in card.lines]
        elements.append({"tag": "div", "fields": fields})
    if buttons := texts.links(card, 5):
        actions = [
            {"tag": "button", "text": _plain(str(one.label)), "url": one.url, "type": "default" if place else "primary"}
            for place, one in enumerate(buttons)
        ]
        elements.append({"tag": "action", "actions": actions})
    elements.append({"tag": "note", "elements": [_plain(texts.footer(card, way))]})
    header = {"title": _plain(texts.short(str(card.title), 200)), "template": COLOURS.get(card.severity, "blue")}
    return {
        "msg_type": "interactive",
        "card": {"config": {"wide_screen_mode": True}, "header": header, "elements": elements},
    }


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def deliver(card: Card, way: Way) -> str:
    body = message(card, way)
    if secret := way.settings.get("secret"):
        at = int(way.at)
        body |= {"timestamp": str(at), "sign": signature(secret, at)}
    answer = calls.tell(way.settings["url"], body)
    told = calls.read(answer)
    code = told.get("code", told.get("StatusCode"))
    if code is None:
        calls.check_status(answer)
        raise NotTaken(f"HTTP {answer.status} {answer.text[:200]}", reason="refused", for_good=True)
    if code == 0:
        return "code 0"
    words = str(told.get("msg") or told.get("StatusMessage") or "")
    said = f"code {code}: {words}"
    if code in BUSY or answer.status == 429 or "frequency limit" in words.lower() or "too many" in words.lower():
        raise NotTaken(said, reason="busy", wait=timedelta(minutes=1))
    if answer.status >= 500:
        raise NotTaken(said, reason="server")
    raise NotTaken(said, reason=REASONS.get(code, "refused"), for_good=True)
