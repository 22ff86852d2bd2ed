"""What a source is asked, and why there is no answer."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opsboard.core.access import Viewer

MOST_ROWS = 200_000
PEEKED = 50
DEADLINE = 60.0
MOST_BYTES = 50_000_000
MOST_PAGES = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unanswered(Exception):
    """The source gave nothing usable; `str()` is the reason in the words of whoever is told."""


@dataclass(frozen=True)
class Question:
    """One reading: what is asked where, for whom, and from which moment on."""

    asks: Mapping[str, Any]
    secret: Mapping[str, Any]
    viewer: Viewer
    now: datetime
    since: datetime | None = None
    timezone: str = ""
    peek: bool = False  # only the first rows, to look at
    progress: Callable[[float, Any], None] = field(default=lambda _fraction, _message: None)

    @property
    def most(self) -> int:
        return PEEKED if self.peek else MOST_ROWS

    @property
    def deadline(self) -> float:
        """Seconds for the whole answer; somebody waits for a first look."""
        return 15.0 if self.peek else DEADLINE

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The clock that times without an offset are meant by."""
        return zoneinfo.ZoneInfo(self.timezone or self.viewer.workspace.timezone)

    @property
    def start(self) -> datetime:
        """From when on: the newest moment that was read, or as long ago as it takes."""
        return self.since or EPOCH
