"""Numbers with a story in them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from metrics import services
from metrics.models import Metric
from metrics.services import Given
from opsboard.core.models import User, Workspace
from opsboard.core.periods import start_of_day

BATCHES, SHOPS = ("B15", "B16", "B17", "B18"), ("North", "South")
SOURCES = ("kitchen", "delivery", "service")


def complaints_by_batch(
    workspace: Workspace, now: datetime, owner: User, *, bad_days: int = 1
) -> tuple[Metric, datetime]:
    """Sixty days of complaints, each batch and shop about four a day; on the last days batch B17 went wrong."""
    metric = services.create_metric(
        workspace=workspace, by=owner, now=now, name="Complaints", key="complaints", direction="down", owner=owner
    )
    rng = np.random.default_rng(11)
    today = start_of_day(now.astimezone(workspace.zone).date(), workspace.zone)
    points = []
    for back in range(60, 0, -1):
        for batch in BATCHES:
            for shop in SHOPS:
                count = float(rng.poisson(4)) + (25 if batch == "B17" and back <= bad_days else 0)
                points.append(Given(today - timedelta(days=back), count, 1, {"batch": batch, "shop": shop}))
    services.write_points(metric=metric, points=points, by=owner, now=now)
    return metric, today - timedelta(days=bad_days)


def complaints_by_hour(
    workspace: Workspace, now: datetime, owner: User, *, changed_before: int = 28
) -> tuple[Metric, datetime, datetime]:
    """Eight weeks of hourly complaints, 10 to 22 h; on Saturday and Sunday from 20 to 22 h the kitchen can't keep up,
    until the shifts were changed. Answers the metric, the first hour and the day of the change."""
    metric = services.create_metric(
        workspace=workspace, by=owner, now=now, name="Complaints", key="complaints", direction="down", grain="hour",
        owner=owner,
    )  # fmt: skip
    rng = np.random.default_rng(7)
    today = start_of_day(now.astimezone(workspace.zone).date(), workspace.zone)
    begin, change = today - timedelta(days=56), today - timedelta(days=changed_before)
    points = []
    for hour in range(56 * 24):
        at = begin + timedelta(hours=hour)
        local = at.astimezone(workspace.zone)
        if not 10 <= local.hour < 22:
            continue
        rush = local.weekday() >= 5 and local.hour in {20, 21} and at < change
        quieter = 0.86 if at >= change else 1.0
        for source in SOURCES:
            mean = (20.0 if rush and source == "kitchen" else 0.8) * quieter
            points.append(Given(at, float(rng.poisson(mean)), 1, {"source": source}))
    services.write_points(metric=metric, points=points, by=owner, now=now)
    return metric, begin, change
