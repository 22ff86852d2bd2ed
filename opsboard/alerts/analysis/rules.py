"""What a condition says: thresholds by level, how long, how often, and what a gap in the data means."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

INTERVAL: Final = 10
DAY: Final = 86_400

type Op = Literal[">", ">=", "<", "<="]
ABOVE: Final = (">", ">=")


class NoData(enum.StrEnum):
    """What a gap means: nothing (the last state stays), a state of its own, a breach, or that all is well."""

    KEEP_LAST = "keep_last"
    NODATA = "nodata"
    ALERTING = "alerting"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Level:
    """One threshold and where it clears; the levels of a rule go from the mildest to the worst."""

    value: float
    clear: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition: when it breaches, how long it must, and when it holds no more.

    `value` and `clear` are the mildest level, `levels` those above it. `need` of the last `out_of` inputs must breach.
    """

    op: Op
    value: float
    clear: float | None = None
    for_seconds: int = 0
    keep_seconds: int = 0
    grain_seconds: int = 0  # 0: a state that is always current
    levels: tuple[Level, ...] = ()
    no_data: NoData = NoData.KEEP_LAST
    need: int = 1
    out_of: int = 1

    def breach(self, value: float) -> bool:
        return compare(self.op, value, self.value)

    def hold(self, value: float) -> bool:
        """Whether what fires at its mildest level goes on: judged by the clear threshold."""
        return compare(self.op, value, self.value if self.clear is None else self.clear)

    def fires(self, value: float) -> int:
        """The highest level that this value breaches: 0 for none, 1 for the mildest."""
        if not self.breach(value):
            return 0
        reached = [place for place, one in enumerate(self.levels, 2) if compare(self.op, value, one.value)]
        return max(reached, default=1)

    def holds(self, value: float) -> int:
        """The levels that go on at this value, as bits: the mildest is 1, the next 2, the worst 4."""
        bits = int(self.hold(value))
        for place, one in enumerate(self.levels, 1):
            bits |= int(compare(self.op, value, one.value if one.clear is None else one.clear)) << place
        return bits

    def threshold(self, level: int) -> float:
        """Of a level; 0 and 1 are the mildest."""
        return self.levels[level - 2].value if 2 <= level <= len(self.levels) + 1 else self.value

    @property
    def patience(self) -> int:
        """How many missing inputs in a row it takes to say "no data": one for daily series, else two."""
        return 1 if self.grain_seconds >= DAY else 2

    @property
    def unseen(self) -> timedelta:
        """After a gap this long between two ticks, nobody can say what happened in between."""
        return timedelta(seconds=2 * max(INTERVAL, self.grain_seconds))

    @property
    def counts(self) -> bool:
        """Whether it looks at several inputs (N of M)."""
        return self.out_of > 1

    def facing(self, reference: float | None, how: Facing) -> Rule:
        """The rule in the number's own units: its thresholds measured from a reference."""
        if reference is None:
            return self
        turned = [
            Level(_beside(one.value, reference, how), None if one.clear is None else _beside(one.clear, reference, how))
            for one in (Level(self.value, self.clear), *self.levels)
        ]
        return replace(self, value=turned[0].value, clear=turned[0].clear, levels=tuple(turned[1:]))


type Facing = Literal["", "share", "amount", "factor"]
"""How a threshold is measured from its reference: a share of it more, an amount more, or so many times it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One input: a value (with the start of its bucket), nothing, or an error.

    `gone` says that other label sets of the same number did report. `late` says that the bucket was closed so long ago
    that what it says now sets nothing off.
    """

    kind: Literal["value", "missing", "error"]
    value: float | None = None
    at: datetime | None = None
    gone: bool = False
    late: bool = False

    @classmethod
    def of(cls, status: str, value: float | None, at: datetime | None) -> Heard:
        """NaN, infinity and nothing are no values."""
        if status == "error":
            return cls("error")
        if status != "ok" or value is None or not math.isfinite(value):
            return cls("missing", at=at)
        return cls("value", float(value), at)


def compare(op: Op, value: float, threshold: float) -> bool:
    match op:
        case ">":
            return value > threshold
        case ">=":
            return value >= threshold
        case "<":
            return value < threshold
        case "<=":
            return value <= threshold


def clears_on_the_right_side(op: Op, value: float, clear: float | None) -> bool:
    """A clear threshold lies on the quiet side of the threshold, or on it."""
    return clear is None or (clear <= value if op in ABOVE else clear >= value)


def _beside(threshold: float, reference: float, how: Facing) -> float:
    match how:
        case "share":  # of a negative number, too, "more" means upwards
            return reference + threshold * abs(reference)
        case "amount":
            return reference + threshold
        case "factor":
            return reference * threshold
    return threshold
