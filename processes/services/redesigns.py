"""Accept what was predicted, and see what came of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import effects, live
from opsboard.core.contract import Ref
from opsboard.core.events import emit
from opsboard.core.models import Membership, User, about_fields
from opsboard.core.written import percent
from processes import analysis
from processes.models import Process, Redesign, Simulation

if TYPE_CHECKING:
    from opsboard.core.lazy import polars as pl

LEAD_DAYS = 14  # for the action where the redesign is live at once


@transaction.atomic
def accept_redesign(
    *, simulation: Simulation, name: str, live_from: date, owner: User | None, by: User | None, now: datetime
) -> Redesign:
    """Decide for a predicted change: an action is opened for its owner, and from the day on the log is asked for proof."""
    process = simulation.process
    if not simulation.result or simulation.finished_at is None:
        raise ValidationError(_("The prediction is not there yet; accept it when it is."))
    if Redesign.objects.filter(simulation=simulation).exists():
        raise ValidationError(_("This prediction is accepted already."))
    if owner is not None and not Membership.objects.active().of(process.workspace).filter(user=owner).exists():
        raise ValidationError({"owner": _("Choose somebody of this workspace.")})
    today = now.astimezone(process.workspace.zone).date()
    change = simulation.result["change"]["mean"]
    outcome = effects.perform(
        "work.open_action", workspace=process.workspace, now=now, by=by, about=process, title=name[:200], owner=owner,
        description=_("Predicted for the lead time: %(change)s.") % {"change": signed(change)},
        acceptance_criteria=_("The lead time falls as predicted once the change is live."),
        due_on=live_from if live_from > today else today + timedelta(days=LEAD_DAYS),
        indicator=_indicator(process),
    )  # fmt: skip
    row = Redesign(
        workspace=process.workspace, process=process, simulation=simulation, name=name, live_from=live_from, owner=owner,
        by=by, at=now, **about_fields(outcome.about),
    )  # fmt: skip
    row.full_clean()
    row.save(force_insert=True)
    if process.log is not None:
        measure_redesigns(process=process, rows=analysis.read(process.log.file.file.path), now=now)
    emit(
        "processes.redesign_accepted",
        workspace=process.workspace,
        at=now,
        by=by,
        about=process,
        process=process.name,
        redesign=name,
    )
    live.changed(process.workspace, "processes")
    return row


def signed(share: float) -> str:
    return ("+" if share > 0 else "") + percent(share, 0)


def _indicator(process: Process) -> str:
    weeks = process.log.facts.get("weekly", ()) if process.log else ()
    return f"processes.lead_time:{process.pk}" if weeks else ""


def measure_redesigns(*, process: Process, rows: pl.DataFrame, now: datetime) -> int:
    """Fill what is real of each redesign that is live; how many were measured. A verdict that is new is told."""
    measured = 0
    for row in process.redesigns.select_related("simulation"):
        begin = datetime.combine(row.live_from, time(), process.workspace.zone)
        if begin > now:
            continue
        low, high = row.simulation.result["change"]["interval"]
        before, found = row.real.get("verdict"), analysis.real_change(rows, begin, (low, high))
        row.real, row.measured_at = asdict(found), now
        row.save(update_fields=["real", "measured_at"])
        measured += 1
        if found.verdict not in {"too_early", before}:
            emit(
                "processes.redesign_measured", workspace=process.workspace, at=now, about=Ref.to(process),
                process=process.name, redesign=row.name, verdict=found.verdict, change=found.change,
            )  # fmt: skip
    return measured
