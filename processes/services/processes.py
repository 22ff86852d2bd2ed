"""Make, change and delete processes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import Membership, User, Workspace
from opsboard.core.versions import compare_and_set
from processes.models import Process

FIELDS = ("name", "description", "owner", "limited_to")


def _check(process: Process) -> None:
    owner = process.owner
    if owner and not Membership.objects.active().of(process.workspace).filter(user=owner).exists():
        raise ValidationError({"owner": _("Only members of the workspace can own a process.")})
    process.full_clean()


def _say(event: str, process: Process, by: User | None, now: datetime) -> None:
    emit(
        f"processes.process_{event}", workspace=process.workspace, at=now, by=by, about=process,
        process=process.name,
    )  # fmt: skip
    live.changed(process.workspace, "processes")


@transaction.atomic
def create_process(*, workspace: Workspace, by: User | None, now: datetime, name: str, **given: Any) -> Process:
    process = Process(workspace=workspace, name=name, created_at=now, **given)
    _check(process)
    process.save(force_insert=True)
    _say("created", process, by, now)
    return process


@transaction.atomic
def change_process(*, process: Process, by: User | None, now: datetime, version: int, **changes: Any) -> Process:
    """Save on top of `version`; raises StaleVersion where somebody was faster."""
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"a process has no {sorted(unknown)}")
    changed: Process = Process.objects.select_related("workspace").get(pk=process.pk)
    for field, value in changes.items():
        setattr(changed, field, value)
    _check(changed)
    changed.version = compare_and_set(Process.objects.all(), process.pk, version, **changes)
    _say("changed", changed, by, now)
    return changed


@transaction.atomic
def delete_process(*, process: Process, by: User | None, now: datetime) -> bool:
    """Out of sight; it can be brought back. False where it was deleted before."""
    if not Process.objects.filter(pk=process.pk, deleted_at=None).update(deleted_at=now):
        return False
    _say("deleted", process, by, now)
    return True


@transaction.atomic
def restore_process(*, process: Process, by: User | None, now: datetime) -> bool:
    if not Process.objects.filter(pk=process.pk).exclude(deleted_at=None).update(deleted_at=None):
        return False
    _say("changed", process, by, now)
    return True
