"""Ask a stored log: its facts, its map, its paths, its cases. What was asked before comes from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from opsboard.core.analysis.worktime import worktime
from processes import analysis
from processes.analysis import Case, Filter, Look, ProcessMap, Variant
from processes.analysis.discovery import Order
from processes.models import EventLog

if TYPE_CHECKING:
    from opsboard.core.analysis.worktime import Worktime
    from opsboard.core.lazy import polars as pl

KEEP = 3600
VERSION = 1  # of what is kept: rises when a sum changes
DEFAULT = "all_events"


def remembered[T](log: EventLog, question: str, answer: Callable[[], T]) -> T:
    """What was answered for this revision of the log, else the answer now."""
    digest = hashlib.sha256(question.encode()).hexdigest()[:32]
    key = f"processes:{VERSION}:{log.pk}:{log.revision}:{digest}"
    found: T | None = cache.get(key)
    if found is None:
        found = answer()
        cache.set(key, found, KEEP)
    return found


def read_rows(*, log: EventLog, view: str = "steps", columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of one view. Raises `analysis.NoView`."""
    steps = view in ("steps", "interval_view") or (
        (log.singles is None or log.paired) and view in ("all_events", "complete_events_only")
    )
    if steps and view != "interval_view":
        return analysis.read(log.file.file.path, _there(columns))
    singles = analysis.read(log.singles.file.path) if log.singles and not steps else None
    rows = analysis.read(log.file.file.path) if steps else _nothing(singles)
    return analysis.viewed(rows, singles, view, paired=log.paired)


def _there(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(dict.fromkeys(columns))


def _nothing(singles: pl.DataFrame | None) -> pl.DataFrame:
    if singles is None:
        raise analysis.NoView("all_events")
    return singles


def measure_facts(*, log: EventLog, view: str = DEFAULT, wanted: Filter | None = None) -> dict[str, Any]:
    """Everything of one view, moments as texts. Raises `analysis.NoView` and `analysis.BadFilter`."""
    if view == DEFAULT and not wanted:
        return dict(log.facts)

    def answer() -> dict[str, Any]:
        steps = analysis.read(log.file.file.path)
        singles = analysis.read(log.singles.file.path) if log.singles else None
        return analysis.as_text(analysis.facts_of(steps, singles, view=view, wanted=wanted, paired=log.paired))

    return remembered(log, f"facts {view} {wanted.text() if wanted else ''}", answer)


def measure_map(
    *, log: EventLog, view: str = "steps", wanted: Filter | None = None, within: Worktime | None = None,
    clock: str = "", steps: int = 0, share: float = 1.0,
) -> ProcessMap:  # fmt: skip
    """The map; at most so many steps and the most frequent arcs where `steps` is given.

    `within`: all seconds are working time; `clock` names the calendar that it was made of.
    """

    def answer() -> ProcessMap:
        chosen = wanted or Filter()
        columns = (*(analysis.WORKTIME_COLUMNS if within else analysis.MAP_COLUMNS), *chosen.needs)
        rows = analysis.filtered(read_rows(log=log, view=view, columns=columns), chosen)
        whole = analysis.process_map(rows, worktime=within)
        return analysis.simplified(whole, rows, steps=steps, share=share) if steps else whole

    question = f"map {view} {wanted.text() if wanted else ''} {clock} {steps} {share}"
    return remembered(log, question, answer)


def measure_look(*, log: EventLog, wanted: Filter | None = None, steps: int = 0, few: int = 0, top: int = 0) -> Look:
    """What a page shows of some cases at once: their map, lead time, paths. The rows are read once."""

    def answer() -> Look:
        chosen = wanted or Filter()
        rows = read_rows(log=log, columns=(*analysis.LOOK_COLUMNS, *chosen.needs))
        return analysis.look(rows, chosen, steps=steps, few=few, top=top)

    return remembered(log, f"look {wanted.text() if wanted else ''} {steps} {few} {top}", answer)


def worktime_of(*, log: EventLog) -> Worktime:
    """The workspace's working time from the log's first moment to its last."""
    begin = log.first_event or log.created_at
    reach = timedelta(days=400)  # an interval may begin before the first end
    calendar = log.process.workspace.calendar
    return worktime(calendar.spans_between(begin - reach, (log.last_event or begin) + timedelta(days=1)))


def list_variants(
    *, log: EventLog, view: str = "steps", wanted: Filter | None = None, at: int = 0, count: int = 20
) -> tuple[list[Variant], int]:
    def answer() -> tuple[list[Variant], int]:
        columns = ("activity", "lead", "number", "variant", *(wanted.needs if wanted else ()))
        return analysis.variants(read_rows(log=log, view=view, columns=columns), wanted, at=at, count=count)

    return remembered(log, f"variants {view} {wanted.text() if wanted else ''} {at} {count}", answer)


def list_cases(
    *, log: EventLog, wanted: Filter | None = None, at: int = 0, count: int = 50, order: Order = "-duration"
) -> tuple[list[Case], int]:
    columns = ("case", "start", "end", "number", "variant", *(wanted.needs if wanted else ()))
    return analysis.cases(read_rows(log=log, columns=columns), wanted, at=at, count=count, order=order)


def read_case(*, log: EventLog, case: str) -> list[dict[str, Any]]:
    """The steps of one case, as plain rows."""
    columns = ("case", "activity", "start", "end", "resource", "arc", "waiting", "service", "number")
    rows = analysis.filtered(read_rows(log=log, columns=columns), Filter(cases=(case,)))
    return list(rows.iter_rows(named=True))


def attributes_of(*, log: EventLog) -> dict[str, list[str]]:
    """What filters may ask: each attribute with its most frequent words, and the people."""
    return remembered(log, "attributes", lambda: analysis.attribute_words(log.file.file.path))
