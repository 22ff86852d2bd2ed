"""When a group of alerts speaks, and what about: the order of Alertmanager's dedup stage, as a pure function.

A group is a route and the values of the labels that it groups by. Its first notice waits `wait` seconds, so that what
breaks together is told together; changes wait until `interval` seconds after the last notice; what is wholly over is
told at once; what goes on is told again after `repeat` seconds. Source: Prometheus Alertmanager, `notify/notify.go`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


class Kind(enum.StrEnum):
    """What a notice is."""

    FIRST = "first"
    MORE = "more"
    RESOLVED = "resolved"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a route is, in seconds. `repeat` 0 means never."""

    wait: int = 0
    interval: int = 300
    repeat: int = 86_400
    resolved: bool = True  # whether people hear that it is over


@dataclass(frozen=True, slots=True)
class Member:
    """One episode in a group."""

    firing: bool
    told: bool = False  # some notice named it as firing
    told_end: bool = False  # and some notice named it as over
    muted: bool = False  # by a silence, a maintenance window, or because it flaps
    pressing: bool = False  # not to wait: graver than it was told, or a silence has ended
    acknowledged: bool = False

    @property
    def fresh(self) -> bool:
        return self.firing and not self.told and not self.muted

    @property
    def over(self) -> bool:
        """Told as firing, and over since: told even inside a silence, so that nobody works on what is gone."""
        return not self.firing and self.told and not self.told_end

    @property
    def nagging(self) -> bool:
        return self.firing and self.told and not self.muted and not self.acknowledged


@dataclass(frozen=True, slots=True)
class Decision:
    """Speak now (`kind`), or look again at `again_at`, or neither. `closes`: the group begins anew with its next alert."""

    kind: Kind | None = None
    again_at: datetime | None = None
    closes: bool = False


def decide(
    members: Iterable[Member],
    timing: Timing,
    *,
    waiting_since: datetime | None,
    told_at: datetime | None,
    now: datetime,
) -> Decision:
    """Whether the group speaks now. `told_at` is its last notice since it was last wholly over."""
    rows = list(members)
    fresh, over = any(one.fresh for one in rows), any(one.over for one in rows)
    told_and_firing = any(one.firing and one.told for one in rows)
    pressing = any(one.fresh and one.pressing for one in rows)
    ripe = now
    if told_at is not None:
        ripe = told_at + timedelta(seconds=timing.interval)
    if fresh:
        first = told_at is None
        if first:
            ripe = (waiting_since or now) + timedelta(seconds=timing.wait)
        if pressing or now >= ripe:
            return Decision(Kind.FIRST if first else Kind.MORE, _repeat_at(timing, now))
        return Decision(again_at=ripe)
    if over and not told_and_firing:
        return Decision(Kind.RESOLVED if timing.resolved else None, closes=True)
    if over and timing.resolved:
        if now >= ripe:
            return Decision(Kind.RESOLVED, _repeat_at(timing, now))
        return Decision(again_at=ripe)
    if any(one.nagging for one in rows) and timing.repeat:
        due = (told_at or now) + timedelta(seconds=timing.repeat)
        return Decision(Kind.REPEAT, _repeat_at(timing, now)) if now >= due else Decision(again_at=due)
    return Decision(closes=not any(one.firing for one in rows))


def _repeat_at(timing: Timing, now: datetime) -> datetime | None:
    return now + timedelta(seconds=timing.repeat) if timing.repeat else None


def values_of(labels: Mapping[str, str], group_by: Sequence[str]) -> dict[str, str]:
    """The part of a label set that names its group; a label that is not there counts as empty."""
    return {name: labels.get(name, "") for name in sorted(set(group_by))}


def worst_first[T](rows: Iterable[tuple[T, int, float | None, float, str]]) -> list[T]:
    """Sort (row, rank of severity, value, threshold, op): the gravest first, then the farthest beyond its threshold."""

    def badness(row: tuple[T, int, float | None, float, str]) -> tuple[int, float]:
        _thing, rank, value, threshold, op = row
        beyond = 0.0 if value is None else value - threshold if op in (">", ">=") else threshold - value
        return -rank, -beyond

    return [row[0] for row in sorted(rows, key=badness)]
