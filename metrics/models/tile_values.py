"""The numbers of a dashboard's tiles, read in a few questions however many tiles there are.

Tiles that look at the same time by the same grain share one question; those that are parted or narrowed by labels share
another, whose answer is parted here. So a dashboard asks once for each grain and time that occurs on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from metrics.analysis.courses import PIECED, Value, put_together
from metrics.models.buckets import Bucket, Plan, plans_of
from metrics.models.courses import Course, Shown
from metrics.models.looks import Look
from metrics.models.measures import Measure
from metrics.models.metric import Grain
from metrics.models.reading import buckets
from metrics.models.tiles import ALONE, PARTED, Tile, TileKind
from opsboard.core import periods, registry

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

MOST_BUCKETS = {TileKind.LINE: 190, TileKind.BAR: 32, TileKind.STACKED: 32}
USUAL_BUCKETS = 62
WHOLE = "whole"


def grain_for(tile: Tile, source: Measure, days: int) -> str:
    """The tile's grain, or the number's own; coarser where that would be more than can be seen."""
    if tile.kind == TileKind.HEAT:
        return Grain.HOUR
    grains = list(Grain)
    own = grains.index(Grain(source.grain))
    place = max(own, grains.index(Grain(tile.grain)) if tile.grain in Grain.values else 0)
    most = USUAL_BUCKETS if tile.is_total else MOST_BUCKETS.get(TileKind(tile.kind), USUAL_BUCKETS)
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
    by_places: bool = False  # hours as the clocks on the walls of places show them


def read_tiles(
    viewer: Viewer,
    tiles: Sequence[Tile],
    look: Look,
    now: datetime,
    sources: Mapping[str, Measure],
    *,
    drawn: bool = False,
) -> dict[int, Shown]:
    """Every tile with its numbers; `drawn`: without the time before where a drawing of its kind has no place for it."""
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
            question = _Question(grain, here.span, labels, by, by_places=tile.kind == TileKind.HEAT)
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
                if here.earlier() is not None and not (drawn and tile.kind in ALONE):
                    asked.setdefault(replace(one, before=True), set()).add(source.pk)
    metrics = plans_of(sorted({pk for pks in asked.values() for pk in pks})) if asked else {}
    found = {
        question: _ask(question, metrics, pks, look.over(question.span), sorted(dimensions), now)
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


def _ask(
    question: _Question,
    plans: Mapping[int, Plan],
    pks: Iterable[int],
    look: Look,
    dimensions: Sequence[str],
    now: datetime,
) -> Found:
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
        by=dimensions if question.by is None else question.by, labels=dict(question.labels), by_places=question.by_places, plans=plans,
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
