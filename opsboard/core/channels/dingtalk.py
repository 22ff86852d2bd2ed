"""A DingTalk robot: an action card with buttons, Markdown without; 20 messages a minute, else 10 minutes of silence.

Source: DingTalk Open Platform, “Custom robot access” and “Message types” (keyword, signature and address lists; 20 000 bytes).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Way

ROOM = 18_000
BUSY = {130101, 410100}
GONE = {300001, 300005, 400101, 400106}
REMOVED = {400013, 400102}


def signed(url: str, secret: str, at: float) -> str:
    """The address with `timestamp` (milliseconds) and `sign`."""
    if not secret:
        return url
    moment = str(int(at * 1000))
    mark = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    more = urlencode({"timestamp": moment, "sign": base64.b64encode(mark).decode()})
    return f"{url}{'&' if '?' in url else '?'}{more}"


def message(card: Card, way: Way) -> dict[str, Any]:
    text = texts.cut(texts.markdown(card, way), ROOM)
    title = texts.short(texts.harmless(str(card.title)), 64)
    buttons = texts.links(card, 4)
    if not buttons:
        return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    return {
        "msgtype": "actionCard",
        "actionCard": {
            "title": title,
            "text": text,
            "btnOrientation": "1" if len(buttons) == 2 else "0",
            "btns": [{"title": str(one.label), "actionURL": one.url} for one in buttons],
        },
    }


def deliver(card: Card, way: Way) -> str:
    url = signed(way.settings["url"], way.settings.get("secret", ""), way.at)
    answer = calls.tell(url, message(card, way))
    told = calls.read(answer)
    if "errcode" not in told:
        calls.check_status(answer)
        raise NotTaken(f"HTTP {answer.status} {answer.text[:200]}", reason="refused", for_good=True)
    code, words = told["errcode"], str(told.get("errmsg", ""))
    if code == 0:
        return "errcode 0"
    raise complaint(code, words)


def complaint(code: Any, words: str) -> NotTaken:
    said = f"errcode {code}: {words}"
    low = words.lower()
    if code in BUSY or "too fast" in low or "exceed" in low:
        return NotTaken(said, reason="busy", wait=timedelta(minutes=1))
    if code == 310000:
        if "keyword" in low or "关键词" in words:
            return NotTaken(said, reason="keyword", for_good=True)
        if "whitelist" in low or "not in white" in low or "ip" in low.split() or "白名单" in words:
            return NotTaken(said, reason="ip", for_good=True)
        return NotTaken(said, reason="signature", for_good=True)
    if code in GONE:
        return NotTaken(said, reason="address", for_good=True)
    if code in REMOVED:
        return NotTaken(said, reason="removed", for_good=True)
    if code == 460101:
        return NotTaken(said, reason="large", for_good=True)
    if code in (-1, 9999):
        return NotTaken(said, reason="server")
    if code in (40035, 43004, 400105):
        return NotTaken(said, reason="format", for_good=True)
    return NotTaken(said, reason="refused", for_good=True)
