"""Watch numbers, judge them at each tick, and tell people once."""

from opsboard.alerts.services.acknowledging import acknowledge
from opsboard.alerts.services.evaluating import Evaluated, evaluate
from opsboard.alerts.services.watching import (
    WATCH_SETTINGS,
    change_watch,
    delete_watch,
    pause_watch,
    resume_watch,
    watch_number,
)

__all__ = [
    "WATCH_SETTINGS",
    "Evaluated",
    "acknowledge",
    "change_watch",
    "delete_watch",
    "evaluate",
    "pause_watch",
    "resume_watch",
    "watch_number",
]
