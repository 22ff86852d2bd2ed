"""Alerts and watches on screen."""

from opsboard.alerts.views.alerts import (
    acknowledge,
    alert,
    alert_list,
    margin,
)
from opsboard.alerts.views.answers import answer
from opsboard.alerts.views.watches import (
    change_watch,
    delete_watch,
    new_watch,
    number_choices,
    pause_watch,
    preview,
    resume_watch,
    watch,
    watch_list,
)

__all__ = [
    "acknowledge",
    "alert",
    "alert_list",
    "answer",
    "change_watch",
    "delete_watch",
    "margin",
    "new_watch",
    "number_choices",
    "pause_watch",
    "preview",
    "resume_watch",
    "watch",
    "watch_list",
]
