"""The sums over a metric as programs ask for them: limits and signals, and what explains a movement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from metrics import services
from metrics.models import Level, Metric, buckets
from opsboard.core.access import needs
from opsboard.core.analysis.levels import new_levels
from opsboard.core.api import ApiRequest
from opsboard.core.models import Role

router = Router()
MOST = 20_000


class Span(Schema):
    from_: datetime | None = Field(None, alias="from")
    to: datetime | None = None
    chart: Literal["", "xmr", "p", "np", "u", "c", "ewma", "cusum"] = Field(
        "", description="Another chart than the one that fits best; taken where it fits the metric at all."
    )


class SignalOut(Schema):
    at: datetime
    rule: int = Field(
        description="Nelson's number; 0 for a value far from what is usual at its hour of the week; -1 for a lasting shift."
    )


class ChangeOut(Schema):
    at: datetime
    before: float
    after: float


class AnalysisOut(Schema):
    method: Literal["season", "xmr", "p", "np", "u", "c", "ewma", "cusum", "none"]
    reason: Literal["season", "chance", "more_than_chance", "any", "chosen", "few"] = Field(
        description="Why this chart: the numbers follow the week; they vary as counting by chance does, or more; else any."
    )
    offered: list[str] = Field(description="The charts that fit this metric.")
    center: float | None
    lower: float | None
    upper: float | None
    mean_moving_range: float | None
    signals: list[SignalOut]
    changes: list[ChangeOut]


class PeriodIn(Schema):
    from_: datetime = Field(alias="from")
    to: datetime


class DriversIn(Schema):
    at: datetime | None = Field(None, description="A moment in the bucket that moved.")
    period: PeriodIn | None = None
    baseline: Literal["before", "week", "usual"] | PeriodIn = Field(
        "before",
        description="The time just before, the same a week earlier, the last four weeks, or a period of your own.",
    )


class DriverOut(Schema):
    labels: dict[str, str]
    also: list[dict[str, str]] = Field(description="Further label sets that moved together with the first.")
    actual: float | None
    expected: float | None
    share: float
    count: float
    surprise: float
    confidence: float
    rate_effect: float | None = None
    mix_effect: float | None = None


class DriversOut(Schema):
    actual: float | None
    expected: float | None
    drivers: list[DriverOut]


@router.get(
    "metrics/{key}/analysis", response=AnalysisOut, exclude_none=False, summary="Limits, signals and changes of level"
)
def analyse(request: ApiRequest, key: str, asked: Query[Span]) -> dict[str, Any]:
    row = _find(request, key)
    start, end = _moment(asked.from_, row), _moment(asked.to, row)
    if start and end and end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    now = timezone.now()
    found = buckets([row.pk], start=start, end=end)
    if len(found) > MOST:
        raise ValidationError({"from": _("Ask for a shorter time: at most %(most)s values.") % {"most": MOST}})
    starts = list(Level.objects.filter(metric=row).confirmed().values_list("at", flat=True))
    course = services.judge_buckets(row, found, starts, now, chart=asked.chart)
    whole, judged = course.buckets, course.judged
    places = [place for place, one in enumerate(whole) if judged.center[place] is not None]
    last = places[-1] if places else None
    levels = new_levels([one.value for one in whole]) if judged.method != "season" else ()
    return {
        "method": judged.method,
        "reason": judged.reason,
        "offered": list(judged.offered),
        "center": judged.center[last] if last is not None else None,
        "lower": judged.lower[last] if last is not None else None,
        "upper": judged.upper[last] if last is not None else None,
        "mean_moving_range": judged.mean_moving_range,
        "signals": [{"at": whole[one.index].at.astimezone(UTC), "rule": one.rule} for one in judged.signals],
        "changes": [
            {"at": whole[one.index].at.astimezone(UTC), "before": one.before, "after": one.after} for one in levels
        ],
    }


@router.post(
    "metrics/{key}/drivers", response=DriversOut, exclude_none=False, summary="What explains a movement, ranked"
)
@needs(write=Role.VIEWER)
def drivers(request: ApiRequest, key: str, payload: DriversIn) -> dict[str, Any]:
    row = _find(request, key)
    if (payload.at is None) == (payload.period is None):
        raise ValidationError({"at": _("Say a moment (at) or a period, one of them.")})
    start, end = _period(payload.period, row) if payload.period else _bucket(payload.at, row)
    own = None
    if not isinstance(payload.baseline, str):
        own = _period(payload.baseline, row)
    story = services.explain_stretch(
        metric=row,
        start=start,
        end=end,
        baseline=payload.baseline if isinstance(payload.baseline, str) else "before",
        against=own,
    )
    told = story.told
    if told is None:
        return {"actual": None, "expected": None, "drivers": []}
    return {
        "actual": _known(told.actual),
        "expected": _known(told.expected),
        "drivers": [
            {
                "labels": dict(one.sets[0]), "also": [dict(labels) for labels in one.sets[1:]], "actual": _known(one.actual),
                "expected": _known(one.expected), "share": one.share, "count": one.count, "surprise": one.surprise,
                "confidence": one.confidence, "rate_effect": one.rate_effect, "mix_effect": one.mix_effect,
            }
            for one in told.drivers
        ],
    }  # fmt: skip


def _find(request: ApiRequest, key: str) -> Metric:
    row: Metric | None = Metric.objects.visible_to(request.viewer).filter(key=key).select_related("workspace").first()
    if row is None:
        raise Http404
    return row


def _moment(at: datetime | None, row: Metric) -> datetime | None:
    return timezone.make_aware(at, row.zone) if at is not None and timezone.is_naive(at) else at


def _bucket(at: datetime | None, row: Metric) -> tuple[datetime, datetime]:
    moment = _moment(at, row)
    assert moment is not None
    start = services.bucket_start(_sane(moment), row)
    return start, services.bucket_end(start, row)


def _period(period: PeriodIn, row: Metric) -> tuple[datetime, datetime]:
    start, end = _moment(period.from_, row), _moment(period.to, row)
    assert start is not None
    assert end is not None
    if end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    if end - start > timedelta(days=3660):
        raise ValidationError({"to": _("Ask for a shorter time: at most ten years.")})
    return _sane(start), _sane(end)


def _sane(at: datetime) -> datetime:
    if not 1901 <= at.year < 2199:
        raise ValidationError({"at": _("The time lies outside the years 1900 to 2200.")})
    return at


def _known(value: float) -> float | None:
    return None if value != value else value
