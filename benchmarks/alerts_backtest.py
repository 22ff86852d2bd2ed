"""How long it takes to try a watch on ninety days of a number that comes every five minutes."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from opsboard.alerts import services
from opsboard.core import registry
from opsboard.core.access import Viewer, person_in
from opsboard.core.contract import Contract, Indicator, Parts, Reading, Watchable
from opsboard.core.models import Membership, Role, User, Workspace
from opsboard.core.periods import Period

NAMES = ("alerts-backtest",)
KEY, STEP, DAYS, ROUNDS = "bench.past", timedelta(minutes=5), 90, 7


def history(
    viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
) -> Mapping[str, Sequence[Reading]]:
    """A daily course with noise, busier than most: it crosses the threshold in most afternoons."""
    chance, at, readings = random.Random(4), period.start.replace(second=0, microsecond=0), []
    while at < period.end:
        day = (at.hour * 60 + at.minute) / 1440
        readings.append(Reading(KEY, {}, at, 50 + 20 * math.sin(day * 2 * math.pi) + chance.gauss(0, 4)))
        at += STEP
    return dict.fromkeys(keys, readings)


def figures() -> Iterator[dict[str, Any]]:
    number = Indicator(
        KEY, "Past", lambda _viewer: [Watchable(KEY, "Past", grain_seconds=300, aggregation="mean")],
        lambda _viewer, _keys, _now: [], history, snapshot=False,
    )  # fmt: skip
    registry.contracts()["bench"] = Contract(title="Bench", indicators=(number,))
    workspace = Workspace.objects.create(name="bench-past", slug="bench-past", timezone="Europe/Berlin")
    user = User.objects.create_user(username="past", email="past@north.example", name="Past")
    Membership.objects.create(workspace=workspace, user=user, role=Role.ADMIN)
    viewer, now = person_in(workspace, user), timezone.now()
    assert viewer is not None
    draft = services.draft_watch(
        viewer=viewer, now=now, indicator=KEY, op=">", value=74.0, clear=68.0, for_seconds=600, keep_seconds=600
    )
    period = Period(now - timedelta(days=DAYS), now, "custom")
    ours, reading = [], []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        told = services.backtest(viewer=viewer, watch=draft, start=period.start, end=period.end)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        registry.history(viewer, [KEY], period)
        reading.append(time.perf_counter() - start)
    assert len(told.episodes) > DAYS / 2
    yield {
        "name": "alerts-backtest", "ours": statistics.median(ours), "unit": f"s, {DAYS} days at 5 minutes",
        "beside": statistics.median(reading), "beside_what": "reading the same past, without judging it", "limit": 2.0,
    }  # fmt: skip
