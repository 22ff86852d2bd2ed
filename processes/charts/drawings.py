"""A drawing as its swim-lane map."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from opsboard.core.charts import scales
from opsboard.core.charts.drawing import language
from processes.analysis.bpmn import Step
from processes.analysis.bpmn.document import plain, tag_of
from processes.analysis.durations import Estimate
from processes.charts.lanes import Card, lane_map
from processes.services import Drawn
from processes.services.step_rows import spelled


def drawn_map(
    drawn: Drawn, *, url: Callable[[Step], str] | None = None, tones: Mapping[str, str] | None = None
) -> SafeString:
    """The map of a drawing; `tones` marks steps (`new`, `bad`, `warn`, `good`)."""
    tongue = language(None)
    steps = {step.id: step for step in drawn.steps}
    wrong = {node for _sentence, node in drawn.problems}
    cards = {}
    for key, element in drawn.document.nodes.items():
        step = steps.get(key)
        if step is None or tag_of(element).endswith("Event"):
            below = spelled(step.waiting, working=False) if step is not None else ""
            cards[key] = Card(plain(element.get("name")), below=below, tag=tag_of(element))
            continue
        tone = (tones or {}).get(key) or ("warn" if key in wrong else "")
        cards[key] = Card(
            step.name, below=_below(step), told=_told(step), tone=tone, url=url(step) if url else "",
            tag=tag_of(element), phase=step.phase, attributes={"data-step": key},
        )  # fmt: skip
    return lane_map(
        drawn.plan, cards, title=_("%(process)s: steps by role") % {"process": drawn.process.name}, desc=drawn.summary,
        say_share=lambda share: scales.percent(share, 0, tongue),
    )  # fmt: skip


def _below(step: Step) -> str:
    """Of a range the likely time, so that it fits into the box; whoever points at it is told the rest."""
    working, waiting = _about(step.working, working=True), _about(step.waiting, working=False)
    return " · ".join(part for part in (working, _("waits %(time)s") % {"time": waiting} if waiting else "") if part)


def _about(time: Estimate | None, *, working: bool) -> str:
    if time is None or time.exact:
        return spelled(time, working=working)
    return f"≈ {spelled(Estimate.of(time.likely), working=working)}"


def _told(step: Step) -> str:
    working, waiting = spelled(step.working, working=True), spelled(step.waiting, working=False)
    times = [working, _("waits %(time)s") % {"time": waiting} if waiting else ""]
    lines = [step.name, step.role, *times, step.output, step.system]
    return "\n".join(line for line in lines if line)
