"""How a watch's numbers stand: the value that was judged last, and beside it one that still waits for its period to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsboard.alerts import analysis
from opsboard.alerts.models import Instance, Watch
from opsboard.alerts.models.instances import hash_of
from opsboard.alerts.services.listening import MOMENT
from opsboard.core import registry
from opsboard.core.access import Viewer


@dataclass(frozen=True)
class Standing:
    """One label set: `running` is not judged yet."""

    instance: Instance
    value: float | None
    running: float | None = None


def stand(*, viewer: Viewer, watch: Watch, instances: Iterable[Instance], now: datetime) -> list[Standing]:
    """What is quiet is not written down at each tick: the number itself says how it reads now. What is open, and an age, is
    told as the evaluator saw it."""
    newest = {hash_of(one.labels): one for one in registry.read(viewer, [watch.indicator], now)}
    waits = {key for key, one in newest.items() if watch.waits and one.at is not None and _runs(watch, one.at, now)}
    before = {}
    if waits:
        first = min(one.at for key, one in newest.items() if key in waits and one.at is not None)
        before = {hash_of(one.labels): one.value for one in registry.read(viewer, [watch.indicator], first - MOMENT)}
    found = []
    for row in instances:
        own = newest.get(row.labels_hash)
        waiting = row.labels_hash in waits and own is not None
        if row.state != analysis.State.OK or watch.kind == Watch.Kind.STALE:
            value = row.last_value
        elif waiting:
            value = before.get(row.labels_hash) if row.last_tick else None
        else:
            value = own.value if own is not None else row.last_value
        found.append(Standing(row, value, own.value if waiting and own is not None else None))
    return found


def _runs(watch: Watch, at: datetime, now: datetime) -> bool:
    end = analysis.end_of(at, watch.grain_seconds, watch.workspace.zone)
    return end + timedelta(seconds=watch.late_seconds) > now
