"""What a rule would have said of a past: the same judge at every tick at which it could have said anything.

Between two buckets nothing changes but the time; so only the ticks are judged at which a bucket ended, a duration ran out,
or a gap became long enough. Quiet stretches are skipped in one step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from opsboard.alerts.analysis.crowds import is_settled, number
from opsboard.alerts.analysis.rules import INTERVAL, Facing, Heard, NoData, Rule
from opsboard.alerts.analysis.states import Memory, State, Turn, judge, stale_after
from opsboard.alerts.analysis.ticks import end_of, tick_at_or_after
from opsboard.core.lazy import numpy as np

STEP: Final = timedelta(seconds=INTERVAL)
OPEN: Final = (State.FIRING, State.RECOVERING)


@dataclass(frozen=True, slots=True)
class Given:
    """One bucket of the past, and what it is compared with, where the rule compares; or nothing is usual then, and it is
    not judged."""

    at: datetime
    value: float
    reference: float | None = None
    unjudged: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """How the rule hears: the clock of its buckets, how late they come, and what its thresholds are measured from."""

    zone: tzinfo
    late_seconds: int = 0
    facing: Facing = ""
    early: bool = False  # a bucket that has not ended may set it off already
    as_is: bool = False  # a bucket is judged from its beginning on
    ages: bool = False  # judged by the age of the newest value
    grain_seconds: int = 0  # of the series; the rule's own is nought where it judges ages


def replay(rule: Rule, past: Sequence[Given], setting: Setting, start: datetime, end: datetime) -> list[Turn]:
    """The transitions of one label set from `start` until `end`, as an evaluator that never stopped would log them."""
    first, last = tick_at_or_after(start), tick_at_or_after(end)
    known = list(_known(past, setting))  # when each bucket is heard whatever it says
    begun = [tick_at_or_after(one.at) for one in past] if setting.early else []
    arrivals = sorted({first, *(tick for tick in (*known, *begun) if first < tick < last)})
    loud = _loud(rule, past, known, begun, setting, first)
    memory, turns = Memory(), list[Turn]()
    place = 0
    while place < len(arrivals):
        if place and _is_quiet(memory, setting):
            place = next((one for one in range(place, len(arrivals)) if arrivals[one] in loud), len(arrivals))
            if place == len(arrivals):
                break
        tick: datetime | None = arrivals[place]
        until = arrivals[place + 1] if place + 1 < len(arrivals) else last
        while tick is not None and tick < until:
            given = _current(rule, memory, past, known, begun, tick, setting)
            if given is not None and not given.unjudged:
                memory = memory._replace(last_tick=tick - STEP)  # nobody missed a tick
                faced = rule.facing(given.reference, setting.facing) if setting.facing else rule
                memory, turn = judge(faced, memory, _heard(given, tick, setting), tick)
                if turn is not None:
                    turns.append(turn)
            tick = _next(rule, memory, given, tick, setting)
        place += 1
    if turns and memory.state in OPEN:  # it is still open: its peak came after its last transition
        turns[-1] = replace(turns[-1], memory=memory)
    return turns


def _known(past: Sequence[Given], setting: Setting) -> Iterator[datetime]:
    """When each bucket is heard for certain: once it has ended and late values had their time, else at its beginning."""
    grain, late = setting.grain_seconds, timedelta(seconds=setting.late_seconds)
    begins = not grain or setting.as_is or setting.ages
    for one in past:
        yield tick_at_or_after(one.at if begins else end_of(one.at, grain, setting.zone) + late)


def _loud(
    rule: Rule,
    past: Sequence[Given],
    known: Sequence[datetime],
    begun: Sequence[datetime],
    setting: Setting,
    first: datetime,
) -> set[datetime]:
    """The arrivals that may stir a quiet instance: what breaches, what cannot be judged, and what a gap follows."""
    values = np.fromiter((one.value for one in past), dtype=float, count=len(past))
    if setting.ages:
        return {first, *known}
    limits = np.full(len(past), rule.value)
    if setting.facing:
        told = [None if one.reference is None else rule.facing(one.reference, setting.facing).value for one in past]
        limits = np.array([np.nan if one is None else one for one in told], dtype=float)
    beyond = {">": values > limits, ">=": values >= limits, "<": values < limits, "<=": values <= limits}[rule.op]
    stirs = beyond | ~np.isfinite(values)
    if rule.no_data is not NoData.KEEP_LAST:
        stirs |= ~np.isfinite(limits)
        if setting.grain_seconds:
            ticks = np.fromiter((number(one) for one in known), dtype=float, count=len(known))
            gaps = np.append(np.diff(ticks), np.inf)[: len(known)] > stale_after(setting.grain_seconds) * 1e6
            stirs |= gaps
            stirs[1:] |= gaps[:-1]
    places = [int(place) for place in np.flatnonzero(stirs)]
    return {known[place] for place in places} | ({begun[place] for place in places} if setting.early else set())


def _is_quiet(memory: Memory, setting: Setting) -> bool:
    return is_settled(memory) and not setting.ages


def _current(
    rule: Rule,
    memory: Memory,
    past: Sequence[Given],
    known: Sequence[datetime],
    begun: Sequence[datetime],
    tick: datetime,
    setting: Setting,
) -> Given | None:
    """The bucket that is heard at a tick: the newest that is known, or one that goes on and says enough already."""
    place = bisect_right(known, tick) - 1
    if setting.early:
        later = bisect_right(begun, tick) - 1
        if later > place:
            one = past[later]
            if rule.breach(one.value) or (memory.state in OPEN and rule.hold(one.value)):
                return one
    return past[place] if place >= 0 else None


def _heard(given: Given, tick: datetime, setting: Setting) -> Heard:
    if setting.ages:
        return Heard("value", max(0.0, (tick - given.at).total_seconds() - setting.grain_seconds))
    if setting.facing and given.reference is None:
        return Heard("missing")
    return Heard("value", given.value, given.at)


def _next(rule: Rule, memory: Memory, given: Given | None, tick: datetime, setting: Setting) -> datetime | None:
    """The next tick at which something may change though no bucket arrives."""
    if given is None or given.unjudged:
        return None
    following = [at for at in map(tick_at_or_after, _deadlines(rule, memory, given, tick, setting)) if at > tick]
    return min(following, default=None)


def _deadlines(rule: Rule, memory: Memory, given: Given, tick: datetime, setting: Setting) -> Iterator[datetime]:
    wait, keep = timedelta(seconds=rule.for_seconds), timedelta(seconds=rule.keep_seconds)
    for since, span in (
        (memory.active_at if memory.state is State.PENDING else None, wait),
        (memory.higher_at, wait),
        (memory.highest_at, wait),
        (memory.recovering_at, keep),
        (memory.lowering_at, keep),
    ):
        if since is not None:
            yield since + span
    if memory.missing and memory.missing < rule.patience:
        yield tick + STEP
    if setting.ages:
        for one in (rule.value, *(level.value for level in rule.levels)):
            over = given.at + timedelta(seconds=setting.grain_seconds + one)
            yield from (over, over + STEP)
        return
    if rule.counts and not setting.grain_seconds and memory.recent:
        yield tick + STEP
    if memory.bucket_seen_at is not None and (memory.state is not State.OK or rule.no_data is not NoData.KEEP_LAST):
        yield memory.bucket_seen_at + timedelta(seconds=stale_after(rule.grain_seconds), microseconds=1)
