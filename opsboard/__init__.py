"""Opsboard: find a problem, fix it, prove that the number moved, keep it from coming back."""

from opsboard.celery import app as celery_app

__all__ = ["celery_app"]
