"""Create, change and archive metrics."""

from __future__ import annotations

import re
import unicodedata
from copy import copy
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from metrics.models import Metric
from metrics.services import calculating, deriving
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import Membership, User, Workspace
from opsboard.core.versions import compare_and_set

FIELDS = (
    "key", "name", "unit", "direction", "aggregation", "grain", "target", "decimals", "owner", "description", "timezone",
    "limited_to", "formula", "currency", "counted", "owner_role", "target_note",
)  # fmt: skip


def key_from(name: str, workspace: Workspace) -> str:
    """A key that nobody has yet, made from a name: “On-time rate” → on-time-rate; 准点率 → metric, metric-2, …"""
    return free_key(name, Metric.objects.filter(workspace=workspace), "metric")


def free_key(name: str, rows: Any, nameless: str) -> str:
    """A key that none of the rows has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:70].rstrip("-_") or nameless
    taken = set(rows.filter(key__startswith=base).values_list("key", flat=True))
    key, count = base, 1
    while key in taken:
        count += 1
        key = f"{base}-{count}"
    return key


def _check_owner(workspace: Workspace, owner: User | None) -> None:
    if owner and not Membership.objects.active().of(workspace).filter(user=owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own a metric.")})


@transaction.atomic
def create_metric(*, workspace: Workspace, by: User | None, now: datetime, name: str, **given: Any) -> Metric:
    """A new metric; without a `key` one is made from the name."""
    key = given.pop("key", "") or key_from(name, workspace)
    metric = Metric(workspace=workspace, key=key, name=name, created_at=now, **given)
    _check_owner(workspace, metric.owner)
    operands = calculating.check(metric)
    metric.full_clean()
    try:
        with transaction.atomic():
            metric.save(force_insert=True)
    except IntegrityError as taken:  # somebody was faster between the check and the insert
        raise ValidationError({"key": _("Another metric has this key.")}) from taken
    calculating.keep(metric, operands)
    emit("metrics.metric_created", workspace=workspace, at=now, by=by, about=metric, metric=metric.key)
    live.changed(workspace, "metrics")
    return metric


@transaction.atomic
def change_metric(*, metric: Metric, by: User | None, now: datetime, version: int, **changes: Any) -> Metric:
    """Save on top of `version`; raises StaleVersion where somebody was faster."""
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"a metric has no {sorted(unknown)}")
    changed: Metric = Metric.objects.select_related("workspace").get(pk=metric.pk)
    before = copy(changed)
    for name, value in changes.items():
        setattr(changed, name, value)
    _check_owner(changed.workspace, changed.owner)
    operands = calculating.check(changed)
    changed.full_clean()
    changed.version = compare_and_set(Metric.objects.all(), metric.pk, version, **changes)
    calculating.keep(changed, operands)
    calculating.follow(changed, before, changes)
    deriving.follow_clock(changed.pk)
    emit("metrics.metric_changed", workspace=changed.workspace, at=now, by=by, about=changed, metric=changed.key)
    live.changed(changed.workspace, "metrics")
    return changed


@transaction.atomic
def archive_metric(*, metric: Metric, by: User | None, now: datetime) -> bool:
    """Take it out of lists, watches and reviews. Its points stay. False where it was archived before.

    Raises ValidationError where other metrics are calculated from it.
    """
    calculating.refuse_needed(metric)
    if not Metric.objects.filter(pk=metric.pk, archived_at=None).update(archived_at=now):
        return False
    emit("metrics.metric_archived", workspace=metric.workspace, at=now, by=by, about=metric, metric=metric.key)
    live.changed(metric.workspace, "metrics")
    return True


@transaction.atomic
def restore_metric(*, metric: Metric, by: User | None, now: datetime) -> bool:
    if not Metric.objects.filter(pk=metric.pk).exclude(archived_at=None).update(archived_at=None):
        return False
    emit("metrics.metric_changed", workspace=metric.workspace, at=now, by=by, about=metric, metric=metric.key)
    live.changed(metric.workspace, "metrics")
    return True
