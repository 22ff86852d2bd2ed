"""What a log says of itself, in the names that the API gives: counts, durations, paths, rework, touch time."""

from __future__ import annotations

from typing import Any, Literal

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.discovery import (
    EPOCH,
    activities_of,
    arcs_of,
    edges,
    quantiles,
    rework,
    variant_counts,
    variants,
)
from processes.analysis.filters import Filter, bounds, filtered
from processes.analysis.logs import COMPLETE, derived, paths

type View = Literal["all_events", "complete_events_only", "name_plus_transition", "interval_view", "steps"]
VIEWS = ("all_events", "complete_events_only", "name_plus_transition", "interval_view", "steps")
TOP = 10
KEPT = ("case", "activity", "start", "end", "resource", "service", "number", "turn", "lead", "touch")


class NoView(ValueError):
    """The log has nothing to show in that view."""


def viewed(steps: pl.DataFrame, events: pl.DataFrame | None, view: str, *, paired: bool = False) -> pl.DataFrame:
    """The rows that a view looks at: single events as they came, only ends, names with transitions, or steps.

    `paired`: starts and ends came in rows of their own, and each pair is one event of every view but the names'.
    """
    if view == "interval_view":
        if not len(steps) or steps["start"].null_count() == len(steps):
            raise NoView(view)
        return by_start(steps)
    if view == "steps" or ((events is None or paired) and view in ("all_events", "complete_events_only")):
        return steps
    if view not in VIEWS or events is None:
        raise NoView(view)
    if view == "complete_events_only":
        return derived(events.filter(pl.col("transition").cast(pl.String).str.to_lowercase() == COMPLETE))
    if view == "name_plus_transition":
        both = pl.concat_str(
            pl.col("activity").cast(pl.String), pl.col("transition").cast(pl.String).fill_null(""), separator="+"
        )
        return derived(events.with_columns(both.cast(pl.Categorical(pl.Categories.random("step"))).alias("activity")))
    return events


def by_start(steps: pl.DataFrame) -> pl.DataFrame:
    """Steps in the order in which they began, of several at once the one first that ended first.

    `next`, `arc`, `waiting` and `variant` are told anew.
    """
    frame = steps.select(KEPT).with_columns(pl.coalesce("start", "end").alias("#begun"))
    begun, number = frame["#begun"].to_physical().to_numpy(), frame["number"].to_numpy()
    if bool(((begun[1:] < begun[:-1]) & (number[1:] == number[:-1])).any()):
        # Rows of a case stand in the order of their ends, which so decides where they began at once.
        frame = frame.sort("number", "#begun", maintain_order=True)
    more = pl.col("number") == pl.col("number").shift(-1)
    first = np.flatnonzero(np.diff(number, prepend=np.int64(-1)))
    return frame.with_columns(
        pl.when(more).then(pl.col("activity").shift(-1)).alias("next"),
        pl.when(more).then((pl.col("end").shift(-1) - pl.col("end")).dt.total_microseconds() / 1e6).alias("arc"),
        pl.when(more).then((pl.col("start").shift(-1) - pl.col("end")).dt.total_microseconds() / 1e6).alias("waiting"),
        pl.Series("variant", paths(frame["activity"], first, number)),
    ).drop("#begun")


def facts_of(
    steps: pl.DataFrame, events: pl.DataFrame | None = None, *, view: str = "all_events", wanted: Filter | None = None,
    paired: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Everything of one view. Raises `NoView`."""
    frame = viewed(steps, events, view, paired=paired)
    frame = filtered(frame, wanted) if wanted else frame
    if view == "interval_view":
        return intervals(frame)
    given = counted(frame)
    chosen = filtered(steps, wanted) if wanted else steps
    if len(chosen) and chosen["start"].null_count() < len(chosen):
        whole = intervals(by_start(chosen))
        given |= {
            "lead_time": whole["lead_time"], "touch_time": whole["touch_time"],
            "flow_efficiency": whole["flow_efficiency"],
        }  # fmt: skip
        if view == "all_events":
            given["interval_view"] = whole
    return given


def counted(frame: pl.DataFrame) -> dict[str, Any]:
    if not len(frame):
        empty = {"mean": 0.0, "median": 0.0, "p90": 0.0, "max": 0.0, "min": 0.0}
        return {
            "cases": 0, "events": 0, "activities": 0, "variants": 0, "resources": 0, "first_event": None,
            "last_event": None, "activity_counts": {}, "start_activities": {}, "end_activities": {},
            "case_duration": empty, "case_duration_seconds": empty, "rework": rework(frame).packed(),
            "rework_share": 0.0, "top_variants": [], "variants_covering_80_percent": 0, "dfg": [],
        }  # fmt: skip
    first, last = edges(frame)
    end = frame["end"].to_physical().to_numpy()
    duration = (end[last] - end[first]) / 1e6
    length = last - first + 1
    paths = variant_counts(frame)
    covered = np.searchsorted(np.cumsum(paths["cases"].to_numpy()), 0.8 * len(first) - 1e-9) + 1
    top, _count = variants(frame, count=TOP)
    steps = {one.name: one.count for one in activities_of(frame)}
    beginning, ending = (_counts(frame["activity"].gather(place)) for place in (first, last))
    spread = _spread(duration)
    again = rework(frame)
    return {
        "cases": len(first), "events": len(frame), "activities": len(steps), "variants": len(paths),
        "resources": frame["resource"].drop_nulls().n_unique(),
        "first_event": frame["end"].min(), "last_event": frame["end"].max(),
        "events_per_case": {"mean": float(length.mean()), "max": int(length.max()), "min": int(length.min())},
        "activity_counts": steps, "start_activities": beginning, "end_activities": ending,
        "case_duration": spread, "case_duration_seconds": spread, "rework": again.packed(),
        "rework_share": again.cases / len(first),
        "top_variants": [{"cases": one.cases, "trace": list(one.trace)} for one in top],
        "variants_covering_80_percent": int(covered),
        "dfg": [
            {"from": one.source, "to": one.target, "count": one.count, "mean_s": one.mean, "median_s": one.median,
             "min_s": one.min, "max_s": one.max, "p90_s": one.p90}
            for one in arcs_of(frame)
        ],
    }  # fmt: skip


def _counts(column: pl.Series) -> dict[str, int]:
    table = column.cast(pl.String).alias("name").value_counts().sort(["count", "name"], descending=[True, False])
    return dict(table.iter_rows())


def _spread(seconds: Any) -> dict[str, float]:
    median, p90 = quantiles(seconds, (0.5, 0.9))
    return {
        "mean": float(np.mean(seconds)), "median": median, "p90": p90,
        "max": float(np.max(seconds)), "min": float(np.min(seconds)),
    }  # fmt: skip


def intervals(frame: pl.DataFrame) -> dict[str, Any]:
    """Work and waiting of steps in the order of their starts: lead = touch + waiting, over all cases."""
    if not len(frame):
        return counted(frame)
    first, last = edges(frame)
    begun, ended = _whole(frame, first, last)
    lead = (ended - begun) / 1e6
    touch = np.add.reduceat(frame["touch"].fill_null(0.0).to_numpy(), first)
    arcs = arcs_of(frame, of="waiting")
    service = {
        one.name: {
            "count": one.service.count, "sum": one.service.total, **one.service.packed()
        }
        for one in sorted(activities_of(frame), key=lambda one: one.name) if one.service
    }  # fmt: skip
    total = float(lead.sum())
    leads = _spread(lead)
    return {
        "cases": len(first), "events": len(frame), "activities": frame["activity"].n_unique(),
        "variants": len(variant_counts(frame)), "variants_by_start": len(variant_counts(frame)),
        "rows_with_end_before_start": int((frame["end"] < frame["start"]).sum()),
        "starts_known": 1 - frame["start"].null_count() / len(frame),
        "lead_time": leads, "lead_time_seconds": leads, "case_duration": leads,
        "touch_time": _spread(touch), "touch_time_seconds_mean": float(touch.mean()),
        "waiting_time": _spread(lead - touch),
        "flow_efficiency": float(touch.sum() / total) if total else 1.0,
        "flow_efficiency_overall": float(touch.sum() / total) if total else 1.0,
        "service_seconds": service,
        "waiting_arcs": [
            {"from": one.source, "to": one.target, "count": one.count, "mean_s": one.mean, "median_s": one.median,
             "p90_s": one.p90}
            for one in arcs
        ],
    }  # fmt: skip


def _whole(frame: pl.DataFrame, first: Any, last: Any) -> tuple[Any, Any]:
    begun, _ended = bounds(frame, first, last)
    return begun, np.maximum.reduceat(frame["end"].to_physical().to_numpy(), first)


def as_text(given: dict[str, Any]) -> dict[str, Any]:
    """Moments as ISO texts in UTC."""
    return {name: value.isoformat() if isinstance(value, type(EPOCH)) else value for name, value in given.items()}
