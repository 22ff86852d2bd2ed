"""Hear the numbers of a tick: all of them in bulk, and what they are compared with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Heard
from opsboard.alerts.analysis.crowds import Inputs, inputs_of, moment, number
from opsboard.alerts.analysis.references import references, usual
from opsboard.alerts.models import Watch
from opsboard.alerts.services import planning
from opsboard.alerts.services.planning import HOUR, Labels, Place, Plan, Series, series_of
from opsboard.core import access, live, registry
from opsboard.core.analysis.apart import Apart
from opsboard.core.contract import Parts, Reading
from opsboard.core.models import Workspace
from opsboard.core.periods import Period

TRIES: Final = 2  # of a number that cannot be read, in one tick
BACK: Final = timedelta(days=200)  # of which maintenance is known: eight weeks before a late month
MOST_SETS: Final = 10_000  # label sets of a state's past
DEEPEST: Final = 4  # buckets to look back for one that has ended
type Asked = tuple[datetime, datetime]

MOMENT: Final = timedelta(microseconds=1)
NOTHING: Final = (math.nan, math.nan)


@dataclass
class Ears:
    """What was heard at a tick."""

    tick: datetime
    keys: frozenset[str]
    readings: dict[Series, Reading]
    faulty: frozenset[str]  # keys that cannot be read
    speaking: frozenset[str]  # keys of which at least one label set has a value
    newest: list[tuple[float, float]] = field(default_factory=list)
    inputs: Inputs | None = None
    versions: tuple[str, ...] | None = None  # how often the apps' values had changed before they were read
    unjudged: set[int] = field(default_factory=set)  # members whose bucket lies on a day on which nothing is usual


def listen(workspace: Workspace, keys: Iterable[str], tick: datetime) -> Ears:
    """All numbers of this tick in one bulk read; what fails is asked once more."""
    asked = frozenset(keys)
    versions = live.versions(workspace, sorted({key.partition(".")[0] for key in asked}))
    found = registry.read(access.the_house(workspace), asked, tick)
    for _again in range(TRIES - 1):
        failed = {one.key for one in found if one.status == "error"}
        if not failed:
            break
        found = [one for one in found if one.key not in failed]
        found += registry.read(access.the_house(workspace), failed, tick)
    readings: dict[Series, Reading] = {}
    faulty, speaking = set(), set()
    for one in found:
        if one.status == "error":
            faulty.add(one.key)
        elif one.value is not None:
            speaking.add(one.key)
        readings[series_of(one.key, one.labels)] = one
    return Ears(tick, asked, readings, frozenset(faulty), frozenset(speaking), versions=versions)


def place(ears: Ears, plan: Plan, workspace: Workspace, *, look: bool) -> list[Series]:
    """Put what was heard into the plan's slots; answers the series that the plan does not know, and those that a new watch
    on a number that others watch already has yet to meet.

    Where the newest bucket has not ended, the one before it is read: once a bucket, and again with each `look`; where the
    buckets are hours or longer also whenever values came in, since somebody may have typed that of yesterday.
    """
    newest = [NOTHING] * len(plan.slots)
    unknown: list[Series] = []
    moments: dict[datetime | None, float] = {None: math.nan}
    heard_before = {slot.key for slot in plan.slots} if ears.faulty else set()
    for series, one in ears.readings.items():
        slots = plan.slots_of.get(series)
        if slots is None:
            # What cannot be read from the first tick on is remembered as well, or else nobody would be told.
            if series[0] in plan.watches_of and (one.status != "error" or series[0] not in heard_before):
                unknown.append(series)
            continue
        if series[0] in plan.unmet and one.status != "error":
            unknown.append(series)
        value = one.value
        at = moments.get(one.at)
        if at is None:
            at = moments[one.at] = number(one.at)
        pair = (math.nan, at) if value is None or one.status != "ok" else (value, at)
        for slot in slots:
            newest[slot] = pair
    ears.newest = newest
    _find_ended(ears, plan, workspace, look=look)
    return unknown


def _find_ended(ears: Ears, plan: Plan, workspace: Workspace, *, look: bool) -> None:
    news = has_news(ears, plan)
    grains, late = [slot.grain for slot in plan.slots], [slot.late for slot in plan.slots]
    inputs = inputs_of(ears.newest, plan.ended, grains, late, ears.tick, workspace.zone)
    opened = [int(slot) for slot in inputs.open.nonzero()[0]]
    wanted = [
        slot
        for slot in opened
        if look
        or plan.ended_for[slot] != ears.newest[slot][1]
        or (news and grains[slot] >= HOUR)
        or _is_open(ears, plan, slot, workspace)
    ]
    for slot in wanted:
        plan.ended[slot] = NOTHING
        plan.ended_for[slot] = ears.newest[slot][1]
    before = {slot: ears.newest[slot][1] for slot in wanted}
    for _step in range(DEEPEST):
        if not before:
            break
        by_moment: dict[float, list[int]] = defaultdict(list)
        for slot, at in before.items():
            by_moment[at].append(slot)
        before = {}
        for at, slots in by_moment.items():
            found = read_at(workspace, {plan.slots[slot].key for slot in slots}, moment(at) - MOMENT)
            for slot in slots:
                one = found.get(plan.slots[slot].key, {}).get(plan.slots[slot].labels)
                if one is None or one.at is None or one.value is None or number(one.at) >= at:
                    continue
                plan.ended[slot] = (one.value, number(one.at))
                if _is_open(ears, plan, slot, workspace):
                    before[slot], plan.ended[slot] = number(one.at), NOTHING
    if wanted:
        inputs = inputs_of(ears.newest, plan.ended, grains, late, ears.tick, workspace.zone)
    ears.inputs = inputs


def has_news(ears: Ears, plan: Plan) -> bool:
    """Whether values have come in since buckets that have ended were last read; where nobody knows, only a look tells."""
    return ears.versions is not None and ears.versions != plan.versions


def _is_open(ears: Ears, plan: Plan, slot: int, workspace: Workspace) -> bool:
    """Whether the bucket that was found before the newest may still get values."""
    _value, at = plan.ended[slot]
    if not math.isfinite(at):
        return False
    end = analysis.end_of(moment(at), plan.slots[slot].grain, workspace.zone)
    return end + timedelta(seconds=plan.slots[slot].late) > ears.tick


def read_at(workspace: Workspace, keys: Iterable[str], at: datetime) -> dict[str, dict[Labels, Reading]]:
    """The numbers as they are now told for a moment of the past."""
    answer: dict[str, dict[Labels, Reading]] = defaultdict(dict)
    for one in registry.read(access.the_house(workspace), keys, at):
        if one.status == "ok":
            answer[one.key][series_of(one.key, one.labels)[1]] = one
    return answer


# --- one member ------------------------------------------------------------------------------------------------------


def heard_by(place: Place, watch: Watch, ears: Ears, plan: Plan, rule: analysis.Rule, *, fires: bool) -> Heard | None:
    """What one member hears, or None where it waits for its first bucket to end."""
    if watch.indicator in ears.faulty:
        return Heard("error")
    series = (watch.indicator, place.labels)
    one = ears.readings.get(series)
    if watch.kind == Watch.Kind.STALE:
        return _age(watch, one, ears.tick)
    if one is None or one.value is None or one.status != "ok" or not math.isfinite(one.value):
        return Heard("missing", at=one.at if one else None, gone=one is None and watch.indicator in ears.speaking)
    inputs = ears.inputs
    assert inputs is not None  # place() was called
    early = place.early and (rule.breach(one.value) or (fires and rule.hold(one.value)))
    if bool(inputs.open[place.slot]) and not early:
        value, at = plan.ended[place.slot]
        return Heard("value", value, moment(at)) if math.isfinite(at) else None
    return Heard("value", float(one.value), one.at)


def _age(watch: Watch, one: Reading | None, tick: datetime) -> Heard:
    """How many seconds the newest value is old: since its bucket ended; without any, since it is watched."""
    since = one.at if one is not None and one.at is not None and one.value is not None else None
    age = (tick - (since or watch.created_at)).total_seconds()
    return Heard("value", max(0.0, age - (watch.grain_seconds if since else 0)))


# --- what it is compared with ----------------------------------------------------------------------------------------


def references_of(ears: Ears, plan: Plan, workspace: Workspace, *, look: bool) -> dict[int, float | None]:
    """`{member: what its value is compared with}`, read in bulk and kept for as long as the bucket is the same."""
    if look:
        plan.past.clear()
        plan.references.clear()
        plan.exceptions = None
    answer: dict[int, float | None] = {}
    asked: dict[int, tuple[Watch, datetime, list[Asked]]] = {}
    for index in (int(one) for one in plan.crowd.compared):
        here = plan.places[index]
        watch = plan.watches[here.watch]
        heard = heard_by(here, watch, ears, plan, watch.rule, fires=False)
        if heard is None or heard.kind != "value":
            answer[index] = None
            continue
        at = heard.at if watch.grain_seconds and heard.at else ears.tick
        stamp = _stamp(watch, at, ears.tick)
        apart = _apart(watch, here.labels, plan, workspace, ears.tick)
        if apart is not None and apart.is_off(at, watch.grain_seconds):
            answer[index] = None
            ears.unjudged.add(index)
            continue
        if watch.kind == Watch.Kind.OTHER and not watch.grain_seconds:
            answer[index] = _other_now(watch, here.labels, ears)
        elif index in plan.references and plan.references[index][0] == stamp:
            answer[index] = plan.references[index][1]
        else:
            asked[index] = (watch, stamp, _moments(watch, at, ears.tick, workspace, apart))
    _read_past(plan, workspace, asked.values())
    for index, (watch, stamp, moments) in asked.items():
        labels = plan.places[index].labels
        values = [_past(plan, watch, labels, *one) for one in moments]
        answer[index] = usual(values, watch.compare)
        plan.references[index] = (stamp, answer[index])
    return answer


def _stamp(watch: Watch, at: datetime, tick: datetime) -> datetime:
    """What the reference holds for: a bucket; a minute where the bucket goes on; an hour for a state."""
    if watch.so_far and watch.grain_seconds:
        return tick.replace(second=0, microsecond=0)
    return at if watch.grain_seconds else tick.replace(minute=0, second=0, microsecond=0)


def _apart(watch: Watch, labels: Labels, plan: Plan, workspace: Workspace, tick: datetime) -> Apart | None:
    if watch.compare != Watch.Compare.BASELINE:
        return None
    if plan.exceptions is None:
        plan.exceptions = planning.exceptions_of(workspace, tick - BACK, tick + timedelta(days=1))
    return plan.exceptions.of(watch, labels)


def _moments(
    watch: Watch, at: datetime, tick: datetime, workspace: Workspace, apart: Apart | None = None
) -> list[Asked]:
    """Which buckets of the past, asked at which moments: just before their end, or as far into them as this one has come."""
    if watch.kind == Watch.Kind.OTHER:
        return [(analysis.end_of(at, watch.grain_seconds, workspace.zone) - MOMENT, at)]
    starts = references(at if watch.grain_seconds else _stamp(watch, at, tick), watch.grain_seconds, watch.compare, workspace.zone, apart)  # fmt: skip
    if not watch.grain_seconds:
        return [(start, start) for start in starts]
    if watch.so_far and tick < analysis.end_of(at, watch.grain_seconds, workspace.zone):
        return [(start + (tick - at), start) for start in starts]
    return [(analysis.end_of(start, watch.grain_seconds, workspace.zone) - MOMENT, start) for start in starts]


def _read_past(plan: Plan, workspace: Workspace, asked: Iterable[tuple[Watch, datetime, Sequence[Asked]]]) -> None:
    by_moment: dict[tuple[datetime, bool], set[str]] = defaultdict(set)
    for watch, _stamp_of, moments in asked:
        key = watch.other or watch.indicator
        for at, _start in moments:
            if (key, at) not in plan.past:
                by_moment[at, bool(watch.grain_seconds)].add(key)
    for (at, series), keys in by_moment.items():
        found: Mapping[str, Mapping[Labels, Reading]]
        if series:
            found = read_at(workspace, keys, at)
        else:
            hour = Period(at, at + timedelta(hours=1), "custom")
            told = registry.history(access.the_house(workspace), keys, hour, Parts(most=MOST_SETS))
            found = {
                key: {series_of(key, one.labels)[1]: one for one in reversed(readings)}  # the first of each
                for key, readings in told.items()
            }
        for key in keys:
            plan.past[key, at] = dict(found.get(key, {}))


def _past(plan: Plan, watch: Watch, labels: Labels, at: datetime, start: datetime) -> float | None:
    told = plan.past.get((watch.other or watch.indicator, at), {})
    one = told.get(labels) or (told.get(()) if watch.other else None)
    if one is None or one.at is None or one.value is None or not math.isfinite(one.value):
        return None
    return one.value if one.at == start else None  # a gap there is not filled with what was before it


def _other_now(watch: Watch, labels: Labels, ears: Ears) -> float | None:
    one = ears.readings.get((watch.other, labels)) or ears.readings.get((watch.other, ()))
    known = one is not None and one.status == "ok" and one.value is not None and math.isfinite(one.value)
    return one.value if known and one is not None else None
