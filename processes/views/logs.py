"""Event logs on their way in."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request, needs
from opsboard.core.imports import Wizard
from opsboard.core.models import Job, Role
from opsboard.core.pages import done, page
from processes import services
from processes.forms import LogForm
from processes.models import EventLog, Process
from processes.views.found import found_process


def known_process(request: Request) -> dict[str, Any]:
    """The process that the address of the upload names: its log grows."""
    asked = request.GET.get("process", "")
    if not asked.isdecimal() or len(asked) > 18:
        return {}
    row = Process.objects.visible_to(request.viewer).standing().filter(pk=int(asked)).first()
    if row is None:
        return {}
    log = row.log
    return {"process": row.pk, **({"log": log.pk} if log else {})}


def came_of(request: Request, job: Job, filename: str) -> dict[str, Any]:
    logs = EventLog.objects.visible_to(request.viewer).select_related("process__workspace")
    log = logs.filter(pk=job.result.get("log") or 0).first()
    lead = (log.facts.get("lead_time") or log.facts.get("case_duration") or {}) if log else {}
    return {"log": log, "median": lead.get("median")}


wizard = Wizard(
    services.LOGS,
    new="processes:new_log",
    run="processes:log_run",
    form=LogForm,
    crumb=("processes:process_list", gettext_lazy("Processes")),
    title=gettext_lazy("Import an event log"),
    lead=gettext_lazy(
        "A row for each thing that happened: which case, which step, and when. Ticket systems, order systems and "
        "spreadsheets can write that; who did it and when it started are welcome."
    ),
    file_types=".csv,.tsv,.txt,.xlsx,.xlsm,.gz,.xes,text/csv",
    file_help=gettext_lazy("CSV or Excel (.xlsx) with a row of headings, or XES; packed with gzip (.gz), too."),
    file_label=gettext_lazy("File"),
    where="processes/logs/_where.html",
    after="processes/logs/_came.html",
    came=came_of,
    known=known_process,
    go_on=True,
)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def new_log(request: Request) -> HttpResponse:
    return wizard.upload(request)


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def log_run(request: Request, pk: int) -> HttpResponse:
    return wizard.show(request, pk)


@require_GET
def log_list(request: Request, pk: int) -> HttpResponse:
    """The event logs of a process: what they hold, who brought them in; the newest is what the pages show."""
    process = found_process(request, pk)
    logs = list(process.logs.select_related("by").order_by("-pk"))
    context = {"process": process, "logs": logs, "newest": logs[0].pk if logs else None}
    return page(request, "processes/logs/log_list.html", context)


@require_POST
def delete_log(request: Request, pk: int, log: int) -> HttpResponse:
    process = found_process(request, pk)
    row = process.logs.filter(pk=log).select_related("file", "singles", "workspace").first()
    if row is not None:
        services.delete_log(log=row, by=request.user)
    url = reverse("processes:log_list", kwargs={"workspace": request.workspace.slug, "pk": pk})
    return done(request, url, message=_("The event log is deleted."), go=True)
