"""How long it takes from a point to the notice, with a real worker and a real beat."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from benchmarks import watched
from benchmarks.alerts import furnish
from benchmarks.serving import at_once, p95
from opsboard.alerts.analysis import INTERVAL
from opsboard.alerts.models import Instance
from opsboard.core.models import Notice, Snapshot

NAMES = ("alerts-point-to-notice",)
PLACES, TURNS = 8, 5  # more turns in so short a time would be flapping
ROOT = Path(__file__).resolve().parent.parent


def figures() -> Iterator[dict[str, Any]]:
    watched.install()
    yield point_to_notice()


def point_to_notice() -> dict[str, Any]:
    """A real worker and a real beat: from the commit of a point to the notice in the database.

    Some workspaces get points again and again, spread evenly over the evaluator's interval.
    """
    places = [furnish(f"bench-latency-{number}", 1, 1) for number in range(PLACES)]
    waits: list[float] = []

    def live(number: int) -> None:
        workspace, user = places[number]
        value = Snapshot.objects.filter(workspace=workspace)
        try:
            for turn in range(TURNS):
                rest = INTERVAL * ((number + turn / TURNS) / PLACES)
                time.sleep((rest - time.time()) % INTERVAL)
                before = Notice.objects.filter(user=user).count()
                value.update(value=9.0 if turn % 2 == 0 else 1.0)
                start = time.perf_counter()
                until(lambda before=before: Notice.objects.filter(user=user).count() > before, 60)
                waits.append(time.perf_counter() - start)
        finally:
            connection.close()

    with workers():
        seen = Instance.objects.filter(workspace__in=[workspace for workspace, _user in places])
        until(lambda: seen.count() == PLACES, 90)
        at_once([functools.partial(live, number) for number in range(PLACES)])
    return {
        "name": "alerts-point-to-notice", "ours": p95(waits), "unit": f"s, p95 of {len(waits)} spread over an interval",
        "beside": float(INTERVAL), "beside_what": "the evaluator's interval", "limit": INTERVAL,
    }  # fmt: skip


@contextlib.contextmanager
def workers() -> Iterator[None]:
    """A worker with a beat, as `make run` has them, on the database of this run."""
    there = connection.settings_dict
    place = f"{quote(there['USER'])}:{quote(there['PASSWORD'])}@{there['HOST']}:{there['PORT']}/{there['NAME']}"
    surroundings = os.environ | {
        "DATABASE_URL": f"postgres://{place}", "REDIS_URL": settings.REDIS_URL, "OPSBOARD_ROLE": "worker",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "benchmarks.watched:app", "worker", "-B", "--concurrency", "2",
             "-Q", "default", "--loglevel", "ERROR", "--schedule", str(Path(folder) / "beat"), "--without-gossip",
             "--without-mingle"],
            cwd=ROOT, env=surroundings, start_new_session=True, stdout=subprocess.DEVNULL, stderr=sys.stderr,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()  # it ends its children itself, once they have done their task
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until(true: Any, within: float) -> None:
    end = time.monotonic() + within
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("the workers did not get there")
        time.sleep(0.02)
