"""What is found out of a log once, when it changes: where it waits and why, what its build makes slow, who is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from opsboard.core.lazy import polars as pl
from processes.analysis.bottlenecks import bottlenecks, structure
from processes.analysis.simulation.events import read_events
from processes.analysis.waiting import waits_of

MOST_PEOPLE = 200
MOST_EVENTS = 300_000  # of more, so many of the newest cases say why it waits: shares hardly move beyond that
COLUMNS = ("case", "activity", "start", "end", "resource", "order", "number")


def measured(frame: pl.DataFrame, *, zone: str, roles: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`bottlenecks`, `structure`, `roles` and `people` of a stored log, as JSON; hours are those of the zone.

    `roles`: person → role, where that is known.
    """
    if not len(frame):
        return {"bottlenecks": [], "structure": {}, "roles": [], "people": [], "weekly": []}
    looked_at = frame
    if len(frame) > MOST_EVENTS:
        newest = frame.group_by("number").agg(pl.len(), pl.col("end").max()).sort("end", descending=True)
        kept = newest.filter(pl.col("len").cum_sum() <= MOST_EVENTS)["number"]
        looked_at = frame.filter(pl.col("number").is_in(kept.implode()))
    events = read_events(looked_at, zone=zone)
    waits = waits_of(events, roles)
    people = (
        frame["resource"]
        .drop_nulls()
        .cast(pl.String)
        .value_counts()
        .sort(["count", "resource"], descending=[True, False])
    )
    return {
        "bottlenecks": [{**asdict(one), "main_cause": one.main_cause} for one in bottlenecks(events, waits)],
        "structure": _plain(asdict(structure(events, waits))),
        "roles": [
            {"name": name, "people": [events.resources[one] for one in members], "load": waits.load[number]}
            for number, (name, members) in enumerate(waits.roles)
        ],
        "people": people["resource"].head(MOST_PEOPLE).to_list(),
        "weekly": weekly(frame, zone),
    }  # fmt: skip


def weekly(frame: pl.DataFrame, zone: str) -> list[dict[str, Any]]:
    """For each week in which cases ended (`week`: its Monday by the zone's clock, in UTC): how many, and how they went.

    `lead_time` mean, `median` and `p90`, `touch_time` and `waiting` (lead less touch; None where starts are unknown) in
    seconds a case; `rework` is the share that did a step again.
    """
    cases = frame.group_by("number").agg(
        pl.col("end").max().alias("ended"),
        pl.min_horizontal(pl.col("start").min(), pl.col("end").min()).alias("begun"),
        pl.col("touch").sum().alias("touch"),
        pl.col("start").is_not_null().any().alias("timed"),
        (pl.col("turn") > 1).any().alias("again"),
    )
    monday = pl.col("ended").dt.convert_time_zone(zone).dt.truncate("1w").dt.convert_time_zone("UTC").alias("week")
    lead = ((pl.col("ended") - pl.col("begun")).dt.total_microseconds() / 1e6).alias("lead")
    rows = (
        cases.with_columns(lead, monday)
        .group_by("week")
        .agg(
            pl.len().alias("cases"), pl.col("lead").mean().alias("lead_time"), pl.col("lead").median().alias("median"),
            pl.col("lead").quantile(0.9, "linear").alias("p90"), pl.col("touch").filter("timed").mean().alias("touch_time"),
            (pl.col("lead") - pl.col("touch")).filter("timed").mean().alias("waiting"), pl.col("again").mean().alias("rework"),
        )
        .sort("week")
    )  # fmt: skip
    return [{**row, "week": row["week"].isoformat()} for row in rows.to_dicts()]


def _plain(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: _plain(value) for name, value in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [_plain(value) for value in given]
    return given
