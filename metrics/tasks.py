"""What workers run for metrics."""

from celery import shared_task
from django.utils import timezone

from metrics import services
from metrics.models import Metric, Movement
from metrics.services import ORDER_FILES, PARCEL_FILES, POINTS, RAW, WAITING, look_for_levels, prove_movement
from opsboard.core import jobs
from opsboard.core.imports import carry_out


@shared_task
def import_points(job_id: int) -> None:
    carry_out(POINTS, job_id)


@shared_task
def import_orders(job_id: int) -> None:
    carry_out(ORDER_FILES, job_id)


@shared_task
def import_parcels(job_id: int) -> None:
    carry_out(PARCEL_FILES, job_id)


@shared_task
def start_due_sources() -> int:
    return services.start_due(now=timezone.now())


@shared_task
def pull_source(job_id: int) -> None:
    with jobs.running(job_id) as work:
        if work is not None:
            services.read_source(work=work, now=timezone.now())


@shared_task
def import_waiting(job_id: int) -> None:
    carry_out(WAITING, job_id)


@shared_task
def keep_partitions() -> None:
    services.keep_partitions(today=timezone.now().date())


@shared_task
def roll_up_where_worth() -> None:
    """Each metric in a transaction of its own."""
    for metric_id in services.worth_rolling():
        services.roll_up(metric_id=metric_id)


@shared_task
def import_raw(job_id: int) -> None:
    carry_out(RAW, job_id)


@shared_task
def prove_movements() -> None:
    """Ask the numbers anew whether what was changed has moved them."""
    now = timezone.now()
    changed = Movement.objects.still_proven(now.date()).select_related("metric__workspace", "workspace")
    for movement in changed.iterator(chunk_size=200):
        prove_movement(movement=movement, now=now)


@shared_task
def look_for_new_levels() -> None:
    """Ask people about metrics that seem to have a new level."""
    now = timezone.now()
    for metric in Metric.objects.filter(archived_at=None).select_related("workspace").iterator(chunk_size=200):
        look_for_levels(metric=metric, now=now)
