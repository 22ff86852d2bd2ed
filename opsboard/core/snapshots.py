"""Every indicator gets a past: hourly snapshots of those that keep no series of their own."""

from __future__ import annotations

import json
import logging
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from opsboard.core import access, registry
from opsboard.core.contract import Parts, Reading
from opsboard.core.models import Snapshot, Workspace

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.periods import Period

log = logging.getLogger(__name__)


def take(*, workspace: Workspace, now: datetime, keys: Sequence[str] | None = None) -> int:
    """Write this hour's snapshot of the workspace's indicators (or of `keys`); the same hour twice keeps the newer."""
    house = access.the_house(workspace)
    wanted = keys if keys is not None else _keys(house)
    hour = now.replace(minute=0, second=0, microsecond=0)
    rows = {
        (one.key, json.dumps(dict(one.labels), sort_keys=True)): Snapshot(
            workspace=workspace, key=one.key, labels=dict(one.labels), at=hour, value=one.value, weight=one.weight
        )
        for one in registry.read(house, wanted, now)
        if one.status == "ok" and one.value is not None and math.isfinite(one.value)
    }
    Snapshot.objects.bulk_create(
        rows.values(),
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["workspace", "key", "labels", "at"],
        update_fields=["value", "weight"],
    )
    return len(rows)


def take_all(*, now: datetime) -> int:
    """Every workspace's snapshots; one that fails does not take the others with it."""
    taken = 0
    for workspace in Workspace.objects.order_by("pk"):
        try:
            taken += take(workspace=workspace, now=now)
        except Exception:
            log.exception("snapshots of %s could not be taken", workspace)
    return taken


def _keys(house: Viewer) -> list[str]:
    keys: list[str] = []
    for indicator in registry.indicators():
        if not indicator.snapshot:
            continue
        try:
            keys += [entry.key for entry in indicator.catalogue(house)]
        except Exception:  # one app's fault must not cost the others their past
            log.exception("the catalogue of %s could not be read", indicator.key)
    return keys


def history(
    viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
) -> Mapping[str, Sequence[Reading]]:
    """`{key: readings in time order}` from the snapshots, of all label sets or those that are asked for; one query."""
    answer: dict[str, list[Reading]] = defaultdict(list)
    rows = Snapshot.objects.visible_to(viewer).filter(key__in=keys, at__gte=period.start, at__lt=period.end)
    if parts is not None and parts.labels:
        rows = rows.filter(Q(labels={}) | Q(labels__contains=dict(parts.labels)))
    for row in rows.order_by("at"):
        answer[row.key].append(Reading(row.key, row.labels, row.at, row.value, row.weight))
    return answer


def last(viewer: Viewer, keys: Sequence[str], period: Period) -> dict[str, float]:
    """`{key: its newest value in a period}`, of the whole numbers; one query."""
    rows = Snapshot.objects.visible_to(viewer).filter(key__in=keys, labels={}, at__gte=period.start, at__lt=period.end)
    return dict(rows.order_by("key", "-at").distinct("key").values_list("key", "value"))
