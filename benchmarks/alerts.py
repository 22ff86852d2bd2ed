"""How long a tick takes over ten thousand watched numbers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks import watched
from opsboard.alerts import services
from opsboard.alerts.analysis import INTERVAL
from opsboard.alerts.models import Alert, Watch
from opsboard.core.access import person_in
from opsboard.core.models import Membership, Role, Snapshot, User, Workspace

NAMES = ("alerts-evaluate",)
RULES = 10_000
ROUNDS = 15
FIRING = 20
SETS = """
SELECT i.id, s.value FROM alerts_watch w
JOIN core_snapshot s ON s.workspace_id = w.workspace_id AND s.key = w.indicator
JOIN alerts_instance i ON i.watch_id = w.id AND i.labels = s.labels
WHERE w.workspace_id = %s AND w.deleted_at IS NULL AND w.paused_at IS NULL
AND CASE w.op WHEN '>' THEN s.value > w.value WHEN '>=' THEN s.value >= w.value
              WHEN '<' THEN s.value < w.value ELSE s.value <= w.value END
"""


def figures() -> Iterator[dict[str, Any]]:
    watched.install()
    yield evaluate()


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
