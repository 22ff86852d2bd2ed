"""Is 3/4/2024 in March or in April? What a column of dates says about the order in which it is written."""

from dataclasses import dataclass
from typing import Literal

from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.numbers import shorten

type DateOrder = Literal["ymd", "dmy", "mdy"]


@dataclass(frozen=True, slots=True)
class OrderGuess:
    """What some dates say about their order. ``ambiguous``: several orders fit and people must choose."""

    order: DateOrder | None
    ambiguous: bool
    fits: tuple[DateOrder, ...]
    example: str = ""


def guess_order_of(texts: list[str]) -> OrderGuess:
    """The order of numeric dates in some cells: the orders in which every one of them is possible.

    Dates that begin with a four-digit year, or that aren't numeric, say nothing. Points between the parts mean day
    first (nobody writes 3.5.2024 for March 5). ``ambiguous`` when both day first and month first remain.
    """
    return guess_order(pl.Series("dates", texts, dtype=pl.String))


def guess_order(texts: "pl.Series") -> OrderGuess:
    """``guess_order_of`` for a column; a million cells take about half a second, and only where dates are unclear."""
    dates = texts.str.strip_chars().filter(
        texts.str.contains(r"^\s*[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})\b")
    )
    if not len(dates):
        return OrderGuess("ymd", ambiguous=False, fits=("ymd",))
    parts = pl.DataFrame(
        {"text": dates, "part": dates.str.extract_groups(r"^([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})")}
    ).unnest("part")
    parts = parts.select(
        pl.col("text"),
        pl.col("1").cast(pl.Int32).alias("a"),
        pl.col("3").cast(pl.Int32).alias("b"),
        pl.col("4").cast(pl.Int32).alias("c"),
        (pl.col("4").str.len_bytes() == 2).alias("short"),
        (pl.col("2") == ".").alias("pointed"),
    )
    top = parts.select(pl.col("a", "b", "c").max(), pl.col("short", "pointed").all()).row(0, named=True)
    fits: list[DateOrder] = []
    if top["a"] <= 31 and top["b"] <= 12:
        fits.append("dmy")
    if top["a"] <= 12 and top["b"] <= 31 and not top["pointed"]:
        fits.append("mdy")
    if top["short"] and top["b"] <= 12 and top["c"] <= 31 and not top["pointed"]:
        fits.append("ymd")
    if len(fits) == 1:
        return OrderGuess(fits[0], ambiguous=False, fits=tuple(fits))
    if fits == ["dmy", "mdy"] and bool((parts["a"] == parts["b"]).all()):
        return OrderGuess("dmy", ambiguous=False, fits=tuple(fits))
    unclear = parts.filter(pl.col("a") != pl.col("b"))["text"] if fits else parts["text"]
    example = shorten(unclear[0]) if len(unclear) else shorten(parts["text"][0])
    return OrderGuess(None, ambiguous=bool(fits), fits=tuple(fits), example=example)
