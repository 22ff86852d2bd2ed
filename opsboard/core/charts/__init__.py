"""Small charts drawn as SVG text: one string for page, mail and paper; and Plotly figures for pages where people explore.

Every chart carries literal presentation attributes (WeasyPrint and mail programs know no CSS variables) and classes
(`static/css/charts.css` overrides the literals on a dark screen), a `<title>` and a `<desc>` for those who listen.

    line([Series(_("Order cycle time"), points)], title=…, desc=…, unit="min", tz=workspace.tz)

Moments are timezone-aware; missing values are `None` (or NaN) and leave a gap. `unit` is written once above the axis;
`rate=True` shows 0…1 as per cent. `tz` and `locale` default to Django's active time zone and language.
"""

from opsboard.core.charts.bars import bar, histogram, pareto, stacked_bar
from opsboard.core.charts.drawing import Spell, for_any_screen
from opsboard.core.charts.figures import figure_json
from opsboard.core.charts.funnels import funnel
from opsboard.core.charts.gauges import gauge
from opsboard.core.charts.heat import heat_map
from opsboard.core.charts.lines import line, sparkline
from opsboard.core.charts.marks import Change, Limits, Mark, Series, Signal, Threshold
from opsboard.core.charts.tree import Node, tree

__all__ = [
    "Change",
    "Limits",
    "Mark",
    "Node",
    "Series",
    "Signal",
    "Spell",
    "Threshold",
    "bar",
    "figure_json",
    "for_any_screen",
    "funnel",
    "gauge",
    "heat_map",
    "histogram",
    "line",
    "pareto",
    "sparkline",
    "stacked_bar",
    "tree",
]
