"""What a tile shows: its numbers over the time, and over the time that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from metrics.analysis.courses import PIECED, Value, put_together
from metrics.models.looks import Look
from metrics.models.measures import Measure
from metrics.models.tiles import Tile


@dataclass(slots=True)
class Course:
    """One number (or one part of it) over the time: moments, values, weights; and over the time it is compared with."""

    source: Measure
    name: str = ""
    part: str = ""
    values: list[Value] = field(default_factory=list)
    before: list[Value] = field(default_factory=list)

    whole: float | None = None  # of the whole time, where that does not come out of the values
    whole_before: float | None = None

    def total(self) -> float | None:
        """The one value of the whole time, by the rules of the number."""
        return self._put_together(self.values) if self.source.aggregation in PIECED else self.whole

    def total_before(self) -> float | None:
        """The same of the time that it is compared with."""
        if not self.before:
            return None
        return self._put_together(self.before) if self.source.aggregation in PIECED else self.whole_before

    def _put_together(self, values: Sequence[Value]) -> float | None:
        known = [(value, weight) for _at, value, weight in values if value is not None]
        return put_together(self.source.aggregation, known)


@dataclass(slots=True)
class Shown:
    """A tile with its numbers. `missing` are keys that are gone, or that this viewer may not see."""

    tile: Tile
    look: Look
    grain: str
    sources: list[Measure]
    courses: list[Course]
    missing: int = 0
    unfiltered: tuple[str, ...] = ()  # dimensions of the filter that the number does not have
    now: datetime | None = None

    @property
    def first(self) -> Measure | None:
        return self.sources[0] if self.sources else None

    @property
    def running(self) -> bool:
        """Whether the newest bucket has not ended."""
        return self.now is not None and self.look.start <= self.now < self.look.end
