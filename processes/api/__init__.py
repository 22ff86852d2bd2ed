"""The JSON API of processes."""

from processes.api import bottlenecks, drawings, logs, predictions
from processes.api.processes import router

router.add_router("", drawings.router)
router.add_router("", logs.router)
router.add_router("", bottlenecks.router)
router.add_router("", predictions.router)

__all__ = ["router"]
