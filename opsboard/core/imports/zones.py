"""Rows whose local times are meant by the clock of the place that they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from opsboard.core.imports.plans import Field, Plan
from opsboard.core.lazy import polars as pl
from opsboard.core.uploads import Columns, Table

# A time of day followed by what says how far it is from UTC: such a moment needs no place.
OFFSET: Final = r"\d{1,2}:\d{2}.*(?:[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})\s*$"


def in_own_zones(
    table: Table, columns: Columns, fields: Sequence[Field], plan: Plan, zones: Mapping[str, Mapping[str, str]], tz: str
) -> Columns:
    """Moments without an offset, read in `tz` so far, read in the zone of their row; `{column: {value: zone}}`."""
    frame = columns.frame
    there = {name: known for name, known in zones.items() if name in frame.columns}
    if not there:
        return columns
    own = pl.coalesce(
        [
            pl.col(name).replace_strict(dict(known), default=None, return_dtype=pl.String)
            for name, known in there.items()
        ]
    )
    frame = frame.with_columns(own.alias("#own"), columns.rows.alias("#row"))
    if not frame["#own"].is_not_null().any():
        return columns
    for one in fields:
        if one.kind != "moment":
            continue
        used = [name for role, names in plan.columns.items() if role.partition(".")[0] == one.name for name in names]
        written = table.frame.select(
            pl.any_horizontal([pl.col(name).str.contains(OFFSET) for name in used if name in table.names] or [pl.lit(False)])
            .alias("#said"),
            table.rows.cast(pl.UInt32).alias("#row"),
        )  # fmt: skip
        frame = frame.with_columns(pl.col("#row").cast(pl.UInt32)).join(
            written, on="#row", how="left", maintain_order="left"
        )
        for column in [name for name in frame.columns if name in used or name == " + ".join(used)]:
            if frame.schema[column] != pl.Datetime("us", "UTC"):
                continue
            local = pl.col(column).dt.convert_time_zone(tz).dt.replace_time_zone(None)
            answer = pl.col(column)
            for zone in frame["#own"].drop_nulls().unique().sort().to_list():
                here = (pl.col("#own") == zone) & ~pl.col("#said").fill_null(value=False)
                # What the clocks there skip comes when they have sprung.
                moved = _meant(local, zone).fill_null(_meant(local.dt.offset_by("1h"), zone))
                answer = pl.when(here.fill_null(value=False)).then(moved).otherwise(answer)
            frame = frame.with_columns(answer.alias(column))
        frame = frame.drop("#said")
    return replace(columns, frame=frame.select(columns.frame.columns))


def _meant(local: pl.Expr, zone: str) -> pl.Expr:
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
