"""What else is known of events and cases: numbers told from words, and what is the same in a whole case from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.logs import COMPLETE, START, Log

EVENT, CASE = "event:", "case:"
_CODE = r"^[+-]?0\d"  # 007 is a number of something, and no number


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Attributes (`event:…`) whose every text is a number become numbers."""
    made = []
    for name, kind in frame.schema.items():
        if kind != pl.String or not name.startswith((EVENT, CASE)):
            continue
        texts = frame[name].replace("", None)
        numbers = texts.cast(pl.Float64, strict=False)
        if numbers.null_count() == texts.null_count() < len(texts) and not texts.str.contains(_CODE).any():
            made.append(numbers.alias(name))
    return frame.with_columns(made)


def settled(log: Log) -> Log:
    """Attributes that are the same in each whole case are the case's (`case:…`)."""
    steps, events = log.steps, log.events
    names = [name for name in steps.columns if name.startswith(EVENT)]
    if not names or not len(steps):
        return log
    rows = steps if events is None else events
    same = (np.diff(rows["number"].to_numpy()) == 0) if len(rows) > 1 else np.zeros(0, dtype=bool)
    renamed = {}
    for name in names:
        column = rows[name]
        if column.null_count():
            continue
        codes = (column.to_physical() if isinstance(column.dtype, pl.Categorical) else column).to_numpy()
        plain = name.removeprefix(EVENT).removeprefix(CASE)
        if same.any() and bool((codes[1:] == codes[:-1])[same].all()) and f"{CASE}{plain}" not in steps.columns:
            renamed[name] = f"{CASE}{plain}"
    if not renamed:
        return log
    return replace(log, steps=steps.rename(renamed), events=events.rename(renamed) if events is not None else None)


def frame_of(events: Sequence[Mapping[str, Any]]) -> tuple[pl.DataFrame, pl.Series]:
    """Single events (`case`, `activity`, `start`, `end`, `resource`, `lifecycle`, `instance`, `attributes`) as columns.

    A start without an end has begun and not ended; where one of the events is such, all are told as starts and ends.
    Rows are numbered from 0, as the events came.
    """
    single = any(one.get("lifecycle") or (one.get("start") and not one.get("end")) for one in events)
    rows: list[dict[str, Any]] = []
    for place, one in enumerate(events):
        start, end = (_utc(one.get(name)) for name in ("start", "end"))
        row = {
            "case": one.get("case") or "", "activity": one.get("activity") or "", "resource": one.get("resource") or "",
            "event": one.get("instance") or None, "row": place, "start": start, "end": end, "lifecycle": None,
            **{f"{EVENT}{name}": str(value) for name, value in (one.get("attributes") or {}).items()},
        }  # fmt: skip
        if not single:
            rows.append(row)
        elif one.get("lifecycle"):
            rows.append({**row, "lifecycle": one["lifecycle"], "start": None, "end": end or start})
        else:
            rows += [{**row, "lifecycle": START, "start": None, "end": start}] if start else []
            rows += [{**row, "lifecycle": COMPLETE, "start": None, "end": end}] if end or not start else []
    moment = pl.Datetime("us", "UTC")
    names = dict.fromkeys(name for row in rows for name in row)
    schema = {name: moment if name in ("start", "end") else pl.UInt32 if name == "row" else pl.String for name in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return numbered(frame.drop("row", *(() if single else ("lifecycle",)))), frame["row"]


def _utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def attribute_words(path: str, *, most: int = 50) -> dict[str, list[str]]:
    """Each attribute of words (and `resource`) with its most frequent ones, the frequent first."""
    schema = pl.read_parquet_schema(path)
    names = [name for name, kind in schema.items() if name.startswith((EVENT, CASE)) and kind != pl.Float64]
    found = {}
    for name in ["resource", *names]:
        counts = pl.read_parquet(path, columns=[name])[name].drop_nulls().value_counts(sort=True).head(most)
        if len(counts):
            found[name] = counts[name].cast(pl.String).to_list()
    return found
