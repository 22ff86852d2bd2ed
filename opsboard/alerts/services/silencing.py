"""Silences and maintenance windows: who is not told, from when to when, and what is said when they end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from opsboard.alerts.analysis import maintenance, matching
from opsboard.alerts.analysis.matching import Matcher
from opsboard.alerts.models import Alert, MaintenanceWindow, Silence, Watch
from opsboard.alerts.services.grouping import stir
from opsboard.alerts.services.locking import lock
from opsboard.core import live
from opsboard.core.access import Viewer
from opsboard.core.models import User, Workspace
from opsboard.core.periods import Period


def silence(
    *,
    workspace: Workspace,
    by: User | None,
    now: datetime,
    matchers: Sequence[Matcher],
    ends_at: datetime,
    reason: str,
    starts_at: datetime | None = None,
    earlier: Silence | None = None,
) -> Silence:
    """Let nobody be told of some alerts until `ends_at`. Takes effect at once."""
    row = Silence(
        workspace=workspace, author=by, created_at=now, matchers=matching.as_json(matchers),
        starts_at=max(starts_at or now, now), ends_at=ends_at, reason=reason.strip(), earlier=earlier,
    )  # fmt: skip
    row.full_clean(exclude=["workspace", "author", "earlier"], validate_constraints=False)
    with transaction.atomic():
        lock(workspace)
        row.save(force_insert=True)
        hush(workspace, tick=now)
        live.changed(workspace, "alerts")
    return row


def change_silence(
    *,
    silence: Silence,
    by: User | None,
    now: datetime,
    matchers: Sequence[Matcher],
    ends_at: datetime,
    reason: str,
    starts_at: datetime | None = None,
) -> Silence:
    """A silence is never rewritten, so that one can see who kept quiet what: a new one begins and the old one ends."""
    with transaction.atomic():
        lock(silence.workspace)
        if not Silence.objects.filter(pk=silence.pk, ends_at__gt=now).exists():
            raise ValidationError(_("This silence is over already. Make a new one."))
        new = Silence(
            workspace=silence.workspace, author=by, created_at=now, matchers=matching.as_json(matchers),
            starts_at=max(starts_at or now, now), ends_at=ends_at, reason=reason.strip(), earlier=silence,
        )  # fmt: skip
        new.full_clean(exclude=["workspace", "author", "earlier"], validate_constraints=False)
        new.save(force_insert=True)
        _end(silence, now)
        hush(silence.workspace, tick=now)
        live.changed(silence.workspace, "alerts")
    return new


def end_silence(*, silence: Silence, now: datetime) -> Silence:
    """End it before its time; what still fires is told within one tick."""
    with transaction.atomic():
        lock(silence.workspace)
        _end(silence, now)
        hush(silence.workspace, tick=now)
        live.changed(silence.workspace, "alerts")
    silence.refresh_from_db()
    return silence


def _end(silence: Silence, now: datetime) -> None:
    Silence.objects.filter(pk=silence.pk, ends_at__gt=now).update(
        ends_at=now, starts_at=models.functions.Least("starts_at", models.Value(now))
    )


def hush(workspace: Workspace, *, tick: datetime) -> int:
    """Mark what is silenced now, and free what is not any more: what still fires then is told once, without waiting.

    Overlapping silences and windows are one: only what none of them covers is free. The caller holds the lock.
    """
    covers = _covering(workspace, tick)
    open_now = Alert.objects.open().exclude(state=Alert.State.PENDING).filter(workspace=workspace)
    rows = (open_now if covers else open_now.exclude(silenced_at=None)).select_related("watch")
    muted: list[int] = []
    freed: list[Alert] = []
    for alert in rows:
        covered = is_covered(alert, covers)
        if covered and alert.silenced_at is None:
            muted.append(alert.pk)
        elif not covered and alert.silenced_at is not None and alert.silenced_at <= tick:
            freed.append(alert)  # what was marked since this tick belongs to a silence that begins after it
    if muted:
        Alert.objects.filter(pk__in=muted).update(silenced_at=tick)
    if freed:
        Alert.objects.filter(pk__in=[alert.pk for alert in freed]).update(
            silenced_at=None, told_at=None, pressing="catch_up"
        )
        stir([alert.group_id for alert in freed if alert.group_id], tick=tick)
    if muted or freed:
        live.changed(workspace, "alerts")
    return len(muted) + len(freed)


def _covering(workspace: Workspace, moment: datetime) -> list[Silence | MaintenanceWindow]:
    windows = MaintenanceWindow.objects.in_use().filter(workspace=workspace)
    return [
        *Silence.objects.active_at(moment).filter(workspace=workspace),
        *(window for window in windows if maintenance.covers(window.rule, moment)),
    ]


def is_covered(alert: Alert, covers: Iterable[Silence | MaintenanceWindow]) -> bool:
    facts = facts_of(alert)
    return any(one.fits(facts) for one in covers)


def facts_of(alert: Alert) -> dict[str, tuple[str, ...]]:
    return matching.facts_of(alert.labels, severity=alert.severity, watch=alert.watch_id, title=str(alert.watch))


def silenced_now(workspace: Workspace, alerts: Sequence[Alert], *, tick: datetime) -> set[int]:
    """Which of these are covered at this moment, whether marked yet or not."""
    covers = _covering(workspace, tick)
    return {alert.pk for alert in alerts if is_covered(alert, covers)} if covers else set()


def fitting(viewer: Viewer, matchers: Sequence[Matcher], *, at_most: int = 200) -> tuple[list[Alert], int]:
    """The open alerts that these matchers are about, as far as the viewer may see them, and how many there are."""
    rows = Alert.objects.visible_to(viewer).open().select_related("watch", "workspace").order_by("-active_at")
    found = [alert for alert in rows[:20_000] if matching.fits(matchers, facts_of(alert))]
    return found[:at_most], len(found)


# --- maintenance windows ---------------------------------------------------------------------------------------------


def plan_window(
    *, workspace: Workspace, by: User | None, now: datetime, window: MaintenanceWindow
) -> MaintenanceWindow:
    """Save a new or an edited window; it takes effect at once."""
    window.workspace = workspace
    if window._state.adding:
        window.author, window.created_at = by, now
    window.full_clean(exclude=["workspace", "author"])
    with transaction.atomic():
        lock(workspace)
        window.save()
        hush(workspace, tick=now)
        live.changed(workspace, "alerts")
    return window


def delete_window(*, window: MaintenanceWindow, now: datetime) -> None:
    """Take it away; what it kept quiet and still fires is told within one tick. Baselines still leave its past out."""
    with transaction.atomic():
        lock(window.workspace)
        MaintenanceWindow.objects.filter(pk=window.pk, deleted_at=None).update(
            deleted_at=now, version=models.F("version") + 1
        )
        hush(window.workspace, tick=now)
        live.changed(window.workspace, "alerts")


def left_out(
    watch: Watch,
    period: Period,
    labels: Mapping[str, str] | None = None,
    windows: Sequence[MaintenanceWindow] | None = None,
) -> list[tuple[datetime, datetime]]:
    """The spans of a period whose samples say nothing of what is usual, in UTC and in order: for baselines.

    Deleted windows count up to their deletion. Whoever asks for many brings the workspace's `windows`.
    """
    facts = matching.facts_of(labels or {}, severity=watch.severity, watch=watch.pk or 0, title=str(watch))
    if windows is None:
        windows = list(MaintenanceWindow.objects.filter(workspace=watch.workspace_id))
    return _spans([window for window in windows if window.fits(facts)], period)


def maintained(viewer: Viewer, keys: Sequence[str], period: Period) -> dict[str, list[tuple[datetime, datetime]]]:
    """The same for whole numbers, whoever watches them; two queries."""
    windows = list(MaintenanceWindow.objects.filter(workspace=viewer.workspace))
    if not windows:
        return {}
    facts: dict[str, list[Any]] = {}
    for watch in Watch.objects.of(viewer.workspace).filter(indicator__in=keys, deleted_at=None):
        about = matching.facts_of({}, severity=watch.severity, watch=watch.pk, title=str(watch))
        facts.setdefault(watch.indicator, []).append(about)
    nobody = [matching.facts_of({}, severity="", watch=0, title="")]
    return {
        key: _spans([one for one in windows if any(one.fits(about) for about in facts.get(key, nobody))], period)
        for key in keys
    }


def _spans(windows: Iterable[MaintenanceWindow], period: Period) -> list[tuple[datetime, datetime]]:
    pieces: list[tuple[datetime, datetime]] = []
    for window in windows:
        until = min(period.end, window.deleted_at) if window.deleted_at else period.end
        pieces += [
            (max(start, period.start), min(end, until))
            for start, end in maintenance.spans(window.rule, period.start, until)
        ]
    return maintenance.merged([(start, end) for start, end in pieces if end - start > timedelta(0)])
