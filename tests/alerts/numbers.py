"""Numbers that a test sets: an indicator `metrics.value:…` whose values lie in Redis, so that workers see them too."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from opsboard.core import live, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Contract, Indicator, Reading, Watchable
from opsboard.core.periods import Period

KEY = "opsboard-tests:numbers"


def tell(name: str, value: float | None, *, at: datetime | None = None, status: str = "ok", **labels: str) -> None:
    """From now on the number reads so, for this label set."""
    field = json.dumps([name, labels], sort_keys=True)
    live.connection().hset(KEY, field, json.dumps([value, at.isoformat() if at else None, status]))


def fall_silent(name: str, **labels: str) -> None:
    live.connection().hdel(KEY, json.dumps([name, labels], sort_keys=True))


def forget() -> None:
    live.connection().delete(KEY)


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    answer = []
    for field, told in live.connection().hgetall(KEY).items():
        name, labels = json.loads(field)
        if f"metrics.value:{name}" not in keys:
            continue
        value, at, status = json.loads(told)
        moment = datetime.fromisoformat(at) if at else now
        answer.append(Reading(f"metrics.value:{name}", labels, moment, value, status=status))
    return answer


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    yield Watchable("metrics.value:rework", "Rework rate", unit="%", direction="down", dimensions=("shop",), decimals=1)
    yield Watchable("metrics.value:orders", "Orders", direction="up", grain_seconds=86_400, decimals=0)
    yield Watchable("metrics.value:minutes", "Waiting time", unit="min", grain_seconds=60)


def history(viewer: Viewer, keys: Sequence[str], period: Period) -> Mapping[str, Sequence[Reading]]:
    """High from half past each even hour on, for an hour."""
    moments: list[tuple[datetime, float]] = []
    at = period.start.replace(second=0, microsecond=0)
    while at < period.end and len(moments) < 5000:
        if at.minute == 30:
            moments.append((at, 7.4 if at.hour % 2 == 0 else 3.0))
        at += timedelta(minutes=30)
    last = [(period.start, 3.0), *moments, (period.end, 7.4)]
    return {key: [Reading(key, {}, at, value) for at, value in last] for key in keys}


contract = Contract(
    title="Numbers", indicators=(Indicator("metrics.value", "Numbers", catalogue, read, history, snapshot=False),)
)


def install() -> None:
    """Put the numbers where the metrics' own contract would be."""
    contracts = registry.contracts()
    contracts["metrics"] = contract
