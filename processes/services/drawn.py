"""What a drawing is to people: its steps, what is wrong with it, what differs from another one; asked by every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from processes.analysis import bpmn, flows
from processes.analysis.bpmn import Step, Way
from processes.analysis.lane_plan import Plan, plan_of
from processes.models import Drawing, Process
from processes.services.drawings import document_of, mark_of, newest_of
from processes.services.step_rows import spelled


class Drawn:
    """The newest drawing of a process, or one version of it, read once."""

    def __init__(self, process: Process, drawing: Drawing | None) -> None:
        self.process, self.drawing = process, drawing
        self.mark = mark_of(drawing)

    @cached_property
    def document(self) -> bpmn.Document:
        return document_of(self.drawing, name=self.process.name)

    @cached_property
    def steps(self) -> list[Step]:
        return bpmn.steps(self.document)

    @cached_property
    def plan(self) -> Plan:
        return plan_of(self.document)

    @cached_property
    def roles(self) -> list[str]:
        return list(dict.fromkeys(step.role for step in self.steps if step.role))

    @cached_property
    def problems(self) -> list[tuple[str, str]]:
        """Each with the step that it is about."""
        return [(wrong(problem), problem.node) for problem in flows.problems(self.document)] if self.steps else []

    @property
    def summary(self) -> str:
        """How many steps by how many roles, and how often work is handed over on the way."""
        real = [step for step in self.steps if step.kind != "sub"]
        parts = [ngettext("%(count)s step", "%(count)s steps", len(real)) % {"count": len(real)}]
        if self.roles:
            parts.append(ngettext("%(count)s role", "%(count)s roles", len(self.roles)) % {"count": len(self.roles)})
            over = hand_overs(self.steps)
            parts.append(ngettext("%(count)s hand-over", "%(count)s hand-overs", over) % {"count": over})
        return " · ".join(parts)


def drawn(process: Process) -> Drawn:
    return Drawn(process, newest_of(process))


def hand_overs(steps: Sequence[Step]) -> int:
    """Ways from a step of one role to a step of another."""
    role = {step.id: step.role for step in steps}
    return sum(
        1
        for index, step in enumerate(steps)
        for way in ways_of(steps, index)
        if way.to in role and step.role and role[way.to] and role[way.to] != step.role
    )


def ways_of(steps: Sequence[Step], index: int) -> tuple[Way, ...]:
    ways = steps[index].ways
    return (Way(bpmn.follower(steps, index)),) if ways is None else ways


def wrong(problem: flows.Problem) -> str:
    name = problem.about or _("(no name)")
    return {
        "no_start": _("Nothing begins here: every step waits for another one."),
        "no_way_in": _("No way leads to “%(step)s”."),
        "no_way_out": _("No way leads on from “%(step)s”."),
        "unreached": _("Work never comes to “%(step)s”: only steps that are never reached lead to it."),
        "deadlock": _("After “%(step)s” work waits for ever: two ways must come together, of which only one is taken."),
        "twice": _("“%(step)s” is done twice for one case: two ways run at once and don't come together before it."),
        "no_role": _("Nobody is said to do “%(step)s”."),
        "no_name": _("A step has no name."),
    }[problem.code] % {"step": name}  # fmt: skip


FIELD_WORDS = {
    "name": gettext_lazy("Name"), "role": gettext_lazy("Role"), "working": gettext_lazy("Working time"),
    "waiting": gettext_lazy("Waiting before"), "output": gettext_lazy("Output"), "volume": gettext_lazy("Times a month"),
    "system": gettext_lazy("System"), "cost": gettext_lazy("Cost a time"), "phase": gettext_lazy("Phase"),
    "ways": gettext_lazy("Goes on to"),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One field of a step as it was and as it is."""

    field: str
    before: str
    after: str


def told_changes(difference: bpmn.Difference) -> list[tuple[Step, list[Told]]]:
    answer = []
    for change in difference.changed:
        told = []
        for name in change.fields:
            if name == "ways":
                before, after = (_ways_told(ways, difference.names) for ways in (change.ways_before, change.ways_after))
            else:
                before, after = (_told(name, getattr(step, name)) for step in (change.before, change.after))
            told.append(Told(str(FIELD_WORDS[name]), before, after))
        answer.append((change.after, told))
    return answer


def _told(name: str, value: Any) -> str:
    if name in {"working", "waiting"}:
        return spelled(value, working=name == "working") or "–"
    return f"{value:g}" if isinstance(value, float) else str(value or "–")


def _ways_told(ways: Sequence[Way], names: dict[str, str]) -> str:
    return ", ".join(
        (names.get(way.to) or pgettext("of a flow", "end")) + (f" {way.share:.0%}" if way.share is not None else "")
        for way in ways
    )
