"""What workers run for processes."""

from celery import shared_task

from opsboard.core.imports import carry_out
from processes.services import LOGS


@shared_task
def import_log(job_id: int) -> None:
    carry_out(LOGS, job_id)
