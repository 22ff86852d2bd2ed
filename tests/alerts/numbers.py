"""Numbers that a test sets: an indicator `metrics.value:…` whose values lie in Redis, so that workers see them too."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from opsboard.core import live, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Contract, Indicator, Parts, Reading, Ref, Watchable
from opsboard.core.periods import Period

KEY = "opsboard-tests:numbers"


def tell(name: str, value: float | None, *, at: datetime | None = None, status: str = "ok", **labels: str) -> None:
    """From now on the number reads so, for this label set."""
    field = json.dumps([name, labels], sort_keys=True)
    live.connection().hset(KEY, field, json.dumps([value, at.isoformat() if at else None, status]))


def write(name: str, at: datetime, value: float, **labels: str) -> None:
    """One bucket of a series: read as its newest value once it has begun."""
    live.connection().hset(f"{KEY}:{name}", json.dumps([at.isoformat(), labels], sort_keys=True), value)


def written(name: str, now: datetime) -> dict[str, tuple[datetime, float]]:
    """The newest bucket of each label set that has begun."""
    newest: dict[str, tuple[datetime, float]] = {}
    for field, value in live.connection().hgetall(f"{KEY}:{name}").items():
        at, labels = json.loads(field)
        moment, known = datetime.fromisoformat(at), newest.get(json.dumps(labels))
        if moment <= now and (known is None or moment > known[0]):
            newest[json.dumps(labels)] = (moment, float(value))
    return newest


def fall_silent(name: str, **labels: str) -> None:
    live.connection().hdel(KEY, json.dumps([name, labels], sort_keys=True))


def forget() -> None:
    live.connection().delete(KEY, *(f"{KEY}:{name}" for name in ("orders", "minutes", "rework")))


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    answer = []
    for field, told in live.connection().hgetall(KEY).items():
        name, labels = json.loads(field)
        if f"metrics.value:{name}" not in keys:
            continue
        value, at, status = json.loads(told)
        moment = datetime.fromisoformat(at) if at else now
        about = Ref("core.workspace", viewer.workspace.pk, "Order 4711", "/orders/4711/")
        answer.append(
            Reading(
                f"metrics.value:{name}", labels, moment, value, status=status, about=about, detail="Order 4711, Li Na"
            )
        )
    for name in ("orders", "minutes"):
        if f"metrics.value:{name}" in keys:
            answer += [
                Reading(f"metrics.value:{name}", json.loads(labels), at, value)
                for labels, (at, value) in written(name, now).items()
            ]
    return answer


def catalogue(viewer: Viewer) -> Iterable[Watchable]:
    yield Watchable("metrics.value:rework", "Rework rate", unit="%", direction="down", dimensions=("shop",), decimals=1)
    yield Watchable("metrics.value:orders", "Orders", direction="up", grain_seconds=86_400, decimals=0)
    yield Watchable("metrics.value:minutes", "Waiting time", unit="min", grain_seconds=60)
    yield Watchable("metrics.value:share", "On time", direction="up", rate=True)


def history(
    viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
) -> Mapping[str, Sequence[Reading]]:
    """High from half past each even hour on, for an hour."""
    moments: list[tuple[datetime, float]] = []
    at = period.start.replace(second=0, microsecond=0)
    while at < period.end and len(moments) < 5000:
        if at.minute == 30:
            moments.append((at, 7.4 if at.hour % 2 == 0 else 3.0))
        at += timedelta(minutes=30)
    last = [(period.start, 3.0), *moments, (period.end, 7.4)]
    answer = {key: [Reading(key, {}, at, value) for at, value in last] for key in keys}
    for name in ("orders", "minutes"):
        series = live.connection().hgetall(f"{KEY}:{name}")
        told = sorted(((*json.loads(field), float(value)) for field, value in series.items()), key=lambda one: one[0])
        if told and f"metrics.value:{name}" in answer:
            key = f"metrics.value:{name}"
            answer[key] = [
                Reading(key, labels, datetime.fromisoformat(at), value)
                for at, labels, value in told
                if datetime.fromisoformat(at) in period and (parts is not None or not labels)
            ]
    return answer


contract = Contract(
    title="Numbers", indicators=(Indicator("metrics.value", "Numbers", catalogue, read, history, snapshot=False),)
)


def install() -> None:
    """Put the numbers where the metrics' own contract would be."""
    contracts = registry.contracts()
    contracts["metrics"] = contract
