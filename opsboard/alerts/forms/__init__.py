"""What people type: watches, and what they say to alerts."""

from opsboard.alerts.forms.alerts import (
    AcknowledgeForm,
)
from opsboard.alerts.forms.watches import (
    WatchForm,
    grouped,
)

__all__ = [
    "AcknowledgeForm",
    "WatchForm",
    "grouped",
]
