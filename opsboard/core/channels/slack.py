"""Slack's incoming webhook: blocks with link buttons; one message a second.

Source: docs.slack.dev, “Sending messages using incoming webhooks” (the body must be `ok`; errors are single words), “Rate
limits”, and the reference of blocks (header 150 characters, section 3000, 10 fields).
"""

from __future__ import annotations

from typing import Any

from opsboard.core.cards import Card
from opsboard.core.channels import calls, texts
from opsboard.core.channels.answers import NotTaken, Way

ROOM = 20_000
REASONS = {
    "invalid_payload": "format", "invalid_blocks": "format", "no_text": "format", "too_many_attachments": "format",
    "no_service": "address", "no_service_id": "address", "no_team": "address", "invalid_token": "address",
    "team_disabled": "removed", "channel_not_found": "removed", "channel_is_archived": "removed",
    "user_not_found": "removed", "action_prohibited": "refused", "posting_to_general_channel_denied": "refused",
}  # fmt: skip
MARKS = {"critical": ":red_circle:", "warning": ":large_orange_circle:", "info": ":large_blue_circle:"}


def escaped(text: str) -> str:
    """The three characters that Slack reads; without them nobody is called and nothing is linked."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(card: Card, way: Way) -> dict[str, Any]:
    title = str(card.title)
    head = {"type": "plain_text", "text": texts.short(title, 150), "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": head}]
    blocks += [
        {"type": "section", "text": {"type": "mrkdwn", "text": part, "verbatim": True}}
        for part in _parts(escaped(str(card.text)), 2900)
    ]
    for begin in range(0, len(card.lines), 10):
        fields = [
            {"type": "mrkdwn", "text": texts.short(f"*{escaped(label)}*\n{escaped(value)}", 2000), "verbatim": True}
            for label, value in card.lines[begin : begin + 10]
        ]
        blocks.append({"type": "section", "fields": fields})
    if buttons := texts.links(card, 5):
        elements = [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": texts.short(str(one.label), 75), "emoji": False},
                "url": one.url[:3000],
                "action_id": f"open-{place}",
                **({} if place else {"style": "primary"}),
            }
            for place, one in enumerate(buttons)
        ]
        blocks.append({"type": "actions", "elements": elements})
    foot = f"{MARKS.get(card.severity, '')} {escaped(texts.footer(card, way))}".strip()
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": foot, "verbatim": True}]})
    return {"text": escaped(title), "blocks": blocks}


def _parts(text: str, longest: int) -> list[str]:
    """A long text in pieces that end with a line."""
    parts: list[str] = []
    for line in (
        text[begin : begin + longest] for row in text.split("\n") for begin in range(0, len(row) or 1, longest)
    ):
        if parts and len(parts[-1]) + len(line) < longest:
            parts[-1] += f"\n{line}"
        elif line:
            parts.append(line)
    return parts[:40]


def deliver(card: Card, way: Way) -> str:
    answer = calls.tell(way.settings["url"], message(card, way))
    word = answer.text.strip()[:200]
    if answer.ok and word == "ok":
        return "ok"
    if word in REASONS:
        raise NotTaken(f"HTTP {answer.status} {word}", reason=REASONS[word], for_good=True)
    calls.check_status(answer)
    raise NotTaken(f"HTTP {answer.status} {word}", reason="refused", for_good=True)
