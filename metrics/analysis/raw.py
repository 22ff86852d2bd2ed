"""Daily values with their weights out of raw rows, such that weeks and groups of them add up to the published rates.

A frame has a column for each role that the file had: `at`, `customer`, `order`, `amount`, `quantity`, `cancelled`,
`promised`, `delivered`, `late`, `left`, and labels. Values come as label texts, moments, values and weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from metrics.analysis import kpis
from metrics.analysis.files import LABEL, _labelled
from opsboard.core.lazy import polars as pl

YES = ("1", "1.0", "yes", "y", "true", "t", "x", "cancelled", "canceled", "refunded", "returned", "churned", "left",
       "closed", "是", "已取消", "取消", "已退款", "退货", "已退货", "流失", "已流失")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """How the rows are read: by which clock, from which lateness on, within how many days, as of which day."""

    tz: str
    tolerance: float = 0.0
    within: int = 90
    as_of: date | None = None
    cancelled_begin: str = ""


@dataclass(frozen=True)
class Prepared:
    """Rows with `day`, `amount`, `cancelled`, `left` and their labels as one text."""

    frame: pl.DataFrame
    without_amount: int
    first_without: int
    without_customer: int


def prepared(frame: pl.DataFrame, rows: pl.Series, asked: Asked) -> Prepared:
    frame = frame.with_columns(rows.alias("row"))
    has = set(frame.columns)
    missing = without = first = 0
    if "amount" in has:
        gaps = frame.filter(pl.col("amount").is_null())
        missing = len(gaps)
        first = gaps["row"].item(0) if missing else 0
        if "quantity" in has:
            frame = frame.with_columns((pl.col("amount") * pl.col("quantity").fill_null(1.0)).alias("amount"))
    else:
        frame = frame.with_columns(pl.lit(0.0).alias("amount"))
    if "customer" in has:
        without = int(frame.select((pl.col("customer").is_null() | (pl.col("customer") == "")).sum()).item())
    if "at" in has:
        frame = frame.with_columns(pl.col("at").dt.convert_time_zone(asked.tz).dt.date().alias("day"))
    frame = frame.with_columns(_cancelled(has, asked.cancelled_begin).alias("cancelled"))
    if "left" in has:
        frame = frame.with_columns(_yes("left").alias("left"))
    frame = _labelled(frame, [name for name in frame.columns if name.startswith(LABEL)])
    return Prepared(frame, missing, first, without)


def _yes(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars().str.to_lowercase().is_in(list(YES))


def _cancelled(has: set[str], begin: str) -> pl.Expr:
    said = _yes("cancelled") if "cancelled" in has else pl.lit(value=False)
    return said | pl.col("order").fill_null("").str.starts_with(begin) if begin and "order" in has else said


def midnights(days: Sequence[date], tz: str) -> dict[date, datetime]:
    zone = ZoneInfo(tz)
    return {day: datetime(day.year, day.month, day.day, tzinfo=zone) for day in set(days)}


type Values = list[tuple[str, datetime, float, float]]


def values_of(kpi: str, found: Prepared, asked: Asked) -> tuple[Values, date | None]:
    """The values of one number, and from which day on customers are too new to be judged (or None)."""
    table, cut = _tables(kpi, found.frame, asked)
    table = table.filter(pl.col("below") > 0) if kpi not in SUMS else table
    when = midnights(table["day"].to_list(), asked.tz)
    values = [
        (labels, when[day], above if kpi in SUMS else above / below, 1.0 if kpi in SUMS else float(below))
        for labels, day, above, below in table.select("labels", "day", "above", "below")
        .sort("day", "labels")
        .iter_rows()
    ]
    return values, cut


SUMS = ("orders", "net_sales", "revenue")
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # any one of each group of roles
    "repurchase": (("customer",), ("at",)),
    "order_value": (("order",), ("at",), ("amount",)),
    "orders": (("order",), ("at",)),
    "net_sales": (("at",), ("amount",)),
    "cancellations": (("order",), ("at",)),
    "on_time": (("late", "promised"), ("at", "promised")),
    "on_time_done": (("late", "promised"), ("at", "promised")),
    "churn": (("left",),),
    "revenue_churn": (("left",), ("amount",)),
    "revenue": (("left",), ("amount",)),
}


def _tables(kpi: str, frame: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, date | None]:
    """Rows of labels, day, and what stands above and below the line."""
    if kpi == "repurchase":
        return _repurchase(frame, asked.within)
    if kpi == "net_sales":
        return _by(frame, pl.col("amount").fill_null(0.0).sum(), pl.len()), None
    if kpi in {"order_value", "orders", "cancellations"}:
        orders = kpis.by_order(frame, keep=("labels",))
        sales = orders.filter(~pl.col("cancelled"))
        if kpi == "order_value":
            return _by(sales, pl.col("amount").sum(), pl.len()), None
        if kpi == "orders":
            return _by(sales, pl.len().cast(pl.Float64), pl.len()), None
        return _by(orders, pl.col("cancelled").sum().cast(pl.Float64), pl.len()), None
    if kpi in {"on_time", "on_time_done"}:
        late = _late(frame, asked)
        below = pl.len() if kpi == "on_time" else pl.col("late").count()
        return _by(late, (pl.col("late") <= asked.tolerance).sum().cast(pl.Float64), below), None
    here = frame.with_columns(pl.lit(asked.as_of).alias("day"))
    amount, gone = pl.col("amount").fill_null(0.0), pl.col("left")
    if kpi == "churn":
        return _by(here, gone.sum().cast(pl.Float64), pl.len()), None
    if kpi == "revenue_churn":
        return _by(here, amount.filter(gone).sum(), amount.sum()), None
    return _by(here, amount.sum(), pl.len()), None


def _by(frame: pl.DataFrame, above: pl.Expr, below: pl.Expr) -> pl.DataFrame:
    return frame.group_by("labels", "day").agg(above.alias("above"), below.cast(pl.Float64).alias("below"))


def _repurchase(frame: pl.DataFrame, within: int) -> tuple[pl.DataFrame, date | None]:
    """By the day of the first purchase: who came again within so many days (0: ever). Days whose time is not over yet
    are left out, for they would look worse than they are."""
    bought = frame.filter(~pl.col("cancelled") & pl.col("day").is_not_null())
    people = kpis.buyers(bought)
    firsts = bought.sort("day", maintain_order=True).group_by("customer").agg(pl.col("labels").first())
    people = people.join(firsts, on="customer")
    again = pl.col("again").is_not_null() if within == 0 else (pl.col("again") <= within).fill_null(value=False)
    people = people.with_columns(again.alias("came"), pl.col("first").alias("day"))
    cut = None
    if within and len(people):
        last = bought["day"].max()
        whole = people.filter(pl.col("day") + pl.duration(days=within) <= last)
        if len(whole) < len(people):
            cut = people.filter(pl.col("day") + pl.duration(days=within) > last)["day"].min()
        people = whole
    return _by(people, pl.col("came").sum().cast(pl.Float64), pl.len()), cut  # type: ignore[return-value]


def _late(frame: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Lateness as the file says it, or from promised and delivered (in days): an open one past its day is late."""
    if "late" in frame.columns:
        return frame
    local = {
        name: pl.col(name).dt.convert_time_zone(asked.tz).dt.date().alias(name)
        for name in ("promised", "delivered")
        if name in frame.columns
    }
    days = frame.with_columns(*local.values())
    if "delivered" not in days.columns:
        days = days.with_columns(pl.lit(None, dtype=pl.Date).alias("delivered"))
    due = kpis.promises(days, as_of=asked.as_of or date.max)
    return due.with_columns(pl.col("promised").alias("day"))
