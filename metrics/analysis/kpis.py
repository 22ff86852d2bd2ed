"""Numbers that decide, out of raw rows: who buys again, what an order is worth, what arrives in time, who leaves.

Each says its published definition. Counting days and orders is where these numbers usually go wrong, so:

* A purchase occasion is a customer's *day*: two orders on one day are one occasion (Fader and Hardie, "A Note on
  Implementing the Pareto/NBD Model", count transactions by distinct date).
* An average order value is revenue over *sale* orders; a cancellation lowers net revenue and is no order.
* On time is asked of what was delivered, and of what was promised; the second leaves nothing out (SCOR's RL.2.2).
* Net revenue retention leaves new customers out; gross retention also leaves expansion out, and so is 100 % at most.
* What goes through several steps has the product of their yields (rolled throughput yield).

Days are the days of the file's own clock: frames come with a `day` column.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from opsboard.core.lazy import polars as pl


def share(part: float, whole: float) -> float | None:
    """Part of whole; nothing out of nothing is no number."""
    return part / whole if whole else None


# --- who buys again ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repurchase:
    """`within` is `{days: customers who bought again at most so many days after their first day}`."""

    customers: int
    again: int
    within: Mapping[int, int]

    @property
    def rate(self) -> float | None:
        return share(self.again, self.customers)

    def rate_within(self, days: int) -> float | None:
        return share(self.within[days], self.customers)


def occasions(orders: pl.DataFrame) -> pl.DataFrame:
    """One row per customer and day, with the customer's `first` day; rows without a customer say nothing here."""
    known = orders.filter(pl.col("customer").is_not_null() & (pl.col("customer") != ""))
    return known.select("customer", "day").unique().with_columns(pl.col("day").min().over("customer").alias("first"))


def buyers(orders: pl.DataFrame) -> pl.DataFrame:
    """One row per customer: `first` day, and after how many days they came `again` (null where they did not)."""
    later = pl.when(pl.col("day") > pl.col("first")).then((pl.col("day") - pl.col("first")).dt.total_days())
    return occasions(orders).group_by("customer").agg(pl.col("first").first(), later.min().alias("again"))


def repurchase(orders: pl.DataFrame, *, within: Sequence[int] = (90, 180)) -> Repurchase:
    """Customers with two distinct purchase days, of all customers; also within so many days of the first."""
    people = buyers(orders)
    back = people["again"].drop_nulls()
    return Repurchase(len(people), len(back), {days: int((back <= days).sum()) for days in within})


def cohorts(orders: pl.DataFrame) -> pl.DataFrame:
    """Of the customers who first bought in a month, how many bought so many months later: cohort, months, active, size."""
    seen = occasions(orders)
    month = {name: pl.col(name).dt.year() * 12 + pl.col(name).dt.month() - 1 for name in ("day", "first")}
    seen = seen.with_columns(
        pl.col("first").dt.truncate("1mo").alias("cohort"), (month["day"] - month["first"]).alias("months")
    )
    table = seen.group_by("cohort", "months").agg(pl.col("customer").n_unique().alias("active"))
    size = table.filter(pl.col("months") == 0).select("cohort", pl.col("active").alias("size"))
    return table.join(size, on="cohort").sort("cohort", "months")


# --- what an order is worth -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrderValue:
    """`orders` are the sales, `cancelled` the cancellations; `net` holds both."""

    orders: int
    cancelled: int
    gross: float
    net: float
    trading_days: int

    @property
    def gross_value(self) -> float | None:
        return share(self.gross, self.orders)

    @property
    def net_value(self) -> float | None:
        return share(self.net, self.orders)


def by_order(lines: pl.DataFrame, keep: Sequence[str] = ()) -> pl.DataFrame:
    """One row per order: its day, amount, and whether it is a cancellation: marked as one, or worth less than nothing."""
    marked = pl.col("cancelled").any() if "cancelled" in lines.columns else pl.lit(value=False)
    return (
        lines.group_by("order", maintain_order=True)
        .agg(
            pl.col("day").min(), pl.col("amount").fill_null(0.0).sum(), marked.alias("marked"),
            *(pl.col(name).first() for name in keep),
        )
        .with_columns((pl.col("marked") | (pl.col("amount") < 0)).alias("cancelled"))
        .drop("marked")
    )  # fmt: skip


def order_value(lines: pl.DataFrame) -> OrderValue:
    """Revenue over sale orders, gross (sales alone) and net (with what was taken back)."""
    orders = by_order(lines)
    sales = orders.filter(~pl.col("cancelled"))
    return OrderValue(
        len(sales), len(orders) - len(sales), math.fsum(sales["amount"]), math.fsum(orders["amount"]),
        orders["day"].n_unique(),
    )  # fmt: skip


# --- what arrives in time ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Punctuality:
    """Of `due` promises `done` were kept or broken and the rest is open or was called off; `in_time` were kept."""

    due: int
    done: int
    in_time: int

    @property
    def of_done(self) -> float | None:
        return share(self.in_time, self.done)

    @property
    def of_due(self) -> float | None:
        return share(self.in_time, self.due)


def punctual(rows: pl.DataFrame, *, tolerance: float = 0) -> Punctuality:
    """`late` is by how much each came late (null: not at all); up to the tolerance counts as in time."""
    late = rows["late"]
    return Punctuality(len(late), int(late.count()), int((late <= tolerance).sum()))


def punctual_by(rows: pl.DataFrame, by: Sequence[str], *, tolerance: float = 0) -> pl.DataFrame:
    """The same for each group: due, done, in_time, and both rates."""
    found = rows.group_by(by).agg(
        pl.len().alias("due"),
        pl.col("late").count().alias("done"),
        (pl.col("late") <= tolerance).sum().alias("in_time"),
    )
    done = pl.when(pl.col("done") > 0).then(pl.col("in_time") / pl.col("done"))
    return found.with_columns(done.alias("of_done"), (pl.col("in_time") / pl.col("due")).alias("of_due")).sort(by)


def promises(rows: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Promised and delivered days as lateness in days: what is not due yet is left out, an open one past its day is late."""
    due = rows.filter(pl.col("delivered").is_not_null() | (pl.col("promised") < as_of))
    return due.with_columns((pl.col("delivered") - pl.col("promised")).dt.total_days().alias("late"))


# --- who leaves, and what stays ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Churn:
    customers: int
    left: int
    revenue: float
    lost: float

    @property
    def rate(self) -> float | None:
        return share(self.left, self.customers)

    @property
    def revenue_rate(self) -> float | None:
        return share(self.lost, self.revenue)


def churn(rows: pl.DataFrame) -> Churn:
    """Customers who left of all who were there, and their monthly revenue of all monthly revenue."""
    gone = rows.filter(pl.col("left"))
    return Churn(
        len(rows), len(gone), math.fsum(rows["amount"].fill_null(0.0)), math.fsum(gone["amount"].fill_null(0.0))
    )


def churn_by(rows: pl.DataFrame, by: str) -> dict[str, Churn]:
    return {str(name): churn(part) for (name,), part in sorted(rows.group_by([by]), key=lambda pair: str(pair[0][0]))}


@dataclass(frozen=True)
class Retention:
    net: float | None
    gross: float | None


def retention(*, start: float, expansion: float, contraction: float, churned: float) -> Retention:
    """What the customers of a period's start are worth at its end: with expansion (net), and without (gross)."""
    kept = start - contraction - churned
    return Retention(share(kept + expansion, start), share(kept, start))


def retention_between(before: Mapping[Any, float], after: Mapping[Any, float]) -> Retention:
    """The same out of each customer's monthly revenue at two times; who is new at the second never counts."""
    start = math.fsum(before.values())
    now = {customer: after.get(customer, 0.0) for customer in before}
    return Retention(
        share(math.fsum(now.values()), start),
        share(math.fsum(min(before[customer], value) for customer, value in now.items()), start),
    )


def rolled_yield(steps: Sequence[float]) -> float:
    """The share that passes all steps without rework."""
    return math.prod(steps)
