"""An event log as arrays: what the fitting reads. Local time, seconds since Monday, 5 January 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.simulation.calendars import MONDAY

if TYPE_CHECKING:
    from polars import DataFrame

type Array = "np.ndarray[Any, np.dtype[Any]]"


@dataclass(slots=True)
class Events:
    """Completed steps, ordered by case, then start (end where starts are unknown), end and place in the file.

    ``case``, ``activity`` and ``resource`` are codes into ``activities`` and ``resources`` (-1: nobody is named); cases are
    numbered in the order in which they began. ``start`` is NaN where it is unknown.
    """

    case: Array
    activity: Array
    resource: Array
    start: Array
    end: Array
    activities: list[str]
    resources: list[str]
    first: Array  # where each case's events begin; one more at the end

    def __len__(self) -> int:
        return len(self.case)

    @property
    def cases(self) -> int:
        return len(self.first) - 1

    @property
    def timed(self) -> bool:
        """Whether starts are known, so that working and waiting can be told apart."""
        return len(self) > 0 and float(np.isnan(self.start).mean()) < 0.5

    @property
    def peopled(self) -> bool:
        return len(self) > 0 and float((self.resource < 0).mean()) < 0.5

    def begins(self) -> Array:
        """The first known moment of each event."""
        return np.where(np.isnan(self.start), self.end, self.start)

    def arrivals(self) -> Array:
        return self.begins()[self.first[:-1]]

    def leads(self) -> Array:
        """Lead time of each case: last end minus first start."""
        return np.maximum.reduceat(self.end, self.first[:-1]) - self.arrivals()

    def of_cases(self, last: int) -> Events:
        """The first cases only."""
        stop = int(self.first[last])
        return Events(
            self.case[:stop], self.activity[:stop], self.resource[:stop], self.start[:stop], self.end[:stop],
            self.activities, self.resources, self.first[: last + 1],
        )  # fmt: skip


def read_events(frame: DataFrame, *, zone: str = "UTC") -> Events:
    """The events of a stored log (columns ``case``, ``activity``, ``start``, ``end``, ``resource``, ``order``)."""

    def local(name: str) -> Any:
        moment = pl.col(name).dt.convert_time_zone(zone).dt.replace_time_zone(None)
        return moment.dt.epoch("us").cast(pl.Float64) / 1e6 - float(MONDAY)

    order = pl.col("order") if "order" in frame.columns else pl.int_range(pl.len())
    rows = (
        frame.select(
            pl.col("case").cast(pl.String),
            pl.col("activity").cast(pl.String),
            pl.col("resource").cast(pl.String),
            local("start").alias("start"),
            local("end").alias("end"),
            order.alias("order"),
        )
        .filter(pl.col("end").is_not_null())
        .with_columns(pl.when(pl.col("start") > pl.col("end")).then("end").otherwise("start").alias("start"))
        .with_columns(pl.col("start").fill_null(pl.col("end")).alias("begin"))
        .with_columns(pl.col("begin").min().over("case").alias("born"), pl.col("order").min().over("case").alias("row"))
        .sort("born", "row", "case", "begin", "end", "order")
    )

    def coded(name: str) -> tuple[Array, list[str]]:
        names = sorted(set(rows[name].drop_nulls().to_list()))
        codes = {one: number for number, one in enumerate(names)}
        return np.array([codes.get(one, -1) for one in rows[name].to_list()], dtype=np.int64), names

    activity, activities = coded("activity")
    resource, resources = coded("resource")
    changes = (rows["case"] != rows["case"].shift(1)).fill_null(True).to_numpy()
    return Events(
        case=np.cumsum(changes) - 1,
        activity=activity,
        resource=resource,
        start=rows["start"].fill_null(float("nan")).to_numpy().astype(float),
        end=rows["end"].to_numpy().astype(float),
        activities=activities,
        resources=resources,
        first=np.append(np.flatnonzero(changes), len(rows)),
    )


def newest_cases(frame: DataFrame, count: int) -> DataFrame:
    """The rows of the cases that began last: so many of them."""
    begun = pl.col("start").fill_null(pl.col("end")).min()
    newest = frame.group_by("case").agg(begun.alias("begun")).sort("begun", "case").tail(count)
    return frame.join(newest.select("case"), on="case", how="semi")
