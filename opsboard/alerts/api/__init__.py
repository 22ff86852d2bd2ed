"""Alerts over the API: watch numbers, list what they led to."""

from ninja import Router

from opsboard.alerts.api import alerts, silences, watches

router = Router()
router.add_router("", watches.router)
router.add_router("", alerts.router)
router.add_router("", silences.router)
