"""The numbers of measured processes that others may watch: each week's, by the cases that ended in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from opsboard.core.access import Viewer
from opsboard.core.contract import Direction, Parts, Reading, Ref, Watchable
from opsboard.core.once import once
from opsboard.core.periods import Period
from processes.models import EventLog, Process

WEEK = 7 * 86_400
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Told:
    """One number of a process: its name in a log's weeks, and how people read it (`scale` of them a unit)."""

    title: Any
    field: str
    unit: str = ""
    direction: Direction = "down"
    scale: float = 1.0
    rate: bool = False
    aggregation: str = "mean"
    decimals: int | None = 1


NUMBERS = {
    "lead_time": Told(_("Lead time"), "lead_time", "h", scale=HOUR),
    "lead_time_median": Told(_("Lead time, median"), "median", "h", scale=HOUR, aggregation=""),
    "lead_time_p90": Told(_("Lead time, nine of ten"), "p90", "h", scale=HOUR, aggregation=""),
    "waiting": Told(_("Waiting a case"), "waiting", "h", scale=HOUR),
    "touch_time": Told(_("Touch time a case"), "touch_time", "h", scale=HOUR),
    "cases": Told(_("Cases ended"), "cases", direction="", aggregation="sum", decimals=0),
    "rework": Told(_("Share of cases with rework"), "rework", rate=True, decimals=None),
}


@once
def measured_of(viewer: Viewer) -> list[tuple[Process, EventLog]]:
    """Each process that has a log, with its newest, in two queries."""
    rows = {row.pk: row for row in Process.objects.visible_to(viewer).standing().select_related("owner")}
    found = EventLog.objects.filter(process__in=rows).order_by("process_id", "-id").distinct("process_id")
    answer = []
    for log in found:
        process = rows[log.process_id]
        process.workspace = log.workspace = viewer.workspace
        answer.append((process, log))
    return sorted(answer, key=lambda pair: (pair[0].name, pair[0].pk))


def key_of(name: str, process: Process) -> str:
    return f"processes.{name}:{process.pk}"


def catalogue(name: str) -> Callable[[Viewer], Iterable[Watchable]]:
    told = NUMBERS[name]

    def of_viewer(viewer: Viewer) -> Iterable[Watchable]:
        for process, log in measured_of(viewer):
            if any(week.get(told.field) is not None for week in log.facts.get("weekly", ())):
                yield Watchable(
                    key_of(name, process), format_lazy("{process}: {number}", process=process.name, number=told.title),
                    unit=told.unit, direction=told.direction, url=process.get_absolute_url(), about=Ref.to(process),
                    grain_seconds=WEEK, decimals=told.decimals, rate=told.rate, aggregation=told.aggregation,
                )  # fmt: skip

    return of_viewer


def _asked(viewer: Viewer, keys: Sequence[str]) -> Iterable[tuple[str, Told, Process, EventLog]]:
    by_pk = {str(process.pk): (process, log) for process, log in measured_of(viewer)}
    for key in keys:
        name, _colon, pk = key.removeprefix("processes.").partition(":")
        if name in NUMBERS and pk in by_pk:
            yield key, NUMBERS[name], *by_pk[pk]


def _readings(key: str, told: Told, process: Process, log: EventLog) -> list[Reading]:
    return [
        Reading(
            key,
            {},
            datetime.fromisoformat(week["week"]),
            week[told.field] / told.scale,
            week["cases"],
            about=Ref.to(process),
        )
        for week in log.facts.get("weekly", ())
        if week.get(told.field) is not None
    ]


def read(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    """The newest week of each; a process whose log ended long ago says so by the week's date."""
    answer = []
    for key, told, process, log in _asked(viewer, keys):
        past = [one for one in _readings(key, told, process, log) if one.at is not None and one.at <= now]
        answer.append(past[-1] if past else Reading(key, {}, None, None, status="missing", about=Ref.to(process)))
    return answer


def history(
    viewer: Viewer, keys: Sequence[str], period: Period, parts: Parts | None = None
) -> dict[str, list[Reading]]:
    """Each week that began in the period; processes have no parts."""
    return {
        key: [
            one
            for one in _readings(key, told, process, log)
            if one.at is not None and period.start <= one.at < period.end
        ]
        for key, told, process, log in _asked(viewer, keys)
    }
