"""A map with what was measured: how often, or how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babel import units
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from opsboard.core.charts.drawing import language
from opsboard.core.written import number
from processes.analysis.discovery import ProcessMap
from processes.charts.maps import Flow, Step, draw_map, strength

UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def brief(seconds: float | None) -> str:
    """A length in its largest unit: 3.4 d, 52 min. For arcs, where there is room for little."""
    if seconds is None:
        return "–"
    size, unit = next(((size, unit) for size, unit in UNITS if abs(seconds) >= size), UNITS[-1])
    value = seconds / size
    digits = 1 if abs(value) < 10 and unit != "second" else 0
    text = units.format_unit(round(value, digits), f"duration-{unit}", length="narrow", locale=language(None))
    return str(text)


def measured_map(
    shown: ProcessMap, *, show: str, query: Callable[..., str], name: str, address: str = "cases/"
) -> SafeString:
    """`show` is count, mean, median or p90; a click leads to the cases that go there (`query` makes their address)."""
    often = show == "count"
    most = max((one.count for one in shown.activities), default=1)
    busiest = max((one.count for one in shown.arcs), default=1)
    longest = max((getattr(one, show) for one in shown.arcs), default=1.0) if not often else 1.0
    heaviest = max((_service(one, show) or 0.0 for one in shown.activities), default=0.0) or 1.0
    steps = []
    for one in shown.activities:
        service = None if often else _service(one, show)
        words = number(one.count, 0) if often else brief(service) if service is not None else number(one.count, 0)
        tone = one.count / most if often else (service or 0.0) / heaviest
        steps.append(Step(one.name, words, tone, f"{address}?{query(touched=[one.name])}"))
    flows = []
    for arc in shown.arcs:
        length = arc.count if often else getattr(arc, show)
        flows.append(
            Flow(
                arc.source, arc.target, number(arc.count, 0) if often else brief(length),
                strength(arc.count, busiest) if often else max(0.0, length / longest) if longest > 0 else 0.0, arc.count,
                f"{address}?{query(before=arc.source, after=arc.target)}",
            )
        )  # fmt: skip
    for target, count in shown.starts.items():
        flows.append(
            Flow(None, target, number(count, 0) if often else "", strength(count, busiest) if often else 0.0, count)
        )
    for source, count in shown.ends.items():
        flows.append(
            Flow(source, None, number(count, 0) if often else "", strength(count, busiest) if often else 0.0, count)
        )
    desc = _("%(steps)s steps and %(arcs)s arcs; a table below says the same in words.") % {
        "steps": len(steps), "arcs": len(flows),
    }  # fmt: skip
    return draw_map(steps, flows, title=name, desc=desc, palette="blue" if often else "amber")


def _service(one: Any, show: str) -> float | None:
    found: float | None = getattr(one.service, show) if one.service is not None else None
    return found
