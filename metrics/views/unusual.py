"""The unusual stretches of a metric, each with the address that asks why."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.utils import timezone

from metrics import charts, services
from metrics.models import Level, Metric
from metrics.services import Course
from opsboard.core import periods


def unusual_of(row: Metric, course: Course, most: int = 8) -> list[dict[str, Any]]:
    """The unusual stretches, the newest first, each with the address that asks why."""
    answer = []
    for one in sorted(course.judged.episodes, key=lambda one: one.start, reverse=True)[:most]:
        first, last = timezone.localtime(one.start, row.zone), timezone.localtime(one.last, row.zone)
        single = one.start == one.last and one.rule != "day"
        end = services.bucket_end(one.last, row)
        if one.rule == "day":
            end = periods.start_of_day(last.date() + timedelta(days=1), row.zone)
            query = f"from={first.date().isoformat()}&to={last.date().isoformat()}"
        elif single:
            query = "at=" + one.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            query = (
                "at=" + one.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                + "&until=" + end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            )  # fmt: skip
        answer.append(
            {
                "when": charts.stretch_text(row, first, end), "query": query, "up": one.distance > 0,
                "actual": charts.value_text(row, round(one.actual, 4), finer=True), "expected": charts.value_text(row, round(one.expected, 4), finer=True),
                "start": one.start, "end": end,
            }
        )  # fmt: skip
    return answer


def asked_levels(row: Metric) -> list[Any]:
    """New levels that somebody has to answer for, in the metric's own writing."""
    levels: list[Any] = list(Level.objects.filter(metric=row).asked())
    for one in levels:
        one.before_text, one.after_text = charts.value_text(row, one.before), charts.value_text(row, one.after)
    return levels
