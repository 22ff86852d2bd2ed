"""What workers run for metrics."""

from celery import shared_task

from metrics.services import POINTS
from opsboard.core.imports import carry_out


@shared_task
def import_points(job_id: int) -> None:
    carry_out(POINTS, job_id)
