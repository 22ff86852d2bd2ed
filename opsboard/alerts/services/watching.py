"""Begin, change and end the watching of a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from opsboard.alerts.models import Instance, Reason, Severity, Watch
from opsboard.alerts.services.locking import lock
from opsboard.alerts.services.recording import end_alerts
from opsboard.core import live, objects, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.models import Channel, LimitedModel, Team, User, Workspace, about_fields
from opsboard.core.versions import StaleVersion

RULE = (
    "indicator", "kind", "compare", "relative", "other", "op", "value", "clear", "for_seconds", "keep_seconds", "severity",
    "levels", "need", "out_of", "no_data", "so_far", "late_seconds", "title", "scope", "labels",
)  # fmt: skip
WATCH_SETTINGS = (*RULE, "people", "teams", "channels")


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
    kind: str = Watch.Kind.VALUE,
    compare: str = "",
    relative: bool = True,
    other: str = "",
    levels: Sequence[Mapping[str, Any]] = (),
    need: int = 1,
    out_of: int = 1,
    no_data: str = Watch.NoData.KEEP_LAST,
    so_far: bool = False,
    late_seconds: int = 0,
    people: Iterable[User] = (),
    teams: Iterable[Team] = (),
    channels: Iterable[Channel] = (),
    about: Ref | None = None,
) -> Watch:
    """Begin to watch a number. Without recipients its owner is told."""
    watch = draft_watch(
        viewer=viewer, now=now, about=about, indicator=indicator, op=op, value=value, clear=clear, kind=kind,
        for_seconds=for_seconds, keep_seconds=keep_seconds, severity=severity, title=title, scope=scope,
        labels=dict(labels or {}), compare=compare, relative=relative, other=other, levels=list(levels), need=need,
        out_of=out_of, no_data=no_data, so_far=so_far, late_seconds=late_seconds,
    )  # fmt: skip
    with transaction.atomic():
        watch.save(force_insert=True)
        _send_to(watch, viewer.workspace, people, teams, channels)
        live.changed(viewer.workspace, "alerts")
    return watch


def draft_watch(*, viewer: Viewer, now: datetime, about: Ref | None = None, **settings: Any) -> Watch:
    """A watch as it would be, checked, but not begun."""
    if unknown := set(settings) - set(RULE):
        raise TypeError(f"a watch has no {sorted(unknown)}")
    watch = Watch(workspace=viewer.workspace, owner=viewer.user, created_at=now, condition_at=now, **settings)
    _describe(watch, viewer, about)
    watch.full_clean(exclude=["about_type", "workspace", "owner"])
    return watch


def change_watch(
    *,
    watch: Watch,
    viewer: Viewer,
    now: datetime,
    version: int,
    people: Iterable[User] | None = None,
    teams: Iterable[Team] | None = None,
    channels: Iterable[Channel] | None = None,
    **changes: Any,
) -> Watch:
    """Save an edited watch. A new condition ends what is open, because the old alert speaks of another rule.

    Raises `StaleVersion` where somebody else saved since `version`.
    """
    if unknown := set(changes) - set(RULE):
        raise TypeError(f"a watch has no {sorted(unknown)}")
    with transaction.atomic():
        lock(watch.workspace)
        current: Watch = Watch.objects.select_related("workspace", "owner").get(pk=watch.pk)
        if current.version != version or current.deleted_at is not None:
            raise StaleVersion(current, version, changes)
        was, before, watched = copy(current), current.condition, _watched(current)
        for name, value in changes.items():
            setattr(current, name, value)
        if (current.indicator, current.other) != (was.indicator, was.other):
            _describe(current, viewer, None)
        current.full_clean(exclude=["about_type", "workspace", "owner"])
        if current.condition != before:
            end_alerts(was, Reason.RULE_CHANGED, now=now)
            current.condition_at, current.past_until = now, None
        if _watched(current) != watched:
            Instance.objects.filter(watch=watch).update(retired_at=now)
        current.version = version + 1
        current.save()
        _send_to(current, current.workspace, people, teams, channels)
        live.changed(current.workspace, "alerts")
    return current


def pause_watch(*, watch: Watch, now: datetime) -> Watch:
    """Stop watching for now; what is open ends, and says why."""
    with transaction.atomic():
        lock(watch.workspace)
        if Watch.objects.filter(pk=watch.pk, paused_at=None, deleted_at=None).update(
            paused_at=now, version=models.F("version") + 1
        ):
            end_alerts(watch, Reason.RULE_PAUSED, now=now)
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
        lock(watch.workspace)
        if Watch.objects.filter(pk=watch.pk, deleted_at=None).update(deleted_at=now, version=models.F("version") + 1):
            end_alerts(watch, Reason.RULE_DELETED, now=now)
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
    watch.aggregation = entry.aggregation[:10]
    watch.late_seconds = max(watch.late_seconds, entry.settles_seconds)
    watch.other_title = _title_of(viewer, watch.other) if watch.other else ""
    ref = about or entry.about
    for name, value in about_fields(ref).items():
        setattr(watch, name, value)
    thing = objects.find(viewer, ref.model, ref.pk) if ref else None
    watch.limited_to = list(thing.limited_to) if isinstance(thing, LimitedModel) else []
    if unknown := set(watch.labels) - set(entry.dimensions):
        raise ValidationError({"labels": _("This number has no label “%(name)s”.") % {"name": sorted(unknown)[0]}})


def _title_of(viewer: Viewer, key: str) -> str:
    try:
        return str(registry.watchable(viewer, key).title)[:300]
    except registry.UnknownKey:
        raise ValidationError({"other": _("There is no such number here, or you may not see it.")}) from None


def _send_to(
    watch: Watch,
    workspace: Workspace,
    people: Iterable[User] | None,
    teams: Iterable[Team] | None,
    channels: Iterable[Channel] | None,
) -> None:
    """Only members, teams and channels of this workspace may be told."""
    if people is not None:
        watch.people.set(User.objects.filter(pk__in=[person.pk for person in people], memberships__workspace=workspace))
    if teams is not None:
        watch.teams.set(Team.objects.filter(pk__in=[team.pk for team in teams], workspace=workspace))
    if channels is not None:
        wanted = [channel.pk for channel in channels]
        watch.channels.set(Channel.objects.filter(workspace=workspace).shared().present().filter(pk__in=wanted))
