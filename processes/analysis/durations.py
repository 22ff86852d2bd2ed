"""Durations as people type them: "30", "10–20–45", "2 h", "1.5 天"; and as they read them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0
WORKING_DAY: Final = 8 * HOUR
LONGEST: Final = 10 * 366 * DAY

_SECOND_WORDS: Final = frozenset({"s", "sec", "secs", "second", "seconds", "秒", "秒钟"})
_MINUTE_WORDS: Final = frozenset({"m", "min", "mins", "minute", "minutes", "'", "′", "分", "分钟"})
_HOUR_WORDS: Final = frozenset({"h", "hr", "hrs", "hour", "hours", "时", "小时", "钟头", "个小时"})
_DAY_WORDS: Final = frozenset({"d", "day", "days", "天", "日", "个工作日", "工作日"})
_WEEK_WORDS: Final = frozenset({"w", "wk", "week", "weeks", "周", "星期", "个星期"})

_PART: Final = re.compile(r"(\d+(?:[.,]\d+)?|半)\s*([^\W\d_]+|['′])?\s*(半)?", re.UNICODE)
_CLOCK: Final = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
_BETWEEN: Final = re.compile(r"\s*(?:[-–—−~～]|\.\.\.?|…|至|到|\bto\b)\s*")


class DurationError(ValueError):
    """What was typed is no duration: `empty`, `unit`, `number`, `order`, `many`, `long`."""

    def __init__(self, code: str, word: str = "") -> None:
        super().__init__(code, word)
        self.code, self.word = code, word


@dataclass(frozen=True, order=True)
class Estimate:
    """Seconds: low, likely and high. A single number is all three."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, low: float, likely: float | None = None, high: float | None = None) -> Estimate:
        return cls(
            low, low if likely is None else likely, (low if likely is None else likely) if high is None else high
        )

    @property
    def exact(self) -> bool:
        return self.low == self.high

    @property
    def mean(self) -> float:
        """The mean of the PERT distribution (Malcolm et al. 1959): the likely value weighs four times."""
        return (self.low + 4 * self.likely + self.high) / 6


def parse(text: str, *, day: float = DAY) -> Estimate | None:
    """What was typed, in seconds; none where nothing was. A number without a unit is minutes; `day` is a day's seconds.

    >>> parse("10–20–45")
    Estimate(low=600.0, likely=1200.0, high=2700.0)
    >>> parse("1.5 天", day=WORKING_DAY).likely
    43200.0
    """
    typed = unicodedata.normalize("NFKC", text).strip().lower().lstrip("≈~约 ")
    if not typed:
        return None
    parts = _BETWEEN.split(typed)
    if len(parts) > 3 or not all(parts):
        raise DurationError("many" if all(parts) else "number", text.strip()[:40])
    # "10–20 h": the last unit speaks for those before it that have none.
    given = [_unit_at_end(part) for part in parts]
    last = next((unit for unit in reversed(given) if unit), "")
    values = [_seconds(part if unit else f"{part} {last}", day, text) for part, unit in zip(parts, given, strict=True)]
    if values != sorted(values):
        raise DurationError("order", text.strip()[:40])
    if values[-1] > LONGEST:
        raise DurationError("long", text.strip()[:40])
    if len(values) == 2:
        return Estimate(values[0], (values[0] + values[1]) / 2, values[1])
    return Estimate.of(*values)


def _unit_at_end(part: str) -> str:
    if _CLOCK.fullmatch(part):
        return ":"
    found = re.search(r"([^\W\d_]+|['′])$", part)
    return found[1] if found else ""


def _seconds(part: str, day: float, whole: str) -> float:
    if found := _CLOCK.fullmatch(part.strip().rstrip(":").strip()):
        return int(found[1]) * HOUR + int(found[2]) * MINUTE + int(found[3] or 0)
    total, place, unit, word = 0.0, 0, MINUTE, "none yet"
    for found in _PART.finditer(part):
        if part[place : found.start()].strip(" ,和又零"):
            break
        if not word:
            raise DurationError("number", whole.strip()[:40])
        number = 0.5 if found[1] == "半" else float(found[1].replace(",", "."))
        word = found[2] or ""
        # "1 h 30": what follows without a unit is one unit smaller.
        unit = _size(word, day, whole) if word else (unit / 60 if total and unit in {HOUR, MINUTE} else MINUTE)
        total += (number + (0.5 if found[3] else 0.0)) * unit
        place = found.end()
    if place == 0 or part[place:].strip(" ."):
        raise DurationError("number", whole.strip()[:40])
    return total


def _size(word: str, day: float, whole: str) -> float:
    if word in _SECOND_WORDS:
        return 1.0
    if word in _MINUTE_WORDS:
        return MINUTE
    if word in _HOUR_WORDS or word in {"个半小时"}:
        return HOUR * (1.5 if word == "个半小时" else 1)
    if word in _DAY_WORDS:
        return day
    if word in _WEEK_WORDS:
        return day * (5 if day < DAY else 7)
    raise DurationError("unit", word[:20] or whole[:20])


@dataclass(frozen=True)
class Unit:
    """A unit's seconds and how it is written after a number."""

    seconds: float
    word: str


def spell(estimate: Estimate | None, units: tuple[Unit, ...]) -> str:
    """As short as it can be typed again: in the largest unit that says all numbers with at most two decimals."""
    if estimate is None:
        return ""
    values = (estimate.likely,) if estimate.exact else (estimate.low, estimate.likely, estimate.high)
    fitting = [unit for unit in units if all(_short(value / unit.seconds) for value in values)]
    least = max(value for value in values)
    unit = next((one for one in fitting if least >= one.seconds), fitting[-1] if fitting else units[-1])
    return "–".join(_number(value / unit.seconds) for value in values) + f" {unit.word}"


def _short(value: float) -> bool:
    return abs(value - round(value, 2)) < 1e-9


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return text or "0"
