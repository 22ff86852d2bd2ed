"""The JSON API of processes."""

from processes.api import drawings, logs
from processes.api.processes import router

router.add_router("", drawings.router)
router.add_router("", logs.router)

__all__ = ["router"]
