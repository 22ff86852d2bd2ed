"""What people type about processes."""

from processes.forms.processes import ProcessForm

__all__ = ["ProcessForm"]
