"""What people type about processes."""

from processes.forms.logs import LogForm
from processes.forms.processes import ProcessForm

__all__ = ["LogForm", "ProcessForm"]
