"""The sums of alerts: what a condition says, what an input does to a state, and both for thousands at once."""

from opsboard.alerts.analysis.rules import (
    ABOVE,
    DAY,
    INTERVAL,
    Facing,
    Heard,
    Level,
    NoData,
    Op,
    Rule,
    clears_on_the_right_side,
    compare,
)
from opsboard.alerts.analysis.states import Health, Memory, State, Step, Turn, Why, close, is_stale, judge, stale_after
from opsboard.alerts.analysis.ticks import end_of, later, tick_at_or_after, tick_of

__all__ = [
    "ABOVE",
    "DAY",
    "INTERVAL",
    "Facing",
    "Health",
    "Heard",
    "Level",
    "Memory",
    "NoData",
    "Op",
    "Rule",
    "State",
    "Step",
    "Turn",
    "Why",
    "clears_on_the_right_side",
    "close",
    "compare",
    "end_of",
    "is_stale",
    "judge",
    "later",
    "stale_after",
    "tick_at_or_after",
    "tick_of",
]
