"""A metric that is one sum over another (`complaints / orders`): its rows as those of a rate, so that it can be explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from metrics import analysis
from metrics.models import Aggregation, Metric, Stretch, by_hours, by_labels

ADDED = frozenset({Aggregation.SUM, Aggregation.COUNT})


@dataclass(frozen=True, slots=True)
class Part:
    """The sum above or below, now and before (brought to the same length of time)."""

    metric: Metric
    actual: float
    expected: float


@dataclass(frozen=True, slots=True)
class Quotient:
    """What stands above and below, and the number that both are multiplied by."""

    factor: float
    top: Metric
    bottom: Metric

    def label_rows(self, now: Sequence[Stretch], before: Sequence[Stretch], **narrowed: Any) -> list[dict[str, Any]]:
        """Rows as `by_labels` gives them, by the labels that both have: `weighed` is above, `weights` below."""
        sides = [by_labels(one, now, before, **narrowed) for one in (self.top, self.bottom)]
        known = [{name for row in rows for name in row["labels"]} for rows in sides]
        common = sorted(known[0] & known[1])
        cells: dict[tuple[Any, ...], dict[str, Any]] = {}
        for place, (metric, rows) in enumerate(zip((self.top, self.bottom), sides, strict=True)):
            for row in rows:
                labels = {name: row["labels"][name] for name in common if name in row["labels"]}
                cell = cells.setdefault(
                    (row["now"], *(labels.get(name) for name in common)),
                    {"labels": labels, "now": row["now"], "total": 0.0, "weighed": 0.0, "weights": 0.0, "points": 0},
                )
                value = float(row["points"] if metric.aggregation == Aggregation.COUNT else row["total"])
                cell["weights" if place else "weighed"] += value if place else value * self.factor
                cell["points"] += row["points"] if place else 0
        return list(cells.values())

    def hour_rows(self, now: Sequence[Stretch], before: Sequence[Stretch]) -> list[tuple[Any, ...]]:
        """Rows as `by_hours` gives them."""
        answer: list[tuple[Any, ...]] = []
        for place, metric in enumerate((self.top, self.bottom)):
            for day, hour, is_now, total, _weighed, _weights, points in by_hours(metric, now, before):
                value = float(points if metric.aggregation == Aggregation.COUNT else total)
                above = 0.0 if place else value * self.factor
                answer.append((day, hour, is_now, 0.0, above, value if place else 0.0, points))
        return answer

    def parts(self, rows: Iterable[dict[str, Any]], scale: float) -> tuple[Part, Part]:
        """Both sums, now and before."""
        sums = {(is_now, name): 0.0 for is_now in (True, False) for name in ("weighed", "weights")}
        for row in rows:
            for name in ("weighed", "weights"):
                sums[row["now"], name] += row[name]
        return (
            Part(self.top, sums[True, "weighed"] / self.factor, sums[False, "weighed"] / self.factor * scale),
            Part(self.bottom, sums[True, "weights"], sums[False, "weights"] * scale),
        )

    def is_share(self, rows: Iterable[dict[str, Any]]) -> bool:
        """Whether what is above is counted out of what is below, as far as the numbers say."""
        return self.factor == 1 and all(0 <= row["weighed"] <= row["weights"] for row in rows)


def quotient_of(metric: Metric) -> Quotient | None:
    """What a calculated metric is made of, if it is one sum over another and whoever sees it may see both."""
    if metric.aggregation != Aggregation.FORMULA:
        return None
    try:
        found = analysis.quotient(analysis.parse(metric.formula))
    except analysis.FormulaError:
        return None
    if found is None or not found[0]:
        return None
    factor, above, below = found
    both = {one.key: one for one in parts_of(metric)}
    top, bottom = both.get(above), both.get(below)
    if top is None or bottom is None or not {top.aggregation, bottom.aggregation} <= ADDED:
        return None
    # Money of two currencies is divided day by day, at each day's rate: its sums don't make a quotient.
    if top.currency and bottom.currency and top.currency != bottom.currency:
        return None
    if metric.currency and {top.currency, bottom.currency} - {"", metric.currency}:
        return None
    return Quotient(factor, top, bottom)


def parts_of(metric: Metric) -> list[Metric]:
    """The metrics that a formula names and that are seen by all who see it."""
    found = Metric.objects.filter(used_in__metric=metric).select_related("workspace").order_by("name")
    teams = set(metric.limited_to)
    return [one for one in found if not one.limited_to or (teams and teams <= set(one.limited_to))]
