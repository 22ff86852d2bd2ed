"""What processes give the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy as _

from opsboard.core import access
from opsboard.core.contract import Contract, Event, Fact, Finding, Home, Indicator, Named, Part, Section, Thing
from opsboard.core.models import Workspace
from processes.contract.findings import find_approvals, find_bottlenecks, find_rework
from processes.contract.numbers import NUMBERS, catalogue, history, read
from processes.contract.week import tell_week
from processes.models import Process

PROCESS = (Fact("process", _("Process")),)
IMPORTED = (
    *PROCESS,
    Fact("log", _("Event log")),
    Fact("cases", _("Cases"), "number"),
    Fact("events", _("Events"), "number"),
    Fact("added", _("Events added"), "number"),
)


def processes_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    found = Process.objects.visible_to(access.the_house(workspace)).select_related("workspace")
    for row in found if pks is None else found.filter(pk__in=pks):
        state = "deleted" if row.deleted_at else ""
        yield Named(row.pk, row.name, state, row.get_absolute_url(), row.description, tuple(row.limited_to))


contract = Contract(
    title=_("Processes"),
    home=Home(
        "processes:process_list", Part.FIND, "route", 10,
        hint=_("How the work really flows, where it waits, and what a change would bring."),
        begin="processes:create_process",
    ),
    indicators=tuple(
        Indicator(f"processes.{name}", one.title, catalogue(name), read, history, snapshot=False)
        for name, one in NUMBERS.items()
    ),
    events=(
        Event("processes.process_created", _("A process was created"), PROCESS),
        Event("processes.process_changed", _("A process was changed"), PROCESS),
        Event("processes.log_imported", _("An event log was imported"), IMPORTED),
        Event("processes.process_deleted", _("A process was deleted"), PROCESS),
        Event(
            "processes.drawing_saved", _("A process was drawn"), (*PROCESS, Fact("number", _("Version"), "number"))
        ),
        Event(
            "processes.redesign_accepted", _("A redesign was decided on"),
            (*PROCESS, Fact("redesign", _("What is changed"))),
        ),
        Event(
            "processes.redesign_measured", _("What came of a redesign shows"),
            (
                *PROCESS, Fact("redesign", _("What is changed")), Fact("verdict", _("Verdict")),
                Fact("change", _("Change in share"), "number"),
            ),
        ),
        Event(
            "processes.cause_confirmed", _("A cause of waiting was confirmed"),
            (*PROCESS, Fact("step", _("Step")), Fact("cause", _("Cause"))),
        ),
    ),
    findings=(
        Finding("processes.bottleneck", _("Bottleneck"), find_bottlenecks),
        Finding("processes.rework", _("Rework"), find_rework),
        Finding("processes.repeated_approval", _("Repeated approval"), find_approvals),
    ),
    sections=(Section("processes.week", _("Processes"), "processes/_section.html", tell_week, order=30),),
    things=(Thing("processes.process", _("Processes"), "processes.process", "route", processes_by_name),),
)  # fmt: skip
