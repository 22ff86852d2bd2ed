"""Ten million points into the table, keys on, beside a bare COPY of the same rows into one table with the same key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection, transaction

from metrics import services
from metrics.models import Metric, Point
from metrics.services import storing, writing
from opsboard.core.models import Workspace
from opsboard.core.services import create_workspace
from opsboard.core.uploads import copy_blocks

NAMES = ("metrics-load",)
SERIES, STEPS, CHUNK = 20, 500_000, 100_000
ROWS = SERIES * STEPS
START = datetime(2025, 11, 1, tzinfo=UTC)
FLOOR = """
CREATE TABLE keyed_points (
  label_set_id bigint, at timestamptz, value float8 CHECK (value > '-inf' AND value < 'inf'),
  weight float8 CHECK (weight >= 0 AND weight < 'inf'), PRIMARY KEY (label_set_id, at)
)
"""


def figures() -> Iterator[dict[str, Any]]:
    workspace = create_workspace(name="Bench load", slug="bench-load")
    now = START + timedelta(minutes=STEPS)
    metric = services.create_metric(workspace=workspace, by=None, now=now, name="Loaded", key="loaded", grain="minute")
    sets = writing.label_sets([(metric.pk, writing.text_of({"machine": f"m{one}"})) for one in range(SERIES)])
    seconds = _load(metric, sorted(sets.values()), now)
    assert Point.objects.filter(label_set__metric=metric).count() == ROWS
    floor = _floor(sorted(sets.values()))
    _clear(workspace, metric)
    yield {
        "name": "metrics-load", "ours": seconds, "unit": f"s, {ROWS:,} points", "beside": floor,
        "beside_what": "COPY into one table with the same key and checks", "limit": 75,
    }  # fmt: skip


def _chunks(sets: list[int]) -> Iterator[pl.DataFrame]:
    """All label sets minute by minute, as machines send them."""
    each = CHUNK // SERIES
    for first in range(0, STEPS, each):
        minutes = pl.DataFrame(
            {"at": [START + timedelta(minutes=step) for step in range(first, first + each)]},
            schema={"at": pl.Datetime("us", "UTC")},
        ).with_columns(value=pl.int_range(pl.len()).cast(pl.Float64) / 7, weight=pl.lit(1.0))
        yield (
            pl.DataFrame({"label_set_id": sets})
            .join(minutes, how="cross")
            .select("label_set_id", "at", "value", "weight")
        )


def _load(metric: Metric, sets: list[int], now: datetime) -> float:
    """As an import does it: one transaction, chunk by chunk; the making of the chunks is not counted."""
    seconds = 0.0
    with transaction.atomic():
        writing.lock([metric.pk])
        opened = storing.open_for(metric=metric, now=now, by=None, backfill=True)
        for chunk in _chunks(sets):
            start = time.perf_counter()
            writing.copy_in(copy_blocks(chunk), opened=opened)
            seconds += time.perf_counter() - start
        start = time.perf_counter()
        opened.close()
    return seconds + time.perf_counter() - start


def _floor(sets: list[int]) -> float:
    seconds = 0.0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FLOOR)
        with cursor.copy("COPY keyed_points FROM STDIN (FORMAT csv)") as copy:
            for chunk in _chunks(sets):
                start = time.perf_counter()
                for block in copy_blocks(chunk):
                    copy.write(block)
                seconds += time.perf_counter() - start
            start = time.perf_counter()
        seconds += time.perf_counter() - start
        cursor.execute("DROP TABLE keyed_points")
    return seconds


def _clear(workspace: Workspace, metric: Metric) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metrics_point, metrics_rollup, metrics_latest")
    workspace.delete()
