"""The JSON API of processes."""

from processes.api.processes import router

__all__ = ["router"]
