"""Ask the numbers: is it a signal, and what explains it?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from metrics import analysis
from metrics.models import Aggregation, Bucket, Grain, Level, Metric, Stretch, begins, buckets, by_hours, by_labels
from metrics.services.quotients import Part, Quotient, quotient_of
from opsboard.core import access, periods, registry
from opsboard.core.analysis.apart import Apart
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl

type Baseline = Literal["before", "week", "usual", "even"]
BASELINES: Final = ("usual", "before", "week", "even")
WEEKS: Final = 4
BACK: Final = {"minute": timedelta(days=2), "hour": timedelta(weeks=9), "day": timedelta(days=400),
               "week": timedelta(weeks=156), "month": timedelta(days=3660)}  # fmt: skip
RARE: Final = 2  # at most so many in the middle one of the hours that have any
AHEAD: Final = 0.15  # of that, what came after is shown, too
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_OF_WEEK, HOUR_OF_DAY = "weekday", "hour"


@dataclass(frozen=True, slots=True)
class Course:
    """A metric's values around a time, with what is usual."""

    buckets: Sequence[Bucket]
    judged: analysis.Judged


@dataclass(frozen=True, slots=True)
class Story:
    """What moved in a stretch, and what explains it. ``within`` explains the window's part where one stands out."""

    start: datetime
    end: datetime
    baseline: Baseline
    before: Sequence[Stretch]
    kind: analysis.Kind
    told: analysis.Explanation | None
    hours: analysis.Explanation | None
    grid: Any
    window: analysis.Window | None
    within: analysis.Explanation | None
    parts: tuple[Part, ...] = ()


def kind_of(metric: Metric) -> analysis.Kind:
    if metric.aggregation in {Aggregation.SUM, Aggregation.COUNT, Aggregation.LAST}:
        return "sum"
    return "rate" if metric.as_rate and metric.aggregation == Aggregation.RATIO else "mean"


def judge_metric(*, metric: Metric, around: datetime, now: datetime, chart: str = "") -> Course:
    """The metric's course around a time, judged. A bucket that still runs is not."""
    back = BACK[metric.grain]
    end = min(around + back * AHEAD, now)
    if end < around:
        end = around + timedelta(seconds=Grain(metric.grain).seconds)
    starts = list(Level.objects.filter(metric=metric).confirmed().values_list("at", flat=True))
    return judge_buckets(metric, buckets([metric.pk], start=end - back, end=end), starts, now, chart=chart)


def judge_buckets(
    metric: Metric,
    found: Iterable[Bucket],
    starts: Collection[datetime],
    now: datetime,
    *,
    chart: str = "",
    apart: Apart | None = None,
    seconds: int = 0,
) -> Course:
    """A metric's buckets, judged; those that still run are left out, hours in which nothing was to be counted are nought."""
    ended = with_noughts(metric, [one for one in found if bucket_end(one.at, metric) <= now])
    if apart is None and ended:
        apart = apart_of(metric, ended[0].at, max(now, ended[-1].at))
    judged = analysis.judge_series(
        [one.at for one in ended], [one.value for one in ended], [one.weight for one in ended], metric.zone,
        kind=kind_of(metric), per_unit=_per_unit(metric), starts=starts, chart=chart,
        apart=apart, seconds=seconds or Grain(metric.grain).seconds,
    )  # fmt: skip
    return Course(ended, judged)


def _per_unit(metric: Metric) -> bool:
    """Whether the weight is what the value is counted over: returns per order, faults per metre."""
    if metric.as_rate:
        return False
    return metric.aggregation == Aggregation.RATIO or (metric.is_calculated and quotient_of(metric) is not None)


def with_noughts(metric: Metric, found: Sequence[Bucket]) -> Sequence[Bucket]:
    """Hours without a value are nought where rare things are counted one by one (each complaint when it comes): most hours
    are missing, and no nought was ever sent. Anything else that is missing stays missing."""
    if metric.grain != Grain.HOUR or metric.aggregation not in {Aggregation.SUM, Aggregation.COUNT} or len(found) < 2:
        return found
    hour = timedelta(hours=1)
    whole = int((found[-1].at - found[0].at) / hour) + 1
    values = sorted(one.value for one in found if one.value is not None)
    rare = (
        bool(values) and values[0] >= 1 and values[len(values) // 2] <= RARE and all(one.is_integer() for one in values)
    )
    if not rare or len(found) > 0.5 * whole:
        return found
    there = {one.at: one for one in found}
    return [
        there.get(at) or Bucket(metric.pk, {}, at, 0.0, 0.0)
        for at in (found[0].at + hour * place for place in range(whole))
    ]


def apart_of(metric: Metric, start: datetime, end: datetime) -> Apart:
    """What is no guide to what is usual with this metric: days off, and maintenance."""
    period = periods.Period(start, end, "custom")
    return registry.apart(access.the_house(metric.workspace), [metric.indicator], period, metric.zone)[metric.indicator]


def bucket_end(at: datetime, metric: Metric) -> datetime:
    """When the bucket that begins at a moment ends, by the metric's clock."""
    local = at.astimezone(metric.zone)
    if metric.grain == Grain.MONTH:
        following = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
        return following.replace(fold=0)
    if metric.grain in {Grain.MINUTE, Grain.HOUR}:
        return at + timedelta(seconds=Grain(metric.grain).seconds)
    return local + timedelta(seconds=Grain(metric.grain).seconds)  # the clock on the wall: a day may have 25 hours


def bucket_start(at: datetime, metric: Metric) -> datetime:
    """The start of the metric's bucket that a moment lies in, by its clock."""
    local = at.astimezone(metric.zone)
    if metric.grain == Grain.MINUTE:
        return local.replace(second=0, microsecond=0)
    if metric.grain == Grain.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.date()
    if metric.grain == Grain.WEEK:
        day -= timedelta(days=(day.weekday() + (1 if metric.workspace.week_start == "sunday" else 0)) % 7)
    elif metric.grain == Grain.MONTH:
        day = day.replace(day=1)
    return periods.start_of_day(day, metric.zone)


def stretches(metric: Metric, start: datetime, end: datetime, baseline: Baseline) -> list[Stretch]:
    """The stretches that a baseline compares with; those before the metric's first point are left out."""
    first = begins(metric.pk)
    zone = metric.zone
    a, b = start.astimezone(zone), end.astimezone(zone)
    length = end - start
    if baseline == "even":
        return [(start, end)]
    if baseline == "before":
        back = 1 if length > timedelta(seconds=Grain(metric.grain).seconds * 1.5) else 4
        chosen = [(start - length * back, start)]
    else:
        weeks = max(1, -(-length // timedelta(days=7)))
        chosen = [
            (a - timedelta(weeks=weeks * k), b - timedelta(weeks=weeks * k))
            for k in range(1, (WEEKS if baseline == "usual" else 1) + 1)
        ]
    return [one for one in chosen if first is not None and one[1] > first]


def explain_stretch(
    *, metric: Metric, start: datetime, end: datetime, baseline: Baseline, against: Stretch | None = None
) -> Story:
    """Drivers by label and by hour of the week. Three queries, and one more where a window of hours stands out."""
    kind, before = kind_of(metric), [against] if against else stretches(metric, start, end, baseline)
    newest = metric.aggregation == Aggregation.LAST
    if not before:
        return Story(start, end, baseline, before, kind, None, None, None, None, None)
    now = [(start, end)]
    scale = (end - start) / sum((b - a for a, b in before), timedelta())
    if metric.aggregation == Aggregation.FORMULA:
        return _of_quotient(metric, Story(start, end, baseline, before, kind, None, None, None, None, None), scale)
    hours, grid, window = _by_hours(metric, now, before, kind, scale, baseline) if not newest else (None, None, None)
    within = None
    if window is not None:
        rows = by_labels(metric, now, before, window=(window.days, window.hours), beside=baseline == "even")
        part = window.hours_share
        within = _explained(metric, rows, kind, part / (1 - part) if baseline == "even" else scale)
    if baseline == "even":
        return Story(start, end, baseline, before, kind, within, hours, grid, window, within)
    told = _explained(metric, by_labels(metric, now, before, newest=newest), kind, 1 / len(before) if newest else scale)
    return Story(start, end, baseline, before, kind, told, hours, grid, window, within)


def _of_quotient(metric: Metric, story: Story, scale: float) -> Story:
    """A metric that is one sum over another, explained as a rate; any other formula is not."""
    made = quotient_of(metric)
    if made is None or story.baseline == "even":
        return story
    now = [(story.start, story.end)]
    rows = made.label_rows(now, story.before)
    kind: analysis.Kind = "rate" if made.is_share(rows) else "mean"
    told = _explained(metric, rows, kind, scale)
    if told is None:
        return story
    hours, grid, _window = _by_hours(metric, now, story.before, kind, scale, story.baseline, made)
    return replace(story, kind=kind, told=told, hours=hours, grid=grid, parts=made.parts(rows, scale))


def _explained(
    metric: Metric, rows: Sequence[dict[str, Any]], kind: analysis.Kind, scale: float
) -> analysis.Explanation | None:
    if not any(row["now"] for row in rows) or all(row["now"] for row in rows):
        return None
    names = sorted({name for row in rows for name in row["labels"]})
    top = "weighed" if kind != "sum" else "points" if metric.aggregation == Aggregation.COUNT else "total"
    frame = pl.DataFrame(
        {
            "now": [row["now"] for row in rows], "top": [float(row[top]) for row in rows],
            "bottom": [float(row["weights"]) for row in rows], "points": [row["points"] for row in rows],
            **{f"label.{name}": [row["labels"].get(name) for row in rows] for name in names},
        },
        schema_overrides={f"label.{name}": pl.String for name in names},
    ).rename({f"label.{name}": name for name in names if name not in RESERVED})  # fmt: skip
    dims = [name if name not in RESERVED else f"label.{name}" for name in names]
    cells = analysis.cells_of(frame, dims, sums=kind == "sum", scale=scale, points="points")
    return analysis.explain(cells, kind=kind, spread=analysis.spread_of(rows) if kind != "sum" else None)


RESERVED: Final = frozenset({"now", "top", "bottom", "points", "top_before", "bottom_before", "-"})


def _by_hours(
    metric: Metric,
    now: Sequence[Stretch],
    before: Sequence[Stretch],
    kind: analysis.Kind,
    scale: float,
    baseline: Baseline,
    made: Quotient | None = None,
) -> tuple[analysis.Explanation | None, Any, analysis.Window | None]:
    """(each weekday and hour as drivers, the grid of actual and expected, the window that stands out)."""
    if metric.grain in {Grain.WEEK, Grain.MONTH} or now[0][1] - now[0][0] < timedelta(hours=2):
        return None, None, None
    even = baseline == "even"
    rows = made.hour_rows(now, before) if made else by_hours(metric, now, () if even else before)
    place = 6 if metric.aggregation == Aggregation.COUNT else 3
    daily = metric.grain == Grain.DAY
    grid = np.zeros((2, 2, 7, 24))  # now or before; top or bottom; weekday; hour
    for row in rows:
        side = 0 if row[2] else 1
        grid[side, 0, row[0], row[1]] += row[place] if kind == "sum" else row[4]
        grid[side, 1, row[0], row[1]] += row[5]
    if even:
        if kind != "sum":
            return None, grid, None
        grid[1, 0] = _evenly(grid[0, 0], now[0], metric, daily)
        scale = 1.0
    grid[1, 0] *= scale if kind == "sum" else 1.0
    days = [day for day in range(7) if grid[:, :, day].any()]
    frame = pl.DataFrame(
        [
            {"now": side == 0, "top": float(grid[side, 0, day, hour]), "bottom": float(grid[side, 1, day, hour]),
             DAY_OF_WEEK: WEEKDAYS[day], HOUR_OF_DAY: f"{hour:02d}"}
            for side in (0, 1) for day in days for hour in range(24) if grid[side, :, day, hour].any()
        ]
    )  # fmt: skip
    dims = ([DAY_OF_WEEK] if len(days) > 1 else []) + ([] if daily else [HOUR_OF_DAY])
    if frame.is_empty() or not dims or frame["now"].n_unique() < 2:
        return None, grid, None
    told = analysis.explain(analysis.cells_of(frame, dims, sums=kind == "sum"), kind=kind, elements=24)
    window = analysis.find_window(grid[0, 0], grid[1, 0], pile=even) if kind == "sum" and not daily else None
    return told, grid, window


def _evenly(actual: Any, stretch: Stretch, metric: Metric, daily: bool) -> Any:
    """The same sum spread over the hours that the stretch has of each weekday, as far as anything ever happens then."""
    seconds = np.zeros((7, 24))
    at = stretch[0].astimezone(metric.zone)
    while at < stretch[1]:
        seconds[at.weekday(), at.hour] += 1
        at = (at.astimezone(stretch[0].tzinfo) + timedelta(hours=1)).astimezone(metric.zone)
    if daily:
        seconds = np.where(actual > 0, seconds, 0)
    # Hours in which the house is shut on all days are no place where it could pile up.
    open_hours = actual.sum(axis=0) > 0
    seconds = seconds * open_hours[None, :]
    return seconds / max(seconds.sum(), 1.0) * actual.sum()
