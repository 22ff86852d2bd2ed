"""How a service may answer, and what helps: the same words for all senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _


class NotTaken(Exception):
    """The service did not take the message.

    `wait` is set where it asks for patience (nothing is wrong then), `for_good` where trying again changes nothing until
    somebody mends the settings.
    """

    def __init__(self, words: str, *, reason: str = "", wait: timedelta | None = None, for_good: bool = False) -> None:
        self.words = " ".join(words.split())[:500]
        self.reason, self.wait, self.for_good = reason, wait, for_good
        super().__init__(self.words)


class Unclear(Exception):
    """The service may have taken it: the answer did not arrive."""


@dataclass(frozen=True)
class Way:
    """What a sender needs beside the card: the channel's settings, a key that stays the same when tried again, a clock."""

    settings: Mapping[str, Any]
    key: str
    zone: ZoneInfo
    at: float  # seconds since 1970, for signatures
    workspace: str = ""


ADVICE = {
    "keyword": _(
        "The robot only takes messages that hold one of its keywords. Add the keyword “Opsboard” to the robot in the chat group, "
        "or write the robot’s keyword into the settings of this channel."
    ),
    "signature": _(
        "The signature was refused. Copy the robot’s secret again, and check that this server’s clock is right."
    ),
    "address": _("The robot does not know this address any more. Copy its webhook address again."),
    "ip": _("The robot only takes messages from some addresses. Add this server’s address to the robot’s list."),
    "busy": _("The service asks for a pause. What waits is sent afterwards."),
    "removed": _("The robot or its chat group was removed or switched off. Make a new robot, and copy its address."),
    "format": _("The service could not read the message. Please report this with the answer above."),
    "large": _("The message was too long for the service."),
    "network": _("The service could not be reached from this server."),
    "unclear": _("It may have arrived. Look there before you send it again."),
    "private": _(
        "The address leads into a private network. Whoever runs this server can allow it with OUTBOUND_ALLOW_PRIVATE."
    ),
    "settings": _("The settings of this channel cannot be read any more. Type them again."),
    "server": _("The service itself has a fault. It is tried again."),
    "refused": _("The service refused the message. Check the address and the rights of this channel."),
    "taken_away": _("The channel was removed before this message left."),
    "library": _("The service did not take the message. Check the address; its documentation is on the Apprise pages."),
}


def advice(reason: str) -> Any:
    """What a person can do about it, or an empty text."""
    return ADVICE.get(reason, "")
