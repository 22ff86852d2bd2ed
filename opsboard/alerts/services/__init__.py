"""Watch numbers, judge them at each tick, and tell people once."""

from opsboard.alerts.services.acknowledging import acknowledge, acknowledge_all, take_over, withdraw
from opsboard.alerts.services.backtesting import Backtest, backtest, past_of, propose_limits
from opsboard.alerts.services.escalating import StepPlan, delete_policy, save_policy
from opsboard.alerts.services.evaluating import Evaluated, evaluate
from opsboard.alerts.services.judging_noise import noise_of, noise_of_all
from opsboard.alerts.services.keeping import refresh_watches, take_as_past
from opsboard.alerts.services.lookout import look
from opsboard.alerts.services.routing import route_of, save_route
from opsboard.alerts.services.silencing import (
    change_silence,
    delete_window,
    end_silence,
    fitting,
    left_out,
    maintained,
    plan_window,
    silence,
)
from opsboard.alerts.services.sounding import sound_out
from opsboard.alerts.services.speaking import ANSWER, answer_address, arrival_key
from opsboard.alerts.services.standing import Standing, stand
from opsboard.alerts.services.watching import (
    WATCH_SETTINGS,
    change_watch,
    delete_watch,
    draft_watch,
    pause_watch,
    resume_watch,
    watch_number,
)

__all__ = [
    "ANSWER",
    "WATCH_SETTINGS",
    "Backtest",
    "Evaluated",
    "Standing",
    "StepPlan",
    "acknowledge",
    "acknowledge_all",
    "answer_address",
    "arrival_key",
    "backtest",
    "change_silence",
    "change_watch",
    "delete_policy",
    "delete_watch",
    "delete_window",
    "draft_watch",
    "end_silence",
    "evaluate",
    "fitting",
    "left_out",
    "look",
    "maintained",
    "noise_of",
    "noise_of_all",
    "past_of",
    "pause_watch",
    "plan_window",
    "propose_limits",
    "refresh_watches",
    "resume_watch",
    "route_of",
    "save_policy",
    "save_route",
    "silence",
    "sound_out",
    "stand",
    "take_as_past",
    "take_over",
    "watch_number",
    "withdraw",
]
