"""What an alert looks like over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from opsboard.alerts.models import Alert, Told, Transition, Watch, words
from opsboard.alerts.services import Backtest
from opsboard.core import charts
from opsboard.core.contract import Reading
from opsboard.core.periods import Period, between, local_day

SHORTEST = timedelta(days=1)
MOST_LINES = 6  # more are no picture any more

type Labels = tuple[tuple[str, str], ...]


def period_of(alert: Alert, now: datetime) -> Period:
    """The alert's time with some air before it: at least a day, and sixty buckets of its series."""
    zone = alert.workspace.zone
    end = alert.resolved_at or now
    before = max(SHORTEST, 2 * (end - alert.active_at), timedelta(seconds=60 * alert.watch.grain_seconds))
    return between(local_day(alert.active_at - before, zone), local_day(end, zone), zone)


def course_of(watch: Watch, now: datetime) -> Period:
    """What the page of a watch shows of its number: sixty buckets, and at least a week."""
    zone = watch.workspace.zone
    before = max(7 * SHORTEST, timedelta(seconds=60 * watch.grain_seconds))
    return between(local_day(now - before, zone), local_day(now, zone), zone)


def thresholds(watch: Watch, fired_at: float | None = None) -> list[charts.Threshold]:
    lines = [charts.Threshold(watch.value if fired_at is None else fired_at, _("Alert"))]
    if watch.clear is not None and watch.clear != watch.value:
        lines.append(charts.Threshold(watch.clear, _("Clears")))
    return lines


def backtest_chart(watch: Watch, tried: Backtest, *, decided: bool = True) -> SafeString:
    """The number's past with the threshold, and upright lines where it would have alerted; or the past alone."""
    shown = _loudest(tried)
    return _course(
        watch,
        {labels: tried.points[labels] for labels in shown},
        [one.since for one in tried.episodes if decided and tuple(sorted(one.labels.items())) in shown][-40:],
        _("%(name)s, and when it would have alerted") % {"name": str(watch)},
        decided=decided,
    )


def _loudest(tried: Backtest) -> list[Labels]:
    """The whole where it is looked at; of the label sets those that would have alerted most."""
    if () in tried.points:
        return [()]
    alerts = Counter(tuple(sorted(one.labels.items())) for one in tried.episodes)
    return sorted(sorted(tried.points, key=lambda labels: (-alerts[labels], labels))[:MOST_LINES])


def watch_chart(watch: Watch, readings: Iterable[Reading], alerts: Iterable[Alert]) -> SafeString | str:
    """What the watch looks at, lately, with its threshold and when its alerts began."""
    points: dict[Labels, list[tuple[datetime, float | None]]] = {}
    for one in readings:
        if one.at is not None:
            points.setdefault(tuple(sorted(one.labels.items())), []).append((one.at, one.value))
    whole = () in points
    fitting = [labels for labels in points if watch.looks_at(dict(labels), has_whole=whole)]
    rows = list(alerts)
    loud = {tuple(sorted(row.labels.items())) for row in rows}
    shown = [()] if () in fitting else sorted(sorted(fitting, key=lambda one: (one not in loud, one))[:MOST_LINES])
    if not shown:
        return ""
    first = min(at for labels in shown for at, _value in points[labels])
    begun = [row.active_at for row in rows if row.active_at >= first and tuple(sorted(row.labels.items())) in shown]
    title = _("%(name)s, with the alert's threshold") % {"name": str(watch)}
    return _course(watch, {labels: points[labels] for labels in shown}, begun, title)


def _course(
    watch: Watch,
    points: Mapping[Labels, Sequence[tuple[datetime, float | None]]],
    changes: Sequence[datetime],
    title: str,
    *,
    decided: bool = True,
) -> SafeString:
    fixed = watch.kind == Watch.Kind.VALUE
    several = len(points) > 1
    lines = [
        charts.Series(words.labels(dict(labels)) if several or labels else watch.indicator_title, series)
        for labels, series in points.items()
    ]
    return charts.for_any_screen(
        lambda width, height: charts.line(
            lines,
            title=title,
            desc=watch.sentence if decided else "",
            unit="" if watch.rate else watch.unit_text,
            rate=watch.rate,
            spell=watch.limit_text,
            thresholds=thresholds(watch) if fixed and decided else [],
            changes=[charts.Change(at, "") for at in changes],
            heading=False,
            width=width,
            height=height,
        )
    )


def alert_chart(alert: Alert, readings: Iterable[Reading], transitions: Iterable[Transition]) -> SafeString:
    """The number's past with its thresholds, and upright lines where the alert changed its state."""
    watch = alert.watch
    points = {one.at: one.value for one in readings if one.at and dict(one.labels) == alert.labels}
    shown = [row for row in transitions if row.step in (Transition.Step.FIRED, Transition.Step.RESOLVED)]
    if not watch.grain_seconds or not points:  # a state: what the evaluator saw belongs to its past
        points |= {row.at: row.value for row in transitions if row.value is not None}
        if alert.is_open and alert.instance.last_tick and alert.value is not None:
            points[alert.instance.last_tick] = alert.value
    return charts.for_any_screen(
        lambda width, height: charts.line(
            [charts.Series(watch.indicator_title, sorted(points.items()))],
            title=_("%(name)s, with the alert's threshold") % {"name": str(alert)},
            desc=watch.sentence,
            unit="" if watch.rate else watch.unit_text,
            rate=watch.rate,
            spell=watch.limit_text,
            thresholds=thresholds(watch, alert.threshold),
            changes=[charts.Change(row.at, row.get_step_display()) for row in shown],
            heading=False,
            width=width,
            height=height,
        )
    )


@dataclass(frozen=True)
class Happened:
    """One line of an alert's timeline."""

    at: datetime
    title: str
    text: str = ""
    small: str = ""
    tone: str = ""
    recipients: Sequence[Any] = ()


def timeline(
    alert: Alert, transitions: Iterable[Transition], told: Iterable[tuple[Told, Sequence[Any]]]
) -> list[Happened]:
    """Changes of state, what people did, and who was told what, the newest first."""
    lines = [
        Happened(
            row.at,
            row.get_step_display(),
            small=" · ".join(
                part
                for part in (
                    alert.watch.written(row.value) if row.value is not None else "",
                    row.get_reason_display() if row.reason else "",
                )
                if part
            ),
        )
        for row in transitions
    ]
    lines += [
        Happened(row.at, row.get_kind_display(), text=row.note, small=str(row.by or ""))
        for row in alert.remarks.select_related("by")
    ]
    lines += [
        Happened(one.at, _("Told: %(what)s") % {"what": one.get_kind_display()}, text=one.text, recipients=to)
        for one, to in told
    ]
    lines.reverse()  # of one moment: first what happened, then who was told
    return sorted(lines, key=lambda line: line.at, reverse=True)
