"""Alerts that come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

CHANGES: Final = 6
WINDOW: Final = timedelta(minutes=60)
CALM: Final = timedelta(minutes=30)


def flaps(changes: int) -> bool:
    """Whether so many firings and resolutions within the window are too many to be told one by one."""
    return changes >= CHANGES
