"""What came of an import, and what can be done with it next."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from metrics.forms import title_from
from metrics.models import Dashboard, Metric
from metrics.views.boards import keys_of
from metrics.views.lists import with_course
from opsboard.core.access import Request
from opsboard.core.models import Job

MOST = 30


def came_of(request: Request, job: Job, filename: str) -> dict[str, Any]:
    """The metrics that a file went into, with their course, and the dashboards that show them."""
    keys = list(job.result.get("metrics") or ())[:MOST]
    rows = Metric.objects.visible_to(request.viewer).in_use().filter(key__in=keys).select_related("owner", "workspace")
    metrics = with_course(list(rows.order_by("name")), timezone.now())
    counted = {part["url"]: part for part in job.result.get("parts") or ()}
    for metric in metrics:
        metric.came = counted.get(metric.get_absolute_url())
    boards = list(Dashboard.objects.visible_to(request.viewer).standing().select_related("workspace")[:50])
    wanted = {metric.indicator for metric in metrics}
    return {
        "metrics": metrics,
        "boards": [board for board in boards if wanted & set(keys_of(board))][:3],
        "others": boards[:20],
        "title": title_from(filename),
    }
