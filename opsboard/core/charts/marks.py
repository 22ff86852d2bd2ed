"""What a chart is told: plain frozen dataclasses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

type Point = tuple[datetime, float | None]


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time. `partial` says that the last point's period hasn't ended: it is drawn hatched and dashed.

    `tone` is the place of its colour among the eight where that isn't its own place in the chart: 4 is the grey one.
    """

    name: str
    points: Sequence[Point]
    partial: bool = False
    tone: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Centre line and natural process limits (XmR), for the whole chart or from one moment to another."""

    centre: float
    lower: float | None = None
    upper: float | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A point that is not routine variation, and the words why."""

    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line that an alert watches."""

    value: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A moment when something was changed: an upright line with its words."""

    at: datetime
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line at a value of a histogram: mean, P90, limit."""

    value: float
    label: str = ""
