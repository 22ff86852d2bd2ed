"""Judge every watched number at a tick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Memory, State, Step, Turn
from opsboard.alerts.analysis.crowds import is_settled
from opsboard.alerts.models import Instance, Pulse, Watch
from opsboard.alerts.models.instances import hash_of
from opsboard.alerts.services import listening, planning
from opsboard.alerts.services.keeping import pause_watches_without_number
from opsboard.alerts.services.listening import Ears
from opsboard.alerts.services.locking import lock
from opsboard.alerts.services.planning import Plan, Series
from opsboard.alerts.services.recording import record
from opsboard.alerts.services.revising import revise
from opsboard.alerts.services.telling import after_tick
from opsboard.core.contract import Reading
from opsboard.core.models import Workspace

LOOK: Final = timedelta(seconds=60)  # how often buckets that have ended are read again


@dataclass
class Evaluated:
    """What one evaluation did."""

    tick: datetime
    watches: int = 0
    instances: int = 0
    judged: int = 0  # one by one; for all others the tick changes nothing
    turns: dict[Step, int] = field(default_factory=lambda: defaultdict(int))


def evaluate(*, workspace: Workspace, now: datetime) -> Evaluated:
    """Judge every active watch of a workspace at this tick, and tell people what changed, all or nothing.

    A second evaluator on the same tick, and one that comes after a killed one, find the tick in `Pulse` and do nothing
    twice: what the killed one had done was undone with its transaction.
    """
    pulse, _made = Pulse.objects.get_or_create(workspace=workspace)
    tick = analysis.tick_of(now, pulse.tick)
    done = Evaluated(tick)
    if pulse.tick is not None and tick <= pulse.tick:
        return done
    plan = planning.plan_for(workspace)
    ears = listening.listen(workspace, plan.keys, tick)
    try:
        with transaction.atomic():
            lock(workspace)
            beat = Pulse.objects.get(workspace=workspace)
            if beat.tick is None or beat.tick < tick:
                _evaluate(workspace, ears, beat, done)
    except BaseException:
        planning.forget(workspace)  # it may remember what was rolled back
        raise
    after_tick(workspace=workspace, tick=tick)
    return done


def _evaluate(workspace: Workspace, ears: Ears, beat: Pulse, done: Evaluated) -> None:
    """Inside the transaction, under the lock."""
    tick = ears.tick
    look = beat.looked_at is None or tick - beat.looked_at >= LOOK
    plan = planning.plan_for(workspace, planning.marks_of(workspace))
    missed = set(plan.keys) - ears.keys
    if missed:  # a watch that was made while the numbers were read
        ears = listening.listen(workspace, plan.keys, tick)
    unknown = listening.place(ears, plan, workspace, look=look)
    if unknown:
        if _meet(workspace, plan, ears, unknown):
            plan = planning.plan_for(workspace, planning.marks_of(workspace))
            unknown = listening.place(ears, plan, workspace, look=look)
        plan.slots_of |= {series: [] for series in unknown if series not in plan.slots_of}  # nobody's business
    plan.unmet -= ears.keys - ears.faulty
    done.watches, done.instances = len(plan.watches), len(plan.places)
    references = listening.references_of(ears, plan, workspace, look=look)
    thresholds = {
        index: None if one is None else _rule(plan, index).facing(one, _watch(plan, index).facing).value
        for index, one in references.items()
    }
    assert ears.inputs is not None  # place() was called
    restless = [one for one in plan.crowd.restless(ears.inputs, tick, thresholds) if one not in ears.unjudged]
    written = _judge(workspace, plan, ears, restless, references, beat.tick, done)
    if look or listening.has_news(ears, plan):
        written |= revise(workspace, plan, ears, look=look)
        plan.versions = ears.versions
    if look:
        silent = set(plan.watches_of) - {key for key, _labels in ears.readings}
        written |= bool(pause_watches_without_number(workspace, silent, now=tick))
    Pulse.objects.filter(workspace=workspace).update(tick=tick, **({"looked_at": tick} if look else {}))
    if written:
        plan.marks = planning.marks_of(workspace)


def _watch(plan: Plan, index: int) -> Watch:
    return plan.watches[plan.places[index].watch]


def _rule(plan: Plan, index: int) -> analysis.Rule:
    return plan.rules[plan.places[index].watch]


def _judge(
    workspace: Workspace,
    plan: Plan,
    ears: Ears,
    restless: Sequence[int],
    references: dict[int, float | None],
    latest: datetime | None,
    done: Evaluated,
) -> bool:
    """Those whom the tick may change, one by one; answers whether anything was written."""
    if not restless:
        return False
    rows = Instance.objects.in_bulk([plan.places[index].instance for index in restless])
    changed: dict[int, Memory] = {}
    turns: dict[int, Turn] = {}
    index_of: dict[int, int] = {}
    stood_in: list[int] = []
    otherwise: list[int] = []
    for index in restless:
        place, watch = plan.places[index], _watch(plan, index)
        row = rows.get(place.instance)
        if row is None or watch.indicator not in ears.keys:
            continue
        if not place.labels and watch.indicator not in ears.faulty and not watch.looks_at({}, has_whole=True):
            stood_in.append(place.instance)  # for its parts, while the number could not be read at all
            continue
        before, said = row.memory, _aside(row)
        if before.last_tick is not None and latest is not None and before.last_tick < latest:
            before = before._replace(last_tick=latest)  # at the ticks in between nothing changed for it
        rule, heard = _rule(plan, index), None
        if index in references:
            reference = references[index]
            heard = analysis.Heard("missing") if reference is None else None
            rule = rule.facing(reference, watch.facing)
            row.reference = reference
        fires = before.state in (State.FIRING, State.RECOVERING)
        own = listening.heard_by(place, watch, ears, plan, rule, fires=fires)
        if own is None:
            continue
        heard = own if heard is None or own.kind == "error" else heard
        if watch.past_until is not None and heard.at is not None and heard.at <= watch.past_until:
            heard = replace(heard, late=True)
        after, turn = analysis.judge(rule, before, heard, ears.tick)
        done.judged += 1
        _point_out(row, after, ears.readings.get((watch.indicator, place.labels)))
        if turn is None and (after is before or _tells_nothing_new(row.memory, after)):
            continue
        changed[place.instance], index_of[place.instance] = after, index
        if _aside(row) != said:
            otherwise.append(place.instance)
        if turn is not None:
            turns[place.instance] = turn
    if stood_in:
        Instance.objects.filter(pk__in=stood_in).update(retired_at=ears.tick)
    written = Instance.objects.compare_and_set(changed)
    turns = {pk: turn for pk, turn in turns.items() if pk in written}
    speaking = {pk: turns[pk].memory if pk in turns else changed[pk] for pk in written}
    awake = [pk for pk in otherwise if pk in written and (changed[pk].state is not State.OK or pk in turns)]
    Instance.objects.say_beside([rows[pk] for pk in awake])
    record(workspace, plan.watches, {pk: rows[pk] for pk in written}, speaking, turns, now=ears.tick)
    for pk in written:
        plan.crowd.remember(index_of[pk], changed[pk])
    for turn in turns.values():
        done.turns[turn.step] += 1
    return bool(written or stood_in)


def _tells_nothing_new(before: Memory, after: Memory) -> bool:
    """Whether only the time has passed; of what is quiet nobody keeps the value."""
    if before.last_tick is None:
        return False
    quiet = is_settled(before) and is_settled(after)
    value = before.last_value if quiet else after.last_value
    return after._replace(last_tick=before.last_tick, last_value=value) == before


def _point_out(row: Instance, after: Memory, reading: Reading | None) -> None:
    """The one thing behind the value that waits or stands out, as its app names it."""
    if reading is None or after.state is State.OK:
        return
    about = reading.about
    row.detail = str(reading.detail or "")[:300]
    row.detail_url = about.url[:500] if about is not None and row.detail else ""


def _aside(row: Instance) -> tuple[float | None, str, str]:
    """What is said beside the value."""
    return row.reference, row.detail, row.detail_url


def _meet(workspace: Workspace, plan: Plan, ears: Ears, unknown: Collection[Series]) -> bool:
    """Label sets that are new get an instance with each watch whose business they are; answers whether there are any."""
    whole = {key for key, labels in (*ears.readings, *plan.slots_of) if not labels}
    new = [
        Instance(workspace=workspace, watch=watch, labels=dict(labels), labels_hash=hash_of(dict(labels)))
        for key, labels in unknown
        for watch in plan.watches_of.get(key, [])
        if key in ears.faulty or watch.looks_at(dict(labels), has_whole=key in whole)
    ]
    known = {(place.watch, place.labels) for place in plan.places}
    new = [one for one in new if (one.watch_id, planning.series_of("", one.labels)[1]) not in known]
    Instance.objects.bulk_create(
        new,
        batch_size=5000,
        update_conflicts=True,
        unique_fields=["watch", "labels_hash"],
        update_fields=["retired_at"],
    )
    return bool(new)
