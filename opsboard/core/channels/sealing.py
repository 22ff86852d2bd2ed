"""A channel's settings: sealed in the database, open only while something is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsboard.core import secrets
from opsboard.core.models import Channel

PURPOSE = "channels"


def seal(settings: Mapping[str, Any]) -> str:
    return secrets.seal(dict(settings), purpose=PURPOSE)


def settings_of(channel: Channel) -> dict[str, Any]:
    """What the channel was set up with. Raises `secrets.Undecipherable`."""
    return secrets.unseal(channel.sealed, purpose=PURPOSE)
