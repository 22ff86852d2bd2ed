"""How values of many groups spread: count, sum, mean, median, ninth of ten, least and most, for all groups at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsboard.core.lazy import polars as pl


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of many. Percentiles by linear interpolation."""

    count: int
    total: float
    mean: float
    median: float
    p90: float
    min: float
    max: float

    def packed(self) -> dict[str, float]:
        return {"mean": self.mean, "median": self.median, "p90": self.p90}


def small(groups: int) -> Any:
    """The type of numbers for so many groups: rows are brought together the faster the smaller it is."""
    return pl.UInt16 if groups < 1 << 16 else pl.UInt32 if groups < 1 << 32 else pl.UInt64


def each_spread() -> list[pl.Expr]:
    """What a group is asked of its `value`s, in the order of a `Spread`."""
    value = pl.col("value")
    return [
        value.count().alias("count"), value.sum().alias("total"), value.mean().alias("mean"),
        value.median().alias("median"), value.quantile(0.9, "linear").alias("p90"),
        value.min().alias("min"), value.max().alias("max"),
    ]  # fmt: skip


def spreads(frame: pl.LazyFrame) -> dict[int, Spread]:
    """For each `group` the spread of its `value`s that are known; a row without a group counts nowhere."""
    table = frame.group_by("group").agg(*each_spread()).collect()
    return {row[0]: Spread(*row[1:]) for row in table.iter_rows() if row[0] is not None and row[1]}
