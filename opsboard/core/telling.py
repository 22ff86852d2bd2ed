"""How the house tells a period: every app's section, and the few numbers at the head of a page."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from opsboard.core import registry, snapshots
from opsboard.core.once import look
from opsboard.core.periods import Period, between

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.contract import Section, Watchable

log = logging.getLogger(__name__)
TILES = 4


@dataclass(frozen=True)
class Told:
    """A section with its content; `failed` where its app could not prepare it."""

    section: Section
    context: dict[str, Any]
    failed: bool = False


def sections(viewer: Viewer, period: Period, *, skip: str = "", only: Iterable[str] | None = None) -> list[Told]:
    """The sections that have something to tell. One that fails says so; the others survive."""
    answer = []
    wanted = None if only is None else set(only)
    with look():
        for section in registry.sections(viewer):
            if (skip and section.key.startswith(f"{skip}.")) or (wanted is not None and section.key not in wanted):
                continue
            try:
                context = section.tell(viewer, period)
            except Exception:
                log.exception("section %s could not be prepared", section.key)
                answer.append(Told(section, {}, failed=True))
                continue
            if context is not None:
                answer.append(Told(section, dict(context)))
    return answer


@dataclass(frozen=True)
class Tile:
    entry: Watchable
    value: float | None
    change: float | None  # against a week ago; None where no snapshot is that old

    @property
    def tone(self) -> str:
        """Whether the change is good, bad or neither, by the number's direction."""
        if not self.change or not self.entry.direction:
            return "quiet"
        return "good" if (self.change > 0) == (self.entry.direction == "up") else "bad"


def tiles(viewer: Viewer, now: datetime) -> list[Tile]:
    """The house's own counts (open work, firing alerts, …) now and against a week ago; four at most."""
    # An indicator that is one number has it alone, or first.
    firsts = ((one, next(iter(one.catalogue(viewer)), None)) for one in registry.indicators(viewer) if one.snapshot)
    entries = list(islice((entry for one, entry in firsts if entry is not None and entry.key == one.key), TILES))
    keys = [entry.key for entry in entries]
    readings = {one.key: one.value for one in registry.read(viewer, keys, now) if not one.labels}
    day = (now - timedelta(days=7)).astimezone(viewer.workspace.zone).date()
    past = snapshots.last(viewer, keys, between(day, day, viewer.workspace.zone))
    answer = []
    for entry in entries:
        value = readings.get(entry.key)
        before = past.get(entry.key)
        answer.append(Tile(entry, value, value - before if value is not None and before is not None else None))
    return answer
