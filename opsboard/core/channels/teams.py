"""Microsoft Teams through the webhook of a workflow: an adaptive card with links; 28 KB, four calls a second.

Source: learn.microsoft.com, “Create incoming webhooks with Workflows” and “Adaptive cards”. An old connector answers 200 with
a sentence about an error.
"""

from __future__ import annotations

from typing import Any

from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Way

ROOM = 16_000
COLOURS = {"critical": "Attention", "warning": "Warning", "info": "Accent"}


def message(card: Card, way: Way) -> dict[str, Any]:
    body: list[dict[str, Any]] = [
        _text(str(card.title), size="Medium", weight="Bolder", color=COLOURS.get(card.severity, "Default"))
    ]
    body += [_text(line) for line in texts.cut(str(card.text), ROOM).split("\n") if line.strip()]
    if card.lines:
        facts = [{"title": texts.harmless(label), "value": texts.harmless(value)} for label, value in card.lines]
        body.append({"type": "FactSet", "facts": facts})
    body.append(_text(texts.footer(card, way), size="Small", isSubtle=True))
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if links := texts.links(card, 5):
        content["actions"] = [{"type": "Action.OpenUrl", "title": str(one.label), "url": one.url} for one in links]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **look: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": texts.harmless(text), "wrap": True, **look}


def deliver(card: Card, way: Way) -> str:
    answer = calls.tell(way.settings["url"], message(card, way))
    calls.check_status(answer)
    words = answer.text.strip()[:300]
    if "failed with error" in words.lower() or "throttl" in words.lower():
        if "429" in words or "throttl" in words.lower():
            raise NotTaken(words, reason="busy", wait=calls.patience(""))
        raise NotTaken(words, reason="refused", for_good=True)
    return f"HTTP {answer.status}"
