"""What explains a change, on a million rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from metrics import analysis

NAMES = ("drivers",)
ROWS = 1_000_000
DIMENSIONS = {"shop": 40, "channel": 6, "batch": 60, "agent": 30, "region": 12}


def rows() -> pl.DataFrame:
    """Complaints and orders of two periods; batch 17 of channel 3 went wrong in the second."""
    rng = np.random.default_rng(5)
    codes = {name: rng.integers(0, count, ROWS) for name, count in DIMENSIONS.items()}
    now = rng.random(ROWS) < 0.3
    rate = np.where(now & (codes["batch"] == 17) & (codes["channel"] == 3), 0.5, 0.04)
    bottom = rng.integers(1, 20, ROWS)
    names = {name: pl.Series([f"{name} {number}" for number in range(count)]) for name, count in DIMENSIONS.items()}
    return pl.DataFrame(
        {
            "now": now, "top": rng.binomial(bottom, rate).astype(float), "bottom": bottom.astype(float),
            **{name: names[name].gather(codes[name]).cast(pl.Categorical) for name in DIMENSIONS},
        }
    )  # fmt: skip


def best(work: Callable[[], Any], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def figures() -> Iterator[dict[str, Any]]:
    frame, names = rows(), list(DIMENSIONS)

    def floor() -> Any:
        return frame.group_by("now", *names).agg(pl.col("top").sum(), pl.col("bottom").sum())

    def ours() -> Any:
        return analysis.explain(analysis.cells_of(frame, names, sums=False), kind="rate")

    found = ours().drivers[0].sets
    if found != ({"batch": "batch 17", "channel": "channel 3"},):
        raise AssertionError(f"the wrong cause: {found}")
    yield {
        "name": "drivers", "ours": best(ours), "unit": "s", "beside": best(floor), "limit": 1.0,
        "beside_what": "one group-by of the same million rows by all five dimensions",
    }  # fmt: skip
