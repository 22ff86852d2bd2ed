"""“Why did it move?”"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from metrics import charts, services
from metrics.forms import WriteForm
from metrics.models import LONGEST, Aggregation, Grain, Metric, Movement
from metrics.services import Course, Story
from metrics.views.metric import found_metric
from metrics.views.unusual import asked_levels, unusual_of
from opsboard.core import periods
from opsboard.core.access import Request
from opsboard.core.charts import for_any_screen
from opsboard.core.pages import page


@dataclass(frozen=True, slots=True)
class Wanted:
    """The stretch and what it is compared with, as the address says it."""

    start: datetime
    end: datetime
    baseline: Any


@require_GET
def why(request: Request, pk: int) -> HttpResponse:
    row, now = found_metric(request, pk), timezone.now()
    given = _stretch(request, row)
    asked = request.GET.get("chart", "")
    course = services.judge_metric(metric=row, around=given[1] if given else now, now=now, chart=asked)
    if given is None and not course.buckets:
        return page(request, "metrics/why.html", {"metric": row, "empty": True}, part="metrics/_why.html")
    start, end = given or _latest(row, course)
    wanted = Wanted(start, end, _baseline(request, course, start, end))
    story = services.explain_stretch(metric=row, start=start, end=end, baseline=wanted.baseline)
    context = {"metric": row, "empty": False, **_context(row, course, story, wanted, request)}
    return page(request, "metrics/why.html", context, part="metrics/_why.html")


def _context(row: Metric, course: Course, story: Story, wanted: Wanted, request: Request) -> dict[str, Any]:
    start, end = wanted.start, wanted.end
    verdict = charts.verdict(row, course, start, end)
    said = charts.sentences(row, story)
    lead = charts.lead_sentence(row, story)
    told = story.told
    entry = Movement.objects.visible_to(request.viewer).filter(metric=row, start_at=start, end_at=end).first()
    actual, expected = (told.actual, told.expected) if told is not None and wanted.baseline != "even" else (None, None)
    form = WriteForm(
        viewer=request.viewer,
        initial={
            "start": start.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat(), "signal": verdict["signal"],
            "actual": actual, "expected": expected, "found": " ".join([lead, *said]).strip(),
            "owner": row.owner_id or request.user.pk,
        },
    )  # fmt: skip
    days = _days(start, end, row)
    return {
        "start": start, "end": end, "when": charts.stretch_text(row, start, end), "verdict": verdict, "lead": lead,
        "sentences": said, "story": story, "wanted": wanted,
        "baselines": [(key, charts.BASELINE_TITLES[key]) for key in services.BASELINES if _offered(row, key, start, end)],
        "methods": [(key, charts.METHODS[key]) for key in course.judged.offered], "method": course.judged.method,
        "from": days[0], "to": days[1],
        "drivers": charts.rows_of(row, told.drivers[:8]) if told else [],
        "dimensions": [
            {"title": charts.dimension_text(one.name), "rows": charts.rows_of(row, one.elements), "rate": one.rate_effect is not None}
            for one in [*(told.dimensions if told else ()), *(story.hours.dimensions if story.hours else ())]
            if len(one.elements) > 1  # a single group explains nothing
        ],
        "course": for_any_screen(lambda width, height: charts.judged_chart(row, course, start, end, width=width, height=height)),
        "bars": charts.share_bars(row, story), "heat": charts.heat(row, story) if end - start > timedelta(days=1) else "",
        "unusual": unusual_of(row, course), "entry": entry, "form": form, "levels": asked_levels(row),
        "silence": charts.silence(row, story), "hint": charts.label_hint(row, story, labelled=_labelled(row, story)),
        "counteracted": bool(told and charts.counteracted(told.drivers[:8])), "parts": _parts(row, wanted),
    }  # fmt: skip


def _labelled(row: Metric, story: Story) -> bool:
    """Whether the metric's values carry labels at all."""
    if story.told is not None and story.told.dimensions:
        return True
    return row.label_sets.exclude(labels={}).exists()


def _parts(row: Metric, wanted: Wanted) -> list[dict[str, Any]]:
    """What a calculated metric is made of, each with the address that asks the same of it."""
    if row.aggregation != Aggregation.FORMULA:
        return []
    query = urlencode(
        {"at": wanted.start.astimezone(UTC).isoformat(), "until": wanted.end.astimezone(UTC).isoformat(), "baseline": wanted.baseline}
    )  # fmt: skip
    return [{"name": one.name, "pk": one.pk, "query": query} for one in services.parts_of(row)]


def _latest(row: Metric, course: Course) -> tuple[datetime, datetime]:
    """The newest unusual stretch, or else the newest value."""
    if course.judged.episodes:
        last = max(course.judged.episodes, key=lambda one: one.start)
        if last.rule == "day":
            day = timezone.localtime(last.last, row.zone).date() + timedelta(days=1)
            return periods.start_of_day(
                timezone.localtime(last.start, row.zone).date(), row.zone
            ), periods.start_of_day(day, row.zone)
        return last.start, services.bucket_end(last.last, row)
    at = course.buckets[-1].at
    return at, services.bucket_end(at, row)


def _stretch(request: Request, row: Metric) -> tuple[datetime, datetime] | None:
    """From `from` and `to` (days), or `at` and `until` (moments); what makes no sense is left out."""
    first, last = _day(request.GET.get("from", "")), _day(request.GET.get("to", ""))
    at, until = moment(request.GET.get("at", ""), row), moment(request.GET.get("until", ""), row)
    start = services.bucket_start(at, row) if at is not None else None
    end = until if until and start and until > start else services.bucket_end(start, row) if start else None
    # The page's form sends both: days that were changed have the word.
    if start and end and (not (first or last) or _days(start, end, row) == (first, last)):
        return start, min(end, start + LONGEST)
    if not (first or last):
        return None
    first, last = first or last, last or first
    assert first is not None and last is not None  # noqa: PT018 - for the type checker
    if last < first:
        first, last = last, first
    start, end = periods.start_of_day(first, row.zone), periods.start_of_day(last + timedelta(days=1), row.zone)
    return start, min(end, start + LONGEST)


def _days(start: datetime, end: datetime, row: Metric) -> tuple[Any, Any]:
    """The first and the last day of a stretch."""
    return timezone.localtime(start, row.zone).date(), (
        timezone.localtime(end, row.zone) - timedelta(microseconds=1)
    ).date()


def moment(text: str, row: Metric) -> datetime | None:
    try:
        found = parse_datetime(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        return None
    if found is None or not 1900 <= found.year < 2200:
        return None
    return timezone.make_aware(found, row.zone) if timezone.is_naive(found) else found


def _day(text: str) -> Any:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None
    return found if 1900 <= found.year < 2200 else None


def _offered(row: Metric, key: str, start: datetime, end: datetime) -> bool:
    if key == "even":
        return (
            services.kind_of(row) == "sum"
            and row.grain in {Grain.MINUTE, Grain.HOUR}
            and end - start >= timedelta(days=2)
        )
    return not (row.grain == Grain.MONTH and key in {"week", "usual"})


def _baseline(request: Request, course: Course, start: datetime, end: datetime) -> str:
    asked = request.GET.get("baseline", "")
    if asked in services.BASELINES:
        return asked
    return "usual" if course.judged.method == "season" and end - start < timedelta(days=15) else "before"
