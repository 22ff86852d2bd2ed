"""Bring event logs in: files of events become stored logs, and new events make a log grow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from opsboard.core import access, jobs, live, storage
from opsboard.core.events import emit
from opsboard.core.imports import Arrival, Importer, Plan, Whole
from opsboard.core.models import StoredFile, User, Workspace
from opsboard.core.uploads import Complaint, Limits
from processes import analysis
from processes.analysis import Log, Trouble
from processes.models import EventLog, Process
from processes.services.guessing import FIELDS, guess_columns
from processes.services.processes import create_process
from processes.services.redesigns import measure_redesigns

if TYPE_CHECKING:
    from opsboard.core.lazy import polars as pl

SETTINGS = ("process", "log", "create", "bad_rows")
TEXTS = {
    "no_case": gettext_noop("The case is missing."),
    "no_activity": gettext_noop("The step is missing."),
    "long_case": gettext_noop("The name of the case is longer than 200 characters. Is it another column?"),
    "long_activity": gettext_noop("The name of the step is longer than 200 characters. Is it another column?"),
    "no_time": gettext_noop("There is no time."),
    "end_before_start": gettext_noop("It ends before it starts: %(value)s."),
}
TOO_MANY_STEPS = gettext_noop(
    "The column of steps has %(count)s different values; no process has more than %(limit)s steps. Is it another column?"
)
ATTRIBUTES = "attributes:"
MOST_ROWS = 12_000_000


def most() -> Limits:
    return Limits(max_bytes=settings.LOG_LIMIT, max_rows=MOST_ROWS)


def check_plan(plan: Plan) -> None:
    if not plan.has("end") and not plan.has("start"):
        raise ValidationError({"mapping": _("Say which column is the time.")})


# --- from a file to a log -------------------------------------------------------------------------------------------------


def take_table(arrival: Arrival, work: jobs.Running) -> dict[str, Any]:
    """The rows of a table as a log: a new one, or more of one that is there."""
    names = {
        name: f"event:{name.removeprefix(ATTRIBUTES)}" for name in arrival.frame.columns if name.startswith(ATTRIBUTES)
    }
    frame = arrival.frame.rename({**names, **({"instance": "event"} if "instance" in arrival.frame.columns else {})})
    log = analysis.settled(analysis.log_from(analysis.numbered(frame), arrival.rows))
    notes = []
    if log.trouble:
        if arrival.plan.settings.get("bad_rows") != "leave_out" or not len(log):
            raise arrival.refuse([complaint_of(one) for one in log.trouble[:2000]], len(log.trouble))
        notes.append(_left_out(len(log.trouble)))
    return _take(
        log, work, settings=arrival.plan.settings, workspace=arrival.workspace, by=arrival.by, now=arrival.now,
        filename=arrival.filename, notes=notes,
    )  # fmt: skip


def take_xes(whole: Whole, work: jobs.Running) -> dict[str, Any]:
    """An XES file says itself what is what."""
    limits = most()
    with whole.file.file.open("rb") as handle:
        read = analysis.read_xes(handle, max_bytes=limits.max_bytes, max_events=limits.max_rows)
    work.progress(0.4, _("Checking"), now=True)
    # Every transition of such a file is an event to other tools; to read about work, starts and ends are paired anyway.
    log = replace(analysis.log_from(read.frame, read.rows), paired=False)
    notes = _passed_over(read)
    if log.trouble:
        notes.append(_left_out(len(log.trouble)))
    return _take(
        log, work, settings=whole.plan.settings, workspace=whole.workspace, by=whole.by, now=whole.now,
        filename=whole.file.name, notes=notes,
    )  # fmt: skip


def _passed_over(read: analysis.Read) -> list[str]:
    told = (
        (read.untimed, ngettext("%(count)s event has no time and was left out.", "%(count)s events have no time and were left out.", read.untimed)),
        (read.unnamed, ngettext("%(count)s event does not say which step it is and was left out.", "%(count)s events do not say which step they are and were left out.", read.unnamed)),
        (read.outside, ngettext("%(count)s event belongs to no case and was left out.", "%(count)s events belong to no case and were left out.", read.outside)),
    )  # fmt: skip
    return [text % {"count": count} for count, text in told if count]


def _left_out(count: int) -> str:
    return ngettext(
        "%(count)s row with something wrong was left out.", "%(count)s rows with something wrong were left out.", count
    ) % {"count": count}


def complaint_of(one: Trouble) -> Complaint:
    return Complaint(one.row, one.column, TEXTS[one.what], {"value": one.value} if one.value else {})


def _take(
    log: Log, work: jobs.Running, *, settings: Mapping[str, Any], workspace: Workspace, by: User | None, now: datetime,
    filename: str, notes: list[str],
) -> dict[str, Any]:  # fmt: skip
    if not len(log.steps):
        raise jobs.Refused(_("No step of the file has ended, so there is nothing to measure yet."))
    if log.unfinished:
        notes.append(
            ngettext(
                "%(count)s step has begun and not ended; it counts once it has.",
                "%(count)s steps have begun and not ended; they count once they have.", log.unfinished,
            ) % {"count": log.unfinished}
        )  # fmt: skip
    process = _process(settings, workspace=workspace, by=by, now=now, filename=filename)
    existing = _existing(settings, process)
    work.progress(0.6, _("Working out the steps"), now=True)
    if existing is not None:
        row, fresh = append_rows(log=existing, more=log, by=by, now=now)
    else:
        row = store_log(process=process, log=log, name=filename, by=by, now=now)
        fresh = len(log)
    work.url = process.get_absolute_url()
    return {
        "log": row.pk, "process": process.pk, "process_name": process.name, "cases": row.cases, "events": row.events,
        "written": fresh, "revised": 0, "unchanged": len(log) - fresh, "notes": notes,
    }  # fmt: skip


def _process(
    settings: Mapping[str, Any], *, workspace: Workspace, by: User | None, now: datetime, filename: str
) -> Process:
    """The process that was chosen, else a new one, called as was said or as the file is."""
    chosen = settings.get("process")
    if chosen:
        viewer = access.person_in(workspace, by) if by else access.the_house(workspace)
        visible = Process.objects.visible_to(viewer) if viewer else Process.objects.none()
        found = visible.standing().select_related("workspace").filter(pk=chosen).first()
        if found is None:
            raise jobs.Refused(_("The process is no longer here."))
        process: Process = found
        return process
    name = str(settings.get("create") or "").strip() or title_from(filename)
    return create_process(workspace=workspace, by=by, now=now, name=name[:200])


def title_from(filename: str) -> str:
    """What a file's name calls what is in it."""
    stem = Path(filename.removesuffix(".gz")).stem.replace("_", " ").replace("-", " ").strip()
    return (stem[:1].upper() + stem[1:])[:200] or _("Process")


def _existing(settings: Mapping[str, Any], process: Process) -> EventLog | None:
    wanted = settings.get("log")
    if not wanted:
        return None
    found = process.logs.filter(pk=wanted).first()
    if found is None:
        raise jobs.Refused(_("The event log that should grow is no longer here."))
    row: EventLog = found
    return row


# --- storing --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def store_log(*, process: Process, log: Log, name: str, by: User | None, now: datetime) -> EventLog:
    row = EventLog(workspace=process.workspace, process=process, name=name[:255], by=by, created_at=now, changed_at=now)
    _write(row, log, by=by, now=now)
    row.save(force_insert=True)
    _say(row, by=by, now=now, fresh=len(log))
    return row


@transaction.atomic
def append_rows(*, log: EventLog, more: Log, by: User | None, now: datetime) -> tuple[EventLog, int]:
    """More events of a log, and how many were new. What is there already changes nothing."""
    row = (
        EventLog.objects.select_for_update(of=("self",))
        .select_related("process__workspace", "file", "singles")
        .get(pk=log.pk)
    )
    old = [row.file, row.singles]
    steps = analysis.read(row.file.file.path)
    singles = analysis.read(row.singles.file.path) if row.singles else None
    grown, fresh = analysis.grown(Log(steps, singles, paired=row.paired or singles is None), more)
    if not fresh:
        return row, 0
    _write(row, grown, by=by, now=now)
    row.revision += 1
    row.changed_at = now
    row.save()
    _forget([one for one in old if one is not None])
    _say(row, by=by, now=now, fresh=fresh)
    return row, fresh


def _write(row: EventLog, log: Log, *, by: User | None, now: datetime) -> None:
    steps, events = log.steps, log.events
    row.paired = log.paired
    count = steps["activity"].n_unique()
    if count > analysis.MOST_ACTIVITIES:
        raise jobs.Refused(_(TOO_MANY_STEPS) % {"count": count, "limit": analysis.MOST_ACTIVITIES})
    row.file = _kept(row, steps, "log.parquet", by, now)
    row.singles = _kept(row, events, "events.parquet", by, now) if events is not None else None
    told = analysis.facts_of(steps, events, paired=row.paired)
    found = analysis.measured(steps, zone=row.process.workspace.timezone)
    row.facts = analysis.as_text(told) | found
    row.cases, row.events = told["cases"], len(steps)
    row.activities, row.variants = count, told["variants"]
    row.first_event, row.last_event = told["first_event"], told["last_event"]
    row.intervals = "lead_time" in told
    row.lead_time = (told.get("lead_time") or told["case_duration"])["mean"]


def _kept(row: EventLog, frame: pl.DataFrame, name: str, by: User | None, now: datetime) -> StoredFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        analysis.write(frame, path)
        with path.open("rb") as handle:
            return storage.keep(
                workspace=row.workspace, name=name, content=handle, now=now, by=by,
                content_type="application/vnd.apache.parquet",
            )  # fmt: skip


def _forget(files: Iterable[StoredFile]) -> None:
    for one in files:
        stored = one.file
        one.delete()
        transaction.on_commit(lambda stored=stored: stored.storage.delete(stored.name))  # type: ignore[misc]


def _say(row: EventLog, *, by: User | None, now: datetime, fresh: int) -> None:
    emit(
        "processes.log_imported", workspace=row.workspace, at=now, by=by, about=row.process, process=row.process.name,
        log=row.name, cases=row.cases, events=row.events, added=fresh,
    )  # fmt: skip
    measure_redesigns(process=row.process, rows=analysis.read(row.file.file.path), now=now)
    live.changed(row.workspace, "processes")


@transaction.atomic
def delete_log(*, log: EventLog, by: User | None) -> None:
    files = [one for one in (log.file, log.singles) if one is not None]
    workspace = log.workspace
    log.delete()
    _forget(files)
    live.changed(workspace, "processes")


# --- single events --------------------------------------------------------------------------------------------------------


def take_events(
    *, process: Process, events: Sequence[Mapping[str, Any]], by: User | None, now: datetime
) -> dict[str, Any]:
    """Single events as a program sends them: into the process's newest log, or a first one."""
    frame, rows = analysis.frame_of(events)
    log = analysis.log_from(frame, rows, as_it_happens=True)
    if log.trouble:
        raise jobs.Refused(
            _("Nothing was written."), [complaint_of(one).as_error() for one in log.trouble[:2000]]
        )  # fmt: skip
    with transaction.atomic():
        Process.objects.select_for_update(of=("self",)).get(pk=process.pk)  # two at once make one log
        existing = process.log
        if existing is None:
            row = store_log(process=process, log=log, name=_("Events over the API"), by=by, now=now)
            fresh = len(events)
        else:
            row, fresh = append_rows(log=existing, more=log, by=by, now=now)
    return {"log": row.pk, "written": fresh, "unchanged": len(events) - fresh}


LOGS = Importer(
    "processes.logs", gettext_lazy("Event logs"), task="processes.tasks.import_log", fields=FIELDS, run=take_table,
    check=check_plan, settings=SETTINGS, guess=guess_columns, whole=analysis.looks_like_xes, run_whole=take_xes, most=most,
)  # fmt: skip
