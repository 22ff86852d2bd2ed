"""The real map of a log: its steps and arcs with how often and how long, its paths, its cases, its rework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Literal

from opsboard.core.analysis.worktime import Worktime
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.filters import Filter, bounds, filtered
from processes.analysis.spreads import Spread, each_spread, small, spreads

MAP_COLUMNS = ("activity", "next", "arc", "service", "number", "turn")
WORKTIME_COLUMNS = (*MAP_COLUMNS, "start", "end")
SHOWN_STEPS = 25
MOST_TIED = 2000  # paths with as many cases as others are put into the order of the alphabet
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Activity:
    name: str
    count: int
    cases: int
    service: Spread | None = None

    def packed(self) -> dict[str, Any]:
        given = {"name": self.name, "count": self.count, "cases": self.cases}
        return given | {"service": self.service.packed()} if self.service else given


@dataclass(frozen=True)
class Arc:
    """How often one step came directly after another, and the seconds from end to end."""

    source: str
    target: str
    count: int
    mean: float
    median: float
    min: float
    max: float
    p90: float

    def packed(self) -> dict[str, Any]:
        given = asdict(self)
        return {"from": given.pop("source"), "to": given.pop("target"), **given}


@dataclass(frozen=True)
class ProcessMap:
    """`coverage` is the share of cases of which every step and arc is on the map."""

    cases: int
    events: int
    activities: tuple[Activity, ...]
    arcs: tuple[Arc, ...]
    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    coverage: float = 1.0
    all_activities: int = 0
    all_arcs: int = 0

    def packed(self) -> dict[str, Any]:
        """As the API says it."""
        return {
            "cases": self.cases, "events": self.events,
            "activities": [one.packed() for one in self.activities],
            "arcs": [one.packed() for one in self.arcs],
            "start_activities": self.starts, "end_activities": self.ends, "coverage": self.coverage,
        }  # fmt: skip


def process_map(log: pl.DataFrame, wanted: Filter | None = None, *, worktime: Worktime | None = None) -> ProcessMap:
    """Everything that happened, the frequent first. With `worktime` all seconds are working time."""
    frame = filtered(log, wanted) if wanted else log
    if not len(frame):
        return ProcessMap(0, 0, (), ())
    first, last = edges(frame)
    arcs = arcs_of(frame, worktime)
    return ProcessMap(
        cases=len(first),
        events=len(frame),
        activities=activities_of(frame, worktime),
        arcs=arcs,
        all_arcs=len(arcs),
        starts=_counted(frame["activity"].gather(first)),
        ends=_counted(frame["activity"].gather(last)),
        all_activities=frame["activity"].n_unique(),
    )


def edges(frame: pl.DataFrame) -> tuple[Any, Any]:
    """The places of the first and of the last row of each case."""
    number = frame["number"].to_numpy()
    turns = np.flatnonzero(number[1:] != number[:-1])
    return np.concatenate(([0], turns + 1)), np.append(turns, len(number) - 1)


def _counted(column: pl.Series) -> dict[str, int]:
    counts = column.cast(pl.String).alias("name").value_counts().sort(["count", "name"], descending=[True, False])
    return dict(counts.iter_rows())


def activities_of(frame: pl.DataFrame, worktime: Worktime | None = None) -> tuple[Activity, ...]:
    names = names_of(frame["activity"])
    width = max(names) + 1
    service: Any = "service"
    if worktime is not None:
        service = pl.Series(worktime.between(_at(frame["start"]), _at(frame["end"]))).fill_nan(None)
    rows = frame.lazy().select(
        pl.col("activity").to_physical().cast(small(width)).alias("group"),
        (pl.col(service) if isinstance(service, str) else pl.lit(service)).alias("value"),
        (pl.col("turn") == 1).alias("first"),
    )
    told = rows.group_by("group").agg(pl.len(), pl.col("first").sum(), *each_spread()).collect()
    found = [
        Activity(names[code], count, cases, Spread(*spread) if spread[0] else None)
        for code, count, cases, *spread in told.iter_rows()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.name)))


def names_of(column: pl.Series) -> dict[int, str]:
    words = column.unique().drop_nulls()
    return dict(zip(words.to_physical().to_list(), words.cast(pl.String).to_list(), strict=True))


def _at(column: pl.Series) -> Any:
    return column.dt.replace_time_zone(None).to_numpy()


def arcs_of(frame: pl.DataFrame, worktime: Worktime | None = None, of: str = "arc") -> tuple[Arc, ...]:
    """Each arc with the spread of its seconds; `of` names the column (`waiting`: from an end to the next start)."""
    names = names_of(frame["activity"])
    width = max(names) + 1
    kind = small(width * width)
    seconds = pl.col(of)
    if worktime is not None:
        until = worktime.until(_at(frame["end"]))
        seconds = pl.lit(pl.Series(np.append(until[1:], 0.0) - until))
    source, target = (pl.col(name).to_physical().cast(kind) for name in ("activity", "next"))
    table = spreads(frame.lazy().select((source * width + target).alias("group"), seconds.alias("value")))
    found = [
        Arc(names[pair // width], names[pair % width], one.count, one.mean, one.median, one.min, one.max, one.p90)
        for pair, one in table.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.source, one.target)))


# --- less detail ---------------------------------------------------------------------------------------------------------

BEGIN, FINISH = "\x02", "\x03"  # before the first and after the last step; no step can be called so


def simplified(whole: ProcessMap, log: pl.DataFrame, *, steps: int = SHOWN_STEPS, share: float = 0.9) -> ProcessMap:
    """The map with at most so many steps and the most frequent arcs, which carry this share of all that was walked.

    Every step that is kept stays reachable from a beginning, and an end from it. `log` holds the same cases: it says
    which share of them is on the map from their first step to their last.
    """
    counts = {one.name: one.count for one in whole.activities}
    flows = {(one.source, one.target): one.count for one in whole.arcs}
    flows |= {(BEGIN, name): count for name, count in whole.starts.items()}
    flows |= {(name, FINISH): count for name, count in whole.ends.items()}
    out = _widest(flows, BEGIN)
    back = _widest({(target, source): count for (source, target), count in flows.items()}, FINISH)
    kept: set[str] = set()
    needed: set[tuple[str, str]] = set()
    for name in sorted(counts, key=lambda one: (-counts[one], one)):
        way = _way(out, name)
        way += [(target, source) for source, target in _way(back, name)]
        met = {one for pair in way for one in pair if one not in (BEGIN, FINISH)} | {name}
        if len(kept | met) > steps:
            continue
        kept |= met
        needed |= set(way)
    within = {
        pair: count for pair, count in flows.items() if all(one in kept or one in (BEGIN, FINISH) for one in pair)
    }
    total, so_far = sum(within.values()), 0
    for pair in sorted(within, key=lambda one: (-within[one], one)):
        if so_far >= share * total:
            break
        needed.add(pair)
        so_far += within[pair]
    return replace(
        whole,
        activities=tuple(one for one in whole.activities if one.name in kept),
        arcs=tuple(one for one in whole.arcs if (one.source, one.target) in needed),
        starts={name: count for name, count in whole.starts.items() if (BEGIN, name) in needed},
        ends={name: count for name, count in whole.ends.items() if (name, FINISH) in needed},
        coverage=_covered(log, kept, needed),
        all_activities=len(whole.activities),
        all_arcs=len(whole.arcs),
    )


def _widest(flows: dict[tuple[str, str], int], root: str) -> dict[str, str]:
    """For each step the one before it on the way from the root whose thinnest arc is the thickest (Dijkstra)."""
    onward: dict[str, list[tuple[str, int]]] = {}
    for (source, target), count in flows.items():
        onward.setdefault(source, []).append((target, count))
    before: dict[str, str] = {}
    done: set[str] = set()
    heap: list[tuple[int, int, str, str]] = [(-(1 << 62), 0, root, "")]
    while heap:
        width, length, name, came = heappop(heap)
        if name in done:
            continue
        done.add(name)
        before[name] = came
        for target, count in onward.get(name, ()):
            if target not in done:
                heappush(heap, (max(width, -count), length + 1, target, name))
    return before


def _way(before: dict[str, str], name: str) -> list[tuple[str, str]]:
    way = []
    while before.get(name):
        way.append((before[name], name))
        name = before[name]
    return way


def _covered(log: pl.DataFrame, kept: set[str], arcs: set[tuple[str, str]]) -> float:
    if not len(log):
        return 1.0
    words = names_of(log["activity"])
    width = max(words) + 1
    shown = np.zeros((width, width + 1), dtype=bool)
    for source, one in words.items():
        if one in kept:
            shown[source, width] = (one, FINISH) in arcs
            for target, other in words.items():
                shown[source, target] = (one, other) in arcs
    follow = log["next"].to_physical().fill_null(width).to_numpy()
    fine = shown[log["activity"].to_physical().to_numpy(), follow]
    first, _last = edges(log)
    begins = np.array([(BEGIN, words.get(code, "")) in arcs for code in range(width)])
    whole = np.logical_and.reduceat(fine, first) & begins[log["activity"].to_physical().to_numpy()[first]]
    return float(whole.mean())


# --- paths and cases -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """A path that cases walk; `share` of all cases, `lead` seconds from first to last."""

    key: int
    cases: int
    share: float
    trace: tuple[str, ...]
    mean: float
    median: float

    def packed(self) -> dict[str, Any]:
        return {
            "variant": f"{self.key:016x}", "cases": self.cases, "share": self.share, "trace": list(self.trace),
            "duration": {"mean": self.mean, "median": self.median},
        }  # fmt: skip


def variant_counts(frame: pl.DataFrame) -> pl.DataFrame:
    """Each path: `variant`, `cases`, `row` (where one of its cases begins), `mean` and `median` of their seconds."""
    first, _last = edges(frame)
    cases = pl.DataFrame(
        {"variant": frame["variant"].to_numpy()[first], "row": first.astype(np.int64), "lead": leads(frame, first)}
    )
    return (
        cases.group_by("variant")
        .agg(pl.len().alias("cases"), pl.col("row").min(), pl.col("lead").mean().alias("mean"), pl.col("lead").median().alias("median"))
        .sort(["cases", "row"], descending=[True, False])
    )  # fmt: skip


def variants(
    log: pl.DataFrame, wanted: Filter | None = None, *, at: int = 0, count: int = 20
) -> tuple[list[Variant], int]:
    """The most walked paths, and how many there are. Of paths with as many cases the first in the alphabet comes first."""
    frame = filtered(log, wanted) if wanted else log
    if not len(frame):
        return [], 0
    table = variant_counts(frame)
    part, before = table.slice(at, count), at
    if not len(part):
        return [], len(table)
    tied = table.filter(pl.col("cases").is_between(part["cases"][-1], part["cases"][0]))
    if len(tied) <= MOST_TIED:
        part, before = tied, int((table["cases"] > part["cases"][0]).sum())
    total = int(table["cases"].sum())
    found = []
    number, names = frame["number"], frame["activity"]
    for key, cases, row, mean, median in part.select("variant", "cases", "row", "mean", "median").iter_rows():
        stop = int(number.search_sorted(number[row], "right"))
        trace = tuple(names.slice(row, stop - row).cast(pl.String).to_list())
        found.append(Variant(key, cases, cases / total, trace, mean, median))
    found.sort(key=lambda one: (-one.cases, one.trace))
    return found[at - before : at - before + count], len(table)


@dataclass(frozen=True)
class Case:
    case: str
    events: int
    started: datetime
    ended: datetime
    duration: float
    variant: int

    def packed(self) -> dict[str, Any]:
        return {**asdict(self), "variant": f"{self.variant:016x}"}


type Order = Literal["-duration", "duration", "-started", "started", "-events", "case"]


def leads(log: pl.DataFrame, first: Any = None) -> Any:
    """The lead time of each case in seconds, in the order of their numbers."""
    return log["lead"].to_numpy()[edges(log)[0] if first is None else first]


def cases(
    log: pl.DataFrame, wanted: Filter | None = None, *, at: int = 0, count: int = 50, order: Order = "-duration"
) -> tuple[list[Case], int]:
    """Some cases, in this order, and how many there are."""
    frame = filtered(log, wanted) if wanted else log
    if not len(frame):
        return [], 0
    first, last = edges(frame)
    begun, ended = bounds(frame, first, last)
    table = pl.DataFrame(
        {"first": first, "events": last - first + 1, "started": begun, "ended": ended, "duration": ended - begun}
    ).with_row_index("#")
    by = order.removeprefix("-")
    if by == "case":
        table = table.with_columns(case=frame["case"].gather(first).cast(pl.String))
    part = table.sort([by, "#"], descending=[order.startswith("-"), False]).slice(at, count)
    found = [
        Case(
            str(frame["case"][row]), events, EPOCH + timedelta(microseconds=begin), EPOCH + timedelta(microseconds=end),
            length / 1e6, int(frame["variant"][row]),
        )
        for row, events, begin, end, length in part.select("first", "events", "started", "ended", "duration").iter_rows()
    ]  # fmt: skip
    return found, len(table)


def case_rows(log: pl.DataFrame, case: str) -> pl.DataFrame:
    """The steps of one case."""
    return filtered(log, Filter(cases=(case,)))


# --- rework --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rework:
    """Cases that repeat a step, each step with its cases, and how often a step follows itself."""

    cases: int
    per_activity: dict[str, int]
    self_loops: int

    def packed(self) -> dict[str, Any]:
        return {
            "cases_repeating_an_activity": self.cases, "cases_per_activity": self.per_activity,
            "self_loops": self.self_loops,
        }  # fmt: skip


def rework(log: pl.DataFrame, wanted: Filter | None = None) -> Rework:
    frame = filtered(log, wanted) if wanted else log
    if not len(frame):
        return Rework(0, {}, 0)
    second = frame.filter(pl.col("turn") == 2)
    loops = int((frame["activity"].to_physical() == frame["next"].to_physical()).sum())
    return Rework(second["number"].n_unique(), _counted(second["activity"]), loops)


def quantiles(values: Any, at: Sequence[float]) -> list[float]:
    """By linear interpolation."""
    return [float(one) for one in np.quantile(values, at)] if len(values) else [0.0 for _ in at]
