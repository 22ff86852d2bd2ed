"""What a watch would have said: its condition over the number's past."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from opsboard.alerts.analysis import DAY, Step, Turn
from opsboard.alerts.analysis.proposing import Proposal, propose
from opsboard.alerts.analysis.references import references, usual
from opsboard.alerts.analysis.replay import Given, Setting, replay
from opsboard.alerts.models import Watch
from opsboard.alerts.services.planning import Labels, may_be_early, series_of, stands_open
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Reading
from opsboard.core.periods import Period

LONGEST: Final = timedelta(days=400)
MOST_SETS: Final = 200  # label sets of one backtest
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


@dataclass
class Backtest:
    start: datetime
    end: datetime
    events: list[Happened] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    points: dict[Labels, list[tuple[datetime, float]]] = field(default_factory=dict)

    @property
    def per_week(self) -> float:
        return len(self.episodes) * 7 * DAY / max(1.0, (self.end - self.start).total_seconds())


def backtest(*, viewer: Viewer, watch: Watch, start: datetime, end: datetime) -> Backtest:
    """The transitions from `start` until `end`, each label set for itself, in the order of time."""
    if end <= start:
        raise ValidationError({"to": _("The end must come after the beginning.")})
    if end - start > LONGEST:
        raise ValidationError({"from": _("At most 400 days can be tried at once.")})
    past = _read(viewer, watch, start, end)
    answer = Backtest(start, end)
    setting = Setting(
        zone=viewer.workspace.zone,
        late_seconds=watch.late_seconds,
        facing=watch.facing,
        early=may_be_early(watch),
        as_is=stands_open(watch),
        ages=watch.kind == Watch.Kind.STALE,
        grain_seconds=watch.grain_seconds,
    )
    whole = () in past
    for labels, given in sorted(past.items())[:MOST_SETS]:
        if not watch.looks_at(dict(labels), has_whole=whole):
            continue
        turns = replay(watch.rule, given, setting, start, end)
        answer.points[labels] = [(one.at, one.value) for one in given if start <= one.at < end]
        answer.events += [Happened(turn.at, turn.step, dict(labels), turn.value, turn) for turn in turns]
        answer.episodes += _episodes(dict(labels), turns)
    answer.events.sort(key=lambda one: (one.at, sorted(one.labels.items())))
    answer.episodes.sort(key=lambda one: one.since)
    return answer


def _episodes(labels: Mapping[str, str], turns: Sequence[Turn]) -> list[Episode]:
    found: list[Episode] = []
    begun: Turn | None = None
    for turn in turns:
        if turn.step is Step.FIRED:
            begun = turn
        elif turn.step is Step.RESOLVED and begun is not None:
            found.append(Episode(labels, begun.at, turn.at, begun.value, turn.memory.peak))
            begun = None
    if begun is not None:
        found.append(Episode(labels, begun.at, None, begun.value, turns[-1].memory.peak))
    return found


def _read(viewer: Viewer, watch: Watch, start: datetime, end: datetime) -> dict[Labels, list[Given]]:
    """The past of the number by label set, with what each bucket is compared with."""
    days = BACK[watch.compare] + 3 * math.ceil(watch.grain_seconds / DAY) + 1
    period = Period(start - timedelta(days=days), end, "custom")
    keys = [key for key in (watch.indicator, watch.other) if key]
    told = registry.history(viewer, keys, period, parts=bool(watch.labels) or watch.scope != Watch.Scope.WHOLE)
    own = _by_labels(told.get(watch.indicator, ()))
    others = _by_labels(told.get(watch.other, ())) if watch.other else {}
    answer: dict[Labels, list[Given]] = {}
    first = start - timedelta(days=days - BACK[watch.compare])
    for labels, series in own.items():
        shown = [at for at in series if at >= first]
        compared = _references(viewer, watch, shown, series, others.get(labels) or others.get(()) or {})
        answer[labels] = [Given(at, series[at], compared.get(at)) for at in shown]
    return answer


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
) -> dict[datetime, float | None]:
    match watch.kind:
        case Watch.Kind.OTHER:
            return {at: other.get(at) for at in shown}
        case Watch.Kind.CHANGE:
            zone = viewer.workspace.zone
            return {
                at: usual(
                    [own.get(one) for one in references(at, watch.grain_seconds, watch.compare, zone)], watch.compare
                )
                for at in shown
            }
    return {}


def propose_limits(*, viewer: Viewer, watch: Watch, tried: Backtest) -> Proposal:
    """Limits that the past of a backtest proposes: of the whole number, or of its first label set."""
    points = tried.points.get(()) or next(iter(tried.points.values()), [])
    return propose([at for at, _value in points], [value for _at, value in points], viewer.workspace.zone)
