"""What one input at one tick does to one instance: a pure state machine, with no clock and no database.

An instance is a watch and one label set. A tick is a logical moment, aligned to the evaluator's interval. Durations
compare ticks with >=, so "for 10 minutes" is reached at exactly ten minutes.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

INTERVAL: Final = 10
DAY: Final = 86_400

type Op = Literal[">", ">=", "<", "<="]


class State(enum.StrEnum):
    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


class Step(enum.StrEnum):
    """What a transition is called."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    FIRED = "fired"
    RECOVERING = "recovering"
    AGAIN = "again"
    RESOLVED = "resolved"


class Health(enum.StrEnum):
    OK = "ok"
    MISSING = "missing"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition: when it breaches, how long it must, and when it holds no more."""

    op: Op
    value: float
    clear: float | None = None
    for_seconds: int = 0
    keep_seconds: int = 0
    grain_seconds: int = 0  # 0: a state that is always current

    def breach(self, value: float) -> bool:
        return compare(self.op, value, self.value)

    def hold(self, value: float) -> bool:
        """Whether what fires goes on: judged by the clear threshold."""
        return compare(self.op, value, self.value if self.clear is None else self.clear)

    @property
    def patience(self) -> int:
        """How many missing inputs in a row it takes to say "no data": one for daily series, else two."""
        return 1 if self.grain_seconds >= DAY else 2

    @property
    def unseen(self) -> timedelta:
        """After a gap this long between two ticks, nobody can say what happened in between."""
        return timedelta(seconds=2 * max(INTERVAL, self.grain_seconds))


@dataclass(frozen=True, slots=True)
class Heard:
    """One input: a value (with the start of its bucket), nothing, or an error."""

    kind: Literal["value", "missing", "error"]
    value: float | None = None
    at: datetime | None = None

    @classmethod
    def of(cls, status: str, value: float | None, at: datetime | None) -> Heard:
        """NaN, infinity and nothing are no values."""
        if status == "error":
            return cls("error")
        if status != "ok" or value is None or not math.isfinite(value):
            return cls("missing", at=at)
        return cls("value", float(value), at)


@dataclass(frozen=True, slots=True)
class Memory:
    """What an instance remembers from tick to tick."""

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


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of state. `value` is what led to it."""

    step: Step
    at: datetime
    value: float | None
    memory: Memory  # as it was just before an episode was closed, else as it is now


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
    return clear is None or (clear <= value if op in (">", ">=") else clear >= value)


def tick_of(now: datetime, latest: datetime | None = None) -> datetime:
    """The logical tick that an evaluation at this moment judges; `latest` is the last one that was judged.

    The beat's clock wavers: where it strikes just before each tick, it would now and then strike twice in one tick and
    not at all in the next. So an evaluation that finds its tick judged, and the next one near, judges that.
    """
    seconds = int(now.timestamp())
    tick = datetime.fromtimestamp(seconds - seconds % INTERVAL, UTC)
    early = latest == tick and now - tick >= timedelta(seconds=INTERVAL / 2)
    return tick + timedelta(seconds=INTERVAL) if early else tick


def judge(rule: Rule, before: Memory, heard: Heard, tick: datetime) -> tuple[Memory, Turn | None]:
    """What the instance remembers after this tick, and the transition if there was one.

    A tick that is not later than the last one changes nothing: the first to judge it wins.
    """
    if before.last_tick is not None and tick <= before.last_tick:
        return before, None
    heard = _if_still_current(rule, before, heard, tick)
    if heard.kind == "error":
        return replace(before, last_tick=tick, health=Health.ERROR), None
    if heard.kind == "missing":
        count = before.missing + 1
        gone = count >= rule.patience
        return replace(
            before,
            last_tick=tick,
            missing=count,
            missing_since=before.missing_since or tick,
            health=Health.MISSING if gone else before.health,
        ), None
    value = heard.value
    assert value is not None  # Heard.of made sure
    same_bucket = heard.at is not None and heard.at == before.bucket_at
    seen = replace(
        before,
        last_tick=tick,
        last_value=value,
        bucket_at=heard.at,
        bucket_seen_at=before.bucket_seen_at if same_bucket else tick,
        missing=0,
        missing_since=None,
        health=Health.OK,
    )
    match before.state:
        case State.OK:
            return _from_ok(rule, seen, value, tick)
        case State.PENDING:
            return _from_pending(rule, before, seen, value, tick)
        case State.FIRING:
            return _from_firing(rule, seen, value, tick)
        case State.RECOVERING:
            return _from_recovering(rule, seen, value, tick)


def close(before: Memory, tick: datetime) -> tuple[Memory, Turn | None]:
    """End whatever is open, for a reason that lies outside the numbers: rule edited, paused or deleted."""
    quiet = _quiet(before)
    if before.state is State.OK:
        return before, None
    step = Step.CANCELLED if before.state is State.PENDING else Step.RESOLVED
    return quiet, Turn(step, tick, before.last_value, before)


def _if_still_current(rule: Rule, before: Memory, heard: Heard, tick: datetime) -> Heard:
    """A series that stopped repeats its newest bucket for ever: two grains after we first saw it, that is no news.

    A bucket of any age is news when it is first seen, so that an uploaded past is judged once.
    """
    if heard.kind != "value" or not rule.grain_seconds or heard.at is None or heard.at != before.bucket_at:
        return heard
    if before.bucket_seen_at is None or heard.value != before.last_value:
        return heard
    stale = tick - before.bucket_seen_at > timedelta(seconds=max(2 * rule.grain_seconds, 2 * INTERVAL))
    return Heard("missing", at=heard.at) if stale else heard


def _from_ok(rule: Rule, seen: Memory, value: float, tick: datetime) -> tuple[Memory, Turn | None]:
    if not rule.breach(value):
        return seen, None
    active = replace(seen, active_at=tick, peak=value)
    if rule.for_seconds <= 0:
        return _fire(active, value, tick)
    pending = replace(active, state=State.PENDING)
    return pending, Turn(Step.PENDING, tick, value, pending)


def _from_pending(rule: Rule, before: Memory, seen: Memory, value: float, tick: datetime) -> tuple[Memory, Turn | None]:
    if not rule.breach(value):
        return _quiet(seen), Turn(Step.CANCELLED, tick, value, seen)
    seen = replace(seen, peak=_worse(rule.op, seen.peak, value))
    if before.last_tick is not None and tick - before.last_tick > rule.unseen:
        return replace(seen, active_at=tick), None
    if seen.active_at is not None and tick - seen.active_at >= timedelta(seconds=rule.for_seconds):
        return _fire(seen, value, tick)
    return seen, None


def _from_firing(rule: Rule, seen: Memory, value: float, tick: datetime) -> tuple[Memory, Turn | None]:
    if rule.hold(value):
        return replace(seen, peak=_worse(rule.op, seen.peak, value)), None
    if rule.keep_seconds <= 0:
        return _quiet(seen), Turn(Step.RESOLVED, tick, value, seen)
    recovering = replace(seen, state=State.RECOVERING, recovering_at=tick)
    return recovering, Turn(Step.RECOVERING, tick, value, recovering)


def _from_recovering(rule: Rule, seen: Memory, value: float, tick: datetime) -> tuple[Memory, Turn | None]:
    if rule.hold(value):
        again = replace(seen, state=State.FIRING, recovering_at=None, peak=_worse(rule.op, seen.peak, value))
        return again, Turn(Step.AGAIN, tick, value, again)
    if seen.recovering_at is not None and tick - seen.recovering_at >= timedelta(seconds=rule.keep_seconds):
        return _quiet(seen), Turn(Step.RESOLVED, tick, value, seen)
    return seen, None


def _fire(active: Memory, value: float, tick: datetime) -> tuple[Memory, Turn]:
    firing = replace(active, state=State.FIRING, fired_at=tick, episode=active.episode + 1)
    return firing, Turn(Step.FIRED, tick, value, firing)


def _quiet(memory: Memory) -> Memory:
    return replace(memory, state=State.OK, active_at=None, fired_at=None, recovering_at=None, peak=None)


def _worse(op: Op, peak: float | None, value: float) -> float:
    if peak is None:
        return value
    return max(peak, value) if op in (">", ">=") else min(peak, value)
