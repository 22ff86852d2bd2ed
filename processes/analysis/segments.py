"""Which cases wait longer than the others before a step: by what came before, who does it, when, and what they are.

Each part of the waits is compared with the rest by the Mann-Whitney test; all tests together are held to one error rate
by Holm's method (Scandinavian Journal of Statistics 6, 1979, 65-70). So a log whose labels say nothing suggests nothing.
The effect is Cliff's delta: how much more often one of the part waits longer than one of the rest than shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from opsboard.core.analysis.worktime import Worktime
from opsboard.core.lazy import lazy
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl

stats = lazy("scipy.stats")
FEWEST: Final = 10  # of the part and of the rest
MOST_VALUES: Final = 50
ERROR: Final = 0.01
SMALL_EFFECT: Final = 0.147  # below it Cliff's delta counts as negligible (Romano et al., 2006)
BANDS: Final = ((0, 6), (6, 12), (12, 18), (18, 24))
SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the waits before a step. `kind` is before, person, weekday, hours, or the name of an attribute.

    Seconds of waiting: `mean` of its `count` waits, `other` the mean of the rest, `extra` what it waits beyond that in all;
    `effect` is Cliff's delta, `p` Holm's.
    """

    kind: str
    value: str
    count: int
    mean: float
    other: float
    extra: float
    effect: float
    p: float


def segments(frame: pl.DataFrame, step: str, *, zone: str, worktime: Worktime | None = None) -> list[Segment]:
    """The parts that wait longer, those with the most extra waiting first; at most eight.

    With `worktime` only working time counts, so that an evening is no cause of waiting for the morning.
    """
    rows = _waits(frame, step, zone, worktime)
    if len(rows) < 2 * FEWEST:
        return []
    seconds = rows["seconds"].to_numpy()
    found: list[Segment] = []
    for kind in rows.columns[1:]:
        values = rows[kind].cast(pl.String)
        counts = values.drop_nulls().value_counts()
        if not 1 < len(counts) <= MOST_VALUES:
            continue
        for value, count in counts.iter_rows():
            if FEWEST <= count <= len(rows) - FEWEST:
                mine = (values == value).fill_null(value=False).to_numpy()
                found.append(_compared(kind, str(value), seconds[mine], seconds[~mine]))
    held = _held([one.p for one in found])
    real = [
        Segment(one.kind, one.value, one.count, one.mean, one.other, one.extra, one.effect, p)
        for one, p in zip(found, held, strict=True)
        if p <= ERROR and one.effect >= SMALL_EFFECT and one.extra > 0
    ]
    return sorted(real, key=lambda one: -one.extra)[:SHOWN]


def _waits(frame: pl.DataFrame, step: str, zone: str, worktime: Worktime | None) -> pl.DataFrame:
    """One row a wait before the step: its seconds, then what it can be parted by."""
    names = [name for name in frame.columns if name.startswith(("event:", "case:"))]
    words = [name for name in names if not frame[name].dtype.is_numeric()]
    begun = pl.coalesce("start", "end")
    rows = frame.sort("number", begun, maintain_order=True)
    same = pl.col("number") == pl.col("number").shift(1)
    until = begun if frame["start"].null_count() < len(frame) else pl.col("end")
    seconds: Any = (until - pl.col("end").shift(1)).dt.total_microseconds() / 1e6
    if worktime is not None:
        ends, begins = (
            rows.select(which).to_series().dt.replace_time_zone(None).to_numpy() for which in ("end", until)
        )
        since_end = np.append(np.datetime64("NaT", "us"), ends[:-1])
        seconds = pl.lit(pl.Series(worktime.between(since_end, np.maximum(begins, since_end))).fill_nan(None))
    since = pl.col("end").shift(1).dt.convert_time_zone(zone)
    hour = since.dt.hour()
    band = pl.coalesce(
        *[
            pl.when(hour.is_between(first, last, closed="left")).then(pl.lit(f"{first:02}:00–{last:02}:00"))
            for first, last in BANDS
        ]
    )
    return rows.select(
        pl.when(same).then(seconds.clip(lower_bound=0.0)).alias("seconds"),
        pl.col("activity").cast(pl.String).shift(1).alias("before"),
        pl.col("resource").cast(pl.String).alias("person"),
        since.dt.weekday().cast(pl.String).alias("weekday"),
        band.alias("hours"),
        *[pl.col(name).cast(pl.String) for name in words],
    ).filter(pl.col("seconds").is_not_null(), rows["activity"].cast(pl.String) == step)  # fmt: skip


def _compared(kind: str, value: str, part: Any, rest: Any) -> Segment:
    test = stats.mannwhitneyu(part, rest, alternative="greater", method="asymptotic")
    mean, other = float(part.mean()), float(rest.mean())
    return Segment(
        kind, value, len(part), mean, other, (mean - other) * len(part),
        2 * float(test.statistic) / (len(part) * len(rest)) - 1, float(np.nan_to_num(test.pvalue, nan=1.0)),
    )  # fmt: skip


def _held(found: list[float]) -> list[float]:
    """Holm's p of each of several tests."""
    order = sorted(range(len(found)), key=found.__getitem__)
    held, highest = [1.0] * len(found), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, found[place] * (len(found) - rank)))
        held[place] = highest
    return held
