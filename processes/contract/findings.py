"""What a measured process finds that deserves an action."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from opsboard.core.access import Viewer
from opsboard.core.contract import Found, Ref
from opsboard.core.periods import Period
from opsboard.core.written import number, percent
from processes import charts
from processes.contract.numbers import key_of, measured_of
from processes.models import EventLog, Process

WORTH = 0.2  # of all waiting
FEW = 0.05  # of the cases


def _recent(log: EventLog, period: Period) -> bool:
    """A log that ended long before the period says nothing of it."""
    return log.last_event is not None and log.last_event >= period.previous().start


def _pages(viewer: Viewer, period: Period) -> Iterable[tuple[Process, EventLog, str]]:
    for process, log in measured_of(viewer):
        if _recent(log, period):
            where = {"workspace": viewer.workspace.slug, "pk": process.pk}
            yield process, log, reverse("processes:bottlenecks", kwargs=where)


def find_bottlenecks(viewer: Viewer, period: Period) -> Iterable[Found]:
    """The step before which most waiting lies, where it is a good part of all."""
    for process, log, url in _pages(viewer, period):
        for one in log.facts.get("bottlenecks", ())[:1]:
            if one["share"] >= WORTH:
                yield Found(
                    f"processes.bottleneck:{process.pk}:{one['activity']}"[:200],
                    format_lazy(_("{process} waits before “{step}”"), process=process.name, step=one["activity"]),
                    detail=" ".join(charts.sentences_of(one)), about=Ref.to(process), url=url,
                    weight=4 + one["share"], indicator=key_of("lead_time", process),
                )  # fmt: skip


def find_rework(viewer: Viewer, period: Period) -> Iterable[Found]:
    for process, log, url in _pages(viewer, period):
        repeated: list[dict[str, Any]] = log.facts.get("structure", {}).get("repeated", [])
        for one in repeated[:1]:
            if one["cases"] >= FEW * log.cases:
                yield Found(
                    f"processes.rework:{process.pk}:{one['activity']}"[:200],
                    format_lazy(_("{process}: “{step}” is done again"), process=process.name, step=one["activity"]),
                    detail=format_lazy(
                        _("in {cases} of {all} cases"), cases=number(one["cases"]), all=number(log.cases)
                    ),
                    about=Ref.to(process), url=url, weight=2 + one["cases"] / max(log.cases, 1),
                    indicator=key_of("rework", process),
                )  # fmt: skip


def find_approvals(viewer: Viewer, period: Period) -> Iterable[Found]:
    for process, log, url in _pages(viewer, period):
        found = log.facts.get("structure", {}).get("approvals")
        if found and found["cases"] >= FEW * log.cases:
            yield Found(
                f"processes.repeated_approval:{process.pk}",
                format_lazy(_("{process}: several approvals of one case"), process=process.name),
                detail=_("%(share)s of the cases: %(steps)s")
                % {"share": percent(found["cases"] / max(log.cases, 1), 0), "steps": ", ".join(found["steps"])},
                about=Ref.to(process), url=url, weight=2.5, indicator=key_of("lead_time", process),
            )  # fmt: skip
