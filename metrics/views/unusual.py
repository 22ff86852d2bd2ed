"""The unusual stretches of a metric, each with the address that asks why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

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
                "start": one.start, "end": end, "run": run_text(row, course, one.start, one.last),
            }
        )  # fmt: skip
    return answer


def since_value(row: Metric, course: Course, at: datetime, most: int = 3) -> list[dict[str, Any]]:
    """The value of which another app speaks, whether it is unusual or not, and what was unusual from then on."""
    end = services.bucket_end(at, row)
    later = [one for one in unusual_of(row, course, most=50) if one["end"] > at]
    same = [one for one in later if (one["start"], one["end"]) == (at, end)]
    others = [one for one in reversed(later) if one not in same]
    if same:
        return (same + others)[:most]
    place = next((k for k, one in enumerate(course.buckets) if one.at == at), None)
    center = None if place is None else course.judged.center[place]
    value = None if place is None else course.buckets[place].value
    own = {
        "when": charts.stretch_text(row, timezone.localtime(at, row.zone), end),
        "query": "at=" + at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actual": charts.value_text(row, round(value, 4), finer=True) if value is not None else "",
        "expected": charts.value_text(row, round(center, 4), finer=True) if center is not None else "",
        "run": "" if place is None else run_text(row, course, at, at), "start": at, "end": end,
    }  # fmt: skip
    return [own, *others][:most]


def run_text(row: Metric, course: Course, start: datetime, last: datetime) -> str:
    """What is unusual only as the last of many on one side: `27.6 min, 9 in a row below 28.61 min`."""
    judged, values = course.judged, [one.value for one in course.buckets]
    inside = [k for k, one in enumerate(course.buckets) if start <= one.at <= last]
    if not inside or {rule for k in inside for rule in judged.at(k)} != {2}:
        return ""
    newest = inside[-1]

    def side(k: int) -> float:
        value, center = values[k], judged.center[k]
        return 0.0 if value is None or center is None else value - center

    count = 0
    while count <= newest and side(newest - count) * side(newest) > 0:
        count += 1
    words = {
        "actual": charts.value_text(row, round(values[newest] or 0.0, 4), finer=True), "count": count,
        "expected": charts.value_text(row, round(judged.center[newest] or 0.0, 4), finer=True),
    }  # fmt: skip
    if side(newest) > 0:
        return _("%(actual)s, %(count)s in a row above %(expected)s") % words
    return _("%(actual)s, %(count)s in a row below %(expected)s") % words


def asked_levels(row: Metric) -> list[Any]:
    """New levels that somebody has to answer for, in the metric's own writing."""
    levels: list[Any] = list(Level.objects.filter(metric=row).asked())
    for one in levels:
        one.before_text, one.after_text = charts.value_text(row, one.before), charts.value_text(row, one.after)
    return levels
