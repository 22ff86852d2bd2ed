"""What the XmR chart of before a change says about after it: one of the three witnesses of a proof."""

from dataclasses import dataclass
from typing import Any, Final

from opsboard.core.analysis.nelson import Array
from opsboard.core.analysis.spc import D4, E2, NotEnough, xmr
from opsboard.core.lazy import numpy as np

CHART_RUN: Final = 8


@dataclass(frozen=True, slots=True)
class Phase:
    """The XmR figures of the points before or after the change."""

    n: int
    mean: float
    mean_moving_range: float
    upper: float
    lower: float
    range_limit: float


@dataclass(frozen=True, slots=True)
class ChartView:
    """What the XmR chart of before says about after. Seasons and covariates are taken out, a control is subtracted."""

    before: Phase
    after: Phase | None
    above: int
    below: int
    outside_above: int
    outside_below: int
    run_above: int
    run_below: int

    def speaks(self, sign: float) -> bool:
        """Whether there is a signal on one side: a point outside the limits, or a run."""
        if sign > 0:
            return self.outside_above > 0 or self.run_above >= CHART_RUN
        return self.outside_below > 0 or self.run_below >= CHART_RUN


def chart_view(values: "Array", before: int) -> ChartView:
    first = phase_of(values[:before])
    if first is None:
        raise NotEnough("limits need at least two values before the change")
    after = values[before:]
    sides = np.sign(np.where(np.abs(after - first.mean) <= 1e-9 * max(1.0, abs(first.mean)), 0.0, after - first.mean))
    hair = 1e-9 * max(1.0, abs(first.mean))
    return ChartView(
        before=first,
        after=phase_of(after),
        above=int((sides > 0).sum()),
        below=int((sides < 0).sum()),
        outside_above=int((after > first.upper + hair).sum()),
        outside_below=int((after < first.lower - hair).sum()),
        run_above=_longest(sides > 0),
        run_below=_longest(sides < 0),
    )


def phase_of(values: "Array") -> Phase | None:
    if len(values) < 2:
        return None
    chart = xmr(values.tolist(), rules=())
    ranges = chart.mean_moving_range or 0.0
    mean = chart.center[0]
    return Phase(len(values), mean, ranges, mean + E2 * ranges, mean - E2 * ranges, D4 * ranges)


def _longest(mask: Any) -> int:
    best = run = 0
    for there in mask.tolist():
        run = run + 1 if there else 0
        best = max(best, run)
    return best
