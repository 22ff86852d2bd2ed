"""Watches, what they remember, the alerts that came of it, and how people hear of them."""

from opsboard.alerts.models.alerts import Alert, Reason, Remark, Transition
from opsboard.alerts.models.instances import Instance, Pulse
from opsboard.alerts.models.routes import (
    EscalationPolicy,
    EscalationStep,
    Flapping,
    NoticeGroup,
    Route,
    Told,
    ToldTo,
    Trouble,
)
from opsboard.alerts.models.silences import MaintenanceWindow, Silence
from opsboard.alerts.models.watches import Severity, Watch

__all__ = [
    "Alert",
    "EscalationPolicy",
    "EscalationStep",
    "Flapping",
    "Instance",
    "MaintenanceWindow",
    "NoticeGroup",
    "Pulse",
    "Reason",
    "Remark",
    "Route",
    "Severity",
    "Silence",
    "Told",
    "ToldTo",
    "Transition",
    "Trouble",
    "Watch",
]
