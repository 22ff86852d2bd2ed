"""`python -m benchmarks.process_work WHAT FROM TO`: one piece of work on an event log, its seconds and its memory."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsboard.settings")

from opsboard.core.uploads import Limits, read_lean, read_table
from processes import analysis
from processes.analysis.discovery import leads

FORMAT = "%Y-%m-%d %H:%M:%S"
KINDS: dict[str, Any] = {"case_id": "text", "activity": "text", "start": "moment", "end": "moment", "resource": "text"}


def floor_import(path: Path, to: Path) -> None:
    frame = pl.read_csv(path, schema_overrides={"case_id": pl.String})
    frame = frame.with_columns(pl.col("start", "end").str.to_datetime(FORMAT, time_unit="us")).with_row_index("order")
    frame = frame.sort("case_id", "end", "order")
    more = pl.col("case_id") == pl.col("case_id").shift(-1)
    frame.with_columns(
        pl.when(more).then(pl.col("activity").shift(-1)).alias("next"),
        pl.when(more).then((pl.col("end").shift(-1) - pl.col("end")).dt.total_microseconds() / 1e6).alias("arc"),
        pl.when(more).then((pl.col("start").shift(-1) - pl.col("end")).dt.total_microseconds() / 1e6).alias("waiting"),
    ).write_parquet(to)


def engine_import(path: Path, to: Path) -> None:
    with path.open("rb") as handle:
        head = handle.read(1 << 18).rpartition(b"\n")[0] + b"\n"
    columns = read_lean(
        path, read_table(head, filename=path.name), KINDS, tz="Asia/Shanghai",
        on_blank=dict.fromkeys(("start", "end", "resource"), "keep"), limits=Limits(1 << 40, 1 << 30),
    )  # fmt: skip
    if columns is None:
        raise RuntimeError("the file was not read")
    frame, rows = columns.frame.rename({"case_id": "case"}), columns.rows
    del columns
    analysis.write(analysis.log_from(frame, rows).steps, to)


def floor_map(path: Path, _to: Path) -> Any:
    arc = pl.col("arc")
    stored = pl.scan_parquet(path)
    arcs = (
        stored.filter(pl.col("next").is_not_null()).group_by("activity", "next")
        .agg(pl.len(), arc.mean().alias("mean"), arc.median().alias("median"), arc.quantile(0.9, "linear").alias("p90"))
    )  # fmt: skip
    took = (pl.col("end") - pl.col("start")).dt.total_microseconds() / 1e6
    steps = stored.group_by("activity").agg(
        pl.len(), pl.col("case_id").n_unique(), took.mean().alias("mean"), took.median().alias("median"),
        took.quantile(0.9, "linear").alias("p90"),
    )  # fmt: skip
    return pl.collect_all([arcs, steps])


def engine_map(path: Path, _to: Path) -> Any:
    return analysis.process_map(analysis.read(path, analysis.MAP_COLUMNS))


def floor_variants(path: Path, _to: Path) -> Any:
    whole = pl.scan_parquet(path).group_by("case_id", maintain_order=True).agg("activity").group_by("activity").len()
    return whole.sort("len", descending=True).collect()


def engine_variants(path: Path, _to: Path) -> Any:
    return analysis.variants(analysis.read(path, ("activity", "lead", "number", "variant")))


def floor_durations(path: Path, _to: Path) -> Any:
    took = (pl.col("end").max() - pl.col("end").min()).alias("took")
    whole = pl.scan_parquet(path).group_by("case_id").agg(took)
    return whole.select(pl.col("took").mean(), pl.col("took").median().alias("median")).collect()


def engine_durations(path: Path, _to: Path) -> Any:
    return leads(analysis.read(path, ("lead", "number"))).mean()


def engine_xes(path: Path, _to: Path) -> Any:
    return analysis.read_xes(path, max_bytes=1 << 40)


def timed(work: Callable[[Path, Path], Any], path: Path, to: Path) -> float:
    begin = time.perf_counter()
    work(path, to)
    return time.perf_counter() - begin


if __name__ == "__main__":
    name, path, to = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    seconds = min(timed(globals()[name], path, to) for _ in range(1 if "import" in name else 3))
    print(json.dumps({"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
