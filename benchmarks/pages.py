"""How long pages take, beside a bare Django page with one query in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from metrics.models import Metric
from metrics.services import roll_up
from opsboard.core.models import Role
from opsboard.core.services import add_member, create_admin, create_workspace
from opsboard.demo import company

NAMES = ("page-home", "review-page", "page-metrics")
ROUNDS = 40


def p95(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The 95th percentile of a call in milliseconds, after three warm-up calls."""
    for _ in range(3):
        call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.quantiles(times, n=20)[-1]


def bare_page() -> float:
    """p95 of a bare Django page with one query: the floor of every page."""
    with override_settings(ROOT_URLCONF="benchmarks.bare", MIDDLEWARE=[]):
        client = Client()
        return p95(lambda: client.get("/"))


def figures() -> Iterator[dict[str, Any]]:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    workspace = create_workspace(name="Bench", slug="bench-pages")
    admin = create_admin(email="bench@north.example", password="a long enough password")
    add_member(workspace=workspace, user=admin, role=Role.ADMIN)
    company.furnish(workspace=workspace, by=admin, now=timezone.now())
    for pk in Metric.objects.filter(workspace=workspace).values_list("pk", flat=True):
        roll_up(metric_id=pk)  # as a worker does within a second
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(admin, backend=settings.AUTHENTICATION_BACKENDS[0])
    floor = bare_page()
    for name, url, limit in (
        ("page-home", "/bench-pages/", 200),
        ("page-metrics", "/bench-pages/metrics/", 200),
        ("review-page", f"/bench-pages/review/{workspace.week_of(timezone.now()).slug}/", 250),
    ):
        yield {
            "name": name, "ours": p95(partial(client.get, url)), "unit": "ms p95", "beside": floor,
            "beside_what": "a bare Django page with one query", "limit": limit,
        }  # fmt: skip
