"""A card as an e-mail: plain text, and the same with buttons."""

from __future__ import annotations

from django.utils import timezone
from django.utils.html import format_html, format_html_join

from opsboard.core.cards import Card
from opsboard.core.channels.texts import links

COLOURS = {"critical": "#97121f", "warning": "#6d4300", "info": "#11448c"}


def body(card: Card) -> str:
    parts = [str(card.title), str(card.text)]
    parts.append("\n".join(f"{label}: {value}" for label, value in card.lines))
    parts.append("\n".join(f"{one.label}: {one.url}" for one in links(card, 5)))
    parts.append(_moment(card))
    return "\n\n".join(part for part in parts if part)


def html(card: Card) -> str:
    """Styles stand in the tags: no mail program reads a style sheet."""
    cell = "padding:4px 12px 4px 0;vertical-align:top"
    rows = format_html_join(
        "", '<tr><td style="{};color:#565f6b">{}</td><td style="{}">{}</td></tr>',
        ((cell, label, cell, value) for label, value in card.lines),
    )  # fmt: skip
    look = "display:inline-block;margin:0 8px 8px 0;padding:8px 14px;border-radius:6px;text-decoration:none;"
    first, other = "background:#0a5fc2;color:#ffffff", "border:1px solid #868f9b;color:#1b2026"
    buttons = format_html_join(
        "", '<a href="{}" style="{}">{}</a>',
        ((one.url, look + (other if place else first), one.label) for place, one in enumerate(links(card, 5))),
    )  # fmt: skip
    return format_html(
        '<div style="font:15px/1.5 sans-serif;color:#1b2026;max-width:640px"><h1 style="font-size:18px;margin:0 0 8px;color:{}">{}</h1>'
        '<p style="white-space:pre-line">{}</p><table style="border-collapse:collapse;font-size:14px">{}</table>'
        '<p style="margin:16px 0">{}</p><p style="color:#565f6b;font-size:12px">Opsboard · {}</p></div>',
        COLOURS.get(card.severity, "#1b2026"), card.title, card.text, rows, buttons, _moment(card),
    )  # fmt: skip


def _moment(card: Card) -> str:
    return f"{timezone.localtime(card.at):%Y-%m-%d %H:%M}" if card.at else ""
