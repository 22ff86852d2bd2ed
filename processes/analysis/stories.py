"""The first cases of a file, to be read out: who did what, and how long after the step before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsboard.core.lazy import polars as pl


@dataclass(frozen=True)
class Telling:
    """One step: how many seconds after the one before it came (None at the first), and how long it took."""

    activity: str
    at: datetime
    resource: str = ""
    after: float | None = None
    took: float | None = None


@dataclass(frozen=True)
class Story:
    """A case: its first steps, how many more there are, and how long it took."""

    case: str
    steps: tuple[Telling, ...]
    more: int
    seconds: float

    @property
    def numbered(self) -> bool:
        """Whether its name is a bare number, which alone would say too little."""
        return self.case.isdecimal()


def stories(steps: pl.DataFrame, *, cases: int = 3, most: int = 4) -> tuple[Story, ...]:
    """The cases whose rows come first in the file, and among them rather those with several steps."""
    if not len(steps):
        return ()
    order = steps.group_by("number").agg(pl.col("order").min(), pl.len().alias("long")).sort("order")
    several = order.filter(pl.col("long") > 1).head(cases)
    wanted = pl.concat([several, order.filter(pl.col("long") == 1).head(cases - len(several))]).sort("order")
    return tuple(_story(steps.filter(pl.col("number") == number), most) for number in wanted["number"].to_list())


def _story(rows: pl.DataFrame, most: int) -> Story:
    told: list[Telling] = []
    before: datetime | None = None
    for activity, start, end, resource in rows.select("activity", "start", "end", "resource").head(most).iter_rows():
        after = (end - before).total_seconds() if before is not None else None
        took = (end - start).total_seconds() if start is not None else None
        told.append(Telling(activity, start or end if before is None else end, resource or "", after, took))
        before = end
    begins: list[datetime] = [value for name in ("start", "end") for value in rows[name].drop_nulls().to_list()]
    seconds = (max(rows["end"].to_list()) - min(begins)).total_seconds()
    return Story(str(rows["case"][0]), tuple(told), max(len(rows) - most, 0), seconds)
