"""How the demo company fills an order: drawn once as everybody remembers it, and again after they looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from opsboard.core.models import User, Workspace
from processes import services as processes
from processes.models import Process


def draw(*, workspace: Workspace, by: User, now: datetime) -> Process:
    template = next(one for one in processes.trades() if one.key == "orders")
    rows = template.steps()
    remembered = [row for row in rows if row.name != rows[3].name]  # nobody thought of the approval
    first = [replace(row, ways=None) for row in remembered]
    process = processes.draw_process(
        workspace=workspace,
        by=by,
        now=now - timedelta(days=20),
        name=template.name,
        description=template.hint,
        rows=first,
    )
    processes.save_steps(process=process, by=by, now=now - timedelta(days=13), rows=rows)
    return process
