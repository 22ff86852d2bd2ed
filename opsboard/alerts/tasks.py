"""What workers run for alerts."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.analysis import INTERVAL
from opsboard.alerts.models import Watch
from opsboard.core.models import Workspace


@shared_task
def evaluate_all() -> None:
    """One task a workspace; what is not begun before the next tick is dropped."""
    for pk in Watch.objects.active().values_list("workspace_id", flat=True).distinct().order_by():
        evaluate_workspace.apply_async(args=[pk], expires=INTERVAL - 1)


@shared_task
def evaluate_workspace(pk: int) -> None:
    services.evaluate(workspace=Workspace.objects.get(pk=pk), now=timezone.now())


@shared_task
def refresh_watches() -> None:
    """Every few minutes: do the watched numbers still have the name and the unit that their watches know?"""
    for workspace in Workspace.objects.filter(pk__in=Watch.objects.active().values("workspace_id")):
        with transaction.atomic():
            services.refresh_watches(workspace=workspace, now=timezone.now())
