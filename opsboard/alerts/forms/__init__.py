"""What people type: watches, and what they say to alerts."""

from opsboard.alerts.forms.alerts import (
    AcknowledgeForm,
    TakeAsPastForm,
)
from opsboard.alerts.forms.conditions import ConditionForm
from opsboard.alerts.forms.routes import PolicyForm, RouteForm, StepForm
from opsboard.alerts.forms.silences import SilenceForm, WindowForm
from opsboard.alerts.forms.watches import (
    WatchForm,
    grouped,
)

__all__ = [
    "AcknowledgeForm",
    "ConditionForm",
    "PolicyForm",
    "RouteForm",
    "SilenceForm",
    "StepForm",
    "TakeAsPastForm",
    "WatchForm",
    "WindowForm",
    "grouped",
]
