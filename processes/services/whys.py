"""Ask why, answer, confirm or refute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User
from processes.models import Process, Remark, Why

DEEPEST = 7
MOST = 100


@transaction.atomic
def answer_why(
    *,
    process: Process,
    step: str,
    text: str,
    by: User | None,
    now: datetime,
    parent: Why | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> Why:
    """Say why, of the step's waiting or of another answer. Raises ValidationError beyond seven whys or a hundred answers."""
    if parent is not None and (parent.process_id != process.pk or parent.step != step):
        raise ValidationError(_("That answer belongs to another step."))
    if depth_of(parent) >= DEEPEST:
        raise ValidationError(
            _("After so many whys the cause is found, or lies elsewhere: confirm or refute this one.")
        )
    if Why.objects.filter(process=process, step=step).count() >= MOST:
        raise ValidationError(_("At most %(count)s answers for one step.") % {"count": MOST})
    why = Why(
        workspace=process.workspace, process=process, step=step, parent=parent, text=text, evidence=dict(evidence or {}),
        by=by, at=now,
    )  # fmt: skip
    why.full_clean()
    why.save(force_insert=True)
    live.changed(process.workspace, "whys")
    return why


def depth_of(why: Why | None) -> int:
    depth = 0
    while why is not None:
        depth, why = depth + 1, why.parent
    return depth


@transaction.atomic
def judge_why(*, why: Why, state: str, by: User | None, now: datetime) -> Why:
    """Confirmed, refuted, or open again."""
    if state not in Why.State.values:
        raise ValidationError(_("Choose one of the states."))
    if Why.objects.filter(pk=why.pk).exclude(state=state).update(state=state):
        why.state = state
        if state == Why.State.CONFIRMED:
            emit(
                "processes.cause_confirmed", workspace=why.workspace, at=now, by=by, about=why.process,
                process=why.process.name, step=why.step, cause=why.text,
            )  # fmt: skip
        live.changed(why.workspace, "whys")
    return why


@transaction.atomic
def remark_on_why(*, why: Why, text: str, by: User | None, now: datetime) -> Remark:
    remark = Remark(workspace=why.workspace, why=why, text=text, by=by, at=now)
    remark.full_clean()
    remark.save(force_insert=True)
    live.changed(why.workspace, "whys")
    return remark


@transaction.atomic
def remove_why(*, why: Why) -> None:
    """With everything below it."""
    why.delete()
    live.changed(why.workspace, "whys")
