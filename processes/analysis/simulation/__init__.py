"""Prediction before doing: the process as it is and as it would be, simulated with its people, hours and outside waiting.

``read_events`` and ``drawn_map`` take what is there, ``fit`` makes the model (``estimate`` without a log), ``predict``
simulates it with and without moves, ``backtest`` says how far the model was from what then came.
"""

from processes.analysis.simulation.drawings import drawn_map
from processes.analysis.simulation.estimates import Staff, Stuck, Typed, estimate
from processes.analysis.simulation.events import Events, read_events
from processes.analysis.simulation.fitting import fit
from processes.analysis.simulation.forecast import Backtest, Figures, Prediction, backtest, predict
from processes.analysis.simulation.model import Model
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
    "apply",
    "backtest",
    "drawn_map",
    "estimate",
    "fit",
    "predict",
    "read_events",
]
