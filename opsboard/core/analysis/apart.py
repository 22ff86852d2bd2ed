"""Times that are no guide to what is usual: days off, days worked like another weekday, and maintenance.

They teach nothing and are no signal: a shop that is shut at Spring Festival has not broken down. A weekend day that is
worked in exchange (调休) is a working day, and is compared with the nearest one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Final

type Span = tuple[datetime, datetime]

DAY: Final = 86_400
# So much of a bucket must lie in maintenance for it to say nothing.
HALF: Final = 0.5


@dataclass(frozen=True)
class Apart:
    """``off``: days off. ``worked``: days and the weekday (Monday is 0) that each is like. ``spans``: maintenance, in order
    and without overlap. ``zone``: the clock by which the days begin."""

    zone: tzinfo
    off: frozenset[date] = frozenset()
    worked: Mapping[date, int] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()

    def is_off(self, at: datetime, seconds: int) -> bool:
        """Whether a bucket that begins then, and lasts so long, lies on a day off; weeks and months never do."""
        return bool(self.off) and seconds <= DAY and at.astimezone(self.zone).date() in self.off

    def is_other(self, at: datetime, seconds: int) -> bool:
        """Whether it lies on a day that is worked like another weekday."""
        return bool(self.worked) and seconds <= DAY and at.astimezone(self.zone).date() in self.worked

    def is_maintained(self, at: datetime, seconds: int) -> bool:
        """Whether at least half of it lies in maintenance."""
        if not self.spans:
            return False
        end, inside = at + timedelta(seconds=max(seconds, 1)), 0.0
        for since, to in self.spans[bisect_right(self._ends, at) :]:
            if since >= end:
                break
            inside += (min(end, to) - max(at, since)).total_seconds()
        return inside >= HALF * max(seconds, 1)

    @cached_property
    def _ends(self) -> list[datetime]:
        return [to for _since, to in self.spans]

    def says_nothing(self, at: datetime, seconds: int) -> bool:
        """Whether a bucket is no guide: it lies on a day off, or in maintenance."""
        return self.is_off(at, seconds) or self.is_maintained(at, seconds)

    def like(self, at: datetime, seconds: int) -> timedelta:
        """How far away the day lies that a bucket's day is like; nought for an ordinary day."""
        if not self.worked or seconds > DAY:
            return timedelta()
        day = at.astimezone(self.zone).date()
        weekday = self.worked.get(day, day.weekday())
        return timedelta(days=(weekday - day.weekday() + 3) % 7 - 3)

    def blanked(self, times: Sequence[datetime], values: Sequence[float | None], seconds: int) -> list[float | None]:
        """The values, those that are no guide missing."""
        if not (self.off or self.spans):
            return list(values)
        return [None if self.says_nothing(at, seconds) else one for at, one in zip(times, values, strict=True)]
