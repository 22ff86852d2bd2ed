"""Prediction before doing: the process as it is and as it would be, simulated with its people, hours and outside waiting.

``read_events`` and ``drawn_map`` take what is there, ``fit`` makes the model (``estimate`` without a log), ``predict``
simulates it with and without moves, ``backtest`` says how far the model was from what then came.
"""

from processes.analysis.simulation.calendars import Weekly, weekly
from processes.analysis.simulation.drawings import amount, drawn_map, needs_of, roles_of_people, typed_of, volume_of
from processes.analysis.simulation.estimates import Staff, Stuck, Typed, estimate
from processes.analysis.simulation.events import Events, newest_cases, read_events
from processes.analysis.simulation.fitting import fit
from processes.analysis.simulation.forecast import Backtest, Figures, Prediction, backtest, predict
from processes.analysis.simulation.model import Model, in_order
from processes.analysis.simulation.moves import KINDS, Move, Refused, apply

__all__ = [
    "KINDS",
    "Backtest",
    "Events",
    "Figures",
    "Model",
    "Move",
    "Prediction",
    "Refused",
    "Staff",
    "Stuck",
    "Typed",
    "Weekly",
    "amount",
    "apply",
    "backtest",
    "drawn_map",
    "estimate",
    "fit",
    "in_order",
    "needs_of",
    "newest_cases",
    "predict",
    "read_events",
    "roles_of_people",
    "typed_of",
    "volume_of",
    "weekly",
]
