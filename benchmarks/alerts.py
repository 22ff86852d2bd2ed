"""How many watched numbers are judged in a second, and how long it takes from a point to the notice."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.utils import timezone

from benchmarks import watched
from opsboard.alerts import services
from opsboard.alerts.analysis import INTERVAL
from opsboard.alerts.models import Alert, Instance, Watch
from opsboard.core.access import person_in
from opsboard.core.models import Membership, Notice, Role, Snapshot, User, Workspace

NAMES = ("alerts-evaluate", "alerts-point-to-notice")
RULES = 10_000
ROUNDS = 15
FIRING = 20
LATENCIES = 6
SETS = """
SELECT i.id, s.value FROM alerts_watch w
JOIN core_snapshot s ON s.workspace_id = w.workspace_id AND s.key = w.indicator
JOIN alerts_instance i ON i.watch_id = w.id AND i.labels = s.labels
WHERE w.workspace_id = %s AND w.deleted_at IS NULL AND w.paused_at IS NULL
AND CASE w.op WHEN '>' THEN s.value > w.value WHEN '>=' THEN s.value >= w.value
              WHEN '<' THEN s.value < w.value ELSE s.value <= w.value END
"""
ROOT = Path(__file__).resolve().parent.parent


def figures() -> Iterator[dict[str, Any]]:
    watched.install()
    yield evaluate()
    yield point_to_notice()


def furnish(name: str, watches: int, shops: int) -> tuple[Workspace, User]:
    """A workspace with watched numbers, each with as many label sets as there are shops; all quiet."""
    workspace = Workspace.objects.create(name=name, slug=name)
    user = User.objects.create_user(username=name, email=f"{name}@north.example", name=name)
    Membership.objects.create(workspace=workspace, user=user, role=Role.ADMIN)
    now = timezone.now()
    Snapshot.objects.bulk_create(
        Snapshot(workspace=workspace, key=f"bench.number:{one}", labels={"shop": f"{shop}"}, at=now, value=3.0)
        for one in range(watches)
        for shop in range(shops)
    )
    viewer = person_in(workspace, user)
    assert viewer is not None
    first = services.watch_number(viewer=viewer, now=now, indicator="bench.number:0", op=">", value=5.0, for_seconds=0)
    Watch.objects.bulk_create(
        Watch(
            workspace=workspace, owner=user, created_at=now, indicator=f"bench.number:{one}",
            indicator_title=first.indicator_title, op=">", value=5.0,
        )
        for one in range(1, watches)
    )  # fmt: skip
    return workspace, user


def evaluate() -> dict[str, Any]:
    """Ten thousand rules over as many series; all values change between all ticks, and some alert. Beside it, the sets alone:
    one SQL statement that reads the values, joins them to the rules and counts what breaches."""
    workspace, _user = furnish("bench-alerts", RULES, 1)
    now = timezone.now()
    services.evaluate(workspace=workspace, now=now)  # makes the instances
    loud = [f"bench.number:{one}" for one in range(FIRING)]
    ours, floor = [], []
    for turn in range(1, ROUNDS + 1):
        Snapshot.objects.filter(workspace=workspace).update(value=3.0 + turn / 100)
        Snapshot.objects.filter(workspace=workspace, key__in=loud).update(value=9.0 + turn / 100)
        start = time.perf_counter()
        done = services.evaluate(workspace=workspace, now=now + timedelta(seconds=INTERVAL * turn))
        ours.append(time.perf_counter() - start)
        assert (done.watches, done.instances) == (RULES, RULES)
        start = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(SETS, [workspace.pk])
            breaching = cursor.fetchall()
        floor.append(time.perf_counter() - start)
        assert len(breaching) == FIRING
    assert Alert.objects.filter(workspace=workspace).firing().count() == FIRING
    return {
        "name": "alerts-evaluate", "ours": statistics.median(ours), "unit": f"s, {RULES} rules over {RULES} series",
        "beside": statistics.median(floor), "beside_what": "one SQL statement over the same sets, without memory or notices",
        "limit": 0.3,
    }  # fmt: skip


def point_to_notice() -> dict[str, Any]:
    """A real worker and a real beat: from the commit of a point to the notice in the database, the worst of some."""
    workspace, user = furnish("bench-latency", 1, 1)
    number = Snapshot.objects.filter(workspace=workspace)
    waits = []
    with workers():
        until(lambda: Instance.objects.filter(workspace=workspace).exists(), 90)
        for turn in range(LATENCIES):
            time.sleep(turn * 1.7 % INTERVAL)
            before = Notice.objects.filter(user=user).count()
            number.update(value=9.0 if turn % 2 == 0 else 1.0)
            start = time.perf_counter()
            until(lambda before=before: Notice.objects.filter(user=user).count() > before, 60)
            waits.append(time.perf_counter() - start)
    return {
        "name": "alerts-point-to-notice", "ours": max(waits), "unit": f"s, worst of {LATENCIES}",
        "beside": float(INTERVAL), "beside_what": "the evaluator's interval", "limit": INTERVAL + 2,
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
