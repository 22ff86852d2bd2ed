"""Alerts and watches on screen."""

from opsboard.alerts.views.alerts import (
    acknowledge,
    acknowledge_some,
    alert,
    alert_list,
    margin,
    take_over,
)
from opsboard.alerts.views.answers import answer
from opsboard.alerts.views.routes import (
    change_policy,
    delete_policy,
    house_route,
    new_policy,
    policy_list,
    watch_route,
)
from opsboard.alerts.views.silences import (
    change_silence,
    change_window,
    delete_window,
    end_silence,
    new_silence,
    new_window,
    silence,
    silence_list,
    silence_preview,
    window_list,
)
from opsboard.alerts.views.trying import preview, propose
from opsboard.alerts.views.watches import (
    change_watch,
    delete_watch,
    new_watch,
    number_choices,
    pause_watch,
    resume_watch,
    watch,
    watch_list,
)

__all__ = [
    "acknowledge",
    "acknowledge_some",
    "alert",
    "alert_list",
    "answer",
    "change_policy",
    "change_silence",
    "change_watch",
    "change_window",
    "delete_policy",
    "delete_watch",
    "delete_window",
    "end_silence",
    "house_route",
    "margin",
    "new_policy",
    "new_silence",
    "new_watch",
    "new_window",
    "number_choices",
    "pause_watch",
    "policy_list",
    "preview",
    "propose",
    "resume_watch",
    "silence",
    "silence_list",
    "silence_preview",
    "take_over",
    "watch",
    "watch_list",
    "watch_route",
    "window_list",
]
