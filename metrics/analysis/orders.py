"""What the rows of an order export or of a tracking file say about each day.

An export has one row an item, or one row an order, or an order's totals in its first row only. Orders are put together
by their number first, so that none is counted twice; then they are counted by day and label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from opsboard.core.lazy import polars as pl

CANCELLED = re.compile(
    r"cancel|void|expired|closed|refused|交易关闭|已取消|已关闭|订单关闭|等待买家付款|待付款|unpaid|交易取消",
    re.IGNORECASE,
)
DELIVERED = re.compile(r"deliver(?!y exception)|signed|签收|妥投|已送达|delivered|completed|已完成", re.IGNORECASE)
NOT_DELIVERED = re.compile(r"not delivered|undeliver|未签收|拒签|拒收|退回|return", re.IGNORECASE)
# Spreadsheets keep long numbers whole by writing them as ="1234567890", or with a tab or an apostrophe before them.
_WRAPPED = r"""^=?["'\t]*(.*?)["'\t]*$"""
DAY = "day"


def cleaned(column: str) -> pl.Expr:
    """An order's number without what a spreadsheet wrapped around it."""
    return pl.col(column).str.strip_chars().str.replace(_WRAPPED, "$1")


def orders(frame: pl.DataFrame, rows: pl.Series, *, zone: str, per_item: bool) -> pl.DataFrame:
    """Points of the metrics orders, sales, average, items, refunds and refunded, one a day and label set.

    `frame` has `order` and `at`, and where the file says so `amount`, `refund`, `quantity`, `status`, `labels:…`;
    `per_item` says that an order's amount is the sum over its rows (else it is said once, or repeated in each row).
    """
    frame = frame.with_columns(rows.alias("row"), cleaned("order").alias("order"))
    frame = frame.with_columns(
        pl.when(pl.col("order") == "")
        .then(None)
        .otherwise(pl.col("order"))
        .fill_null(strategy="forward")
        .alias("order")
    )
    frame = frame.filter(pl.col("order").is_not_null())
    labels = [name for name in frame.columns if name.startswith("labels:")]
    whole = [
        pl.col("at").drop_nulls().first().alias("at"),
        pl.col("row").first(),
        *_sums(frame, "amount", per_item),
        *_sums(frame, "refund", per_item),
        *([pl.col("quantity").sum().alias("quantity")] if "quantity" in frame.columns else []),
        *([pl.col("status").filter(pl.col("status") != "").first().fill_null("").alias("status")] if "status" in frame.columns else []),
        *(pl.col(name).filter(pl.col(name) != "").first().fill_null("").alias(name) for name in labels),
    ]  # fmt: skip
    each = frame.group_by("order", maintain_order=True).agg(whole).filter(pl.col("at").is_not_null())
    if "status" in each.columns:
        gone = each["status"].str.contains(f"(?i){CANCELLED.pattern}")
        each = each.with_columns(gone.fill_null(False).alias("gone"))
    else:
        each = each.with_columns(pl.lit(False).alias("gone"))
    each = _daily(each, zone, labels)
    sold = each.filter(~pl.col("gone"))
    parts = [
        _counted(sold, "orders", pl.len().cast(pl.Float64)),
        _rated(each, "cancelled", pl.col("gone").sum()),
    ]
    if "amount" in each.columns:
        parts += [_counted(sold, "sales", pl.col("amount").sum()), _averaged(sold, "average", pl.col("amount").sum())]
    if "quantity" in each.columns:
        parts.append(_counted(sold, "items", pl.col("quantity").sum()))
    if "refund" in each.columns:
        back = pl.col("refund").abs()
        parts += [_counted(each, "refunds", back.sum()), _rated(sold, "refunded", (back > 0).sum())]
    return pl.concat(parts)


def _sums(frame: pl.DataFrame, name: str, per_item: bool) -> list[pl.Expr]:
    if name not in frame.columns:
        return []
    column = pl.col(name).fill_null(0.0)
    return [(column.sum() if per_item else column.filter(column != 0).first().fill_null(0.0)).alias(name)]


def parcels(frame: pl.DataFrame, rows: pl.Series, *, zone: str, within: float) -> pl.DataFrame:
    """Points of the metrics parcels, on_time, transit and open, by the day on which a parcel was sent.

    A parcel is on time if it arrived by the moment that was promised (on that day, where only a day is said), or
    within so many days where nothing was promised. What has not arrived counts where its time is over already: at the
    newest moment that the file knows.
    """
    frame = frame.with_columns(rows.alias("row"), cleaned("parcel").alias("parcel"))
    frame = frame.filter((pl.col("parcel") != "") & pl.col("at").is_not_null()).unique(
        "parcel", keep="last", maintain_order=True
    )
    labels = [name for name in frame.columns if name.startswith("labels:")]
    arrived = pl.col("arrived") if "arrived" in frame.columns else pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    frame = frame.with_columns(arrived.alias("arrived"))
    if "status" in frame.columns:  # the last moment of a parcel that came back is no delivery
        back = pl.col("status").str.contains(f"(?i){NOT_DELIVERED.pattern}").fill_null(False)
        frame = frame.with_columns(pl.when(back).then(None).otherwise(pl.col("arrived")).alias("arrived"))
    due = pl.col("at") + pl.duration(seconds=int(within * 86_400))
    if "promised" in frame.columns:
        local = pl.col("promised").dt.convert_time_zone(zone)
        only_a_day = local.dt.truncate("1d") == local
        until = pl.when(only_a_day).then(local.dt.offset_by("1d")).otherwise(local).dt.convert_time_zone("UTC")
        due = pl.coalesce(until, due)
    newest = frame.select(pl.max_horizontal(pl.col("at").max(), pl.col("arrived").max())).item()
    frame = frame.with_columns(
        due.alias("due"), ((pl.col("arrived") - pl.col("at")).dt.total_seconds() / 86_400).alias("days")
    )
    frame = frame.with_columns((pl.col("arrived") <= pl.col("due")).fill_null(False).alias("good"))
    each = _daily(frame, zone, labels)
    judged = each.filter(pl.col("arrived").is_not_null() | (pl.col("due") < newest))
    there = each.filter(pl.col("days").is_not_null() & (pl.col("days") >= 0))
    return pl.concat(
        [
            _counted(each, "parcels", pl.len().cast(pl.Float64)),
            _rated(judged, "on_time", pl.col("good").sum()),
            _averaged(there, "transit", pl.col("days").sum()),
        ]
    )


def _daily(frame: pl.DataFrame, zone: str, labels: Sequence[str]) -> pl.DataFrame:
    """With the beginning of each row's day by the zone's clock, and its labels as one text."""
    day = pl.col("at").dt.convert_time_zone(zone).dt.truncate("1d").dt.convert_time_zone("UTC")
    names = [name.removeprefix("labels:") for name in labels]
    if not labels:
        return frame.with_columns(day.alias(DAY), pl.lit("{}").alias("labels"))
    kinds = frame.select(labels).unique()
    texts = [
        json.dumps(
            {name: cell[:200] for name, cell in zip(names, row, strict=True) if cell},
            sort_keys=True,
            ensure_ascii=False,
        )
        for row in kinds.iter_rows()
    ]
    known = kinds.with_columns(pl.Series("labels", texts, dtype=pl.String))
    return frame.with_columns(day.alias(DAY)).join(known, on=list(labels), how="left", maintain_order="left")


def _points(grouped: pl.DataFrame, metric: str) -> pl.DataFrame:
    return grouped.select(
        pl.lit(metric).alias("metric"), "labels", pl.col(DAY).alias("at"), pl.col("value").cast(pl.Float64),
        pl.col("weight").cast(pl.Float64), pl.col("row").cast(pl.UInt32),
    )  # fmt: skip


def _counted(frame: pl.DataFrame, metric: str, value: pl.Expr) -> pl.DataFrame:
    grouped = frame.group_by(DAY, "labels", maintain_order=True)
    return _points(grouped.agg(value.alias("value"), pl.lit(1.0).alias("weight"), pl.col("row").first()), metric)


def _averaged(frame: pl.DataFrame, metric: str, total: pl.Expr) -> pl.DataFrame:
    """The mean of a day, with how many it is of as its weight."""
    grouped = frame.group_by(DAY, "labels", maintain_order=True)
    return _points(
        grouped.agg((total / pl.len()).alias("value"), pl.len().alias("weight"), pl.col("row").first()), metric
    )


_rated = _averaged


def header_words(headers: Sequence[str]) -> dict[str, str]:
    """Headers by their plain form: lower-case letters and digits (of any script), without what stands in brackets."""
    found: dict[str, str] = {}
    for header in headers:
        for text in (header, re.sub(r"[(（\[].*?[)）\]]", "", header)):
            plain = "".join(letter for letter in text.lower() if letter.isalnum())
            if plain:
                found.setdefault(plain, header)
    return found


def matched(headers: Sequence[str], roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each role the first header that fits one of its words."""
    words = header_words(headers)
    taken: set[str] = set()
    found: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            header = words.get("".join(letter for letter in name.lower() if letter.isalnum()))
            if header is not None and header not in taken:
                found[role] = header
                taken.add(header)
                break
    return found


def said(frame: pl.DataFrame, column: str) -> list[str]:
    """The different texts of a column, blank ones left out."""
    return sorted(text for text in frame[column].unique().to_list() if text)


def with_labels(frame: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """With labels that hold for each row."""
    return frame.with_columns([pl.lit(value).alias(f"labels:{name}") for name, value in labels.items()])


def only_metrics(points: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return points.filter(pl.col("metric").is_in(list(names)))
