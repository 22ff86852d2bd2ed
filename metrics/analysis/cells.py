"""A metric's values as cells: one for each combination of labels, now and before; and how a change is parted among them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl

type Array = np.ndarray[Any, np.dtype[Any]]
type Labels = Mapping[str, str]

# Beyond so many possible cells some dimensions are looked at alone.
MOST_CELLS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Cells:
    """The combinations of labels, each with what it was and what it had been. All arrays are as long.

    ``codes[dimension]`` points into ``names[dimension]``; -1 where the label was not recorded. For sums ``top`` is the
    amount and ``bottom`` is empty; for rates and means they are numerator and denominator. ``*_before`` is the baseline,
    for sums already brought to the same length of time. ``points``: how many values came in. ``aside`` are dimensions that
    are looked at alone.
    """

    names: Mapping[str, Sequence[str]]
    codes: Mapping[str, Array]
    top: Array
    bottom: Array
    top_before: Array
    bottom_before: Array
    points: Array
    aside: Mapping[str, Cells] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.top)

    def parts(self, name: str) -> bool:
        """Whether a dimension tells cells apart."""
        return len(self.names[name]) > 1 or bool((self.codes[name] < 0).any())

    def having(self, sets: Sequence[Labels]) -> Array:
        """A mask of the cells in any of these sets."""
        inside = np.zeros(len(self), dtype=bool)
        for labels in sets:
            one = np.ones(len(self), dtype=bool)
            for name, value in labels.items():
                one &= self.codes[name] == self.names[name].index(value)
            inside |= one
        return inside


def cells_of(
    frame: pl.DataFrame, dimensions: Sequence[str], *, sums: bool, scale: float = 1.0, points: str = ""
) -> Cells:
    """Rows as cells. The frame has ``now`` (whether a row is of the period that moved, or of the baseline), ``top`` and,
    but for sums, ``bottom``, and one column of text a dimension. ``scale`` brings the baseline's sums to the same time.
    ``points`` names the column that says how many values a row stands for; one each without it.

    Where all dimensions together would make too many cells, the least surprising ones stand ``aside``: alone."""
    count = pl.col(points) if points else pl.lit(1)
    given = [pl.col("top").cast(pl.Float64), pl.lit(0.0).alias("bottom") if sums else pl.col("bottom").cast(pl.Float64)]
    rows = frame.select(
        *[
            pl.when(pl.col("now") == now).then(one).otherwise(0.0).alias(one.meta.output_name() + suffix)
            for one in given
            for now, suffix in ((True, ""), (False, "_before"))
        ],
        pl.when("now").then(count).otherwise(0).cast(pl.Float64).alias("points"),
        *(
            frame[name] if frame[name].dtype == pl.Categorical else frame[name].cast(pl.String).cast(pl.Categorical)
            for name in dimensions
        ),
    ).with_columns(pl.col("top_before") * (scale if sums else 1.0))
    names, rows = _coded(rows, dimensions)
    together = list(dimensions)
    aside: dict[str, Cells] = {}
    if math.prod(len(names[name]) + 1 for name in dimensions) > MOST_CELLS:
        alone = {name: _cells(rows, {name: names[name]}) for name in dimensions}
        together = _fitting(alone)
        aside = {name: cells for name, cells in alone.items() if name not in together}
    return _cells(rows, {name: names[name] for name in together}, aside)


def _coded(rows: pl.DataFrame, dimensions: Sequence[str]) -> tuple[dict[str, list[str]], pl.DataFrame]:
    """Each dimension's values in order, and the rows with their places among them (-1 where there is none)."""
    names: dict[str, list[str]] = {}
    for name in dimensions:
        kinds = pl.DataFrame({"text": rows[name].unique().drop_nulls()})
        ordered = kinds.select(
            pl.col("text").to_physical().cast(pl.Int64).alias("code"), pl.col("text").cast(pl.String)
        ).sort("text")
        names[name] = ordered["text"].to_list()
        places = np.full(int(ordered["code"].max() or 0) + 2, -1, dtype=np.int32)  # type: ignore[arg-type]
        places[ordered["code"].to_numpy()] = np.arange(len(ordered), dtype=np.int32)
        codes = rows[name].to_physical().cast(pl.Int64).fill_null(len(places) - 1).to_numpy()
        rows = rows.with_columns(pl.Series(name, places[codes]))
    return names, rows


def _fitting(alone: Mapping[str, Cells]) -> list[str]:
    """The dimensions that surprise most, as many as make few enough cells."""
    kept: list[str] = []
    room = MOST_CELLS
    for name in sorted(alone, key=lambda one: -_surprise_of(alone[one])):
        if (size := len(alone[name].names[name]) + 1) <= room or not kept:
            kept.append(name)
            room //= size
    return [name for name in alone if name in kept]


def _surprise_of(cells: Cells) -> float:
    """How much the elements' shares moved, or for rates how unlike their moves are."""
    if cells.bottom.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = cells.bottom * (cells.top_before / cells.bottom_before)
        expected = np.nan_to_num(expected)
    else:
        expected = cells.top_before
    return float(surprise(cells.top / (cells.top.sum() or 1.0), expected / (expected.sum() or 1.0)).sum())


def _cells(rows: pl.DataFrame, names: Mapping[str, Sequence[str]], aside: Mapping[str, Cells] | None = None) -> Cells:
    columns = ("top", "bottom", "top_before", "bottom_before", "points")
    sizes = [len(values) + 1 for values in names.values()]
    key = np.zeros(len(rows), dtype=np.int64)
    for name, size in zip(names, sizes, strict=True):
        key = key * size + rows[name].to_numpy() + 1
    every = math.prod(sizes)
    seen = np.bincount(key, minlength=every) if every <= MOST_CELLS else None
    there, key = (np.flatnonzero(seen), key) if seen is not None else np.unique(key, return_inverse=True)
    sums = {name: np.bincount(key, rows[name].to_numpy(), len(there) if seen is None else every) for name in columns}
    codes = np.unravel_index(there, sizes) if sizes else ()
    return Cells(
        names=names, codes={name: code - 1 for name, code in zip(names, codes, strict=True)}, aside=aside or {},
        **{name: found if seen is None else found[there] for name, found in sums.items()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One segment's part of a change of a rate: because its rate changed, and because its weight did."""

    rate: float
    mix: float


def split(
    rates: Sequence[float] | Array, rates_before: Sequence[float] | Array, weights: Sequence[float] | Array,
    weights_before: Sequence[float] | Array, *, around: float = 0.0,
) -> list[Part]:  # fmt: skip
    """Kitagawa's midpoints: rate effect Δr · w̄, mix effect Δw · (r̄ - ``around``). Over all segments they add up to the
    change, whatever ``around`` is; with the average rate there, a segment's own mix effect says what its growth did."""
    r1, r0, w1, w0 = (np.asarray(part, dtype=float) for part in (rates, rates_before, weights, weights_before))
    rate, mix = (r1 - r0) * (w1 + w0) / 2, (w1 - w0) * ((r1 + r0) / 2 - around)
    return [Part(float(one), float(two)) for one, two in zip(rate, mix, strict=True)]


def surprise(actual: Sequence[float] | Array, expected: Sequence[float] | Array) -> Array:
    """Adtributor's: half of p ln(2p / (p + q)) + q ln(2q / (p + q)) for each element; p expected, q actual share."""
    q, p = np.maximum(np.asarray(actual, dtype=float), 0.0), np.maximum(np.asarray(expected, dtype=float), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log(2 * p / (p + q)), 0.0)
        right = np.where(q > 0, q * np.log(2 * q / (p + q)), 0.0)
    found: Array = 0.5 * (left + right)
    return found
