"""The JSON API of processes."""

from processes.api import logs
from processes.api.processes import router

router.add_router("", logs.router)

__all__ = ["router"]
