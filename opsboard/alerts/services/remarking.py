"""What is told beside firing and ending: no data, data again, less grave, corrected, and a number that cannot be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from opsboard.alerts.analysis import Health
from opsboard.alerts.models import Alert, Instance, Severity, Told, ToldTo, Trouble, Watch, wording
from opsboard.alerts.services.grouping import worst
from opsboard.alerts.services.hearing import Hearers, Wanted, find, hearers_of
from opsboard.alerts.services.silencing import silenced_now
from opsboard.alerts.services.speaking import Word, key_of, speak
from opsboard.core.models import User, Workspace

MILDER = {Severity.CRITICAL: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}
PATIENCE = 6  # ticks without an answer before the owner hears of it


def tell_aside(workspace: Workspace, kind: Told.Kind, alerts: Sequence[Alert], *, tick: datetime) -> None:
    """One notice a watch, at once, with a key of its own; nothing for what is silenced."""
    silent = silenced_now(workspace, alerts, tick=tick)
    by_watch: dict[int, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.pk not in silent:
            by_watch[alert.watch_id].append(alert)
    if not by_watch:
        return
    hearers = hearers_of(workspace, [some[0].watch for some in by_watch.values()])
    for pk, some in by_watch.items():
        rows = worst(some)
        told = hearers[pk]
        if kind is Told.Kind.CORRECTED:
            told = _with_earlier(told, rows)
        speak(_word(kind, rows, tick), told, now=tick)


def _word(kind: Told.Kind, alerts: Sequence[Alert], tick: datetime) -> Word:
    watch = alerts[0].watch
    severity = Severity(alerts[0].severity)
    return Word(
        kind=kind,
        watch=watch,
        text=lambda: wording.aside(kind, watch, alerts),
        detail=wording.listed(watch, alerts, ()) if len(alerts) > 1 else None,
        unique_as=key_of(
            watch.pk, kind, int(tick.timestamp()), *(f"{one.instance_id}:{one.episode}" for one in alerts)
        ),
        severity=MILDER[severity] if kind is Told.Kind.NO_DATA else Severity.INFO,
        alerts=alerts,
        firing=len(alerts) if kind is Told.Kind.NO_DATA else 0,
    )


def _with_earlier(hearers: Hearers, alerts: Sequence[Alert]) -> Hearers:
    """A correction goes to everybody who was told what is corrected."""
    earlier = User.objects.filter(
        pk__in=ToldTo.objects.filter(told__alert_ids__overlap=[alert.pk for alert in alerts]).values("person_id")
    )
    known = {person.pk for person in hearers.people}
    people = [*hearers.people, *(person for person in earlier if person.pk not in known)]
    return Hearers(people, hearers.channels, dict(hearers.instead))


def tell_trouble(workspace: Workspace, *, tick: datetime) -> int:
    """A number that could not be read for several ticks: its owner is told once, and once more when it can be again."""
    unread = Instance.objects.living().filter(workspace=workspace, health=Health.ERROR)
    ill = set(unread.filter(errors__gte=PATIENCE).values_list("watch_id", flat=True))
    still = set(unread.values_list("watch_id", flat=True))
    known = {row.watch_id: row for row in Trouble.objects.filter(watch__workspace=workspace)}
    begun, over = ill - known.keys(), known.keys() - still
    watches = Watch.objects.filter(pk__in=begun | over).select_related("workspace", "owner")
    if not watches:
        return 0
    wanted = {watch.pk: Wanted(watch, [watch.owner] if watch.owner else []) for watch in watches}
    hearers = find(workspace, wanted)
    for watch in watches:
        since = tick if watch.pk in begun else known[watch.pk].since
        kind = Told.Kind.ERROR if watch.pk in begun else Told.Kind.DATA_AGAIN
        word = Word(
            kind=kind,
            watch=watch,
            text=lambda watch=watch, kind=kind: wording.trouble(watch, over=kind is not Told.Kind.ERROR),  # type: ignore[misc]
            unique_as=key_of(watch.pk, kind, int(since.timestamp())),
            severity=Severity.WARNING if kind is Told.Kind.ERROR else Severity.INFO,
        )
        if watch.deleted_at is None and watch.paused_at is None:
            speak(word, hearers[watch.pk], now=tick)
    Trouble.objects.filter(watch_id__in=over).delete()
    Trouble.objects.bulk_create((Trouble(watch_id=pk, since=tick) for pk in begun), ignore_conflicts=True)
    return len(begun) + len(over)
