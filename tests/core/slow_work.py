"""Long work for the tests of jobs: it leaves a notice as its mark, and takes its time."""

import time
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from opsboard.core import jobs
from opsboard.core.models import Job, Notice


def install() -> None:
    """Being imported is enough: the worker knows the task."""


def leave_a_mark(job: Job, text: str) -> None:
    assert job.by is not None
    Notice.objects.create(
        workspace=job.workspace, user=job.by, text=text, unique_as=f"{text}:{Notice.objects.count()}",
        created_at=timezone.now(),
    )  # fmt: skip


@shared_task(name="tests.core.slow_work.work")
def work(pk: int) -> None:
    with jobs.running(pk) as job:
        if job is None:
            return
        with transaction.atomic():
            leave_a_mark(job.job, "half")
            for step in range(int(job.job.arguments["steps"])):
                job.progress(step / 20, "working", now=True)
                time.sleep(0.05)
            leave_a_mark(job.job, "whole")
            job.result = {"marks": 2}
            job.seal()
        time.sleep(float(job.job.arguments.get("after", 0)))


def lost() -> timedelta:
    return jobs.LOST_AFTER + timedelta(seconds=10)
