"""The JSON API of metrics."""

from metrics.api.metrics import router

__all__ = ["router"]
