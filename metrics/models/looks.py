"""Which time is looked at, beside which other: what a dashboard's address says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from metrics.models.tiles import SPANS
from opsboard.core import periods

YEAR = timedelta(days=364)  # 52 weeks: Mondays stand beside Mondays


@dataclass(frozen=True, slots=True)
class Look:
    """From a day to a day, set beside another time, narrowed by labels."""

    first: date
    last: date
    zone: Any
    span: str = ""
    compare: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        return periods.start_of_day(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return periods.start_of_day(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def earlier(self) -> tuple[datetime, datetime, timedelta] | None:
        """The time that this one is compared with, and how far back it lies."""
        if self.compare == "previous":
            back = timedelta(days=self.days)
        elif self.compare == "year":
            back = YEAR
        else:
            return None
        first, last = self.first - back, self.last - back
        if first.year < periods.EARLIEST:
            return None
        return (
            periods.start_of_day(first, self.zone),
            periods.start_of_day(last + timedelta(days=1), self.zone),
            back,
        )

    def over(self, span: str) -> Look:
        """The same, looking back another while."""
        if span not in SPANS or span == self.span:
            return self
        return Look(look_back(self.last, span), self.last, self.zone, span, self.compare, self.labels)


def look_back(last: date, span: str) -> date:
    return last - timedelta(days=SPANS[span][0] - 1)
