"""What a file's rows become, and how often they come."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsboard.core.lazy import polars as pl

LABEL = "labels:"
VALUE = "value:"
GRAINS = (("minute", 60), ("hour", 3600), ("day", 86_400), ("week", 604_800), ("month", 2_592_000))
LARGEST = 1e15  # beyond it, values times weights, added up, leave what the database can count
SMALLEST = 1e-100  # below it they do so at the other end


@dataclass(frozen=True)
class Trouble:
    """A row that cannot become a point: `what` is divided_by_zero, negative_weight, too_large or long_label."""

    row: int
    column: str
    what: str
    value: str = ""


def points_from(frame: pl.DataFrame, rows: pl.Series) -> tuple[pl.DataFrame, list[Trouble]]:
    """Rows of a file as points: `metric` (text or ""), `labels` (JSON), `at`, `value`, `weight`, `row`.

    Of several columns of values each is a metric of its own, named by its header; a blank cell is no point. A rate's value is numerator / denominator and its weight the denominator; nothing out of nothing (0 / 0) weighs
    nought and so counts for nothing.
    """
    trouble: list[Trouble] = []
    frame = frame.with_columns(rows.alias("row"))
    if "numerator" in frame.columns:
        above, below = pl.col("numerator"), pl.col("denominator")
        trouble += _troubles(frame.filter((below == 0) & (above != 0)), "denominator", "divided_by_zero")
        value = pl.when(below == 0).then(0.0).otherwise(above / below)
        frame = frame.with_columns(value.alias("value"), below.alias("weight"))
        weight = "denominator"
    else:
        given = pl.col("weight").fill_null(1.0) if "weight" in frame.columns else pl.lit(1.0)
        frame = frame.with_columns(given.alias("weight"))
        weight = "weight"
    trouble += _troubles(frame.filter(pl.col("weight") < 0), weight, "negative_weight")
    valued = [name for name in frame.columns if name.startswith(VALUE)]
    counted = {name: name.removeprefix(VALUE) for name in valued} or {
        "value": "numerator" if "numerator" in frame.columns else "value"
    }
    for name, column in (*counted.items(), ("weight", weight)):
        trouble += _troubles(frame.filter(pl.col(name).abs() > LARGEST), column, "too_large", name)
    frame = frame.with_columns([_as_nought(pl.col(name)) for name in (*counted, "weight")])
    dimensions = [name for name in frame.columns if name.startswith(LABEL)]
    for name in dimensions:
        long = frame.filter(pl.col(name).str.len_chars() > 200)
        trouble += _troubles(long, name.removeprefix(LABEL), "long_label", name)
    metric = pl.col("metric") if "metric" in frame.columns else pl.lit("")
    frame = _labelled(frame.with_columns(metric.alias("metric")), dimensions)
    if len(valued) == 1:
        frame = frame.rename({valued[0]: "value"})
    elif valued:
        frame = _one_by_one(frame, valued)
    frame = frame.select("metric", "labels", "at", pl.col("value") + 0.0, pl.col("weight") + 0.0, "row")
    return frame, sorted(trouble, key=lambda one: one.row)


def _one_by_one(frame: pl.DataFrame, valued: Sequence[str]) -> pl.DataFrame:
    """Several columns of values below one another, each under its header's name."""
    rest = [name for name in frame.columns if name not in valued and name != "metric"]
    return pl.concat(
        [
            frame.filter(pl.col(name).is_not_null()).select(
                *rest, pl.lit(name.removeprefix(VALUE)).alias("metric"), pl.col(name).alias("value")
            )
            for name in valued
        ]
    )


def countable(value: float) -> float:
    """A value as it is stored: what is next to nothing is nought."""
    return 0.0 if abs(value) < SMALLEST else float(value)


def _as_nought(column: pl.Expr) -> pl.Expr:
    return pl.when(column.abs() < SMALLEST).then(0.0).otherwise(column).name.keep()


def _troubles(wrong: pl.DataFrame, column: str, what: str, value: str = "") -> list[Trouble]:
    values = wrong[value or (column if column in wrong.columns else "weight")].to_list()
    return [
        Trouble(row, column, what, str(text)[:60]) for row, text in zip(wrong["row"].to_list(), values, strict=True)
    ]


def _labelled(frame: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """The label columns as one column of JSON; a blank cell is a label that was not recorded."""
    if not dimensions:
        return frame.with_columns(pl.lit("{}").alias("labels"))
    kinds = frame.select(dimensions).unique()
    names = [name.removeprefix(LABEL) for name in dimensions]
    texts = [
        json.dumps(
            {name: cell for name, cell in zip(names, row, strict=True) if cell}, sort_keys=True, ensure_ascii=False
        )
        for row in kinds.iter_rows()
    ]
    return frame.join(kinds.with_columns(pl.Series("labels", texts)), on=dimensions, how="left", maintain_order="left")


def combined(points: pl.DataFrame, aggregations: Mapping[int, str]) -> pl.DataFrame:
    """One row per `label_set_id` and `at`: rows of the same time are put together as the metric adds up."""
    keys = ["metric_id", "label_set_id", "at"]
    points = points.sort("label_set_id", "at", maintain_order=True)
    again = (pl.col("label_set_id") == pl.col("label_set_id").shift()) & (pl.col("at") == pl.col("at").shift())
    if not points.select(again.any()).item():
        return points
    parts = []
    for aggregation in sorted(set(aggregations.values())):
        ids = [metric for metric, how in aggregations.items() if how == aggregation]
        grouped = points.filter(pl.col("metric_id").is_in(ids)).group_by(keys, maintain_order=True)
        if aggregation == "sum":
            parts.append(grouped.agg(pl.col("value").sum(), pl.col("weight").sum()))
        elif aggregation in {"min", "max"}:
            extreme = pl.col("value").min() if aggregation == "min" else pl.col("value").max()
            parts.append(grouped.agg(extreme, pl.col("weight").sum()))
        elif aggregation == "last":
            parts.append(grouped.agg(pl.col("value").last(), pl.col("weight").last()))
        else:
            weighed = (pl.col("value") * pl.col("weight")).sum() / pl.col("weight").sum()
            whole = pl.col("weight").sum() > 0
            parts.append(
                grouped.agg(pl.when(whole).then(weighed).otherwise(0.0).alias("value"), pl.col("weight").sum())
            )
    return pl.concat(parts).sort("label_set_id", "at")


def guess_grain(moments: Sequence[datetime]) -> str:
    """How often the values come, from the usual gap between neighbours: the longest grain that is not longer."""
    ordered = sorted(set(moments))
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(ordered)]
    if not gaps:
        return "day"
    usual = statistics.median(gaps)
    if 900 <= usual < 3600:
        return "hour"  # quarters and halves of an hour are read by the hour
    # A month may have 28 days, a day 23 hours.
    fitting = [name for name, seconds in GRAINS if usual >= seconds * 0.9]
    return fitting[-1] if fitting else "minute"


def labels_from(text: str) -> dict[str, str]:
    """Labels out of their one text."""
    found: dict[str, str] = json.loads(text)
    return found


def names_in(points: pl.DataFrame) -> list[tuple[str, int]]:
    """The metrics' names in a file, each with the first row that says it."""
    firsts = points.group_by("metric", maintain_order=True).agg(pl.col("row").first())
    return list(firsts.iter_rows())


def with_metrics(points: pl.DataFrame, ids: Mapping[str, int]) -> pl.DataFrame:
    """The points with `metric_id` in place of the name."""
    return points.with_columns(pl.col("metric").replace_strict(dict(ids), return_dtype=pl.Int64).alias("metric_id"))


def label_texts(points: pl.DataFrame) -> list[tuple[int, str]]:
    return list(points.select("metric_id", "labels").unique(maintain_order=True).iter_rows())


def with_label_sets(points: pl.DataFrame, ids: Mapping[tuple[int, str], int]) -> pl.DataFrame:
    """The points with `label_set_id`, and only what is written."""
    if len(ids) == 1:
        (only,) = ids.values()
        points = points.with_columns(pl.lit(only, dtype=pl.Int64).alias("label_set_id"))
    else:
        known = pl.DataFrame(
            [(metric, text, pk) for (metric, text), pk in ids.items()],
            schema={"metric_id": pl.Int64, "labels": pl.String, "label_set_id": pl.Int64},
            orient="row",
        )
        points = points.join(known, on=["metric_id", "labels"], how="left", maintain_order="left")
    return points.select("metric_id", "label_set_id", "at", "value", "weight")


def by_metric(points: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Each metric's points, ready to be written: label set, time, value, weight."""
    for metric in points["metric_id"].unique(maintain_order=True).to_list():
        yield metric, points.filter(pl.col("metric_id") == metric).drop("metric_id")


def spans(points: pl.DataFrame) -> dict[int, tuple[datetime, datetime]]:
    """`{metric: (its first moment, its last)}`."""
    ends = points.group_by("metric_id").agg(pl.col("at").min().alias("first"), pl.col("at").max().alias("last"))
    return {metric: (first, last) for metric, first, last in ends.iter_rows()}


def coming(points: pl.DataFrame, now: datetime) -> tuple[int, datetime | None]:
    """How many values are of a time that has not come, and the last of those times."""
    later = points.filter(pl.col("at") > now)["at"]
    last: Any = later.max()
    return len(later), last


def above_one(points: pl.DataFrame, names: Collection[str]) -> int:
    """How many values of these metrics are more than 1: of a share it is odd."""
    return len(points.filter(pl.col("metric").is_in(list(names)) & (pl.col("value") > 1)))


def shown_points(points: pl.DataFrame, most: int) -> list[tuple[str, datetime, float, float, str]]:
    """The first points as people look at them: metric, time, value, weight, labels."""
    rows = points.sort("row").head(most).select("metric", "at", "value", "weight", "labels").iter_rows()
    return [
        (metric, at, value, weight, " · ".join(json.loads(labels).values()))
        for metric, at, value, weight, labels in rows
    ]
