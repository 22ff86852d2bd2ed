"""The JSON API of processes."""

from processes.api import bottlenecks, drawings, logs
from processes.api.processes import router

router.add_router("", drawings.router)
router.add_router("", logs.router)
router.add_router("", bottlenecks.router)

__all__ = ["router"]
