"""Event logs over the API: bring them in, make them grow, ask for their facts, map, paths and cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from opsboard.core import imports
from opsboard.core.api import ApiRequest, JobStarted
from processes import analysis, services
from processes.analysis import Filter
from processes.api.processes import found_process
from processes.models import EventLog

router = Router()
MOST = 10_000


class LogOut(Schema):
    id: int
    process: int
    name: str
    cases: int
    events: int
    revision: int
    first_event: datetime | None
    last_event: datetime | None
    changed_at: datetime


class LogPage(Schema):
    items: list[LogOut]
    next: str | None


class Asked(Schema):
    view: str = Field("all_events", description=f"One of {', '.join(analysis.VIEWS)}.")
    filter: str = Field("", description="Conditions as JSON: `since`, `until`, `when`, `variants`, `touched`, `untouched`, `follows`, `attributes`, `longer`, `shorter`, `resources`, `cases`.")  # fmt: skip


class AskedMap(Asked):
    calendar: str = Field("", description="`workspace`: all seconds are working time of the workspace's calendar.")
    steps: int = Field(0, ge=0, le=2000, description="At most so many steps, the frequent first; 0 for all.")
    share: float = Field(
        1.0, gt=0, le=1, description="With `steps`: the arcs that carry this share of what was walked."
    )


class AskedList(Asked):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


class AskedCases(AskedList):
    order: str = Field("-duration", description="duration, started, events or case; with “-” the other way round.")


class EventIn(Schema):
    case: str = Field(min_length=1, max_length=200)
    activity: str = Field(min_length=1, max_length=200)
    end: datetime | None = None
    start: datetime | None = Field(None, description="A start without an end has begun and not ended.")
    resource: str | None = Field(None, max_length=200)
    lifecycle: str | None = Field(None, max_length=40, description="start, complete, or another transition.")
    instance: str | None = Field(None, max_length=200, description="The same for a start and its end.")
    attributes: dict[str, str | float] | None = Field(None, max_length=20)


class EventsIn(Schema):
    events: list[EventIn] = Field(min_length=1, max_length=MOST, description=f"At most {MOST} in one call.")


class EventsOut(Schema):
    log: int
    written: int
    unchanged: int


def found_log(request: ApiRequest, pk: int) -> EventLog:
    rows = EventLog.objects.visible_to(request.viewer).select_related("file", "singles", "process__workspace")
    row: EventLog = get_object_or_404(rows, pk=pk if 0 < pk < 2**63 else 0)
    return row


def wanted_of(asked: Asked) -> Filter:
    try:
        return Filter.from_text(asked.filter)
    except analysis.BadFilter as fault:
        raise _unknown_filter(fault) from fault


def _unknown_filter(fault: analysis.BadFilter) -> ValidationError:
    return ValidationError({"filter": _("“%(name)s” of the filter cannot be understood.") % {"name": fault.name}})


def answered[T](asked: Asked, question: Callable[[Filter], T]) -> T:
    """The answer, or a problem that says what of the question the log does not know."""
    if asked.view not in analysis.VIEWS:
        raise ValidationError({"view": _("There is no view “%(name)s”.") % {"name": asked.view[:60]}})
    try:
        return question(wanted_of(asked))
    except analysis.BadFilter as fault:
        raise _unknown_filter(fault) from fault
    except analysis.NoView as fault:
        raise ValidationError({"view": _("The log has nothing to show in the view “%(name)s”.") % {"name": asked.view}}) from fault  # fmt: skip


def place_of(cursor: str) -> int:
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    return int(cursor or 0)


def told(row: EventLog) -> dict[str, Any]:
    return {
        "id": row.pk, "process": row.process_id, "name": row.name, "cases": row.cases, "events": row.events,
        "revision": row.revision, "first_event": row.first_event, "last_event": row.last_event,
        "changed_at": row.changed_at,
    }  # fmt: skip


@router.post("processes/{pk}/logs", response={202: JobStarted}, summary="Bring an event log in")
def import_log(
    request: ApiRequest, pk: int, file: File[UploadedFile], mapping: Form[str] = "{}", log: Form[int | None] = None
) -> Status[dict[str, Any]]:
    """CSV, XLSX or XES, packed (.gz) too. `mapping` is JSON: which column is `case`, `activity`, `end`, `start`,
    `resource`, `lifecycle`, `instance`, `attributes`; what must be there and is not named is guessed. `log` names a log of
    the process that the file makes grow; else it becomes one of its own."""
    process, viewer, now = found_process(request, pk), request.viewer, timezone.now()
    plan = imports.plan_of(mapping, services.LOGS.fields, settings=("bad_rows",))
    more = {"log": get_object_or_404(process.logs, pk=log if 0 < log < 2**63 else 0).pk} if log is not None else {}
    plan = replace(plan, settings={**plan.settings, "process": process.pk, **more})
    run = imports.receive(
        services.LOGS, workspace=viewer.workspace, by=viewer.user, file=file, name=file.name or "", size=file.size or 0,
        now=now,
    )  # fmt: skip
    job = imports.start(services.LOGS, run=run, plan=plan, by=viewer.user, now=now)
    return Status(202, {"job": job.pk})


@router.get("processes/{pk}/logs", response=LogPage, summary="Event logs of a process, the newest first")
def list_logs(request: ApiRequest, pk: int, limit: Query[int] = 100, cursor: Query[str] = "") -> dict[str, Any]:
    at, limit = place_of(cursor), min(max(limit, 1), 1000)
    rows = list(found_process(request, pk).logs.order_by("-pk")[at : at + limit + 1])
    return {"items": [told(row) for row in rows[:limit]], "next": str(at + limit) if len(rows) > limit else None}


@router.post("processes/{pk}/events", response=EventsOut, summary="Single events, as they happen")
def send_events(request: ApiRequest, pk: int, payload: EventsIn) -> dict[str, Any]:
    """Into the newest log of the process, or a first one. What is there already changes nothing, so a program may send
    twice. All or nothing."""
    process = found_process(request, pk)
    events = [one.model_dump() for one in payload.events]
    for one in events:
        for name in ("start", "end"):
            if one[name] is not None and timezone.is_naive(one[name]):  # meant by the workspace's clock
                one[name] = timezone.make_aware(one[name], request.viewer.workspace.zone)
        for name in ("case", "activity", "resource", "lifecycle", "instance"):
            one[name] = " ".join((one[name] or "").split()) or None
    return services.take_events(process=process, events=events, by=request.viewer.user, now=timezone.now())


@router.get("logs/{pk}", summary="What a log says of itself")
def log_facts(request: ApiRequest, pk: int, asked: Query[Asked]) -> dict[str, Any]:
    """Counts, durations in seconds, paths, rework; with starts also lead time, touch time and flow efficiency."""
    row = found_log(request, pk)
    given = answered(asked, lambda wanted: services.measure_facts(log=row, view=asked.view, wanted=wanted))
    return {"id": row.pk, "process": row.process_id, "view": asked.view, **given}


@router.get("logs/{pk}/map", summary="The real map of a log")
def log_map(request: ApiRequest, pk: int, asked: Query[AskedMap]) -> dict[str, Any]:
    row = found_log(request, pk)
    within = None
    if asked.calendar == "workspace":
        within = services.worktime_of(log=row)
    elif asked.calendar:
        raise ValidationError({"calendar": _("There is no calendar “%(name)s”.") % {"name": asked.calendar[:60]}})
    found = answered(
        asked,
        lambda wanted: services.measure_map(
            log=row, view=asked.view, wanted=wanted, within=within, clock=asked.calendar, steps=asked.steps,
            share=asked.share,
        ),
    )  # fmt: skip
    return found.packed()


@router.get("logs/{pk}/variants", summary="The paths of a log, the most walked first")
def log_variants(request: ApiRequest, pk: int, asked: Query[AskedList]) -> dict[str, Any]:
    row, at = found_log(request, pk), place_of(asked.cursor)
    found, total = answered(
        asked,
        lambda wanted: services.list_variants(log=row, view=asked.view, wanted=wanted, at=at, count=asked.limit),
    )
    following = at + asked.limit
    return {
        "total": total, "items": [one.packed() for one in found], "next": str(following) if following < total else None,
    }  # fmt: skip


@router.get("logs/{pk}/cases", summary="The cases of a log")
def log_cases(request: ApiRequest, pk: int, asked: Query[AskedCases]) -> dict[str, Any]:
    row, at = found_log(request, pk), place_of(asked.cursor)
    if asked.order.removeprefix("-") not in ("duration", "started", "events", "case"):
        raise ValidationError(
            {"order": _("Cases cannot be put into the order “%(name)s”.") % {"name": asked.order[:60]}}
        )
    found, total = answered(
        asked,
        lambda wanted: services.list_cases(log=row, wanted=wanted, at=at, count=asked.limit, order=asked.order),  # type: ignore[arg-type]
    )  # fmt: skip
    following = at + asked.limit
    return {
        "total": total, "items": [one.packed() for one in found], "next": str(following) if following < total else None,
    }  # fmt: skip


@router.delete("logs/{pk}", response={204: None}, summary="Delete an event log")
def delete_log(request: ApiRequest, pk: int) -> Status[None]:
    services.delete_log(log=found_log(request, pk), by=request.viewer.user)
    return Status(204, None)
