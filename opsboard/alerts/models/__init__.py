"""Watches, what they remember, and the alerts that came of it."""

from opsboard.alerts.models.alerts import Alert, Reason, Transition
from opsboard.alerts.models.watches import Instance, Pulse, Severity, Watch

__all__ = ["Alert", "Instance", "Pulse", "Reason", "Severity", "Transition", "Watch"]
