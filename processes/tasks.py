"""What workers run for processes."""

from celery import shared_task
from django.utils import timezone

from opsboard.core import jobs
from opsboard.core.imports import carry_out
from processes.models import Simulation
from processes.services import LOGS, finish_simulation
from processes.services import simulate as simulated


@shared_task
def import_log(job_id: int) -> None:
    carry_out(LOGS, job_id)


@shared_task
def simulate(job_id: int) -> None:
    with jobs.running(job_id) as work:
        if work is None:
            return
        row = Simulation.objects.select_related("process__workspace", "log__file", "log__process__workspace").get(
            pk=work.job.arguments["simulation"]
        )
        result = simulated(row=row, told=work.progress)
        finish_simulation(row=row, result=result, now=timezone.now())
        work.result = {"simulation": row.pk, **result}
