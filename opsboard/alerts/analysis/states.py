"""What one input at one tick does to one instance: a pure state machine, with no clock and no database.

An instance is a watch and one label set. A tick is a logical moment, aligned to the evaluator's interval. Durations
compare ticks with >=, so "for 10 minutes" is reached at exactly ten minutes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from opsboard.alerts.analysis.rules import ABOVE, INTERVAL, Heard, NoData, Op, Rule


class State(enum.StrEnum):
    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"
    NODATA = "nodata"


class Step(enum.StrEnum):
    """What a transition is called."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    FIRED = "fired"
    RAISED = "raised"
    LOWERED = "lowered"
    RECOVERING = "recovering"
    AGAIN = "again"
    NODATA = "nodata"
    RESOLVED = "resolved"
    CORRECTED = "corrected"


class Why(enum.StrEnum):
    """Why a state changed, where it was not simply the number."""

    NUMBER = ""
    NO_DATA = "no_data"
    SERIES_GONE = "series_gone"
    DATA_BACK = "data_back"
    CORRECTED = "corrected"


class Health(enum.StrEnum):
    OK = "ok"
    MISSING = "missing"
    ERROR = "error"


class Memory(NamedTuple):
    """What an instance remembers from tick to tick. (A named tuple, which is changed three times as fast as a dataclass.)"""

    state: State = State.OK
    active_at: datetime | None = None
    fired_at: datetime | None = None
    recovering_at: datetime | None = None
    episode: int = 0
    last_tick: datetime | None = None
    last_value: float | None = None
    bucket_at: datetime | None = None
    bucket_seen_at: datetime | None = None
    missing: int = 0
    missing_since: datetime | None = None
    peak: float | None = None
    health: Health = Health.OK
    level: int = 0  # of what fires: 1 is the mildest
    higher_at: datetime | None = None  # since when the second level is breached
    highest_at: datetime | None = None  # and the third
    lowering_at: datetime | None = None  # since when the level that it fires at holds no more
    prior: str = ""  # the state before there were no data
    errors: int = 0
    recent: str = ""  # the last inputs of an N-of-M rule, one sign each


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of state. `value` is what led to it."""

    step: Step
    at: datetime
    value: float | None
    memory: Memory  # as it was just before an episode was closed, else as it is now
    why: Why = Why.NUMBER


@dataclass(frozen=True, slots=True)
class _Input:
    """What an input means to the rule: the highest level that it breaches, and the levels that it holds, as bits."""

    tick: datetime
    value: float | None
    fires: int
    holds: int
    gap: bool = False  # nobody looked for a while before this tick
    why: Why = Why.NUMBER

    def held(self, level: int) -> int:
        """The highest level, up to this one, that goes on."""
        return next((one for one in range(level, 0, -1) if self.holds >> (one - 1) & 1), 0)


SIGNS = "0123456789abcdefghijklmnopqrstuv"  # 3 bits of levels that hold, 2 of the level that is breached
DIFFERENT = 1e-12


def judge(rule: Rule, before: Memory, heard: Heard, tick: datetime) -> tuple[Memory, Turn | None]:
    """What the instance remembers after this tick, and the transition if there was one.

    A tick that is not later than the last one changes nothing: the first to judge it wins.
    """
    if before.last_tick is not None and tick <= before.last_tick:
        return before, None
    heard = _if_still_current(rule, before, heard, tick)
    gap = before.last_tick is not None and tick - before.last_tick > rule.unseen
    if heard.kind == "error":
        return before._replace(last_tick=tick, health=Health.ERROR, errors=before.errors + 1), None
    if heard.kind == "missing":
        return _missed(rule, before, heard, tick, gap=gap)
    value = heard.value
    assert value is not None  # Heard.of made sure
    same_bucket = bool(rule.grain_seconds) and heard.at is not None and heard.at == before.bucket_at
    revised = same_bucket and before.last_value is not None and not _same(value, before.last_value)
    fires, holds = rule.fires(value), rule.holds(value)
    recent = before.recent
    if rule.counts:
        recent = _remembered(rule, before, heard, fires, holds)
        fires, holds = _counted(rule, recent)
    if heard.late and before.state is State.OK:
        fires = 0  # what is told of a bucket that closed long ago sets nothing off
    seen = before._replace(
        last_tick=tick,
        last_value=value,
        bucket_at=heard.at if rule.grain_seconds else None,
        bucket_seen_at=(before.bucket_seen_at if same_bucket else tick) if rule.grain_seconds else None,
        missing=0,
        missing_since=None,
        health=Health.OK,
        errors=0,
        recent=recent,
    )
    if before.state is State.NODATA:
        return _back(rule, seen, _Input(tick, value, fires, holds, gap=True))
    corrected = revised and before.state in (State.FIRING, State.RECOVERING)
    why = Why.CORRECTED if corrected else Why.NUMBER
    return _judge(rule, seen, _Input(tick, value, fires, holds, gap=gap, why=why))


def fire_late(rule: Rule, before: Memory, value: float, bucket_at: datetime, tick: datetime) -> Memory:
    """What a quiet instance remembers after a late value of a bucket before the newest has set it off."""
    heard = _Input(tick, value, rule.fires(value), rule.holds(value))
    active = before._replace(active_at=tick, peak=value, last_tick=tick, last_value=value, bucket_at=bucket_at)
    return _fire(active, heard, heard.fires)[0]


def close(before: Memory, tick: datetime) -> tuple[Memory, Turn | None]:
    """End whatever is open, for a reason that lies outside the numbers: rule edited, paused or deleted."""
    quiet = _quiet(before)
    if before.state is State.OK:
        return before, None
    step = Step.CANCELLED if before.state is State.PENDING else Step.RESOLVED
    return quiet, Turn(step, tick, before.last_value, before)


def _judge(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    seen = seen._replace(
        higher_at=_since(seen.higher_at, heard, 2),
        highest_at=_since(seen.highest_at, heard, 3),
    )
    match seen.state:
        case State.PENDING:
            return _from_pending(rule, seen, heard)
        case State.FIRING:
            return _from_firing(rule, seen, heard)
        case State.RECOVERING:
            return _from_recovering(rule, seen, heard)
    return _from_ok(rule, seen, heard)


def _if_still_current(rule: Rule, before: Memory, heard: Heard, tick: datetime) -> Heard:
    """A series that stopped repeats its newest bucket for ever: two grains after we first saw it, that is no news.

    A bucket of any age is news when it is first seen, so that an uploaded past is judged once; and to what is open, a
    correction of its bucket is news at any time.
    """
    if heard.kind != "value" or not rule.grain_seconds or heard.at is None or heard.at != before.bucket_at:
        return heard
    if before.bucket_seen_at is None or not is_stale(rule, before.bucket_seen_at, tick):
        return heard
    # While it is quiet nobody keeps the value; and a late value sets nothing off.
    if before.state not in (State.OK, State.PENDING) and before.last_value is not None and heard.value is not None:
        return heard if not _same(heard.value, before.last_value) else Heard("missing", at=heard.at)
    return Heard("missing", at=heard.at)


def is_stale(rule: Rule, seen_at: datetime, tick: datetime) -> bool:
    return tick - seen_at > timedelta(seconds=stale_after(rule.grain_seconds))


def stale_after(grain_seconds: int) -> int:
    return max(2 * grain_seconds, 2 * INTERVAL)


# --- gaps ------------------------------------------------------------------------------------------------------------


def _missed(rule: Rule, before: Memory, heard: Heard, tick: datetime, *, gap: bool) -> tuple[Memory, Turn | None]:
    """A gap is only counted until it is long enough to mean what the rule says that gaps mean."""
    count = before.missing + 1
    long_enough = count >= rule.patience
    recent = before.recent
    if rule.counts and not rule.grain_seconds and recent:
        recent = f"{recent}0"[-rule.out_of :]
    seen = before._replace(
        last_tick=tick,
        missing=count,
        missing_since=before.missing_since or tick,
        health=Health.MISSING if long_enough else before.health,
        errors=0,
        recent=recent if recent.strip("0") else "",
    )
    if not long_enough or before.state is State.NODATA:
        return seen, None
    why = Why.SERIES_GONE if heard.gone else Why.NO_DATA
    fires = before.state in (State.FIRING, State.RECOVERING)
    match rule.no_data:
        case NoData.NODATA:
            return _lose(seen, tick, why)
        case NoData.KEEP_LAST:
            return _lose(seen, tick, why) if heard.gone and fires else (seen, None)
        case NoData.ALERTING:
            return _judge(rule, seen, _Input(tick, None, max(1, before.level), 0b111, gap=gap, why=why))
        case NoData.OK:
            return _judge(rule, seen, _Input(tick, None, 0, 0, gap=gap, why=why))


def _lose(seen: Memory, tick: datetime, why: Why) -> tuple[Memory, Turn]:
    """No data: an episode of its own, unless one is open already."""
    fires = seen.state in (State.FIRING, State.RECOVERING)
    lost = seen._replace(
        state=State.NODATA,
        prior=seen.state.value,
        episode=seen.episode if fires else seen.episode + 1,
        active_at=seen.active_at if fires else seen.missing_since,
        fired_at=seen.fired_at if fires else tick,
    )
    return lost, Turn(Step.NODATA, tick, seen.last_value, lost, why)


def _back(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    """A value after no data is judged from the state before; the time in between was seen by nobody."""
    prior = State(seen.prior or State.OK)
    seen = seen._replace(prior="")
    if prior in (State.FIRING, State.RECOVERING):
        after, turn = _judge(rule, seen._replace(state=prior), heard)
        if turn is not None or prior is not State.FIRING:
            return after, turn
        return after, Turn(Step.AGAIN, heard.tick, heard.value, after, Why.DATA_BACK)
    if not heard.fires:
        return _quiet(seen), Turn(Step.RESOLVED, heard.tick, heard.value, seen, Why.DATA_BACK)
    # The episode without data goes on as one that waits, or fires.
    seen = seen._replace(state=State.OK, episode=seen.episode - 1, active_at=None, fired_at=None)
    return _judge(rule, seen, heard)


# --- values ----------------------------------------------------------------------------------------------------------


def _from_ok(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    if not heard.fires:
        return seen, None
    active = seen._replace(active_at=heard.tick, peak=heard.value)
    if rule.for_seconds <= 0:
        return _fire(active, heard, heard.fires)
    pending = active._replace(state=State.PENDING)
    return pending, Turn(Step.PENDING, heard.tick, heard.value, pending, heard.why)


def _from_pending(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    if not heard.fires:
        return _quiet(seen), Turn(Step.CANCELLED, heard.tick, heard.value, seen, heard.why)
    seen = seen._replace(peak=_worse(rule.op, seen.peak, heard.value))
    if heard.gap:
        return seen._replace(active_at=heard.tick), None
    if not _lasts(rule, seen.active_at, heard.tick):
        return seen, None
    return _fire(seen, heard, max(1, _risen(rule, seen, heard)))


def _from_firing(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    level = max(1, seen.level)
    held = heard.held(level)
    if not held:
        if rule.keep_seconds <= 0:
            return _quiet(seen), Turn(Step.RESOLVED, heard.tick, heard.value, seen, heard.why)
        recovering = seen._replace(state=State.RECOVERING, recovering_at=heard.tick, lowering_at=None)
        return recovering, Turn(Step.RECOVERING, heard.tick, heard.value, recovering, heard.why)
    seen = seen._replace(peak=_worse(rule.op, seen.peak, heard.value))
    risen = _risen(rule, seen, heard)
    if risen > level:
        raised = seen._replace(level=risen, lowering_at=None)
        return raised, Turn(Step.RAISED, heard.tick, heard.value, raised, heard.why)
    if held == level:
        return seen._replace(lowering_at=None), None
    since = seen.lowering_at or heard.tick
    if heard.tick - since < timedelta(seconds=rule.keep_seconds):
        return seen._replace(lowering_at=since), None
    lowered = seen._replace(level=held, lowering_at=None)
    return lowered, Turn(Step.LOWERED, heard.tick, heard.value, lowered, heard.why)


def _from_recovering(rule: Rule, seen: Memory, heard: _Input) -> tuple[Memory, Turn | None]:
    if heard.held(max(1, seen.level)):
        again = seen._replace(
            state=State.FIRING,
            recovering_at=None,
            peak=_worse(rule.op, seen.peak, heard.value),
        )
        risen = _risen(rule, again, heard)
        if risen > max(1, again.level):
            raised = again._replace(level=risen)
            return raised, Turn(Step.RAISED, heard.tick, heard.value, raised, heard.why)
        return again, Turn(Step.AGAIN, heard.tick, heard.value, again, heard.why)
    if seen.recovering_at is not None and heard.tick - seen.recovering_at >= timedelta(seconds=rule.keep_seconds):
        return _quiet(seen), Turn(Step.RESOLVED, heard.tick, heard.value, seen, heard.why)
    return seen, None


def _fire(active: Memory, heard: _Input, level: int) -> tuple[Memory, Turn]:
    firing = active._replace(state=State.FIRING, fired_at=heard.tick, episode=active.episode + 1, level=level)
    return firing, Turn(Step.FIRED, heard.tick, heard.value, firing, heard.why)


def _quiet(memory: Memory) -> Memory:
    return memory._replace(state=State.OK, active_at=None, fired_at=None, recovering_at=None, peak=None, level=0, higher_at=None,
        highest_at=None, lowering_at=None, prior="",
    )  # fmt: skip


def _since(since: datetime | None, heard: _Input, level: int) -> datetime | None:
    """Since when a level has been breached without a break that nobody saw."""
    if heard.fires < level:
        return None
    return heard.tick if since is None or heard.gap else since


def _risen(rule: Rule, seen: Memory, heard: _Input) -> int:
    """The highest level above the mildest that has been breached for long enough; 0 for none."""
    for level, since in ((3, seen.highest_at), (2, seen.higher_at)):
        if heard.fires >= level and _lasts(rule, since, heard.tick):
            return level
    return 0


def _lasts(rule: Rule, since: datetime | None, tick: datetime) -> bool:
    return since is not None and tick - since >= timedelta(seconds=rule.for_seconds)


def _worse(op: Op, peak: float | None, value: float | None) -> float | None:
    if peak is None or value is None:
        return value if peak is None else peak
    return max(peak, value) if op in ABOVE else min(peak, value)


def _same(one: float, other: float) -> bool:
    """Whether two sums of the same points are the same, in whatever order they were added."""
    return abs(one - other) <= DIFFERENT * max(abs(one), abs(other))


# --- N of M ----------------------------------------------------------------------------------------------------------


def _remembered(rule: Rule, before: Memory, heard: Heard, fires: int, holds: int) -> str:
    """The last M inputs, the newest last; of a series one a bucket, and buckets that are missing as not breaching."""
    recent, sign = before.recent, SIGNS[fires << 3 | holds]
    if rule.grain_seconds and heard.at is not None and before.bucket_at is not None:
        if heard.at <= before.bucket_at:
            recent = recent[:-1]
        else:
            passed = round((heard.at - before.bucket_at).total_seconds() / rule.grain_seconds) - 1
            recent += "0" * min(max(0, passed), rule.out_of)
    recent = (recent + sign)[-rule.out_of :]
    return recent if recent.strip("0") else ""


def _counted(rule: Rule, recent: str) -> tuple[int, int]:
    """The highest level that N of the last M inputs breach, and the levels that N of them hold."""
    told = [SIGNS.index(sign) for sign in recent]
    fires = max((level for level in (1, 2, 3) if sum(one >> 3 >= level for one in told) >= rule.need), default=0)
    holds = sum(1 << place for place in range(3) if sum(one >> place & 1 for one in told) >= rule.need)
    return fires, holds
