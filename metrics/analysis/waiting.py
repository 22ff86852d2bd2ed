"""How long things wait: how many there are at each moment, and how old the oldest of them is."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics.analysis.files import LABEL
from opsboard.core.analysis.worktime import worktime
from opsboard.core.calendars import ALL_DAY, WorkCalendar, working_seconds_between
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl


@dataclass(frozen=True)
class Queue:
    """What waited at a moment: how many, and since when the oldest."""

    at: datetime
    count: int
    oldest: datetime | None


def hours_waited(calendar: WorkCalendar, since: datetime, until: datetime) -> float:
    """Hours by this calendar; never less than nought."""
    if _always(calendar):
        return max(0.0, (until - since).total_seconds() / 3600)
    return max(0.0, working_seconds_between(calendar, since, until) / 3600)


def _always(calendar: WorkCalendar) -> bool:
    return all(hours == ALL_DAY for hours in calendar.week) and not calendar.holidays


def queues(spans: Iterable[tuple[datetime, datetime | None]], ticks: Sequence[datetime]) -> list[Queue]:
    """What waited at each tick (in order), out of when each thing came and went; begins with the first that came."""
    coming = sorted(spans, key=lambda span: span[0])
    if not coming:
        return []
    here: list[tuple[datetime, int]] = []  # by age
    leaving: list[tuple[datetime, int]] = []
    gone: set[int] = set()
    answer, place = [], 0
    for tick in ticks:
        while place < len(coming) and coming[place][0] <= tick:
            since, until = coming[place]
            heapq.heappush(here, (since, place))
            if until is not None:
                heapq.heappush(leaving, (until, place))
            place += 1
        while leaving and leaving[0][0] <= tick:
            gone.add(heapq.heappop(leaving)[1])
        while here and here[0][1] in gone:
            gone.discard(heapq.heappop(here)[1])
        if place:
            answer.append(Queue(tick, len(here) - len(gone), here[0][0] if here else None))
    return answer


def ages(calendar: WorkCalendar, found: Sequence[Queue]) -> list[float]:
    """Hours that the oldest had waited at each moment; nought where nothing waited."""
    waiting = [one for one in found if one.oldest is not None]
    if not waiting or _always(calendar):
        return [(one.at - one.oldest).total_seconds() / 3600 if one.oldest else 0.0 for one in found]
    first = min(one.oldest for one in waiting if one.oldest)
    table = worktime(calendar.spans_between(first, found[-1].at))
    moments = [(one.oldest.timestamp() if one.oldest else one.at.timestamp(), one.at.timestamp()) for one in found]
    before = table.until(np.array([since for since, _at in moments]))
    after = table.until(np.array([at for _since, at in moments]))
    return [max(0.0, float(seconds) / 3600) for seconds in after - before]


def rows_of(frame: pl.DataFrame, rows: pl.Series) -> Iterator[tuple[int, dict[str, Any], dict[str, str]]]:
    """The rows of a file: their number, what they say, and their labels."""
    names = [name for name in frame.columns if name.startswith(LABEL)]
    for number, row in zip(rows.to_list(), frame.iter_rows(named=True), strict=True):
        labels = {name.removeprefix(LABEL): row[name] for name in names if row[name]}
        yield number, row, labels
