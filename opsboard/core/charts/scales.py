"""From values to places: ticks that people like to read, time axes, and thinning of long series."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from babel import dates, numbers

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0

# Steps of a time axis: seconds up to hours, then whole days, then months; the formats are CLDR skeletons.
_CLOCK_STEPS: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200)
_DAY_STEPS: Final = (1, 2, 7, 14)
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
_MONTH_SECONDS: Final = 30.44 * DAY
# The house writes the day before the month in English too, on charts as on pages.
_ENGLISH: Final = {"MMMd": "d MMM", "yMMMd": "d MMM y", "MMMMd": "d MMMM"}


def finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def nice_step(span: float, count: int) -> float:
    """The step of 1, 2, 2.5 or 5 times a power of ten that gives about `count` steps in `span`."""
    raw = span / max(count, 1)
    power: float = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 2.5, 5.0):
        if raw <= factor * power * 1.0000001:
            return factor * power
    return 10.0 * power


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values that cover `low` to `high`, the ends included. Equal ends are spread so that a line has a middle."""
    if high <= low or (high - low) < abs(high) * 1e-12:
        spread = abs(high) * 0.1 or 1.0
        low, high = low - spread, high + spread
    step = nice_step(high - low, count)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    # Through the decimal text, so that 3 * 0.1 is 0.3 on the axis too.
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def decimals_of(ticks: Sequence[float]) -> int:
    """How many decimals the ticks need so that no two of them read the same."""
    if len(ticks) < 2:
        return 0
    step = abs(ticks[1] - ticks[0])
    if not step:
        return 0
    for places in range(10):
        if abs(step * 10**places - round(step * 10**places)) < 1e-6 * max(1.0, step * 10**places):
            return places
    return 10


@lru_cache(maxsize=4096)
def number(value: float, decimals: int, locale: str) -> str:
    """A number as the language writes it; from 100,000 on in its short form (1.2M, 120万)."""
    if abs(value) >= 100_000:
        return _minus(numbers.format_compact_decimal(value, locale=locale, fraction_digits=2))
    if decimals <= 0:
        return _minus(numbers.format_decimal(round(value), format="#,##0", locale=locale))
    return _minus(numbers.format_decimal(value, format="#,##0." + "0" * decimals, locale=locale))


def _minus(text: str) -> str:
    """With a minus sign, which is as wide as a plus, and not a hyphen."""
    return text.replace("-", "−")


@lru_cache(maxsize=4096)
def percent(value: float, decimals: int, locale: str) -> str:
    pattern = "#,##0%" if decimals <= 0 else "#,##0." + "0" * decimals + "%"
    return _minus(numbers.format_percent(value, format=pattern, locale=locale))


def value_text(value: float, decimals: int, locale: str, *, rate: bool = False) -> str:
    return percent(value, max(0, decimals - 2), locale) if rate else number(value, decimals, locale)


def label_decimals(ticks: Sequence[float], *, rate: bool = False) -> int:
    """One decimal more than the axis, for the values written beside lines."""
    places = decimals_of(ticks)
    if rate:
        return max(places, 2) + 1
    return places + 1 if ticks and abs(ticks[-1]) < 1000 else places


@lru_cache(maxsize=8192)
def moment_text(stamp: float, skeleton: str, tz: tzinfo, locale: str) -> str:
    local = datetime.fromtimestamp(stamp, tz)
    if skeleton in ("Hm", "Hms"):
        return dates.format_time(local, "HH:mm:ss" if skeleton == "Hms" else "HH:mm", tzinfo=tz, locale=locale)
    return _dated(local, skeleton, tz, locale)


def _dated(at: datetime, skeleton: str, tz: tzinfo, locale: str) -> str:
    if skeleton in _ENGLISH and locale.startswith("en"):
        return str(dates.format_datetime(at, _ENGLISH[skeleton], tzinfo=tz, locale=locale))
    return str(dates.format_skeleton(skeleton, at, tzinfo=tz, locale=locale))


@lru_cache(maxsize=8192)
def day_text(day: date, locale: str, skeleton: str = "MMMd") -> str:
    # Noon in UTC: a plain date has no zone, and no zone may move it to the day before.
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return _dated(noon, skeleton, UTC, locale)


type TimeTick = tuple[float, str]


@lru_cache(maxsize=512)
def time_ticks(first: float, last: float, count: int, tz: tzinfo, locale: str) -> tuple[TimeTick, ...]:
    """About `count` moments between two stamps, at local clock times, days, Mondays or months, with their words."""
    span = max(last - first, 1.0)
    raw = span / max(count, 1)
    if raw <= 43200:
        step = next(step for step in _CLOCK_STEPS if raw <= step)
        return tuple(_clock_ticks(first, last, step, tz, locale))
    if raw <= 16 * DAY:
        days = next((step for step in _DAY_STEPS if raw <= step * DAY), 14)
        return tuple(_day_ticks(first, last, days, tz, locale))
    months = next((step for step in _MONTH_STEPS if raw <= step * _MONTH_SECONDS), _MONTH_STEPS[-1])
    return tuple(_month_ticks(first, last, months, tz, locale))


def _clock_ticks(first: float, last: float, step: int, tz: tzinfo, locale: str) -> Iterable[TimeTick]:
    start = datetime.fromtimestamp(first, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    # By elapsed time within the day: a clock change moves the later ticks, it never repeats or drops one.
    stamp = start.timestamp()
    skip = math.floor((first - stamp) / step)
    stamp += max(0, skip) * step
    skeleton = "Hms" if step < MINUTE else "Hm"
    while stamp <= last:
        if stamp >= first:
            local = datetime.fromtimestamp(stamp, tz)
            midnight = not (local.hour or local.minute or local.second)
            yield stamp, moment_text(stamp, "MMMd" if midnight and step >= 3600 else skeleton, tz, locale)
        stamp += step


def _day_ticks(first: float, last: float, days: int, tz: tzinfo, locale: str) -> Iterable[TimeTick]:
    day = datetime.fromtimestamp(first, tz).date()
    # Weeks begin on Monday; other steps count from a fixed day so that neighbours on a page agree.
    day -= timedelta(days=day.weekday() if days % 7 == 0 else day.toordinal() % days)
    while True:
        stamp = datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()
        if stamp > last:
            return
        if stamp >= first - 1:
            yield stamp, moment_text(stamp, "MMMd", tz, locale)
        day += timedelta(days=days)


def _month_ticks(first: float, last: float, months: int, tz: tzinfo, locale: str) -> Iterable[TimeTick]:
    local = datetime.fromtimestamp(first, tz)
    index = (local.year * 12 + local.month - 1) // months * months
    shown = 0
    while index // 12 < 9999:
        stamp = datetime(index // 12, index % 12 + 1, 1, tzinfo=tz).timestamp()
        if stamp > last:
            return
        if stamp >= first - 1:
            skeleton = "y" if months >= 12 else ("yMMM" if index % 12 == 0 or not shown else "MMM")
            shown += 1
            yield stamp, moment_text(stamp, skeleton, tz, locale)
        index += months


def thin(points: Sequence[tuple[float, float]], columns: int) -> Sequence[tuple[float, float]]:
    """At most four points for each column of pixels: first, lowest, highest, last. No peak is lost.

    Points are in order of x. A series that is short enough comes back as it is.
    """
    if len(points) <= columns * 4 or columns < 1:
        return points
    first, last = points[0][0], points[-1][0]
    width = (last - first) / columns or 1.0
    kept: list[tuple[float, float]] = []
    start, edge = 0, first + width
    count = len(points)
    for index in range(count + 1):
        if index < count and points[index][0] < edge:
            continue
        if index > start:
            bucket = points[start:index]
            values = [value for _, value in bucket]
            low, high = values.index(min(values)), values.index(max(values))
            kept.extend(bucket[place] for place in sorted({0, low, high, len(bucket) - 1}))
        if index == count:
            break
        start = index
        edge = first + (math.floor((points[index][0] - first) / width) + 1) * width
    return kept
