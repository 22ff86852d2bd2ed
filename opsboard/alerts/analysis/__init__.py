"""What alerts work out: pure functions, without clock and database."""

from opsboard.alerts.analysis.states import (
    DAY,
    INTERVAL,
    Health,
    Heard,
    Memory,
    Op,
    Rule,
    State,
    Step,
    Turn,
    clears_on_the_right_side,
    close,
    compare,
    judge,
    tick_of,
)

__all__ = [
    "DAY",
    "INTERVAL",
    "Health",
    "Heard",
    "Memory",
    "Op",
    "Rule",
    "State",
    "Step",
    "Turn",
    "clears_on_the_right_side",
    "close",
    "compare",
    "judge",
    "tick_of",
]
