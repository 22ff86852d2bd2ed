"""How many points a second a program can push through the HTTP API, into a real server process."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.serving import server
from metrics import services
from metrics.models import Point
from opsboard.core.models import Role
from opsboard.core.services import add_member, create_admin, create_workspace, issue_token

NAMES = ("metrics-ingest-api",)
BATCH, BATCHES, SERIES = 20_000, 8, 100


def figures() -> Iterator[dict[str, Any]]:
    workspace = create_workspace(name="Bench ingest", slug="bench-ingest")
    admin = create_admin(email="bench-ingest@north.example", password="a long enough password")
    add_member(workspace=workspace, user=admin, role=Role.ADMIN)
    now = datetime.now(UTC).replace(microsecond=0)
    metric = services.create_metric(workspace=workspace, by=None, now=now, name="Pushed", key="pushed", grain="minute")
    _row, token = issue_token(
        workspace=workspace, owner=admin, name="bench", role=Role.EDITOR, now=now, life=timedelta(days=1)
    )
    bodies = list(_bodies(now - timedelta(days=2)))
    with server() as web:
        push = _pusher(web.port, token)
        push(bodies[0])
        start = time.perf_counter()
        for body in bodies[1:]:
            push(body)
        seconds = time.perf_counter() - start
    assert Point.objects.filter(label_set__metric=metric).count() == BATCH * BATCHES
    start = time.perf_counter()
    for body in bodies[1:]:
        json.loads(body)
    floor = time.perf_counter() - start
    count = BATCH * (BATCHES - 1)
    yield {
        "name": "metrics-ingest-api", "ours": count / seconds, "unit": f"points/s, batches of {BATCH:,}, one connection",
        "beside": count / floor, "beside_what": "json.loads of the same bodies", "limit": 20_000, "more_is_better": True,
    }  # fmt: skip


def _bodies(start: datetime) -> Iterator[bytes]:
    for batch in range(BATCHES):
        first = batch * BATCH // SERIES
        points = [
            {
                "at": (start + timedelta(seconds=step)).isoformat(), "value": step % 97 + one / 7,
                "labels": {"machine": f"m{one}"},
            }
            for step in range(first, first + BATCH // SERIES)
            for one in range(SERIES)
        ]  # fmt: skip
        yield json.dumps({"points": points}).encode()


def _pusher(port: int, token: str) -> Any:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def push(body: bytes) -> None:
        line.request(
            "POST", "/api/v1/bench-ingest/metrics/pushed/points", body,
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Host": "localhost"},
        )  # fmt: skip
        answer = line.getresponse()
        said = answer.read()
        if answer.status != 200 or json.loads(said)["written"] != BATCH:
            raise RuntimeError(f"{answer.status}: {said[:300]!r}")

    return push
