"""Thousands of instances at once: which of them may an input change at all?

A crowd holds every pair of a watch and a label set as columns. Of most of them each tick says the same: all is well, and
nothing that they remember changes. Only the others go through `judge` one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from opsboard.alerts.analysis.rules import DAY, Rule
from opsboard.alerts.analysis.states import Health, Memory, State, stale_after
from opsboard.alerts.analysis.ticks import end_of
from opsboard.core.lazy import numpy as np

type Floats = "np.ndarray[Any, np.dtype[np.float64]]"
type Flags = "np.ndarray[Any, np.dtype[np.bool_]]"
OPS: Final = (">", ">=", "<", "<=")
NAN: Final = float("nan")
SECONDS: Final = 1e6  # moments are whole microseconds, so that equal moments are equal numbers


@dataclass(frozen=True, slots=True)
class Member:
    """One pair of a watch and a label set, as the crowd needs it."""

    rule: Rule
    slot: int
    memory: Memory | None  # None: never judged
    early: bool = False  # a period that has not ended may set it off already
    ages: bool = False  # judged by the age of the newest value
    compared: bool = False  # its threshold depends on another number


@dataclass(slots=True)
class Inputs:
    """What each slot heard: the newest bucket, and the newest that has ended; NaN for no value, no moment."""

    value: Floats
    at: Floats
    ended_value: Floats
    ended_at: Floats
    open: Flags  # the newest bucket has not ended


class Crowd:
    def __init__(self, members: Sequence[Member]) -> None:
        self.slot = np.fromiter((one.slot for one in members), dtype=np.int64, count=len(members))
        self.op = _column(OPS.index(one.rule.op) for one in members).astype(np.int8)
        self.value = _column(one.rule.value for one in members)
        self.series = _column(one.rule.grain_seconds > 0 for one in members).astype(bool)
        self.stale = _column(stale_after(one.rule.grain_seconds) for one in members) * SECONDS
        self.early = _column(one.early for one in members).astype(bool)
        self.ages = _column(one.ages for one in members).astype(bool)
        self.compared = np.flatnonzero(_column(one.compared for one in members))
        self.settled = _column(0.0 for _one in members).astype(bool)
        self.bucket = _column(NAN for _one in members)
        self.seen = _column(NAN for _one in members)
        for place, one in enumerate(members):
            self.remember(place, one.memory)

    def __len__(self) -> int:
        return len(self.slot)

    def remember(self, place: int, memory: Memory | None) -> None:
        """What a member remembers now."""
        self.settled[place] = memory is not None and is_settled(memory)
        self.bucket[place] = number(memory.bucket_at if memory else None)
        self.seen[place] = number(memory.bucket_seen_at if memory else None)

    def bucket_of(self, place: int) -> datetime | None:
        at = float(self.bucket[place])
        return moment(at) if at == at else None

    def restless(self, inputs: Inputs, tick: datetime, thresholds: Mapping[int, float | None]) -> list[int]:
        """The members whom this tick may change; all others it leaves as they are.

        `thresholds` are those of the members that are compared with something, None where that is not known.
        """
        now = number(tick)
        limit = self.value
        if thresholds:
            limit = limit.copy()
            limit[list(thresholds)] = [NAN if one is None else one for one in thresholds.values()]
        opened = inputs.open[self.slot]
        value, at = inputs.value[self.slot], inputs.at[self.slot]
        ended = opened & ~(self.early & _beyond(self.op, value, limit))
        value = np.where(ended, inputs.ended_value[self.slot], value)
        at = np.where(ended, inputs.ended_at[self.slot], at)
        known = np.isfinite(value) & np.isfinite(limit)
        same = ~self.series | ((at == self.bucket) & (now - self.seen <= self.stale))
        quiet = self.settled & ~self.ages & known & same & ~_beyond(self.op, value, limit)
        # A member that waits for its first bucket to end has nothing to say either.
        waits = self.settled & ended & ~np.isfinite(at) & ~np.isfinite(value) & ~np.isfinite(self.bucket)
        return [int(place) for place in np.flatnonzero(~(quiet | waits))]


def is_settled(memory: Memory) -> bool:
    """Whether all is well and nothing is being counted."""
    return (
        memory.state is State.OK
        and memory.last_tick is not None
        and memory.health is Health.OK
        and not (memory.missing or memory.errors or memory.recent)
    )


def inputs_of(
    newest: Sequence[tuple[float, float]],
    ended: Sequence[tuple[float, float]],
    grains: Sequence[int],
    late: Sequence[int],
    tick: datetime,
    zone: tzinfo,
) -> Inputs:
    """Columns of (value, moment) pairs, and which of the newest buckets have not ended yet."""
    new = np.asarray(newest, dtype=float).reshape(-1, 2)
    old = np.asarray(ended, dtype=float).reshape(-1, 2)
    ends = ends_of(new[:, 1], np.asarray(grains, dtype=float), zone) + np.asarray(late, dtype=float) * SECONDS
    opened = (np.asarray(grains) > 0) & (ends > number(tick))
    return Inputs(new[:, 0], new[:, 1], old[:, 0], old[:, 1], opened)


def ends_of(at: Floats, grains: Floats, zone: tzinfo) -> Floats:
    """When the buckets end; by the calendar where they are days or longer."""
    ends = at + grains * SECONDS
    long = np.flatnonzero((grains >= DAY) & np.isfinite(at))
    known: dict[tuple[float, float], float] = {}
    for place in long:
        pair = (float(at[place]), float(grains[place]))
        if pair not in known:
            known[pair] = number(end_of(moment(pair[0]), int(pair[1]), zone))
        ends[place] = known[pair]
    return ends


def number(at: datetime | None) -> float:
    """A moment as whole microseconds; NaN for none."""
    return NAN if at is None else float(round(at.timestamp() * SECONDS))


def moment(at: float) -> datetime:
    whole = int(at)
    return datetime.fromtimestamp(whole // 1_000_000, UTC).replace(microsecond=whole % 1_000_000)


def _beyond(op: Any, value: Floats, limit: Floats) -> Flags:
    """Whether the values breach; a value or a limit that is not known does not."""
    with np.errstate(invalid="ignore"):
        found = np.where(
            op < 2,
            (value > limit) | ((op == 1) & (value == limit)),
            (value < limit) | ((op == 3) & (value == limit)),
        )
    return np.asarray(found, dtype=bool)


def _column(values: Any) -> Floats:
    return np.fromiter((float(one) for one in values), dtype=float)
