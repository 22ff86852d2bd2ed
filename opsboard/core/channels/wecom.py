"""A WeCom robot: a template card with links, Markdown without; 20 messages a minute, Markdown of 4096 bytes.

Source: WeCom developer centre, “Group robot configuration” (text_notice: 6 values, 3 links; code 45009 out of limit, 93000
no such robot).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Way

ROOM = 3_900  # of 4096
REASONS = {93000: "address", 93004: "removed", 93008: "removed", 40058: "format", 40008: "format", 45002: "large"}
BUSY = {45009, 45033}
TONES = {"critical": 2, "warning": 1, "info": 0}  # red, black, grey


def message(card: Card, way: Way) -> dict[str, Any]:
    links = texts.links(card, 4)
    if not links or len(str(card.text).encode()) > 330:
        text = texts.markdown(card, way, quote="> ")
        tail = "".join(f"\n[{texts.harmless(str(one.label))}]({one.url})" for one in links)
        return {"msgtype": "markdown", "markdown": {"content": texts.cut(text, ROOM - len(tail.encode())) + tail}}
    return {
        "msgtype": "template_card",
        "template_card": {
            "card_type": "text_notice",
            "source": {"desc": "Opsboard", "desc_color": TONES.get(card.severity, 0)},
            "main_title": {
                "title": texts.short(str(card.title), 120),
                "desc": texts.short(texts.footer(card, way), 60),
            },
            "sub_title_text": texts.short(str(card.text), 112),
            "horizontal_content_list": [
                {"keyname": texts.short(label, 16), "value": texts.short(value, 60)} for label, value in card.lines[:6]
            ],
            "jump_list": [{"type": 1, "title": texts.short(str(one.label), 13), "url": one.url} for one in links[:3]],
            "card_action": {"type": 1, "url": card.url or links[0].url},
        },
    }


def deliver(card: Card, way: Way) -> str:
    answer = calls.tell(way.settings["url"], message(card, way))
    told = calls.read(answer)
    if "errcode" not in told:
        calls.check_status(answer)
        raise NotTaken(f"HTTP {answer.status} {answer.text[:200]}", reason="refused", for_good=True)
    code = told["errcode"]
    if code == 0:
        return "errcode 0"
    said = f"errcode {code}: {told.get('errmsg', '')}"
    if code in BUSY:
        raise NotTaken(said, reason="busy", wait=timedelta(minutes=1))
    if code == -1:
        raise NotTaken(said, reason="server")
    raise NotTaken(said, reason=REASONS.get(code, "refused"), for_good=True)
