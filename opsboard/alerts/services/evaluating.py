"""Judge every watched number at a tick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from django.db import transaction

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Heard, Memory, Step, Turn
from opsboard.alerts.models import Instance, Watch
from opsboard.alerts.models.watches import hash_of
from opsboard.alerts.services.recording import lock, record
from opsboard.core import access, registry
from opsboard.core.models import Workspace

BATCH = 500


@dataclass
class Evaluated:
    """What one evaluation did."""

    tick: datetime
    watches: int = 0
    instances: int = 0
    turns: dict[Step, int] = field(default_factory=lambda: defaultdict(int))


type Ears = dict[int, dict[str, tuple[Mapping[str, str], Heard]]]


def evaluate(*, workspace: Workspace, now: datetime) -> Evaluated:
    """Judge every active watch of a workspace at this tick, and tell people what changed, all or nothing per batch.

    A second evaluator on the same tick, and one that comes after a killed one, find `last_tick` and do nothing twice.
    """
    tick = analysis.tick_of(now, Instance.objects.latest_tick(workspace))
    watches = list(
        Watch.objects.of(workspace).active().only("pk", "indicator", "scope", "labels", "version").order_by("pk")
    )
    done = Evaluated(tick, watches=len(watches))
    if not watches:
        return done
    ears = _listen(workspace, watches, tick)
    for some in batched(watches, BATCH):
        with transaction.atomic():
            lock(workspace)
            _judge(workspace, some, ears, tick, done)
    return done


def _listen(workspace: Workspace, watches: Sequence[Watch], tick: datetime) -> Ears:
    """All inputs of this tick, read in bulk: `{watch: {hash of labels: (labels, what was heard)}}`."""
    by_key: dict[str, list[tuple[Mapping[str, str], str, Heard]]] = defaultdict(list)
    for one in registry.read(access.the_house(workspace), {watch.indicator for watch in watches}, tick):
        labels = {str(name): str(value) for name, value in one.labels.items()}
        by_key[one.key].append((labels, hash_of(labels), Heard.of(one.status, one.value, one.at)))
    whole = {key for key, heard in by_key.items() if any(not labels for labels, _name, _heard in heard)}
    return {
        watch.pk: {
            name: (labels, heard)
            for labels, name, heard in by_key[watch.indicator]
            if watch.looks_at(labels, has_whole=watch.indicator in whole)
        }
        for watch in watches
    }


def _judge(workspace: Workspace, some: Sequence[Watch], ears: Ears, tick: datetime, done: Evaluated) -> None:
    read_as = {watch.pk: watch.version for watch in some}
    # Once more under the lock: a watch that was edited since its number was read waits for the next tick.
    watches = {
        watch.pk: watch
        for watch in Watch.objects.of(workspace).active().filter(pk__in=read_as).select_related("workspace")
        if watch.version == read_as[watch.pk]
    }
    instances = _instances(workspace, watches, ears)
    done.instances += len(instances)
    changed: dict[int, Memory] = {}
    turns: dict[int, Turn] = {}
    passed: list[int] = []
    for pk, (instance, memory) in instances.items():
        watch = watches[instance.watch_id]
        _labels, heard = ears[watch.pk].get(instance.labels_hash) or (instance.labels, _nothing(ears[watch.pk]))
        after, turn = analysis.judge(watch.rule, memory, heard, tick)
        if after is memory:
            continue
        if turn is None and _same_but_for_the_time(memory, after):
            passed.append(pk)
            continue
        changed[pk] = after
        if turn is not None:
            turns[pk] = turn
    written = Instance.objects.compare_and_set(changed)
    Instance.objects.pass_tick(passed, tick)
    turns = {pk: turn for pk, turn in turns.items() if pk in written}
    speaking = {pk: turns[pk].memory if pk in turns else changed[pk] for pk in written}
    record(workspace, watches, {pk: instances[pk][0] for pk in written}, speaking, turns, now=tick)
    for turn in turns.values():
        done.turns[turn.step] += 1


def _nothing(heard: Mapping[str, tuple[Mapping[str, str], Heard]]) -> Heard:
    """A label set that did not report: an error if its whole number could not be read, else a gap."""
    kinds = {one.kind for _labels, one in heard.values()}
    return Heard("error") if kinds == {"error"} else Heard("missing")


def _same_but_for_the_time(before: Memory, after: Memory) -> bool:
    return (
        before.state is after.state
        and before.last_value == after.last_value
        and before.bucket_at == after.bucket_at
        and before.missing == after.missing
        and before.health is after.health
        and before.active_at == after.active_at
        and before.bucket_seen_at is not None
    )


def _instances(workspace: Workspace, watches: Mapping[int, Watch], ears: Ears) -> dict[int, tuple[Instance, Memory]]:
    """Every living instance of these watches; label sets that are new get one."""
    rows = list(Instance.objects.living().filter(watch_id__in=watches))
    known = {(row.watch_id, row.labels_hash) for row in rows}
    new = [
        Instance(workspace=workspace, watch_id=pk, labels=dict(labels), labels_hash=name)
        for pk in watches
        for name, (labels, heard) in ears[pk].items()
        if (pk, name) not in known and heard.kind != "error"
    ]
    if new:
        made = Instance.objects.bulk_create(
            new, update_conflicts=True, unique_fields=["watch", "labels_hash"], update_fields=["retired_at"]
        )
        rows += Instance.objects.filter(pk__in=[row.pk for row in made])
    return {row.pk: (row, row.memory) for row in rows}
