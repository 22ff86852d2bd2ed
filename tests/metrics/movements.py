"""Numbers with a story in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from metrics import services
from metrics.models import Metric
from metrics.services import Given
from opsboard.core.models import User, Workspace
from opsboard.core.periods import start_of_day

BATCHES, SHOPS = ("B15", "B16", "B17", "B18"), ("North", "South")
SOURCES = ("kitchen", "delivery", "service")

type Story = list[tuple[datetime, int, dict[str, str]]]
"""(when, how many, labels)."""


def midnight(workspace: Workspace, now: datetime) -> datetime:
    return start_of_day(now.astimezone(workspace.zone).date(), workspace.zone)


def by_batch(today: datetime, *, bad: range = range(1, 2), days: int = 60) -> Story:
    """Complaints by day, each batch and shop about four; so many days back batch B17 was wrong."""
    rng = np.random.default_rng(11)
    return [
        (
            today - timedelta(days=back),
            int(rng.poisson(4)) + (12 if batch == "B17" and back in bad else 0),
            {"batch": batch, "shop": shop},
        )
        for back in range(days, 0, -1)
        for batch in BATCHES
        for shop in SHOPS
    ]  # fmt: skip


def by_hour(today: datetime, *, weeks: int = 12, changed: int = 4) -> Story:
    """Complaints by hour, 10 to 22 h, until today; on Saturday and Sunday from 20 to 22 h the kitchen can't keep up. So
    many weeks ago it got more people: since then it makes about half as many mistakes, and the house 40 % less."""
    rng = np.random.default_rng(9)
    change = today - timedelta(weeks=changed)
    return [
        (at, int(rng.poisson(usual * (0.5 if at >= change and source == "kitchen" else 1))), {"source": source})
        for at in _open_hours(today - timedelta(weeks=weeks), today)
        for source in SOURCES
        for usual in [(20.0 if at.weekday() >= 5 and at.hour >= 20 else 1.6) if source == "kitchen" else 0.3]
    ]


def _open_hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    for hour in range(int((end - begin) / timedelta(hours=1))):
        at = (begin.astimezone(UTC) + timedelta(hours=hour)).astimezone(begin.tzinfo)
        if 10 <= at.hour < 22:
            yield at


def complaints(workspace: Workspace, now: datetime, owner: User, story: Story, *, grain: str = "day") -> Metric:
    """A story as a metric's values."""
    metric = services.create_metric(
        workspace=workspace, by=owner, now=now, name="Complaints", key="complaints", direction="down", grain=grain,
        owner=owner,
    )  # fmt: skip
    points = [Given(at, float(count), 1, labels) for at, count, labels in story]
    services.write_points(metric=metric, points=points, by=owner, now=now)
    return metric
