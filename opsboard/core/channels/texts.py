"""Texts as the services want them: within their bytes, and without what they would read as a command."""

from __future__ import annotations

from django.utils.translation import gettext

from opsboard.core.cards import Button, Card
from opsboard.core.channels.answers import Way


def cut(text: str, room: int) -> str:
    """As much of a text as fits into so many bytes of UTF-8, never half a character."""
    raw = text.encode()
    if len(raw) <= room:
        return text
    return raw[: max(0, room - 3)].decode(errors="ignore").rstrip() + "…"


def short(text: str, longest: int) -> str:
    """At most so many characters."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def harmless(text: str) -> str:
    """A text that makes no link and names nobody where the service reads Markdown."""
    return text.replace("](", "] (").replace("<", "‹").replace("`", "ʼ")


def clock(card: Card, way: Way) -> str:
    return f"{card.at.astimezone(way.zone):%Y-%m-%d %H:%M}" if card.at else ""


def footer(card: Card, way: Way) -> str:
    """Names the house, which is also the keyword that a robot may ask for."""
    keyword = str(way.settings.get("keyword", ""))
    names = ["Opsboard", keyword if keyword != "Opsboard" else "", way.workspace, clock(card, way)]
    return " · ".join(name for name in names if name)


def links(card: Card, most: int) -> list[Button]:
    """The buttons, and one that opens the page about it."""
    page = (
        [Button(gettext("Details"), card.url)] if card.url and card.url not in {one.url for one in card.buttons} else []
    )
    return [one for one in (*card.buttons, *page) if one.url.startswith(("http://", "https://"))][:most]


def markdown(card: Card, way: Way, *, heading: str = "### ", quote: str = "- ") -> str:
    """The card in the little Markdown that chat robots share."""
    parts = [heading + harmless(str(card.title))]
    if card.text:
        parts.append("\n\n".join(harmless(line) for line in str(card.text).split("\n") if line.strip()))
    if card.lines:
        parts.append("\n".join(f"{quote}{harmless(label)}: {harmless(value)}" for label, value in card.lines))
    parts.append(harmless(footer(card, way)))
    return "\n\n".join(parts)
