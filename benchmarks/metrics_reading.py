"""How fast metrics are read: the latest of many series, one series for a chart, and an answer that has nothing new."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client

from metrics import services
from metrics.models import LabelSet, buckets, newest
from metrics.services import Given, writing
from opsboard.core.models import Role
from opsboard.core.services import add_member, create_admin, create_workspace, issue_token

NAMES = ("metrics-latest", "metrics-series", "metrics-not-modified")
METRICS, SERIES, DAYS = 10, 1000, 400
ROUNDS = 30


def median(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    for _ in range(3):
        call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _on_top(call: Callable[[], Any], of: Callable[[], Any]) -> tuple[float, float]:
    """How many milliseconds one call takes more than another, in turns, so that both meet the same machine; and the other."""
    pairs = [(median(call, 1), median(of, 1)) for _ in range(ROUNDS)]
    return statistics.median(one - other for one, other in pairs), statistics.median(other for _one, other in pairs)


def figures() -> Iterator[dict[str, Any]]:
    workspace = create_workspace(name="Bench reading", slug="bench-reading")
    admin = create_admin(email="bench-reading@north.example", password="a long enough password")
    add_member(workspace=workspace, user=admin, role=Role.ADMIN)
    now = datetime.now(UTC).replace(microsecond=0)
    metrics = [
        services.create_metric(workspace=workspace, by=None, now=now, name=f"Number {one}", key=f"n{one}")
        for one in range(METRICS)
    ]
    for metric in metrics:
        for back in (1, 0):
            services.write_points(
                metric=metric, by=None, now=now, backfill=True,
                points=[Given(now - timedelta(days=back), one, 1, {"sku": f"{one}"}) for one in range(SERIES)],
            )  # fmt: skip
    ids = [metric.pk for metric in metrics]
    assert len(newest(ids, now=now, each=True)) == METRICS * SERIES

    def rows() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT label_set_id, at, value FROM metrics_latest WHERE metric_id = ANY(%s)", [ids])
            return list(cursor.fetchall())

    yield {
        "name": "metrics-latest", "ours": median(lambda: newest(ids, now=now, each=True)), "unit": "ms, 10,000 series",
        "beside": median(rows), "beside_what": "one bulk SQL read of as many rows", "limit": 20,
    }  # fmt: skip
    minute = services.create_metric(
        workspace=workspace, by=None, now=now, name="Minutes", key="minutes", grain="minute"
    )
    _fill(minute, now)
    services.roll_up(metric_id=minute.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE metrics_point, metrics_rollup, metrics_labelset, metrics_latest")
    start = now - timedelta(days=365)

    def plain() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.at, r.total FROM metrics_rollup r JOIN metrics_labelset s ON s.id = r.label_set_id "
                "WHERE s.metric_id = %s AND r.span = 24 AND r.at >= %s ORDER BY r.at",
                [minute.pk, start],
            )
            return list(cursor.fetchall())

    yield {
        "name": "metrics-series", "ours": median(lambda: buckets([minute.pk], start=start, end=now, grain="day")),
        "unit": "ms, a year of days out of minutes", "beside": median(plain), "beside_what": "one SQL read of as many rows",
        "limit": 20,
    }  # fmt: skip
    _row, token = issue_token(
        workspace=workspace, owner=admin, name="bench", role=Role.VIEWER, now=now, life=timedelta(days=1)
    )
    client = Client(headers={"Authorization": f"Bearer {token}"})
    url = "/api/v1/bench-reading/metrics/minutes/points?grain=day"
    mark = client.get(url)["ETag"]

    def nothing_new() -> None:
        assert client.get(url, headers={"If-None-Match": mark}).status_code == 304

    def definition() -> None:
        assert client.get("/api/v1/bench-reading/metrics/minutes").status_code == 200

    more, beside = _on_top(nothing_new, definition)
    yield {
        "name": "metrics-not-modified", "ours": max(0.0, more),
        "unit": "ms on top of a request for the metric's definition", "beside": beside,
        "beside_what": "that request", "limit": 2,
    }  # fmt: skip


def _fill(metric: Any, now: datetime) -> None:
    """A point each minute for more than a year."""
    sets = writing.label_sets([(metric.pk, "{}")])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metrics_point (label_set_id, at, value, weight) SELECT %s, g, 1, 1 "
            "FROM generate_series(%s, %s, interval '1 minute') g",
            [sets[metric.pk, "{}"], now - timedelta(days=DAYS), now - timedelta(minutes=1)],
        )
        cursor.execute("UPDATE metrics_pulse SET points = 0 WHERE metric_id = %s", [metric.pk])
    services.write_points(metric=metric, points=[Given(now, 1)], by=None, now=now)
    assert LabelSet.objects.filter(metric=metric).count() == 1
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE metrics_pulse SET points = %s, first_at = %s WHERE metric_id = %s",
            [DAYS * 1440, now - timedelta(days=DAYS), metric.pk],
        )
