"""Write down why a number moved, follow what was done about it, and prove that it came back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from metrics.models import Aggregation, Grain, Level, Metric, Movement, begins, buckets
from metrics.services.drivers import apart_of, bucket_end, bucket_start
from opsboard.core import live
from opsboard.core.analysis.levels import new_levels
from opsboard.core.analysis.proof import Proof, prove_points
from opsboard.core.analysis.season import learn_season
from opsboard.core.analysis.spc import NotEnough
from opsboard.core.effects import perform
from opsboard.core.events import emit
from opsboard.core.lazy import numpy as np
from opsboard.core.models import Membership, Occurrence, User
from opsboard.core.periods import start_of_day
from opsboard.core.versions import compare_and_set

FIELDS = ("cause", "decision", "owner", "changed_on")
UNPROVEN: Final[dict[str, Any]] = {"verdict": "", "relative": None, "relative_low": None, "relative_high": None}
# What was before a change: since the number went wrong, if that is as many days (or weeks, months) as here.
SINCE: Final = {"day": 14}
LEAST_SINCE: Final = 6
# New levels are looked for in so many of a metric's days, weeks or months.
LOOKED_AT: Final = {"day": 400, "week": 150, "month": 72}


def _check_owner(metric: Metric, owner: User | None) -> None:
    if owner and not Membership.objects.active().of(metric.workspace).filter(user=owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own an entry.")})


@transaction.atomic
def write_movement(
    *, metric: Metric, by: User | None, now: datetime, start: datetime, end: datetime, cause: str = "",
    decision: str = "", owner: User | None = None, changed_on: date | None = None, actual: float | None = None,
    expected: float | None = None, signal: bool = False, found: str = "",
) -> Movement:  # fmt: skip
    """A new entry; the same stretch of the same metric is written once."""
    _check_owner(metric, owner)
    entry = Movement(
        workspace=metric.workspace, metric=metric, start_at=start, end_at=end, cause=cause.strip(),
        decision=decision.strip(), owner=owner, changed_on=changed_on, actual=actual, expected=expected, signal=signal,
        found=found[:2000], written_by=by, written_at=now, limited_to=list(metric.limited_to),
    )  # fmt: skip
    entry.full_clean()
    entry.save(force_insert=True)
    emit(
        "metrics.journal_entry_written", workspace=metric.workspace, at=now, by=by, about=entry, metric=metric.key,
        cause=entry.cause, owner=str(owner or ""),
    )  # fmt: skip
    live.changed(metric.workspace, "metrics")
    return entry


@transaction.atomic
def change_movement(*, movement: Movement, by: User | None, now: datetime, version: int, **changes: Any) -> Movement:
    """Save on top of `version`; raises StaleVersion where somebody was faster."""
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"an entry has no {sorted(unknown)}")
    changed: Movement = Movement.objects.select_related("metric__workspace", "workspace").get(pk=movement.pk)
    for name, value in changes.items():
        setattr(changed, name, value)
    _check_owner(changed.metric, changed.owner)
    changed.full_clean()
    changed.version = compare_and_set(Movement.objects.all(), movement.pk, version, **changes)
    emit(
        "metrics.journal_entry_changed", workspace=changed.workspace, at=now, by=by, about=changed, metric=changed.metric.key,
        cause=changed.cause,
    )  # fmt: skip
    if "changed_on" in changes:
        prove_movement(movement=changed, now=now)
    live.changed(changed.workspace, "metrics")
    return changed


def open_movement_action(
    *, movement: Movement, by: User, now: datetime, title: str, owner: User | None = None, due_on: date | None = None,
    goal: float | None = None,
) -> Movement:  # fmt: skip
    """Ask for an improvement action about the entry, and remember which it is."""
    outcome = perform(
        "work.open_action", workspace=movement.workspace, now=now, by=by, about=movement, title=title, owner=owner,
        due_on=due_on, description=movement.cause, indicator=movement.metric.indicator, goal=goal,
    )  # fmt: skip
    ref = outcome.about
    if ref is not None:
        movement.action_id, movement.action_name, movement.action_url = ref.pk, ref.name[:300], ref.url
        Movement.objects.filter(pk=movement.pk).update(
            action_id=ref.pk, action_name=movement.action_name, action_url=movement.action_url
        )
        live.changed(movement.workspace, "metrics")
    return movement


def follow_closed(occurrence: Occurrence, now: datetime) -> None:
    """The action is done: from that day on the number should have moved."""
    for entry in Movement.objects.filter(workspace=occurrence.workspace, action_id=occurrence.about_id).select_related(
        "metric__workspace"
    ):
        day = timezone.localdate(occurrence.at, entry.metric.zone)
        if Movement.objects.filter(pk=entry.pk, changed_on=None).update(changed_on=day):
            entry.changed_on = day
            prove_movement(movement=entry, now=now)
        live.changed(occurrence.workspace, "metrics")


def follow_points(occurrence: Occurrence, now: datetime) -> None:
    """Values of days that are over came in: what was changed is judged anew. Those of today wait for its end."""
    first = parse_datetime(str(occurrence.facts.get("first") or ""))
    if first is None:
        return
    changed = Movement.objects.still_proven(now.date()).filter(metric_id=occurrence.about_id)
    for entry in changed.select_related("metric__workspace", "workspace"):
        if _ended(first, entry.metric) <= now:
            prove_movement(movement=entry, now=now)
            live.changed(occurrence.workspace, "metrics")


def _ended(at: datetime, metric: Metric) -> datetime:
    """The end of the day, week or month that the proof puts a moment into."""
    if metric.grain in {Grain.MINUTE, Grain.HOUR}:
        return start_of_day(timezone.localdate(at, metric.zone) + timedelta(days=1), metric.zone)
    return bucket_end(bucket_start(at, metric), metric)


def follow_reopened(occurrence: Occurrence, now: datetime) -> None:
    """The action is open again: nothing has been changed yet."""
    found = Movement.objects.filter(workspace=occurrence.workspace, action_id=occurrence.about_id)
    if found.update(changed_on=None, proven_at=None, **UNPROVEN):
        live.changed(occurrence.workspace, "metrics")


def proof_of(*, movement: Movement, now: datetime) -> Proof | None:
    """What the metric says about the change today; None before there was one."""
    if movement.changed_on is None:
        return None
    return prove_metric(metric=movement.metric, changed_on=movement.changed_on, now=now, since=movement.start_at)


def prove_movement(*, movement: Movement, now: datetime) -> Proof | None:
    """The proof, kept with the entry; told where it becomes one."""
    proof = proof_of(movement=movement, now=now)
    if proof is None:
        return None
    before = movement.verdict
    low, high = proof.relative_interval or (None, None)
    kept = {"verdict": proof.verdict, "relative": proof.relative, "relative_low": low, "relative_high": high}
    if any(getattr(movement, name) != value for name, value in kept.items()):
        Movement.objects.filter(pk=movement.pk).update(proven_at=now, **kept)
        for name, value in (kept | {"proven_at": now}).items():
            setattr(movement, name, value)
    if proof.verdict in {"moved", "wrong_way"} and proof.verdict != before:
        emit(
            "metrics.journal_entry_proven", workspace=movement.workspace, at=now, about=movement,
            metric=movement.metric.key, verdict=proof.verdict, relative=proof.relative,
        )  # fmt: skip
    return proof


def prove_metric(*, metric: Metric, changed_on: date, now: datetime, since: datetime | None = None) -> Proof:
    """Whether a metric moved on a day. Hours and minutes are put together to days, so that the week is its season."""
    grain = "day" if metric.grain in {Grain.MINUTE, Grain.HOUR} else metric.grain
    points = [
        (timezone.localtime(one.at, metric.zone), one.value, one.weight)
        for one in buckets([metric.pk], grain=grain, end=now)
        if bucket_end_of(one.at, metric, grain) <= now
    ]
    if since is not None:
        inside = [one for one in points if one[0] >= since]
        if sum(1 for at, _value, _weight in inside if at.date() < changed_on) >= SINCE.get(grain, LEAST_SINCE):
            points = inside
    direction = cast(Literal["up", "down"], metric.direction)
    weighed = metric.aggregation not in {Aggregation.SUM, Aggregation.LAST, Aggregation.COUNT}
    return prove_points(
        [(at, value, weight if weighed else None) for at, value, weight in points], changed_on, direction=direction,
        grain=grain,
    )  # fmt: skip


def bucket_end_of(at: datetime, metric: Metric, grain: str) -> datetime:
    local = at.astimezone(metric.zone)
    return local + timedelta(days=1) if grain == "day" else bucket_end(at, metric)


def look_for_levels(*, metric: Metric, now: datetime) -> Level | None:
    """Ask whether a metric has a new level, unless somebody was asked about the same one before."""
    if metric.aggregation == Aggregation.FORMULA:
        return None
    grain = "day" if metric.grain in {Grain.MINUTE, Grain.HOUR} else metric.grain
    start = _looked_from(metric, now, grain)
    found = [
        one
        for one in buckets([metric.pk], start=start, end=now, grain=grain)
        if one.value is not None and bucket_end_of(one.at, metric, grain) <= now
    ]
    times, values = [one.at for one in found], [one.value for one in found]
    levels = new_levels(_without_season(metric, times, values))
    if not levels:
        return None
    last = levels[-1]
    at, near = times[last.index], timedelta(days=7)
    if Level.objects.filter(metric=metric, at__gt=at - near, at__lt=at + near).exists():
        return None
    level: Level = Level.objects.create(
        workspace=metric.workspace, metric=metric, at=at, before=last.before, after=last.after, found_at=now
    )
    live.changed(metric.workspace, "metrics")
    return level


def _looked_from(metric: Metric, now: datetime, grain: str) -> datetime:
    """Never over a level that was confirmed."""
    start = now - timedelta(seconds=Grain(grain).seconds * LOOKED_AT[grain])
    last = Level.objects.filter(metric=metric).confirmed().order_by("-at").values_list("at", flat=True).first()
    first = begins(metric.pk) or start
    return max(start, last or start, start_of_day(timezone.localdate(first, metric.zone), metric.zone))


def _without_season(metric: Metric, times: list[datetime], values: list[float | None]) -> list[float | None]:
    try:
        apart = apart_of(metric, times[0], times[-1]) if times else None
        taught = apart.blanked(times, values, Grain(metric.grain).seconds) if apart else values
        season = learn_season(times, taught, metric.zone, weeks=104, worked=apart.worked if apart else None)
    except NotEnough:
        return values
    if not season.is_seasonal:
        return values
    usual = season.expected_all(times)
    middle = float(np.nanmean(usual))
    return [
        None if value is None or np.isnan(base) else float(value - base + middle)
        for value, base in zip(values, usual, strict=True)
    ]


@transaction.atomic
def answer_level(*, level: Level, by: User, now: datetime, confirmed: bool) -> bool:
    """Whether limits begin anew there. False where somebody answered before."""
    state = Level.State.CONFIRMED if confirmed else Level.State.REFUSED
    asked = Level.objects.filter(pk=level.pk, state=Level.State.ASKED)
    if not asked.update(state=state, answered_by=by, answered_at=now):
        return False
    emit(
        "metrics.level_answered", workspace=level.workspace, at=now, by=by, about=level.metric, metric=level.metric.key,
        since=level.at.isoformat(), confirmed=confirmed,
    )  # fmt: skip
    live.changed(level.workspace, "metrics")
    return True
