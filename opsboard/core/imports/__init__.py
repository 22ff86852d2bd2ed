"""Bring a table in: upload, preview, mapping, a job with progress, complaints by row and column, all or nothing.

An app describes what it takes and mounts the pages thinly::

    POINTS = Importer("metrics.points", _("Metrics"), task="metrics.tasks.import_points", fields=(…), run=write_file)

    wizard = Wizard(POINTS, new="metrics:new_import", run="metrics:import_run", form=ImportForm)
    def new_import(request): return wizard.upload(request)          # choose or drop a file
    def import_run(request, pk): return wizard.show(request, pk)    # preview and mapping, then progress and result

    @shared_task
    def import_points(job_id: int) -> None:
        carry_out(POINTS, job_id)

`run(arrival, work)` gets the rows as columns and writes them; it runs in one transaction, so a complaint, a fault or a
cancel leaves nothing behind. What it answers is the summary of the `ImportRun`, which is the audit entry of the import.
"""

from opsboard.core.imports.importer import (
    Arrival,
    Importer,
    Whole,
    as_columns,
    carry_out,
    completed,
    read,
    receive,
    start,
)
from opsboard.core.imports.plans import Field, Plan, plan_of, roles
from opsboard.core.imports.wizard import Wizard, plan_from_post

__all__ = [
    "Arrival",
    "Field",
    "Importer",
    "Plan",
    "Whole",
    "Wizard",
    "as_columns",
    "carry_out",
    "completed",
    "plan_from_post",
    "plan_of",
    "read",
    "receive",
    "roles",
    "start",
]
