"""What is told through a channel: a card with a title, a few values, and links as buttons. Each service draws it its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

SEVERITIES = ("info", "warning", "critical")  # the gravest last


def every_severity() -> list[str]:
    return list(SEVERITIES)


@dataclass(frozen=True)
class Button:
    """A link that does something, such as “acknowledge”."""

    label: Any
    url: str


@dataclass(frozen=True)
class Card:
    """One message. Texts may be lazy translations: they are read in the channel's language when the card is posted."""

    title: Any
    lines: Sequence[tuple[Any, Any]] = ()  # what is known: name and value
    severity: str = "info"
    url: str = ""  # the page about it, in this house
    buttons: Sequence[Button] = ()
    at: datetime | None = None
    text: Any = ""  # a sentence or two below the title

    @property
    def urgency(self) -> int:
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else 0

    def stored(self) -> dict[str, Any]:
        """The card as JSON, its texts in the active language and its addresses whole."""
        return {
            "title": _clean(self.title, 300),
            "lines": [[_clean(label, 80), _clean(value, 500)] for label, value in self.lines][:30],
            "severity": self.severity if self.severity in SEVERITIES else "info",
            "url": whole(self.url),
            "buttons": [[_clean(one.label, 40), whole(one.url)] for one in self.buttons][:5],
            "at": self.at.isoformat() if self.at else None,
            "text": str(self.text).replace("\x00", "")[:2000],
        }

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Card:
        """The card that `stored` wrote."""
        return cls(
            title=kept.get("title", ""),
            lines=tuple((label, value) for label, value in kept.get("lines", ())),
            severity=kept.get("severity", "info"),
            url=kept.get("url", ""),
            buttons=tuple(Button(label, url) for label, url in kept.get("buttons", ())),
            at=datetime.fromisoformat(kept["at"]) if kept.get("at") else None,
            text=kept.get("text", ""),
        )


def whole(url: str) -> str:
    """An address of this house as others reach it."""
    return f"{settings.SITE_URL}{url}" if url.startswith("/") else url


def _clean(text: Any, longest: int) -> str:
    """One line without what no service takes."""
    line = " ".join(str(text).replace("\x00", "").split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
