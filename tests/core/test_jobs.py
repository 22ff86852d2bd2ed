"""Long work: progress, cancel, reasons, and workers that die."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from opsboard.core import jobs
from opsboard.core.models import Job, Notice, User, Workspace
from tests.core import slow_work
from tests.workers import until, worker

pytestmark = pytest.mark.django_db
TASK = "tests.core.slow_work.work"


def begin(workspace: Workspace, by: User, **arguments: Any) -> Job:
    return jobs.start(task=TASK, title="Import", workspace=workspace, by=by, now=timezone.now(), **arguments)


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_work_is_done_once_and_its_result_kept(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk) as work:
        assert work is not None
        work.progress(0.5, "halfway", now=True)
        assert jobs.look(Job.objects.get(pk=job.pk)).progress == 0.5
        work.result = {"rows": 3}
    assert (state_of(job), job.result, job.progress) == ("done", {"rows": 3}, 1)
    with jobs.running(job.pk) as again:
        assert again is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (jobs.Refused("Column B holds no dates."), "Column B holds no dates."),
        (ValidationError("The key is taken."), "The key is taken."),
        (RuntimeError("boom"), "Something unexpected went wrong (RuntimeError)"),
    ],
)
def test_a_failure_has_a_reason(fault: Exception, words: str, workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk):
        raise fault
    assert state_of(job) == "failed"
    assert words in job.error


def test_a_failed_job_is_tried_again(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk):
        raise RuntimeError
    jobs.try_again(job=job, now=timezone.now())
    with jobs.running(job.pk) as work:
        assert work is not None
    assert state_of(job) == "done"
    assert job.error == ""


def test_a_running_job_is_cancelled_at_its_next_breath(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk) as work:
        assert work is not None
        jobs.cancel(job=job, now=timezone.now())
        work.progress(0.5, now=True)
        pytest.fail("it went on")
    assert state_of(job) == "cancelled"


def test_a_waiting_job_is_cancelled_at_once(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    jobs.cancel(job=job, now=timezone.now())
    with jobs.running(job.pk) as work:
        assert work is None
    assert state_of(job) == "cancelled"


def test_a_busy_worker_says_that_it_is_alive_without_any_progress(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk) as work:
        assert work is not None
        until(lambda: cache.get(f"job:{job.pk}:alive"), within=5)
        Job.objects.filter(pk=job.pk).update(alive_at=timezone.now() - timedelta(hours=1))
        assert jobs.recover(now=timezone.now()) == 0
    assert state_of(job) == "done"


def test_sealed_work_is_done_if_and_only_if_it_is_committed(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk) as work:
        assert work is not None
        with transaction.atomic():
            work.result = {"rows": 1}
            work.seal()
            raise jobs.Refused("on second thoughts")
    assert (state_of(job), job.result) == ("failed", {})


def test_a_worker_that_was_given_up_cannot_finish_what_another_took_over(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    with jobs.running(job.pk) as first:
        assert first is not None
        jobs.recover(now=timezone.now() + slow_work.lost())
        with jobs.running(job.pk) as second:
            assert second is not None
            with transaction.atomic():
                second.seal()
        with transaction.atomic():
            slow_work.leave_a_mark(job, "late")
            first.seal()
        pytest.fail("it went on")
    assert state_of(job) == "done"
    assert not Notice.objects.filter(text="late").exists()


def test_a_job_whose_worker_died_three_times_fails_with_a_reason(workspace: Workspace, anna: User) -> None:
    job = begin(workspace, anna)
    for tries in (1, 2, 3):
        Job.objects.filter(pk=job.pk).update(state="running", tries=tries)
        jobs.recover(now=timezone.now() + slow_work.lost() * tries)
    assert state_of(job) == "failed"
    assert "three times" in job.error


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_work_whose_worker_is_killed_is_recovered_and_done_once(workspace: Workspace, anna: User) -> None:
    early = begin(workspace, anna, steps=400)
    with worker(plays="tests.core.slow_work"):
        until(lambda: jobs.look(Job.objects.get(pk=early.pk)).progress > 0.1)
    assert not Notice.objects.exists()  # what it did so far was rolled back
    Job.objects.filter(pk=early.pk).update(arguments={"steps": 3})
    late = begin(workspace, anna, steps=1, after=60)
    with worker(plays="tests.core.slow_work"):
        until(lambda: Notice.objects.filter(text="whole").exists())
    # The second worker died right after its commit: that job is done, and is not begun again.
    assert jobs.recover(now=timezone.now() + slow_work.lost()) == 1
    with worker(plays="tests.core.slow_work") as last:
        until(lambda: not Job.objects.unfinished().exists())
        assert (state_of(early), state_of(late)) == ("done", "done"), last.words
    assert early.tries == 2
    assert sorted(Notice.objects.values_list("text", flat=True)) == ["half", "half", "whole", "whole"]
