"""What a value is compared with: the buckets to look at, and what is usual there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median
from typing import Final

from opsboard.alerts.analysis.ticks import MONTH, later
from opsboard.core.analysis.apart import Apart

WEEKS: Final = 8
LEAST: Final = 3
WEEK = timedelta(days=7)
YEAR = timedelta(days=364)  # so that weekdays are compared with the same weekday


def references(
    at: datetime, grain_seconds: int, compare: str, zone: tzinfo, apart: Apart | None = None
) -> tuple[datetime, ...]:
    """The beginnings of the buckets that one which begins at `at` is compared with.

    A week or a year before means the same hour on the wall and the same weekday; for months, the same month. What is usual
    is not learnt from what is `apart`; a day that is worked like another weekday is compared with that one.
    """
    if compare == "previous":
        return (later(at, grain_seconds, -1, zone) if grain_seconds else at - timedelta(hours=1),)
    if grain_seconds >= MONTH:
        return (later(at, grain_seconds, -12 if compare == "year" else -1, zone),)
    if compare == "week":
        return (_before(at, WEEK, zone),)
    if compare == "year":
        return (_before(at, YEAR, zone),)
    like = apart.like(at, grain_seconds) if apart else timedelta()
    found = (_before(at, WEEK * count - like, zone) for count in range(1, WEEKS + 1))
    return tuple(one for one in found if apart is None or not is_no_guide(one, grain_seconds, apart))


def is_no_guide(at: datetime, grain_seconds: int, apart: Apart) -> bool:
    """Whether a bucket teaches nothing of what is usual on its weekday."""
    return apart.says_nothing(at, grain_seconds) or apart.is_other(at, grain_seconds)


def usual(values: Sequence[float | None], compare: str) -> float | None:
    """One value of the buckets that were found; a baseline needs at least three weeks."""
    known = [value for value in values if value is not None]
    if compare == "baseline":
        return median(known) if len(known) >= LEAST else None
    return known[0] if known else None


def _before(at: datetime, span: timedelta, zone: tzinfo) -> datetime:
    return (at.astimezone(zone) - span).astimezone(UTC)
