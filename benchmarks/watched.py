"""A number per row of core's snapshot table, for the figures of alerts: what is measured is the evaluator, not an app.

`celery -A benchmarks.watched:app` is a worker that knows these numbers too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from celery.signals import import_modules
from django.apps import apps
from django.db import connection

from opsboard.celery import app
from opsboard.core import registry
from opsboard.core.contract import Contract, Indicator, Reading, Watchable

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

__all__ = ["app", "install"]


def rows(viewer: Viewer) -> Any:
    return apps.get_model("core", "Snapshot")._default_manager.filter(workspace=viewer.workspace)


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    keys = rows(viewer).values_list("key", flat=True).distinct()
    return [Watchable(key, f"Number {key}", dimensions=("shop",)) for key in keys]


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, labels ->> 'shop', value FROM core_snapshot WHERE workspace_id = %s AND key = ANY(%s)",
            [viewer.workspace.pk, list(keys)],
        )
        return [Reading(key, {"shop": shop}, now, value) for key, shop, value in cursor.fetchall()]


@import_modules.connect(weak=False)
def install(**kwargs: Any) -> None:
    numbers = Indicator("bench.number", "Numbers", catalogue, read, snapshot=False)
    registry.contracts()["bench"] = Contract(title="Bench", indicators=(numbers,))
