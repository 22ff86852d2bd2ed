"""Keep watches true to their numbers: one that is archived or deleted, a unit that was changed, a past that was uploaded."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.translation import gettext as _

from opsboard.alerts.models import Reason, Watch
from opsboard.alerts.services.locking import lock
from opsboard.alerts.services.recording import end_alerts
from opsboard.core import access, live, registry
from opsboard.core.contract import Watchable
from opsboard.core.models import Workspace

log = logging.getLogger(__name__)


def pause_watches_without_number(workspace: Workspace, keys: Collection[str], *, now: datetime) -> int:
    """The numbers of these keys say nothing any more: where their app has them no more, what is open ends.

    The caller holds the lock.
    """
    if not keys or not (gone := _gone(workspace, keys)):
        return 0
    watches = list(Watch.objects.of(workspace).active().filter(indicator__in=gone).select_related("workspace"))
    for watch in watches:
        Watch.objects.filter(pk=watch.pk).update(paused_at=now, version=F("version") + 1)
        end_alerts(watch, Reason.RULE_PAUSED, now=now)
    if watches:
        live.changed(workspace, "alerts")
    return len(watches)


def _gone(workspace: Workspace, keys: Collection[str]) -> set[str]:
    try:
        return set(keys) - {entry.key for entry in _catalogue(workspace, keys)}
    except Exception:  # one app's fault must not end the watches of its numbers
        log.exception("the catalogue could not be read")
        return set()


def _catalogue(workspace: Workspace, keys: Collection[str]) -> list[Watchable]:
    house = access.the_house(workspace)
    owners = {key.partition(":")[0] for key in keys}
    return [entry for owner in registry.indicators() if owner.key in owners for entry in owner.catalogue(house)]


def refresh_watches(*, workspace: Workspace, now: datetime) -> int:
    """Copy the numbers' names anew; where a unit or a grain was changed, thresholds mean something else: what is open ends."""
    lock(workspace)
    watches = list(Watch.objects.of(workspace).active().select_related("workspace"))
    entries = {entry.key: entry for entry in _catalogue(workspace, {watch.indicator for watch in watches})}
    changed = 0
    for watch in watches:
        entry = entries.get(watch.indicator)
        if entry is None:
            continue
        unit = (str(entry.unit)[:40], entry.rate, entry.grain_seconds, entry.aggregation[:10])
        title = str(entry.title)[:300]
        late = max(watch.late_seconds, entry.settles_seconds)
        same = unit == (watch.unit, watch.rate, watch.grain_seconds, watch.aggregation)
        if same and title == watch.indicator_title and late == watch.late_seconds:
            continue
        if unit[:3] != (watch.unit, watch.rate, watch.grain_seconds):
            end_alerts(watch, Reason.UNIT_CHANGED, now=now)
        Watch.objects.filter(pk=watch.pk).update(
            unit=unit[0], rate=unit[1], grain_seconds=unit[2], aggregation=unit[3], decimals=entry.decimals,
            indicator_title=title, url=entry.url[:500], late_seconds=late,
        )  # fmt: skip
        changed += 1
    return changed


def take_as_past(*, workspace: Workspace, indicator: str, until: datetime) -> int:
    """What lies before this moment was uploaded as the past of a number: it sets nothing off."""
    rows = Watch.objects.of(workspace).active().filter(indicator=indicator)
    if not rows.exists():
        return 0
    if until.tzinfo is None:
        raise ValidationError({"until": _("A moment needs its time zone.")})
    return int(rows.update(past_until=until))
