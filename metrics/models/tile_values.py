"""What the tiles of a dashboard show: all their numbers in a few questions, however many tiles there are.

Tiles that look at the same time by the same grain share one question; those that are parted or narrowed by labels share
another, whose answer is parted here. So a dashboard asks once for each grain and time that occurs on it.
"""

from __future__ import annotations

import math
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from metrics.models.buckets import Bucket
from metrics.models.metric import Aggregation, Direction, Grain, Metric
from metrics.models.points import dimensions_of
from metrics.models.reading import buckets
from metrics.models.tiles import PARTED, SPANS, Tile, TileKind
from opsboard.core import periods, registry
from opsboard.core.contract import Watchable

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

PREFIX = "metrics.value:"
MOST_BUCKETS = {TileKind.LINE: 190, TileKind.BAR: 32, TileKind.STACKED: 32}
USUAL_BUCKETS = 62
WHOLE = "whole"
ADDED = {Aggregation.SUM, Aggregation.COUNT}
ENDS = {Aggregation.MIN: min, Aggregation.MAX: max}
# What comes out of its parts by adding or weighing; percentiles and formulas have to be asked for anew.
PIECED = {*ADDED, *ENDS, Aggregation.MEAN, Aggregation.RATIO, Aggregation.LAST}
YEAR = timedelta(days=364)  # 52 weeks: Mondays stand beside Mondays


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that tiles can show: a metric of ours, or any other indicator of the house."""

    key: str
    name: str
    unit: str
    direction: str
    decimals: int | None
    as_rate: bool
    target: float | None
    aggregation: str
    grain: str
    zone: zoneinfo.ZoneInfo
    url: str
    pk: int | None = None  # of a metric
    dimensions: tuple[str, ...] = ()
    currency: str = ""

    def improves(self, change: float) -> bool:
        return change > 0 if self.direction == Direction.UP else change < 0

    def misses(self, value: float, target: float) -> bool:
        return value < target if self.direction == Direction.UP else value > target


def measure_of(metric: Metric, dimensions: Iterable[str] = ()) -> Measure:
    return Measure(
        metric.indicator, metric.name, metric.unit, metric.direction, metric.decimals, metric.as_rate, metric.target,
        metric.aggregation, metric.grain, metric.zone, metric.get_absolute_url(), metric.pk, tuple(dimensions), metric.currency,
    )  # fmt: skip


def measures_of(viewer: Viewer, keys: Iterable[str]) -> tuple[dict[str, Measure], dict[str, list[str]]]:
    """What stands behind the keys, as far as this viewer may see it; and the labels by which it can be narrowed."""
    wanted = list(dict.fromkeys(keys))
    own = [key.removeprefix(PREFIX) for key in wanted if key.startswith(PREFIX)]
    found: dict[str, Measure] = {}
    labels: dict[str, set[str]] = {}
    if own:
        metrics = list(
            Metric.objects.visible_to(viewer).in_use().filter(key__in=own).select_related("workspace").order_by("pk")
        )
        dimensions = dimensions_of([metric.pk for metric in metrics]) if metrics else {}
        for metric in metrics:
            known = dimensions.get(metric.pk, {})
            found[metric.indicator] = measure_of(metric, known)
            for name, values in known.items():
                labels.setdefault(name, set()).update(values)
    others = {key.partition(":")[0] for key in wanted if not key.startswith(PREFIX)}
    for indicator in registry.indicators(viewer) if others else ():
        if indicator.key in others:
            catalogue = [entry for entry in indicator.catalogue(viewer) if entry.key in wanted]
            found |= {entry.key: _foreign(entry, viewer) for entry in catalogue}
    return found, {name: sorted(values)[:200] for name, values in sorted(labels.items())}


def _foreign(entry: Watchable, viewer: Viewer) -> Measure:
    return Measure(
        entry.key, str(entry.title), entry.unit, entry.direction, entry.decimals, entry.rate, entry.target,
        Aggregation.LAST, Grain.HOUR, viewer.workspace.zone, entry.url, None, entry.dimensions,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """Which time is looked at, beside which other, narrowed by which labels: what a dashboard's address says."""

    first: date
    last: date
    zone: Any
    span: str = ""
    compare: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        return periods.start_of_day(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return periods.start_of_day(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def earlier(self) -> tuple[datetime, datetime, timedelta] | None:
        """The time that this one is compared with, and how far back it lies."""
        if self.compare == "previous":
            back = timedelta(days=self.days)
        elif self.compare == "year":
            back = YEAR
        else:
            return None
        first, last = self.first - back, self.last - back
        if first.year < periods.EARLIEST:
            return None
        return (
            periods.start_of_day(first, self.zone),
            periods.start_of_day(last + timedelta(days=1), self.zone),
            back,
        )

    def over(self, span: str) -> Look:
        """The same, looking back another while."""
        if span not in SPANS or span == self.span:
            return self
        return Look(look_back(self.last, span), self.last, self.zone, span, self.compare, self.labels)


def look_back(last: date, span: str) -> date:
    return last - timedelta(days=SPANS[span][0] - 1)


type Value = tuple[datetime, float | None, float]


@dataclass(slots=True)
class Course:
    """One number (or one part of it) over the time: moments, values, weights; and over the time it is compared with."""

    source: Measure
    name: str = ""
    part: str = ""
    values: list[Value] = field(default_factory=list)
    before: list[Value] = field(default_factory=list)

    whole: float | None = None  # of the whole time, where that does not come out of the values
    whole_before: float | None = None

    def total(self) -> float | None:
        """The one value of the whole time, by the rules of the number."""
        return self._put_together(self.values) if self.source.aggregation in PIECED else self.whole

    def total_before(self) -> float | None:
        """The same of the time that it is compared with."""
        if not self.before:
            return None
        return self._put_together(self.before) if self.source.aggregation in PIECED else self.whole_before

    def _put_together(self, values: Sequence[Value]) -> float | None:
        known = [(value, weight) for _at, value, weight in values if value is not None]
        return put_together(self.source.aggregation, known)


def put_together(aggregation: str, known: Sequence[tuple[float, float]], *, at_once: bool = False) -> float | None:
    """Values and their weights as one: of times one after the other, or of parts `at_once`."""
    if not known:
        return None
    values = [value for value, _weight in known]
    if aggregation in ADDED or (at_once and aggregation == Aggregation.LAST):
        return math.fsum(values)
    if aggregation == Aggregation.LAST:
        return values[-1]
    if aggregation in ENDS:
        return ENDS[Aggregation(aggregation)](values)
    weights = math.fsum(weight for _value, weight in known)
    return math.fsum(value * weight for value, weight in known) / weights if weights else None


@dataclass(slots=True)
class Shown:
    """A tile with its numbers. `missing` are keys that are gone, or that this viewer may not see."""

    tile: Tile
    look: Look
    grain: str
    sources: list[Measure]
    courses: list[Course]
    missing: int = 0
    unfiltered: tuple[str, ...] = ()  # dimensions of the filter that the number does not have
    now: datetime | None = None

    @property
    def first(self) -> Measure | None:
        return self.sources[0] if self.sources else None

    @property
    def running(self) -> bool:
        """Whether the newest bucket has not ended."""
        return self.now is not None and self.look.start <= self.now < self.look.end


def is_total(tile: Tile) -> bool:
    """Whether a tile shows one value of the whole time for each of its numbers or parts."""
    if tile.kind == TileKind.BAR:
        return bool(tile.by or len(tile.sources) > 1)
    return tile.kind in {TileKind.PARETO, TileKind.FUNNEL, TileKind.GAUGE, TileKind.TABLE}


def grain_for(tile: Tile, source: Measure, days: int) -> str:
    """The tile's grain, or the number's own; coarser where that would be more than can be seen."""
    if tile.kind == TileKind.HEAT:
        return Grain.HOUR
    grains = list(Grain)
    own = grains.index(Grain(source.grain))
    place = max(own, grains.index(Grain(tile.grain)) if tile.grain in Grain.values else 0)
    most = USUAL_BUCKETS if is_total(tile) else MOST_BUCKETS.get(TileKind(tile.kind), USUAL_BUCKETS)
    while place < len(grains) - 1 and days * 86_400 > grains[place].seconds * most:
        place += 1
    return str(grains[place].value)


@dataclass(frozen=True, slots=True)
class _Question:
    grain: str
    span: str
    labels: tuple[tuple[str, str], ...]
    by: tuple[str, ...] | None  # None: by every label that any tile of the dashboard needs
    before: bool = False


def read_tiles(
    viewer: Viewer, tiles: Sequence[Tile], look: Look, now: datetime, sources: Mapping[str, Measure]
) -> dict[int, Shown]:
    """Every tile with its numbers."""
    asked: dict[_Question, set[int]] = {}
    dimensions: set[str] = set()
    answer: dict[int, Shown] = {}
    others: dict[str, set[str]] = {}
    plans: list[tuple[Shown, Measure, _Question]] = []
    for tile in tiles:
        here = look.over(tile.span)
        known = [sources[key] for key in tile.sources if key in sources]
        shown = Shown(tile, here, "", known, [], len(tile.sources) - len(known), now=now)
        answer[tile.id] = shown
        for source in known:
            if source.pk is None:
                others.setdefault(here.span or "", set()).add(source.key)
                continue
            grain = grain_for(tile, source, here.days)
            shown.grain = shown.grain or grain
            has = set(source.dimensions)
            labels = tuple(sorted((name, text) for name, text in look.labels.items() if name in has))
            shown.unfiltered = tuple(sorted({*shown.unfiltered, *(set(look.labels) - has)}))
            by = (tile.by,) if tile.by and tile.kind in PARTED else ()
            question = _Question(grain, here.span, labels, by)
            if source.aggregation not in PIECED:
                merged = tuple(sorted({**dict(labels), **tile.labels}.items()))
                question = replace(question, labels=merged)
            elif by or tile.labels:
                question = replace(question, by=None)
                dimensions |= {*tile.labels, *by}
            plans.append((shown, source, question))
            wanted = [question] if source.aggregation in PIECED else [question, replace(question, grain=WHOLE)]
            for one in wanted:
                asked.setdefault(one, set()).add(source.pk)
                if here.earlier() is not None:
                    asked.setdefault(replace(one, before=True), set()).add(source.pk)
    found = {
        question: _ask(question, pks, look.over(question.span), sorted(dimensions), now)
        for question, pks in asked.items()
    }
    for shown, source, question in plans:
        courses = _courses(shown, source, found[question], found.get(replace(question, before=True), {}))
        if source.aggregation not in PIECED:
            whole = replace(question, grain=WHOLE)
            _add_wholes(courses, source, question.by, found[whole], found.get(replace(whole, before=True), {}))
        shown.courses += courses
    _read_others(viewer, answer, others, look, now)
    for shown in answer.values():
        _align(shown)
    return answer


type Found = dict[int, list[Bucket]]


def _ask(question: _Question, pks: Iterable[int], look: Look, dimensions: Sequence[str], now: datetime) -> Found:
    start, end = look.start, look.end
    if question.before:
        earlier = look.earlier()
        if earlier is None:
            return {}
        start, end, back = earlier
        if look.start <= now < look.end:  # of the time before, as much as has passed of this one
            end = min(end, now - back)
        if end <= start:
            return {}
    found: Found = {}
    whole = question.grain == WHOLE
    for one in buckets(
        sorted(pks), start=start, end=end, grain="" if whole else question.grain, whole=whole,
        by=dimensions if question.by is None else question.by, labels=dict(question.labels),
    ):  # fmt: skip
        found.setdefault(one.metric_id, []).append(one)
    return found


def _courses(shown: Shown, source: Measure, now: Found, past: Found) -> list[Course]:
    tile = shown.tile
    by = tile.by if tile.kind in PARTED else ""
    several = len(shown.sources) > 1
    groups: dict[str, Course] = {}
    for rows, name_of in ((now.get(source.pk or 0, ()), "values"), (past.get(source.pk or 0, ()), "before")):
        parts: dict[str, dict[datetime, list[Bucket]]] = {}
        for one in rows:
            if source.aggregation in PIECED and any(one.labels.get(name) != text for name, text in tile.labels.items()):
                continue
            part = one.labels.get(by, "") if by else ""
            parts.setdefault(part, {}).setdefault(one.at, []).append(one)
        for part, by_moment in parts.items():
            words = (part or _("(no label)")) if by else ""
            name = " · ".join(filter(None, (source.name if several else "", words))) or source.name
            course = groups.setdefault(part, Course(source, name, part))
            course_values = course.values if name_of == "values" else course.before
            course_values += [_together(source, at, found) for at, found in sorted(by_moment.items())]
    if not groups and not by:
        groups[""] = Course(source, source.name)
    return list(groups.values())


def _together(source: Measure, at: datetime, found: Sequence[Bucket]) -> Value:
    """Parts of one bucket as one value; exact, since each carries its weight."""
    if len(found) == 1:
        return at, found[0].value, found[0].weight
    known = [(one.value, one.weight) for one in found if one.value is not None]
    return at, put_together(source.aggregation, known, at_once=True), math.fsum(weight for _value, weight in known)


def _add_wholes(
    courses: Sequence[Course], source: Measure, by: tuple[str, ...] | None, now: Found, past: Found
) -> None:
    """The whole of percentiles and formulas, which their times do not add up to."""
    name = by[0] if by else ""
    for course in courses:
        for one in now.get(source.pk or 0, ()):
            if not name or one.labels.get(name, "") == course.part:
                course.whole = one.value
        for one in past.get(source.pk or 0, ()):
            if not name or one.labels.get(name, "") == course.part:
                course.whole_before = one.value


def _align(shown: Shown) -> None:
    """Of the time before, only as much as the present has: half a week is compared with half a week.

    Where most of the time before is not known (the number is younger), it is no measure for the present.
    """
    earlier = shown.look.earlier()
    if earlier is None:
        return
    back = earlier[2] - timedelta(hours=2)  # clocks may have changed between
    reached = max((course.values[-1][0] for course in shown.courses if course.values), default=None)
    moments: set[datetime] = set()
    for course in shown.courses:
        if reached is None:
            course.before = []
        elif shown.running:
            course.before = [row for row in course.before if row[0] + back <= reached]
        moments |= {at for at, _value, _weight in course.before}
    present = {at for course in shown.courses for at, _value, _weight in course.values}
    if len(moments) < 0.8 * len(present):
        for course in shown.courses:
            course.before = []


def _read_others(
    viewer: Viewer, answer: Mapping[int, Shown], others: Mapping[str, set[str]], look: Look, now: datetime
) -> None:
    """Numbers of other rooms, from their own past or from the house's snapshots."""
    for span, keys in others.items():
        here = look.over(span)
        present = registry.history(viewer, sorted(keys), periods.between(here.first, here.last, here.zone))
        earlier = here.earlier()
        past: Mapping[str, Any] = {}
        if earlier is not None:
            first, last = earlier[0].date(), (earlier[1] - timedelta(hours=12)).date()
            past = registry.history(viewer, sorted(keys), periods.between(first, last, here.zone))
        latest = {one.key: one for one in registry.read(viewer, sorted(keys), now) if not one.labels}
        for shown in answer.values():
            if (shown.look.span or "") != span:
                continue
            for source in shown.sources:
                if source.pk is not None or source.key not in keys:
                    continue
                shown.grain = shown.grain or Grain.HOUR
                course = Course(
                    source, source.name, "", _plain(present.get(source.key, ())), _plain(past.get(source.key, ()))
                )
                current = latest.get(source.key)
                if current is not None and current.value is not None and here.start <= now < here.end:
                    course.values.append((now, current.value, current.weight))
                shown.courses.append(course)


def _plain(readings: Sequence[Any]) -> list[Value]:
    return [(one.at, one.value, one.weight) for one in readings if not one.labels and one.at is not None]
