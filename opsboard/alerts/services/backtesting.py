"""What a watch would have said: its condition over the number's past."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from opsboard.alerts.analysis import DAY, Step, Turn
from opsboard.alerts.analysis.proposing import Proposal, joined, propose
from opsboard.alerts.analysis.references import references, usual
from opsboard.alerts.analysis.replay import Given, Setting, replay
from opsboard.alerts.models import Watch
from opsboard.alerts.services.planning import HOUR, Labels, exceptions_of, series_of
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Parts, Reading
from opsboard.core.periods import Period

LONGEST: Final = timedelta(days=400)
MOST_SETS: Final = 200  # label sets of one backtest
MOST_PROPOSED: Final = 30  # label sets that limits are taken from
FEWEST_SETS: Final = 4
MOST_VALUES: Final = (
    60_000  # of all label sets together; of a number that comes often so many fewer label sets are tried
)
BACK: Final = {"": 0, "previous": 62, "week": 8 + 31, "year": 366 + 31, "baseline": 57}  # days that a comparison needs


@dataclass(frozen=True)
class Happened:
    """One transition that would have been."""

    at: datetime
    step: Step
    labels: Mapping[str, str]
    value: float | None
    turn: Turn


@dataclass(frozen=True)
class Episode:
    """One alert that would have been; `until` is None where it still goes on at the end."""

    labels: Mapping[str, str]
    since: datetime
    until: datetime | None
    value: float | None
    peak: float | None
    first: datetime | None = None  # the buckets of its values
    last: datetime | None = None


@dataclass
class Backtest:
    start: datetime
    end: datetime
    events: list[Happened] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    points: dict[Labels, list[tuple[datetime, float]]] = field(default_factory=dict)
    more: bool = False  # there are more label sets than were tried

    @property
    def per_week(self) -> float:
        return len(self.episodes) * 7 * DAY / max(1.0, (self.end - self.start).total_seconds())


def backtest(*, viewer: Viewer, watch: Watch, start: datetime, end: datetime) -> Backtest:
    """The transitions from `start` until `end`, each label set for itself, in the order of time."""
    if end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    if end - start > LONGEST:
        raise ValidationError({"from": _("At most 400 days can be tried at once.")})
    most = _most_sets(watch, end - start)
    past = _read(viewer, watch, start, end, most + 1)
    answer = Backtest(start, end)
    setting = Setting(
        zone=viewer.workspace.zone,
        late_seconds=watch.late_seconds,
        facing=watch.facing,
        early=watch.may_be_early,
        as_is=watch.stands_open,
        ages=watch.kind == Watch.Kind.STALE,
        grain_seconds=watch.grain_seconds,
    )
    whole = () in past
    tried = [one for one in sorted(past.items()) if watch.looks_at(dict(one[0]), has_whole=whole)]
    answer.more = len([labels for labels, _given in tried if labels]) > most
    for labels, given in tried[: most + (() in dict(tried))]:
        turns = replay(watch.rule, given, setting, start, end)
        answer.points[labels] = [(one.at, one.value) for one in given if start <= one.at < end]
        answer.events += [Happened(turn.at, turn.step, dict(labels), turn.value, turn) for turn in turns]
        answer.episodes += _episodes(dict(labels), turns, given)
    answer.events.sort(key=lambda one: (one.at, sorted(one.labels.items())))
    answer.episodes.sort(key=lambda one: one.since)
    return answer


def _most_sets(watch: Watch, span: timedelta) -> int:
    values = span.total_seconds() / (watch.grain_seconds or HOUR)
    return max(FEWEST_SETS, min(MOST_SETS, int(MOST_VALUES / max(1.0, values))))


def past_of(
    *, viewer: Viewer, watch: Watch, keys: Sequence[str], period: Period, most: int
) -> dict[str, Sequence[Reading]]:
    """What is known of numbers, of as many label sets as the watch looks at."""
    only_whole = watch.scope == Watch.Scope.WHOLE and not watch.labels
    return registry.history(viewer, keys, period, None if only_whole else Parts(watch.labels, most))


def _episodes(labels: Mapping[str, str], turns: Sequence[Turn], given: Sequence[Given]) -> list[Episode]:
    found: list[Episode] = []
    begun: Turn | None = None
    for turn in turns:
        if turn.step is Step.FIRED:
            begun = turn
        elif turn.step is Step.RESOLVED and begun is not None:
            first = _first(begun, given)
            buckets = first, _before(turn.memory.bucket_at, first, given)
            found.append(Episode(labels, begun.at, turn.at, begun.value, turn.memory.peak, *buckets))
            begun = None
    if begun is not None:
        buckets = _first(begun, given), turns[-1].memory.bucket_at
        found.append(Episode(labels, begun.at, None, begun.value, turns[-1].memory.peak, *buckets))
    return found


def _first(begun: Turn, given: Sequence[Given]) -> datetime | None:
    """The bucket that set it off: the newest of that value. (The memory of an alert that goes on is that of its end.)"""
    return next((one.at for one in reversed(given) if one.at <= begun.at and one.value == begun.value), None)


def _before(over: datetime | None, first: datetime | None, given: Sequence[Given]) -> datetime | None:
    """The last bucket before the one with which it was over."""
    place = bisect_left(given, over, key=lambda one: one.at) - 1 if over is not None else -1
    return max(first, given[place].at) if first is not None and place >= 0 else first


def _read(viewer: Viewer, watch: Watch, start: datetime, end: datetime, most: int) -> dict[Labels, list[Given]]:
    """The past of the number by label set, with what each bucket is compared with."""
    days = BACK[watch.compare] + 3 * math.ceil(watch.grain_seconds / DAY) + 1
    period = Period(start - timedelta(days=days), end, "custom")
    keys = [key for key in (watch.indicator, watch.other) if key]
    told = past_of(viewer=viewer, watch=watch, keys=keys, period=period, most=most)
    own = _by_labels(told.get(watch.indicator, ()))
    others = _by_labels(told.get(watch.other, ())) if watch.other else {}
    answer: dict[Labels, list[Given]] = {}
    first = start - timedelta(days=days - BACK[watch.compare])
    usually = None
    if watch.compare == Watch.Compare.BASELINE:
        usually = exceptions_of(viewer.workspace, period.start, end + timedelta(days=1))
    for labels, series in own.items():
        shown = [at for at in series if at >= first]
        apart = usually.of(watch, labels) if usually else None
        other = _beside(others.get(labels, {}), others.get((), {}))
        compared = _references(viewer, watch, shown, series, other, apart)
        answer[labels] = [
            Given(at, series[at], compared.get(at), apart is not None and apart.is_off(at, watch.grain_seconds))
            for at in shown
        ]
    return answer


def _beside(part: Mapping[datetime, float], whole: Mapping[datetime, float]) -> Mapping[datetime, float]:
    """The other number: of the same label set since that has values, before of the whole."""
    since = next(iter(part), None)
    return (
        part
        if since is None and not whole
        else {at: one for at, one in whole.items() if since is None or at < since} | dict(part)
    )


def _by_labels(readings: Sequence[Reading]) -> dict[Labels, dict[datetime, float]]:
    found: dict[Labels, dict[datetime, float]] = defaultdict(dict)
    for one in readings:
        if one.at is not None and one.value is not None and math.isfinite(one.value):
            found[series_of("", one.labels)[1] if one.labels else ()][one.at] = float(one.value)
    return {labels: dict(sorted(series.items())) for labels, series in found.items()}


def _references(
    viewer: Viewer,
    watch: Watch,
    shown: Sequence[datetime],
    own: Mapping[datetime, float],
    other: Mapping[datetime, float],
    apart: Apart | None = None,
) -> dict[datetime, float | None]:
    match watch.kind:
        case Watch.Kind.OTHER:
            return {at: other.get(at) for at in shown}
        case Watch.Kind.CHANGE:
            zone = viewer.workspace.zone
            return {
                at: usual(
                    [own.get(one) for one in references(at, watch.grain_seconds, watch.compare, zone, apart)],
                    watch.compare,
                )
                for at in shown
            }
    return {}


def propose_limits(*, viewer: Viewer, watch: Watch, tried: Backtest) -> Proposal:
    """Limits that the past of a backtest proposes: of the whole number where it is looked at, else those within which all
    its label sets vary by routine."""
    usually = exceptions_of(viewer.workspace, tried.start, tried.end)
    series = [()] if tried.points.get(()) else list(tried.points)[:MOST_PROPOSED]
    return joined([_proposed(tried.points[labels], usually.of(watch, labels), watch) for labels in series])


def _proposed(points: Sequence[tuple[datetime, float]], apart: Apart, watch: Watch) -> Proposal:
    times, values = [at for at, _value in points], [value for _at, value in points]
    return propose(times, values, apart.zone, apart, watch.grain_seconds)
