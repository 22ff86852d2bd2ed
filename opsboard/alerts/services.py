"""Watch numbers, judge them at each tick, and tell people once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Heard, Memory, State, Step, Turn
from opsboard.alerts.models import Alert, Instance, Reason, Severity, Transition, Watch
from opsboard.alerts.models.watches import hash_of
from opsboard.core import access, live, notices, objects, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.events import emit
from opsboard.core.models import LimitedModel, Team, User, Workspace, about_fields
from opsboard.core.versions import StaleVersion

BATCH = 500
LOCK = 0x616C  # one evaluation or change of watches at a time in a workspace
RULE = ("indicator", "op", "value", "clear", "for_seconds", "keep_seconds", "severity", "title", "scope", "labels")
WATCH_SETTINGS = (*RULE, "people", "teams")


# --- watches ---------------------------------------------------------------------------------------------------------


def watch_number(
    *,
    viewer: Viewer,
    now: datetime,
    indicator: str,
    op: str,
    value: float,
    clear: float | None = None,
    for_seconds: int = 0,
    keep_seconds: int = 0,
    severity: str = Severity.WARNING,
    title: str = "",
    scope: str = Watch.Scope.ALL,
    labels: Mapping[str, str] | None = None,
    people: Iterable[User] = (),
    teams: Iterable[Team] = (),
    about: Ref | None = None,
) -> Watch:
    """Begin to watch a number. Without recipients its owner is told."""
    watch = Watch(
        workspace=viewer.workspace, owner=viewer.user, created_at=now, indicator=indicator, op=op, value=value,
        clear=clear, for_seconds=for_seconds, keep_seconds=keep_seconds, severity=severity, title=title, scope=scope,
        labels=dict(labels or {}),
    )  # fmt: skip
    _describe(watch, viewer, about)
    watch.full_clean(exclude=["about_type", "workspace", "owner"])
    with transaction.atomic():
        watch.save(force_insert=True)
        _send_to(watch, viewer.workspace, people, teams)
        live.changed(viewer.workspace, "alerts")
    return watch


def change_watch(
    *,
    watch: Watch,
    viewer: Viewer,
    now: datetime,
    version: int,
    people: Iterable[User] | None = None,
    teams: Iterable[Team] | None = None,
    **changes: Any,
) -> Watch:
    """Save an edited watch. A new condition ends what is open, because the old alert speaks of another rule.

    Raises `StaleVersion` where somebody else saved since `version`.
    """
    if unknown := set(changes) - set(RULE):
        raise TypeError(f"a watch has no {sorted(unknown)}")
    with transaction.atomic():
        _lock(watch.workspace)
        current: Watch = Watch.objects.select_related("workspace", "owner").get(pk=watch.pk)
        if current.version != version or current.deleted_at is not None:
            raise StaleVersion(current, version, changes)
        was, before, watched = copy(current), current.condition, _watched(current)
        for name, value in changes.items():
            setattr(current, name, value)
        if current.indicator != was.indicator:
            _describe(current, viewer, None)
        current.full_clean(exclude=["about_type", "workspace", "owner"])
        if current.condition != before:
            _end(was, Reason.RULE_CHANGED, now=now)
        if _watched(current) != watched:
            Instance.objects.filter(watch=watch).update(retired_at=now)
        current.version = version + 1
        current.save()
        _send_to(current, current.workspace, people, teams)
        live.changed(current.workspace, "alerts")
    return current


def pause_watch(*, watch: Watch, now: datetime) -> Watch:
    """Stop watching for now; what is open ends, and says why."""
    with transaction.atomic():
        _lock(watch.workspace)
        if Watch.objects.filter(pk=watch.pk, paused_at=None, deleted_at=None).update(
            paused_at=now, version=models.F("version") + 1
        ):
            _end(watch, Reason.RULE_PAUSED, now=now)
            live.changed(watch.workspace, "alerts")
    watch.refresh_from_db()
    return watch


def resume_watch(*, watch: Watch) -> Watch:
    Watch.objects.filter(pk=watch.pk, deleted_at=None).exclude(paused_at=None).update(
        paused_at=None, version=models.F("version") + 1
    )
    live.changed(watch.workspace, "alerts")
    watch.refresh_from_db()
    return watch


def delete_watch(*, watch: Watch, now: datetime) -> None:
    """Take a watch away. Its past alerts stay readable."""
    with transaction.atomic():
        _lock(watch.workspace)
        if Watch.objects.filter(pk=watch.pk, deleted_at=None).update(deleted_at=now, version=models.F("version") + 1):
            _end(watch, Reason.RULE_DELETED, now=now)
            live.changed(watch.workspace, "alerts")


def _watched(watch: Watch) -> tuple[Any, ...]:
    return watch.indicator, watch.scope, watch.labels


def _describe(watch: Watch, viewer: Viewer, about: Ref | None) -> None:
    """Copy what the catalogue says of the number, so that an evaluation need not ask it."""
    try:
        entry = registry.watchable(viewer, watch.indicator)
    except registry.UnknownKey:
        raise ValidationError({"indicator": _("There is no such number here, or you may not see it.")}) from None
    watch.indicator_title = str(entry.title)[:300]
    watch.unit, watch.decimals = str(entry.unit)[:40], entry.decimals
    watch.grain_seconds, watch.url, watch.rate = entry.grain_seconds, entry.url[:500], entry.rate
    ref = about or entry.about
    for name, value in about_fields(ref).items():
        setattr(watch, name, value)
    thing = objects.find(viewer, ref.model, ref.pk) if ref else None
    watch.limited_to = list(thing.limited_to) if isinstance(thing, LimitedModel) else []
    if unknown := set(watch.labels) - set(entry.dimensions):
        raise ValidationError({"labels": _("This number has no label “%(name)s”.") % {"name": sorted(unknown)[0]}})


def _send_to(watch: Watch, workspace: Workspace, people: Iterable[User] | None, teams: Iterable[Team] | None) -> None:
    """Only members and teams of this workspace may be told."""
    if people is not None:
        watch.people.set(User.objects.filter(pk__in=[person.pk for person in people], memberships__workspace=workspace))
    if teams is not None:
        watch.teams.set(Team.objects.filter(pk__in=[team.pk for team in teams], workspace=workspace))


# --- evaluation ------------------------------------------------------------------------------------------------------


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
            _lock(workspace)
            _judge(workspace, some, ears, tick, done)
    return done


def _lock(workspace: Workspace) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, workspace.pk % 2**31])


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
    _record(workspace, watches, {pk: instances[pk][0] for pk in written}, speaking, turns, now=tick)
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


def _record(
    workspace: Workspace,
    watches: Mapping[int, Watch],
    instances: Mapping[int, Instance],
    speaking: Mapping[int, Memory],
    turns: Mapping[int, Turn],
    *,
    now: datetime,
    reason: str = Reason.CLEARED,
) -> None:
    """Bring the alerts up to date, keep the transitions, and tell people: in the transaction of the state's change."""
    open_now = {pk: memory for pk, memory in speaking.items() if memory.state is not State.OK}
    cancelled = [pk for pk, turn in turns.items() if turn.step is Step.CANCELLED]
    alerts: dict[int, Alert] = {}
    for pk, memory in open_now.items():
        if pk in cancelled:
            continue
        instance, turn = instances[pk], turns.get(pk)
        watch = watches[instance.watch_id]
        over = turn is not None and turn.step is Step.RESOLVED
        alerts[pk] = Alert(
            workspace=workspace, watch=watch, instance=instance, labels=instance.labels,
            episode=memory.episode + (memory.state is State.PENDING),
            state=Alert.State.RESOLVED if over else memory.state.value, severity=watch.severity,
            active_at=memory.active_at or now, fired_at=memory.fired_at, resolved_at=now if over else None,
            value=memory.last_value, peak=memory.peak, threshold=watch.value, reason=reason if over else "",
        )  # fmt: skip
    if cancelled:
        Alert.objects.pending().filter(instance_id__in=cancelled).delete()
    if alerts:
        Alert.objects.bulk_create(
            alerts.values(),
            update_conflicts=True,
            unique_fields=["instance", "episode"],
            update_fields=["state", "active_at", "fired_at", "resolved_at", "value", "peak", "reason"],
        )
    if not turns:
        return
    Transition.objects.bulk_create(
        Transition(
            instance_id=pk, alert=alerts.get(pk), at=turn.at, step=turn.step.value, value=turn.value,
            episode=turn.memory.episode, reason=reason if turn.step is Step.RESOLVED else "",
        )
        for pk, turn in turns.items()
    )  # fmt: skip
    loud = {pk: turn for pk, turn in turns.items() if turn.step in (Step.FIRED, Step.RESOLVED)}
    listeners = _listeners(workspace, {instances[pk].watch_id for pk in loud})
    for pk, turn in loud.items():
        alert = alerts[pk]
        _say(alert, turn, listeners.get(alert.watch_id, []), reason)
    live.changed(workspace, "alerts")


def _say(alert: Alert, turn: Turn, people: Sequence[User], reason: str) -> None:
    """One event and one notice per person, named after instance, episode and transition, so that neither comes twice."""
    watch, unique_as = alert.watch, f"alert:{alert.instance_id}:{alert.episode}:{turn.step}"
    labels, url = alert.labels_text, alert.get_absolute_url()
    facts: dict[str, Any] = {
        "indicator": watch.indicator, "title": str(alert), "value": turn.value, "threshold": watch.value,
        "severity": alert.severity, "labels": labels, "episode": alert.episode, "watch": watch.pk, "url": url,
    }  # fmt: skip
    if turn.step is Step.FIRED:
        key, text = "alerts.alert_fired", lazy(watch.fired_text, str)(turn.value or 0.0, labels)
    else:
        lasted = alert.seconds or 0.0
        key, text = "alerts.alert_resolved", lazy(watch.resolved_text, str)(turn.value, labels, reason, lasted)
        facts |= {"reason": reason, "peak": alert.peak, "seconds": lasted}
    if emit(key, workspace=alert.workspace, at=turn.at, about=alert, unique_as=unique_as, **facts) is None:
        return
    notices.tell(
        people,
        text,
        url,
        workspace=alert.workspace,
        now=turn.at,
        unique_as=unique_as,
        detail=lazy(lambda: watch.sentence, str)(),
        severity=alert.severity if turn.step is Step.FIRED else "info",
        about=alert,
    )


def _listeners(workspace: Workspace, watch_ids: Iterable[int]) -> dict[int, list[User]]:
    """Whom each watch tells: its people and teams, or else its owner; only those who may see it."""
    wanted: dict[int, dict[int, User]] = {}
    rows = Watch.objects.filter(pk__in=watch_ids).select_related("owner")
    for watch in rows.prefetch_related("people", "teams__members", "teams__lead"):
        people = {person.pk: person for person in watch.people.all()}
        for team in watch.teams.all():
            people |= {person.pk: person for person in [*team.members.all(), team.lead] if person is not None}
        if not people and watch.owner is not None:
            people = {watch.owner.pk: watch.owner}
        wanted[watch.pk] = people
    everybody = {pk: person for people in wanted.values() for pk, person in people.items()}
    may_see: dict[int, set[int]] = {}
    for pk, person in everybody.items():
        viewer = access.person_in(workspace, person)
        may_see[pk] = (
            set(Watch.objects.including_deleted(viewer).filter(pk__in=wanted).values_list("pk", flat=True))
            if viewer
            else set()
        )
    return {
        watch: [person for pk, person in people.items() if watch in may_see[pk]] for watch, people in wanted.items()
    }


def _end(watch: Watch, reason: str, *, now: datetime) -> None:
    """Close whatever is open on a watch, for a reason outside the numbers. The caller holds the lock."""
    rows = {row.pk: row for row in Instance.objects.filter(watch=watch).exclude(state=State.OK)}
    speaking, turns = {}, {}
    for pk, row in rows.items():
        _after, turn = analysis.close(row.memory, now)
        if turn is not None:
            turns[pk], speaking[pk] = turn, turn.memory
    Instance.objects.filter(pk__in=rows).update(
        state=State.OK, active_at=None, fired_at=None, recovering_at=None, peak=None
    )
    _record(watch.workspace, {watch.pk: watch}, rows, speaking, turns, now=now, reason=reason)


# --- alerts ----------------------------------------------------------------------------------------------------------


def acknowledge(*, alert: Alert, by: User | None, now: datetime, note: str = "") -> Alert:
    """Somebody looks after it. The first one counts; a later one may only add a note."""
    if alert.state == Alert.State.RESOLVED:
        raise ValidationError(_("This alert is already resolved."))
    with transaction.atomic():
        first = (
            Alert.objects.open()
            .unacknowledged()
            .filter(pk=alert.pk)
            .update(acknowledged_by=by, acknowledged_at=now, note=note)
        )
        if first:
            emit(
                "alerts.alert_acknowledged",
                workspace=alert.workspace,
                at=now,
                by=by,
                about=alert,
                unique_as=f"alert:{alert.instance_id}:{alert.episode}:acknowledged",
                title=str(alert),
                note=note,
                url=alert.get_absolute_url(),
            )
        elif note:
            Alert.objects.filter(pk=alert.pk).update(note=note)
        live.changed(alert.workspace, "alerts")
    alert.refresh_from_db()
    return alert
