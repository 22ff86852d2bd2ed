"""Who is told of an alert, and what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.functional import lazy

from opsboard.alerts.analysis import Step, Turn
from opsboard.alerts.models import Alert, Watch
from opsboard.core import access, notices
from opsboard.core.events import emit
from opsboard.core.models import User, Workspace


def say(alert: Alert, turn: Turn, people: Sequence[User], reason: str) -> None:
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


def listeners(workspace: Workspace, watch_ids: Iterable[int]) -> dict[int, list[User]]:
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
