"""Call the next people while nobody looks after an alert."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, models, transaction

from opsboard.alerts.analysis import escalating
from opsboard.alerts.models import Alert, EscalationPolicy, EscalationStep, Told, wording
from opsboard.alerts.services.grouping import Routes, worst
from opsboard.alerts.services.hearing import Wanted, find
from opsboard.alerts.services.speaking import Word, key_of, speak
from opsboard.core.models import Channel, Team, User, Workspace


@dataclass
class StepPlan:
    """One step as people wrote it."""

    delay: int
    working: bool = False
    people: Sequence[User] = field(default_factory=list)
    teams: Sequence[Team] = field(default_factory=list)
    channels: Sequence[Channel] = field(default_factory=list)


def save_policy(*, policy: EscalationPolicy, steps: Sequence[StepPlan], now: datetime) -> EscalationPolicy:
    """Save a policy with its steps in order. What escalates already goes on with the new steps."""
    if policy._state.adding:
        policy.created_at = now
    else:
        policy.version += 1
    policy.full_clean(exclude=["workspace"])
    with transaction.atomic():
        policy.save()
        policy.steps.all().delete()
        for place, plan in enumerate(sorted(steps, key=lambda one: one.delay)):
            step = EscalationStep.objects.create(policy=policy, place=place, delay=plan.delay, working=plan.working)
            step.people.set(plan.people)
            step.teams.set(plan.teams)
            step.channels.set(plan.channels)
    return policy


def delete_policy(*, policy: EscalationPolicy, now: datetime) -> None:
    EscalationPolicy.objects.filter(pk=policy.pk, deleted_at=None).update(deleted_at=now)


def begin(workspace: Workspace, fired: Sequence[Alert], routes: Routes) -> None:
    """Set the clock of the first step for alerts that fired just now."""
    policies = {alert.watch_id: routes.escalation(alert.watch_id) for alert in fired}
    steps = _steps({pk for pk in policies.values() if pk is not None})
    if not steps:
        return
    calendar = workspace.calendar
    due: dict[tuple[int, datetime], datetime | None] = {}
    marks: dict[int, datetime] = {}
    for alert in fired:
        policy = policies[alert.watch_id]
        if policy is None or policy not in steps or alert.fired_at is None:
            continue
        key = (policy, alert.fired_at)
        if key not in due:
            due[key] = escalating.first_due([step.stair for step in steps[policy]], alert.fired_at, calendar)
        if (moment := due[key]) is not None:
            marks[alert.pk] = moment
    _mark(marks, dict.fromkeys(marks, 0))


def _steps(policies: Iterable[int]) -> dict[int, list[EscalationStep]]:
    rows = EscalationStep.objects.filter(policy_id__in=set(policies), policy__deleted_at=None)
    found: dict[int, list[EscalationStep]] = defaultdict(list)
    for step in rows.prefetch_related("people", "teams", "channels").order_by("policy_id", "place"):
        found[step.policy_id].append(step)
    return found


def _mark(due: dict[int, datetime], step: dict[int, int]) -> None:
    if not due:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Alert._meta.db_table} AS mine SET escalate_at = told.due, next_step = told.step "  # noqa: S608
            "FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[]) AS told(id, due, step) WHERE mine.id = told.id",
            [list(due), list(due.values()), [step[pk] for pk in due]],
        )


def climb(workspace: Workspace, *, tick: datetime) -> int:
    """Take each step that is due of alerts that still fire and that nobody has acknowledged; once each.

    A silence holds a step back until it is over. The caller holds the lock.
    """
    rows = Alert.objects.firing().unacknowledged().filter(workspace=workspace, escalate_at__lte=tick, silenced_at=None)
    alerts = list(rows.select_related("watch__workspace", "watch__owner").order_by("pk")[:20_000])
    if not alerts:
        return 0
    routes = Routes(workspace, {alert.watch_id for alert in alerts})
    steps = _steps({pk for alert in alerts if (pk := routes.escalation(alert.watch_id)) is not None})
    calendar = workspace.calendar
    due: dict[int, datetime] = {}
    step_of: dict[int, int] = {}
    over: list[int] = []
    together: dict[tuple[int, int, int], list[Alert]] = defaultdict(list)
    for alert in alerts:
        alert.workspace = workspace
        policy = routes.escalation(alert.watch_id)
        ladder = steps.get(policy, []) if policy is not None else []
        if policy is None or alert.next_step >= len(ladder) or alert.fired_at is None:
            over.append(alert.pk)
            continue
        together[alert.watch_id, policy, alert.next_step].append(alert)
        stairs = [step.stair for step in ladder]
        following = escalating.next_due(stairs, alert.next_step, alert.fired_at, tick, calendar)
        if following is None:
            over.append(alert.pk)
        else:
            due[alert.pk], step_of[alert.pk] = following, alert.next_step + 1
    wanted = {}
    for (watch, policy, place), some in together.items():
        step = steps[policy][place]
        wanted[watch, policy, place] = Wanted(
            some[0].watch, list(step.people.all()), [team.pk for team in step.teams.all()], list(step.channels.all())
        )
    hearers = find(workspace, wanted)
    for key, some in together.items():
        speak(_word(worst(some), key[2]), hearers[key], now=tick)
    _mark(due, step_of)
    Alert.objects.filter(pk__in=over).update(escalate_at=None, next_step=models.F("next_step") + 1)
    return len(together)


def _word(alerts: Sequence[Alert], place: int) -> Word:
    watch = alerts[0].watch
    alone = alerts[0] if len(alerts) == 1 else None

    def text() -> str:
        return wording.escalated(
            wording.one_fires(alone) if alone else wording.many_fire(watch, alerts[0], len(alerts))
        )

    first = min(alerts, key=lambda alert: alert.pk)
    return Word(
        kind=Told.Kind.ESCALATED,
        watch=watch,
        text=text,
        detail=None if alone else wording.listed(watch, alerts, ()),
        unique_as=key_of(watch.pk, first.instance_id, first.episode, "escalated", place),
        severity=alerts[0].severity,
        alerts=alerts,
        firing=len(alerts),
    )
