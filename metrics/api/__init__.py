"""The JSON API of metrics."""

from metrics.api import analysis, dashboards, places, proofs, sources, waiting
from metrics.api.metrics import router

router.add_router("", waiting.router)
router.add_router("", sources.router)
router.add_router("", analysis.router)
router.add_router("", proofs.router)
router.add_router("", places.router)
router.add_router("", dashboards.router)

__all__ = ["router"]
