"""Receive a file, start the job, read the rows, hand them to the app, and write down what came of it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from opsboard.core import jobs, storage
from opsboard.core.imports.plans import PARTS, Field, Plan, check, guess, shape_of
from opsboard.core.imports.zones import in_own_zones
from opsboard.core.lazy import polars as pl
from opsboard.core.models import ImportMapping, ImportRun, Job, StoredFile, User, Workspace
from opsboard.core.uploads import (
    CellKind,
    Columns,
    Complaint,
    Limits,
    OnBlank,
    Table,
    UploadError,
    read_columns,
    read_lean,
    read_table,
    unpacked,
)

if TYPE_CHECKING:
    from opsboard.core.access import Viewer

HEAD = 256 * 1024  # of a text file, that much is enough for a preview
LONG = 8_000_000  # bytes: a file that is worth reading without a table
KEPT = 2000  # complaints that can be downloaded; all are counted


@dataclass(frozen=True)
class Arrival:
    """A file on its way into an app: its rows as columns named by role (`labels:shop` where a field takes many)."""

    workspace: Workspace
    by: User | None
    now: datetime
    plan: Plan
    frame: pl.DataFrame
    rows: pl.Series
    filename: str
    learnt: dict[str, Any] = field(default_factory=dict)  # what the app wants to be remembered among the settings

    def refuse(self, complaints: Sequence[Complaint], count: int = 0) -> jobs.Refused:
        return refusal(complaints, count or len(complaints))


def zone_of(workspace: Workspace, plan: Plan) -> str:
    return workspace.timezone


@dataclass(frozen=True)
class Whole:
    """A file on its way into an app that reads it itself: no table, so no columns to name."""

    workspace: Workspace
    by: User | None
    now: datetime
    plan: Plan
    file: StoredFile


@dataclass(frozen=True)
class Importer:
    """What an app takes. `check` refuses plans; `zone` says by which clock the file's times are meant where it is silent."""

    key: str
    title: Any
    task: str
    fields: tuple[Field, ...]
    run: Callable[[Arrival, jobs.Running], Mapping[str, Any]]
    check: Callable[[Plan], None] | None = None
    settings: tuple[str, ...] = ()
    zone: Callable[[Workspace, Plan], str] = zone_of
    # `{column: {value: zone}}`: rows whose moments are meant by the clock of what they speak of.
    zones: Callable[[Workspace, Plan], Mapping[str, Mapping[str, str]]] | None = None
    guess: Callable[[Table], Mapping[str, tuple[str, ...]]] | None = (
        None  # which column is what, where the app knows better
    )
    prepare: Callable[[Table, Plan], Table] | None = None  # rows that are no rows, taken out
    whole: Callable[[str, bytes], bool] | None = None  # whether the app reads such a file (name, first bytes) itself
    run_whole: Callable[[Whole, jobs.Running], Mapping[str, Any]] | None = None
    most: Callable[[], Limits] | None = None  # how large its files may be, where they may be larger than others

    @property
    def limits(self) -> Limits:
        return self.most() if self.most else limits()

    def reads_whole(self, file: Any, name: str) -> bool:
        if self.whole is None:
            return False
        file.seek(0)
        head = file.read(4096)
        if head.startswith(b"\x1f\x8b"):
            head = zlib.decompressobj(31).decompress(head, 4096)
        file.seek(0)
        return self.whole(name, head)


def limits() -> Limits:
    return Limits(max_bytes=settings.UPLOAD_LIMIT)


def receive(
    importer: Importer, *, workspace: Workspace, by: User | None, file: Any, name: str, size: int, now: datetime
) -> ImportRun:
    """Store an upload; raises ValidationError where it can't be a table."""
    if size > importer.limits.max_bytes:
        limit = importer.limits.max_bytes // 1_000_000
        raise ValidationError(
            {"file": _("The file is larger than %(limit)s MB. Split it into smaller files.") % {"limit": limit}}
        )
    if not size:
        raise ValidationError({"file": _("The file is empty.")})
    with transaction.atomic():
        stored = storage.keep(workspace=workspace, name=name, content=file, now=now, by=by)
        run = ImportRun.objects.create(workspace=workspace, importer=importer.key, file=stored, by=by, created_at=now)
    try:
        if not whole_file(importer, run):
            glance(run, Plan(), importer.limits)
    except UploadError as fault:
        run.delete()
        stored.file.delete(save=False)
        stored.delete()
        raise ValidationError({"file": str(fault)}) from fault
    return run


def whole_file(importer: Importer, run: ImportRun) -> bool:
    """Whether the app reads the file itself."""
    stored = _file(run)
    with stored.file.open("rb") as handle:
        return importer.reads_whole(handle, stored.name)


def glance(run: ImportRun, plan: Plan, most: Limits | None = None) -> Table:
    """The first rows of the file as a table (a workbook is read whole)."""
    stored = _file(run)
    with stored.file.open("rb") as handle:
        head = handle.read(HEAD)
        cut = len(head) == HEAD
        if head.startswith(b"\x1f\x8b"):
            handle.seek(0)
            try:
                head = gzip.GzipFile(fileobj=handle).read(HEAD)
            except (OSError, EOFError) as fault:
                raise UploadError("This is not a table we can read. Save it as CSV or as an Excel workbook (.xlsx) and try again.") from fault  # fmt: skip
            cut = len(head) == HEAD
        if head.startswith(b"PK"):
            handle.seek(0)
            return _table(handle, stored.name, plan, most)
    if cut:
        end = head.rfind(
            b"\n\x00" if (b"\x00" in head[:200] and head[1:2] == b"\x00") or head[:2] == b"\xff\xfe" else b"\n"
        )
        head = head[: end + (2 if head[end + 1 : end + 2] == b"\x00" else 1)] if end > 0 else head
    return replace(_table(io.BytesIO(head), stored.name, plan, most), cut=cut)


def _file(run: ImportRun) -> StoredFile:
    if run.file is None:
        raise jobs.Refused(_("The file is no longer here. Upload it again."))
    return run.file


def _table(handle: Any, name: str, plan: Plan, most: Limits | None = None) -> Table:
    return read_table(
        handle, filename=name, encoding=plan.encoding or None, delimiter=plan.delimiter or None,
        decimal=plan.decimal or None, sheet=plan.sheet or None, limits=most or limits(),  # type: ignore[arg-type]
    )  # fmt: skip


def remembered(importer: Importer, workspace: Workspace, table: Table) -> Plan | None:
    """How the last file with this header row was read."""
    kept = ImportMapping.objects.filter(workspace=workspace, importer=importer.key, shape=shape_of(table)).first()
    return Plan.unpacked(kept.mapping) if kept else None


def completed(importer: Importer, workspace: Workspace, plan: Plan, table: Table) -> Plan:
    """The plan with what it leaves open filled in: as the last such file, else as it looks."""
    if plan.columns and not any(one.wanted_by(plan) for one in importer.fields):
        return plan
    earlier = remembered(importer, workspace, table) if not plan.columns else None
    columns = (
        dict(earlier.columns)
        if earlier
        else dict(importer.guess(table) if importer.guess else guess(importer.fields, table))
    )
    given = {name for names in plan.columns.values() for name in names}
    said = {role.partition(".")[0] for role in plan.columns}
    rest = {
        role: free
        for role, names in columns.items()
        if role.partition(".")[0] not in said and (free := tuple(name for name in names if name not in given))
    }
    if plan.columns:  # a program that named columns meant those; only what must be there is guessed
        needed = {one.name for one in importer.fields if one.wanted_by(plan)}
        rest = {role: names for role, names in rest.items() if role.partition(".")[0] in needed}
    return replace(plan, columns={**rest, **plan.columns})


def start(importer: Importer, *, run: ImportRun, plan: Plan, by: User | None, now: datetime, url: str = "") -> Job:
    """Write the plan down and start the job."""
    with transaction.atomic():
        job = jobs.start(
            task=importer.task,
            title=_("Import %(file)s") % {"file": run.file.name if run.file else ""},
            workspace=run.workspace,
            by=by,
            now=now,
            url=url,
            run=run.pk,
        )
        run.mapping, run.job = plan.packed(), job
        run.save(update_fields=["mapping", "job"])
    return job


def carry_out(importer: Importer, job_id: int) -> None:
    """The job: read, hand over, remember. All or nothing."""
    with jobs.running(job_id) as work:
        if work is None:
            return
        now = timezone.now()
        run = ImportRun.objects.select_related("file", "workspace", "by").get(pk=work.job.arguments["run"])
        if whole_file(importer, run):
            _carry_out_whole(importer, run, work, now)
            return
        arrival, table = _arrive(importer, run, work, now)
        with transaction.atomic():
            summary = dict(importer.run(arrival, work))
            plan = replace(arrival.plan, settings={**arrival.plan.settings, **arrival.learnt})
            ImportMapping.objects.update_or_create(
                workspace=run.workspace, importer=importer.key, shape=shape_of(table),
                defaults={"mapping": plan.packed(), "used_at": now},
            )  # fmt: skip
            ImportRun.objects.filter(pk=run.pk).update(finished_at=now, summary=summary, mapping=plan.packed())
        work.result = {**summary, "rows": len(arrival.frame)}


def _carry_out_whole(importer: Importer, run: ImportRun, work: jobs.Running, now: datetime) -> None:
    if importer.run_whole is None:
        raise jobs.Refused(_("This is not a table we can read. Save it as CSV or as an Excel workbook (.xlsx) and try again."))  # fmt: skip
    work.progress(0.02, _("Reading the file"), now=True)
    whole = Whole(run.workspace, run.by, now, Plan.unpacked(run.mapping), _file(run))
    try:
        with transaction.atomic():
            work.result = dict(importer.run_whole(whole, work))
            ImportRun.objects.filter(pk=run.pk).update(finished_at=now, summary=work.result)
    except UploadError as fault:
        raise jobs.Refused(str(fault), [fault.complaint.as_error()]) from fault
    except FileNotFoundError as fault:
        raise jobs.Refused(_("The file is no longer here. Upload it again.")) from fault


def _arrive(importer: Importer, run: ImportRun, work: jobs.Running, now: datetime) -> tuple[Arrival, Table]:
    plan, stored = Plan.unpacked(run.mapping), _file(run)
    work.progress(0.02, _("Reading the file"), now=True)
    try:
        if (long := _arrive_lean(importer, run, plan, stored)) is not None:
            (plan, columns, names), table = long
        else:
            with stored.file.open("rb") as handle:
                table = _table(handle, stored.name, plan, importer.limits)
            work.progress(0.12, _("Reading the columns"), now=True)
            plan = completed(importer, run.workspace, plan, table)
            columns, names = as_columns(importer, table, plan, run.workspace)
    except UploadError as fault:
        raise jobs.Refused(str(fault), [fault.complaint.as_error()]) from fault
    except FileNotFoundError as fault:
        raise jobs.Refused(_("The file is no longer here. Upload it again.")) from fault
    work.progress(0.2, _("Checking"), now=True)
    frame = columns.frame.rename(names)
    return Arrival(run.workspace, run.by, now, plan, frame, columns.rows, stored.name), table


def _arrive_lean(
    importer: Importer, run: ImportRun, plan: Plan, stored: StoredFile
) -> tuple[tuple[Plan, Columns, dict[str, str]], Table] | None:
    """A long file that needs no mending, without ever holding it whole as a table."""
    if stored.size < LONG or importer.prepare or importer.zones or plan.encoding not in ("", "utf-8"):
        return None
    head = glance(run, plan, importer.limits)
    if head.sheet or not head.cut or not _is_local(stored):
        return None
    plan = completed(importer, run.workspace, plan, head)
    if any(role.partition(".")[2] for role in plan.columns):  # moments in several columns
        return None
    check_plan(importer, plan, head)
    kinds, blanks, names = asked_of(importer, plan)
    with unpacked(Path(stored.file.path), importer.limits.max_bytes) as path:
        columns = read_lean(
            path, head, kinds, tz=plan.timezone or importer.zone(run.workspace, plan), on_blank=blanks,
            limits=importer.limits,
        )  # fmt: skip
    return None if columns is None else ((plan, columns, names), head)


def _is_local(stored: StoredFile) -> bool:
    try:
        return bool(stored.file.path)
    except NotImplementedError:
        return False


def check_plan(importer: Importer, plan: Plan, table: Table) -> None:
    try:
        check(importer.fields, plan, table.names, importer.check)
    except ValidationError as fault:
        raise jobs.Refused(" ".join(fault.messages)) from fault


def as_columns(importer: Importer, table: Table, plan: Plan, workspace: Workspace) -> tuple[Columns, dict[str, str]]:
    """The planned columns of a whole and sound table, and the names of their roles. Raises Refused with complaints."""
    check_plan(importer, plan, table)
    if importer.prepare:
        table = importer.prepare(table, plan)
    tz = plan.timezone or importer.zone(workspace, plan)
    columns, names = read(importer, table, plan, tz)
    if columns.complaint_count:
        raise refusal(columns.complaints, columns.complaint_count)
    if importer.zones and tz == importer.zone(workspace, plan):  # another zone was chosen for the whole file
        columns = in_own_zones(table, columns, importer.fields, plan, importer.zones(workspace, plan), tz)
    if not len(columns):
        raise jobs.Refused(_("The file has no rows below its header."))
    return columns, names


def read(importer: Importer, table: Table, plan: Plan, tz: str) -> tuple[Columns, dict[str, str]]:
    """The planned columns, and the names that their roles give them."""
    joined = {}
    for one in importer.fields:
        if one.parts and plan.has(one.name) and any(plan.one(f"{one.name}.{part}") for part in PARTS):
            table, joined[one.name] = _joined(table, one, plan)
    kinds, blanks, names = asked_of(importer, plan, joined)
    found = read_columns(
        table, kinds, tz=tz, date_order=plan.date_order or None, decimal=plan.decimal or None,  # type: ignore[arg-type]
        on_blank=blanks, keep_complaints=KEPT,
    )  # fmt: skip
    return found, names


def asked_of(
    importer: Importer, plan: Plan, joined: Mapping[str, str] | None = None
) -> tuple[dict[str, CellKind], dict[str, OnBlank], dict[str, str]]:
    """For each planned column what it holds, what a blank means, and the name that its role gives it."""
    kinds: dict[str, CellKind] = {}
    blanks: dict[str, OnBlank] = {}
    names: dict[str, str] = {}
    for one in importer.fields:
        columns = list(plan.columns.get(one.name, ()))
        if joined and one.name in joined:
            columns = [joined[one.name]]
        for column in columns:
            kinds[column] = one.kind
            # Of several columns of numbers one may be blank where another is not.
            blanks[column] = "keep" if one.kind == "number" and len(columns) > 1 else one.blank
            names[column] = f"{one.name}:{column}" if one.many else one.name
    return kinds, blanks, names


def _joined(table: Table, one: Field, plan: Plan) -> tuple[Table, str]:
    """One text column out of year, month, day and time of day (or out of a date and a time of day)."""
    date, clock = plan.one(one.name), plan.one(f"{one.name}.clock")
    used = [date] if date else [name for part in PARTS[:3] if (name := plan.one(f"{one.name}.{part}"))]
    if date:
        text = pl.col(date).str.strip_chars()
    else:
        # 2013.0 is how some programs write a year.
        cells = [pl.col(name).str.strip_chars().str.replace(r"\.0$", "").str.zfill(2) for name in used]
        cells += [pl.lit("01")] * (3 - len(cells))
        empty = pl.all_horizontal(pl.col(used).str.strip_chars() == "")
        text = pl.when(empty).then(pl.lit("")).otherwise(pl.concat_str(cells, separator="-"))
    if clock:
        used.append(clock)
        text = pl.concat_str([text, pl.col(clock).str.strip_chars()], separator=" ")
    name = " + ".join(used)
    if date and not clock:
        return table, date
    frame = table.frame.with_columns(text.alias(name))
    return replace(table, frame=frame, names=(*table.names, name)), name


def refusal(complaints: Sequence[Complaint], count: int) -> jobs.Refused:
    text = ngettext(
        "%(count)s thing is wrong in the file. Nothing was imported.",
        "%(count)s things are wrong in the file. Nothing was imported.",
        count,
    ) % {"count": count}
    return jobs.Refused(text, [complaint.as_error() for complaint in complaints[:KEPT]])


def url_of(name: str, workspace: Workspace, **kwargs: Any) -> str:
    return reverse(name, kwargs={"workspace": workspace.slug, **kwargs})


def may_see(viewer: Viewer, run: ImportRun) -> bool:
    """An upload is its sender's business, and the admins': it may hold what is limited to teams."""
    return viewer.team_ids is None or (viewer.user is not None and run.by_id == viewer.user.pk)
