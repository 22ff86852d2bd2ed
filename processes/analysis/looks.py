"""All that a page shows of some cases of a log, from one reading of its rows."""

from __future__ import annotations

from dataclasses import dataclass

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.discovery import (
    MAP_COLUMNS,
    ProcessMap,
    Variant,
    edges,
    leads,
    process_map,
    quantiles,
    simplified,
    variants,
)
from processes.analysis.filters import Filter, filtered

LOOK_COLUMNS = (*MAP_COLUMNS, "variant", "lead", "touch")


@dataclass(frozen=True)
class Look:
    """`lead` is mean, median and p90 in seconds; `flow_efficiency` is None where no start is known."""

    map: ProcessMap
    variants: tuple[Variant, ...]
    variant_count: int
    lead: dict[str, float]
    flow_efficiency: float | None
    rework_share: float


def look(log: pl.DataFrame, wanted: Filter | None = None, *, steps: int = 0, few: int = 0, top: int = 0) -> Look:
    """At most `steps` steps (0: all), with every arc where these are `few` and else the frequent ones; `top` paths."""
    rows = filtered(log, wanted) if wanted else log
    whole = process_map(rows)
    if not len(rows):
        return Look(whole, (), 0, dict.fromkeys(("mean", "median", "p90"), 0.0), None, 0.0)
    share = 1.0 if len(whole.arcs) <= few or steps >= len(whole.activities) else 0.9
    shown = simplified(whole, rows, steps=steps, share=share) if steps else whole
    paths, count = variants(rows, count=top)
    first, _last = edges(rows)
    lead = leads(rows, first)
    median, p90 = quantiles(lead, (0.5, 0.9))
    efficiency = None
    if rows["touch"].null_count() < len(rows):
        total = float(lead.sum())
        efficiency = float(rows["touch"].sum()) / total if total else 1.0
    again = rows.filter(pl.col("turn") == 2)["number"].n_unique()
    figures = {"mean": float(np.mean(lead)), "median": median, "p90": p90}
    return Look(shown, tuple(paths), count, figures, efficiency, again / len(first))
