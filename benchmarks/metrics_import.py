"""A million points out of a CSV file, beside a bare COPY of the same rows into a table without index or constraint."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from metrics.models import Metric, Point
from metrics.services import POINTS
from opsboard.core import imports
from opsboard.core.imports import Plan
from opsboard.core.models import Job, Membership, Role, User, Workspace

NAMES = ("metrics-import",)
ROWS = 1_000_000
SHOPS = ("Hangzhou", "Shanghai", "Ningbo", "Suzhou", "Wuxi")
SECONDS = 20


def figures() -> Iterator[dict[str, Any]]:
    content = _file()
    workspace = Workspace.objects.create(name="Bench import", slug="bench-import", timezone="Asia/Shanghai")
    anna = User.objects.create_user(username="bench-import")
    Membership.objects.create(workspace=workspace, user=anna, role=Role.EDITOR)
    now = datetime.now(UTC)
    Metric.objects.create(workspace=workspace, key="sold", name="Sold", grain="minute", created_at=now)
    try:
        seconds = _import(workspace, anna, now, content)
        again = _import(workspace, anna, now, content)
        bare = _bare_copy()
    finally:
        Point.objects.filter(label_set__metric__workspace=workspace)._raw_delete("default")
        workspace.delete()
        anna.delete()
    common = {"unit": "rows/s", "more_is_better": True, "limit": ROWS / SECONDS}
    what = "bare COPY of the same rows into an unindexed table"
    yield {"name": "metrics-import", "ours": ROWS / seconds, "beside": ROWS / bare, "beside_what": what, **common}
    yield {"name": "metrics-import-again", "ours": ROWS / again, "beside": ROWS / bare, "beside_what": what, **common}


def _file() -> bytes:
    chance = random.Random(1)
    start, step = datetime(2025, 1, 1), timedelta(minutes=1)  # noqa: DTZ001 - a file's local times
    lines = ["at,shop,value"]
    for place in range(ROWS // len(SHOPS)):
        at = (start + place * step).isoformat(sep=" ")
        lines += [f"{at},{shop},{chance.gauss(100, 9):.2f}" for shop in SHOPS]
    return "\n".join(lines).encode()


def _import(workspace: Workspace, anna: User, now: datetime, content: bytes) -> float:
    """From the stored file to the last committed point, as the worker does it."""
    plan = Plan(columns={"at": ("at",), "value": ("value",), "labels": ("shop",)}, settings={"key": "sold"})
    run = imports.receive(
        POINTS, workspace=workspace, by=anna, file=io.BytesIO(content), name="sold.csv", size=len(content), now=now
    )
    job = imports.start(POINTS, run=run, plan=plan, by=anna, now=now)
    before = time.perf_counter()
    imports.carry_out(POINTS, job.pk)
    seconds = time.perf_counter() - before
    job.refresh_from_db()
    if job.state != Job.State.DONE or job.result["rows"] != ROWS:
        raise RuntimeError(f"the import failed: {job.error}")
    return seconds


def _bare_copy() -> float:
    with connection.cursor() as cursor:
        blocks: list[bytes] = []
        with cursor.copy("COPY (SELECT label_set_id, at, value, weight FROM metrics_point) TO STDOUT") as copy:
            blocks.extend(bytes(block) for block in copy)
        content = b"".join(blocks)
        cursor.execute("CREATE TABLE bare_points (label_set_id bigint, at timestamptz, value float8, weight float8)")
        before = time.perf_counter()
        with cursor.copy("COPY bare_points FROM STDIN") as copy:
            for place in range(0, len(content), 1 << 20):
                copy.write(content[place : place + (1 << 20)])
        seconds = time.perf_counter() - before
        cursor.execute("DROP TABLE bare_points")
    return seconds
