"""The JSON API of metrics."""

from metrics.api import waiting
from metrics.api.metrics import router

router.add_router("", waiting.router)

__all__ = ["router"]
