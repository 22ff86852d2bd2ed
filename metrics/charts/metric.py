"""What people see drawn: a metric over time, in small and in large."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from metrics.models import Bucket, Grain, Measure, Metric
from opsboard.core import charts
from opsboard.core.written import number, percent

MOST_LINES = 6
MOST_EXPLORED = 20_000


type Spoken = Metric | Measure
"""Whatever has a unit, decimals, and says whether it is a rate."""


def value_text(metric: Spoken, value: float | None, *, unit: bool = True, finer: bool = False) -> str:
    """A value as it is read: 76.3%, 12.50 min, 1,204. `finer` is for what is expected: 0.3 of what comes in wholes."""
    if value is None:
        return "–"
    if metric.as_rate:
        return percent(value, 1 if metric.decimals is None else metric.decimals)
    text = number(value, _digits(metric, value, finer))
    name = metric.unit or metric.currency
    return f"{text} {name}" if unit and name else text


def _digits(metric: Spoken, value: float, finer: bool) -> int | None:
    return (
        1
        if finer and metric.decimals == 0 and abs(value) < 10 and abs(value - round(value)) >= 0.05
        else metric.decimals
    )


def change_text(metric: Spoken, change: float | None, *, finer: bool = False) -> str:
    """A difference with its sign; of rates in percentage points."""
    if change is None:
        return "–"
    digits = _digits(metric, change, finer)
    if metric.as_rate:
        change, digits = change * 100, 1 if digits is None else digits
    text = number(change, digits)
    if not any(figure in text for figure in "123456789"):  # too little to be seen: neither up nor down
        text = text.removeprefix("−")
    elif change > 0:
        text = f"+{text}"
    return _("%(points)s pp") % {"points": text} if metric.as_rate else text


def change_tone(metric: Spoken, change: float | None) -> str:
    """Good, bad, or nothing where the difference is too little to be seen in its text."""
    if not change or not any(figure in change_text(metric, change) for figure in "123456789"):
        return ""
    return "good" if metric.improves(change) else "bad"


def small(
    metric: Metric, buckets: Sequence[Bucket], *, width: int = 120, height: int = 28, target: float | None = None
) -> SafeString:
    title = _("Course of %(name)s") % {"name": metric.name}
    series = charts.Series(metric.name, [(one.at, one.value) for one in buckets])
    return charts.sparkline(series, title=title, target=target, width=width, height=height)


def lines(
    metric: Metric, groups: Sequence[tuple[str, Sequence[Bucket]]], now: datetime, end: datetime | None, grain: str = ""
) -> list[charts.Series]:
    """The groups as series; a last bucket that `now` lies in has not ended. Without a `grain` they are of the metric's."""
    running = end is None or end > now
    since = now - timedelta(seconds=Grain(grain or metric.grain).seconds)
    return [
        charts.Series(
            name or metric.name,
            [(one.at, one.value) for one in buckets],
            partial=running and len(buckets) > 1 and since < buckets[-1].at <= now,
        )
        for name, buckets in groups
    ]


def large(
    metric: Metric,
    series: Sequence[charts.Series],
    *,
    width: int = 860,
    height: int = 300,
    target: bool = True,
    signals: Sequence[charts.Signal] = (),
    changes: Sequence[charts.Change] = (),
) -> SafeString:
    """`target` is false where the values are of another grain than the target's."""
    spoken = [value for one in series for _at, value in one.points if value is not None]
    desc = (
        _("%(count)s values, from %(low)s to %(high)s; the table below has them all.")
        % {"count": len(spoken), "low": value_text(metric, min(spoken)), "high": value_text(metric, max(spoken))}
        if spoken
        else ""
    )
    return charts.line(
        series, title=metric.name, desc=desc, unit="" if metric.as_rate else metric.unit, rate=metric.as_rate,
        target=metric.target if target else None, tz=metric.zone, width=width, height=height, heading=False,
        signals=signals, changes=changes, spell=lambda value: value_text(metric, value, unit=False),
    )  # fmt: skip


def on_page(
    metric: Metric,
    series: Sequence[charts.Series],
    signals: Sequence[charts.Signal] = (),
    changes: Sequence[charts.Change] = (),
) -> SafeString:
    """The large chart for a page: drawn for a desk and for a phone."""
    return charts.for_any_screen(
        lambda width, height: large(metric, series, width=width, height=height, signals=signals, changes=changes)
    )


def explored(metric: Metric, series: Sequence[charts.Series], changes: Sequence[charts.Change] = ()) -> dict[str, Any]:
    """The same for Plotly, where people zoom and hover."""
    return charts.figure_json(
        series, title=metric.name, unit="" if metric.as_rate else metric.unit, rate=metric.as_rate,
        target=metric.target, tz=metric.zone, changes=changes,
    )  # fmt: skip


def labels_text(labels: Any) -> str:
    return " · ".join(str(labels[name]) for name in sorted(labels)) or _("(no label)")
