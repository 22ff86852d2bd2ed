"""The evaluator's clock: logical ticks, and when a bucket of a series has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from opsboard.alerts.analysis.rules import DAY, INTERVAL

WEEK: Final = 7 * DAY
MONTH: Final = 28 * DAY  # whatever is at least as long counts by the calendar


def tick_of(now: datetime, latest: datetime | None = None) -> datetime:
    """The logical tick that an evaluation at this moment judges; `latest` is the last one that was judged.

    The beat's clock wavers: where it strikes just before each tick, it would now and then strike twice in one tick and
    not at all in the next. So an evaluation that finds its tick judged, and the next one near, judges that.
    """
    seconds = int(now.timestamp())
    tick = datetime.fromtimestamp(seconds - seconds % INTERVAL, UTC)
    early = latest == tick and now - tick >= timedelta(seconds=INTERVAL / 2)
    return tick + timedelta(seconds=INTERVAL) if early else tick


def tick_at_or_after(moment: datetime) -> datetime:
    """The first tick that is not before a moment."""
    if moment.tzinfo is UTC and not moment.microsecond and moment.second % INTERVAL == 0:
        return moment  # as most buckets begin and end: a minute has whole intervals
    seconds = moment.timestamp()
    whole = int(-(-seconds // INTERVAL) * INTERVAL)
    return datetime.fromtimestamp(whole, UTC)


def end_of(at: datetime, grain_seconds: int, zone: tzinfo) -> datetime:
    """When the bucket that begins at `at` ends: by the clock for hours, by the calendar for days, weeks and months."""
    return later(at, grain_seconds, 1, zone)


def later(at: datetime, grain_seconds: int, count: int, zone: tzinfo) -> datetime:
    """The beginning of the bucket `count` buckets after (or before) the one that begins at `at`."""
    if grain_seconds < DAY:
        return at + timedelta(seconds=count * grain_seconds)
    local = at.astimezone(zone)
    if grain_seconds < MONTH:
        return (local + timedelta(days=count * (grain_seconds // DAY))).astimezone(UTC)
    months = local.year * 12 + local.month - 1 + count
    year, month = months // 12, months % 12 + 1
    day = local.day
    while True:
        try:
            return local.replace(year=year, month=month, day=day).astimezone(UTC)
        except ValueError:
            day -= 1
