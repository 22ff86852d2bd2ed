"""Many cards as one: what did not fit into a robot's minute, each named in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from opsboard.core.cards import SEVERITIES, Card, whole
from opsboard.core.channels.texts import cut, harmless
from opsboard.core.models import Channel

MARKS = {"critical": "‼", "warning": "!", "info": "·"}


def digest(cards: Sequence[Card], *, channel: Channel, room: int, zone: ZoneInfo) -> Card:
    """One card that names them all, the gravest first; each line gets an equal part of the room."""
    graves = sorted(cards, key=lambda card: -card.urgency)
    share = max(24, (room - 500) // len(cards) - 3)  # with its line's end, in each service's own spelling
    counts = Counter(card.severity for card in cards)
    told = ", ".join(_counted(severity, counts[severity]) for severity in reversed(SEVERITIES) if counts[severity])
    title = ngettext("%(n)s more notice", "%(n)s more notices", len(cards)) % {"n": len(cards)}
    return Card(
        title=f"{title}: {told}",
        text="\n".join(cut(harmless(_line(card, zone)), share) for card in graves),
        severity=graves[0].severity,
        url=whole(reverse("core:notice_list", kwargs={"workspace": channel.workspace.slug})),
        at=max((card.at for card in cards if card.at), default=None),
    )


def _counted(severity: str, n: int) -> str:
    words = {"critical": gettext("critical"), "warning": gettext("warning"), "info": gettext("info")}
    return f"{n} {words[severity]}"


def _line(card: Card, zone: ZoneInfo) -> str:
    clock = f"{card.at.astimezone(zone):%H:%M} " if isinstance(card.at, datetime) else ""
    return f"{MARKS.get(card.severity, '·')} {clock}{card.title}"
