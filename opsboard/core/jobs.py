"""Long work in Celery with a progress bar that survives a reload; cancel; a reason when it fails; try again.

The row is the truth about the state. Progress goes to Redis, so that it is seen while the work's own transaction is
still open, and falls back to the row.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import redis
from celery import current_app
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from opsboard.core import live
from opsboard.core.contract import Ref
from opsboard.core.models import Job, User, Workspace, about_fields

log = logging.getLogger(__name__)
LOST_AFTER = timedelta(seconds=45)
PULSE = 5.0
MAX_TRIES = 3
KEEP = 24 * 3600


class Cancelled(Exception):
    """Somebody cancelled the job; what it did so far is rolled back."""


class Lost(Exception):
    """Another worker took the job over while this one was silent; what this one did is rolled back."""


class Refused(Exception):
    """The work cannot be done, for reasons that the user can mend. `errors` are complaints by row and column."""

    def __init__(self, message: Any, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(str(message))
        self.errors = list(errors)


def start(
    *,
    task: str,
    title: Any,
    workspace: Workspace,
    by: User | None,
    now: datetime,
    about: Ref | models.Model | None = None,
    url: str = "",
    queue: str = "default",
    **arguments: Any,
) -> Job:
    """Write the job down and start it after commit. The task gets the job's id and opens `running(job_id)`."""
    ref = Ref.to(about) if isinstance(about, models.Model) else about
    job = Job.objects.create(
        workspace=workspace, by=by, title=str(title)[:300], task=task, arguments=arguments, queue=queue, url=url,
        created_at=now, alive_at=now, **about_fields(ref),
    )  # fmt: skip
    _send(job)
    return job


def _send(job: Job) -> None:
    transaction.on_commit(lambda: current_app.send_task(job.task, args=[job.pk], queue=job.queue), robust=True)


class Running:
    """A job in hand: `job.progress(0.4, "…")` also notices a cancel."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.result: dict[str, Any] = {}
        self.url = job.url
        self.sealed = False
        self._last = 0.0

    def progress(self, fraction: float, message: Any = "", *, now: bool = False) -> None:
        """Say how far it is (0…1). Cheap: written at most four times a second. Raises Cancelled or Lost."""
        moment = time.monotonic()
        if not now and moment - self._last < 0.25:
            return
        self._last = moment
        with contextlib.suppress(redis.RedisError):  # the bar may stand still; the work goes on
            known = cache.get_many([f"job:{self.job.pk}", f"job:{self.job.pk}:cancel"])
            if known.get(f"job:{self.job.pk}:cancel"):
                raise Cancelled
            if known.get(f"job:{self.job.pk}", {}).get("tries", 0) > self.job.tries:
                raise Lost
            cache.set(
                f"job:{self.job.pk}",
                {
                    "progress": min(max(fraction, 0.0), 1.0),
                    "message": str(message)[:300],
                    "alive": time.time(),
                    "tries": self.job.tries,
                },
                KEEP,
            )

    def seal(self) -> None:
        """Inside the work's own transaction, at its end: the job is done if and only if the work is committed.

        So a worker that is killed right after its commit does not have the work done twice. Raises Lost where another
        worker has taken over.
        """
        mine = Job.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, tries=self.job.tries)
        if not mine.update(
            state=Job.State.DONE, result=self.result, url=self.url, progress=1, finished_at=timezone.now()
        ):
            raise Lost
        self.sealed = True


class _Pulse(threading.Thread):
    """Says that the job's worker is alive while the work itself is busy with one long step."""

    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True, name=f"pulse of job {job.pk}")
        self.key, self.over = f"job:{job.pk}:alive", threading.Event()

    def run(self) -> None:
        while True:
            with contextlib.suppress(redis.RedisError):
                cache.set(self.key, time.time(), KEEP)
            if self.over.wait(PULSE):
                return


@contextlib.contextmanager
def running(job_id: int) -> Iterator[Running | None]:
    """Take the job (None if another worker has it or it is over) and write down how it ends.

    The work inside is its own transaction's business. `Refused` and `ValidationError` become the reason that people
    read; any other exception is logged and told in one sentence.
    """
    now = timezone.now()
    taken = Job.objects.filter(pk=job_id, state=Job.State.WAITING).update(
        state=Job.State.RUNNING, started_at=now, alive_at=now, tries=models.F("tries") + 1
    )
    if not taken:
        yield None
        return
    job = Job.objects.select_related("workspace", "by").get(pk=job_id)
    live.changed(job.workspace, "jobs")
    work, pulse = Running(job), _Pulse(job)
    language = job.by.language if job.by else job.workspace.language
    with translation.override(language):
        try:
            pulse.start()
            work.progress(0, now=True)
            yield work
        except Lost:
            log.warning("job %s was taken over by another worker", job.pk)
        except Cancelled:
            _finish(job, Job.State.CANCELLED, error=_("Cancelled. Nothing was changed."))
        except Refused as refusal:
            _finish(job, Job.State.FAILED, error=str(refusal), errors=refusal.errors)
        except ValidationError as refusal:
            _finish(job, Job.State.FAILED, error=" ".join(refusal.messages))
        except Exception as fault:
            log.exception("job %s failed", job.pk)
            _finish(job, Job.State.FAILED, error=_("Something unexpected went wrong (%s). Nothing was changed; try again, and tell your admin if it stays.") % type(fault).__name__)  # fmt: skip
        else:
            _finish(job, Job.State.DONE, result=work.result, url=work.url, progress=1)
        finally:
            pulse.over.set()


def _finish(job: Job, state: str, **changes: Any) -> None:
    """Write down how it ended, unless it was sealed, or is another worker's by now."""
    last = _remembered(job) or {}
    changes.setdefault("progress", last.get("progress", job.progress))
    changes.setdefault("message", last.get("message", ""))
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries).update(
        state=state, finished_at=timezone.now(), **changes
    )
    _forget(job)
    live.changed(job.workspace, "jobs")


def _remembered(job: Job) -> dict[str, Any] | None:
    with contextlib.suppress(redis.RedisError):
        found: dict[str, Any] | None = cache.get(f"job:{job.pk}")
        return found
    return None


def _forget(job: Job) -> None:
    with contextlib.suppress(redis.RedisError):
        cache.delete_many([f"job:{job.pk}", f"job:{job.pk}:cancel", f"job:{job.pk}:alive"])


def look(job: Job) -> Job:
    """The job with the newest progress filled in (not saved)."""
    if job.state == Job.State.RUNNING and (seen := _remembered(job)):
        job.progress, job.message = seen["progress"], seen["message"]
    return job


def cancel(*, job: Job, now: datetime) -> Job:
    """A waiting job is cancelled at once; a running one at its next breath."""
    if not Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(state=Job.State.CANCELLED, finished_at=now):
        cache.set(f"job:{job.pk}:cancel", 1, KEEP)
    else:
        live.changed(job.workspace, "jobs")
    job.refresh_from_db()
    return job


def try_again(*, job: Job, now: datetime) -> Job:
    """A failed or cancelled job starts once more."""
    if Job.objects.filter(pk=job.pk, state__in=[Job.State.FAILED, Job.State.CANCELLED]).update(
        state=Job.State.WAITING, error="", errors=[], progress=0, message="", finished_at=None, alive_at=now, tries=0
    ):
        _forget(job)
        _send(job)
        live.changed(job.workspace, "jobs")
    job.refresh_from_db()
    return job


def recover(*, now: datetime) -> int:
    """Jobs whose worker died, or whose message was lost, start again; after three tries they fail with a reason."""
    recovered = 0
    for job in Job.objects.filter(
        state__in=[Job.State.WAITING, Job.State.RUNNING], alive_at__lt=now - LOST_AFTER
    ).select_related("workspace", "by"):
        if job.state == Job.State.RUNNING and _pulse_of(job) > (now - LOST_AFTER).timestamp():
            continue
        same = Job.objects.filter(pk=job.pk, state=job.state, tries=job.tries)
        if job.state == Job.State.RUNNING and job.tries >= MAX_TRIES:
            with translation.override(job.by.language if job.by else job.workspace.language):
                same.update(
                    state=Job.State.FAILED, finished_at=now, error=_("The worker stopped three times during this work.")
                )
            _forget(job)
            live.changed(job.workspace, "jobs")
        elif same.update(state=Job.State.WAITING, alive_at=now):
            _send(job)
            recovered += 1
    return recovered


def _pulse_of(job: Job) -> float:
    """When the job's worker last said that it is alive."""
    with contextlib.suppress(redis.RedisError):
        found = cache.get_many([f"job:{job.pk}", f"job:{job.pk}:alive"])
        return float(max(found.get(f"job:{job.pk}", {}).get("alive", 0), found.get(f"job:{job.pk}:alive", 0)))
    return time.time()  # nobody can tell: better late than twice


def say_alive() -> None:
    """Called by a worker every few seconds."""
    cache.set("opsboard:worker-alive", time.time(), 3600)


def worker_seen() -> float | None:
    """Seconds since a worker last said that it is alive; None = never."""
    seen = cache.get("opsboard:worker-alive")
    return None if seen is None else max(0.0, time.time() - seen)
