"""From rows of a file to a stored event log: steps paired, ordered, and each knowing what came after it.

A stored log is one Parquet file sorted by case, end and file order, a row a completed step:

========== ========================= ====================================================================
case       Categorical               the case
activity   Categorical               the step
start      Datetime µs UTC           null where unknown
end        Datetime µs UTC
resource   Categorical               null where unknown
order      UInt32                    where it stood in the file (what was appended later counts on)
next       Categorical               the step after it in its case, null at the end
arc        Float64                   seconds from this end to the next one's end, null at the end
waiting    Float64                   seconds from this end to the next one's start, null where unknown; may be negative
service    Float64                   seconds from this start to this end, null where unknown
number     UInt32                    of its case, in the order of the rows
turn       UInt32                    how many times its step has happened in its case, this one counted
variant    UInt64                    the same for cases that walk the same path, in every log
lead       Float64                   seconds of its whole case, from its first start (or end) to its last end
touch      Float64                   seconds that somebody worked and nobody did before, by start: adds up to touch time
event:…    Categorical or Float64    what else is known of the event, `case:…` of its case
========== ========================= ====================================================================

Where a file tells of more than starts and ends, the single events are kept beside it in the same shape (`transition` more).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from processes.analysis.filters import bounds

START, COMPLETE = "start", "complete"
OWN: Final = ("case", "activity", "start", "end", "resource", "order")
DERIVED: Final = ("next", "arc", "waiting", "service", "number", "turn", "variant", "lead", "touch")
ATTRIBUTES: Final = ("event:", "case:")
MOST_ACTIVITIES: Final = 2_000
LONGEST: Final = 200  # characters of a name


@dataclass(frozen=True)
class Trouble:
    """A row that cannot be a step: `what` is end_before_start, no_time, no_case, no_activity, long_case, long_activity."""

    row: int
    column: str
    what: str
    value: str = ""


@dataclass(frozen=True)
class Log:
    """`steps` as stored; `events` too where the file tells of more transitions than a step's start and end.

    `paired` says whether starts and ends came in rows of their own; `unfinished` counts begun steps without an end, which
    are no steps yet. `row` numbers of `order` are of the file.
    """

    steps: pl.DataFrame
    events: pl.DataFrame | None = None
    paired: bool = False
    unfinished: int = 0
    trouble: Sequence[Trouble] = field(default=())

    def __len__(self) -> int:
        """How many rows of a file it holds."""
        return len(self.steps if self.events is None else self.events)


def log_from(frame: pl.DataFrame, rows: pl.Series | None = None, *, as_it_happens: bool = False) -> Log:
    """Columns named by their roles as a log. Rows with trouble are told of and left out.

    `as_it_happens`: a start without an end is work in hand; else where only starts are known they stand for the steps.
    `end` or `start` must be there; `resource`, `lifecycle` and `event` (which start belongs to which end) may be.
    """
    numbers = rows if rows is not None else pl.Series("order", range(len(frame)), dtype=pl.UInt32)
    frame = _tidied(frame.with_columns(numbers.cast(pl.UInt32).alias("order")))
    trouble = _troubles(frame)
    if trouble:
        frame = frame.filter(~pl.col("order").is_in([one.row for one in trouble]))
    if "lifecycle" in frame.columns:
        said = frame["lifecycle"].cast(pl.String).str.to_lowercase()
        if (said == COMPLETE).any() or (as_it_happens and (said == START).any()):
            return replace(_from_transitions(frame, said), trouble=trouble)
        frame = frame.rename({"lifecycle": "event:lifecycle"}) if said.is_not_null().any() else frame.drop("lifecycle")
    frame = frame.drop("event", strict=False)
    unfinished = 0
    if frame["end"].null_count():
        if frame["end"].null_count() < len(frame):
            unfinished = frame["end"].null_count()
            frame = frame.filter(pl.col("end").is_not_null())
        else:  # only starts are known: each step is where it began
            frame = frame.with_columns(end=pl.col("start"), start=pl.lit(None, pl.Datetime("us", "UTC")))
    return Log(derived(frame), unfinished=unfinished, trouble=trouble)


def _tidied(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column that a log has, blanks as nothing, texts as numbers of their words."""
    moment = pl.Datetime("us", "UTC")
    missing = [pl.lit(None, moment).alias(name) for name in ("start", "end") if name not in frame.columns]
    if "resource" not in frame.columns:
        missing.append(pl.lit(None, pl.String).alias("resource"))
    frame = frame.with_columns(missing)
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    coded = []
    for name in texts:
        column = frame[name].cast(_words(name))
        blank = frame[name] == ""
        if blank.any():
            column = pl.select(pl.when(~blank).then(column)).to_series().alias(name)
        coded.append(column)
    return frame.with_columns(coded)


def _words(name: str) -> Any:
    """Words of one log only: they are forgotten with it."""
    return pl.Categorical(pl.Categories.random(name.partition(":")[2][:20] or name))


def _longer(frame: pl.DataFrame, name: str) -> dict[str, tuple[str, pl.Expr]]:
    """The question for rows whose name is too long to be one, where there are some; the few different ones are asked."""
    different = frame[name].unique().drop_nulls()
    long = different.filter(different.cast(pl.String).str.len_chars() > LONGEST)
    if not len(long):
        return {}
    return {f"long_{name}": (name, pl.col(name).to_physical().is_in(long.to_physical().implode()))}


def _troubles(frame: pl.DataFrame) -> tuple[Trouble, ...]:
    found: list[Trouble] = []
    wrong = {
        "no_case": ("case", pl.col("case").is_null()),
        "no_activity": ("activity", pl.col("activity").is_null()),
        **_longer(frame, "case"),
        **_longer(frame, "activity"),
        "no_time": ("end", pl.col("start").is_null() & pl.col("end").is_null()),
        "end_before_start": ("end", pl.col("end") < pl.col("start")),
    }
    for what, (column, test) in wrong.items():
        there = frame.filter(test.fill_null(value=False))
        for row, start, end in there.select("order", "start", "end").iter_rows():
            found.append(Trouble(row, column, what, f"{start} – {end}" if what == "end_before_start" else ""))
    return tuple(sorted({one.row: one for one in found}.values(), key=lambda one: one.row))


# --- starts and ends in rows of their own --------------------------------------------------------------------------------


def _from_transitions(frame: pl.DataFrame, said: pl.Series) -> Log:
    at = pl.coalesce("end", "start")
    if (said == COMPLETE).all():  # every row is a step; nothing to pair
        return Log(derived(frame.drop("lifecycle", "event", strict=False).with_columns(at.alias("end"))))
    events = frame.with_columns(at.alias("end"), pl.lit(None, pl.Datetime("us", "UTC")).alias("start"))
    steps, unfinished = paired_steps(events.with_columns(said.alias("lifecycle")))
    raw = derived(events.rename({"lifecycle": "transition", "event": "instance"}, strict=False))
    paired = set(said.unique().drop_nulls().to_list()) <= {START, COMPLETE}
    return Log(derived(steps), raw, paired=paired, unfinished=unfinished)


def paired_steps(events: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Starts and ends as steps, and how many starts found no end.

    By the instance where the file names one; else the first start of a case, a step and a person belongs to the first
    end after it; what is left over pairs without the person. An end without a start is a step whose start is unknown.
    """
    events = events.with_row_index("#")
    starts = events.filter(pl.col("lifecycle") == START)
    ends = events.filter(pl.col("lifecycle") == COMPLETE)
    found: list[pl.DataFrame] = []
    keys: list[list[str]] = [["case", "activity", "resource"], ["case", "activity"]]
    if "event" in events.columns and events["event"].is_not_null().all():
        keys.insert(0, ["case", "activity", "event"])
    for key in keys:
        pairs = _first_to_first(starts, ends, key)
        found.append(pairs)
        starts = starts.filter(~pl.col("#").is_in(pairs["#start"].implode()))
        ends = ends.filter(~pl.col("#").is_in(pairs["#"].implode()))
    pairs = pl.concat(found)
    begun = events.select(pl.col("#").alias("#start"), pl.col("end").alias("start"))
    steps = (
        events.filter(pl.col("lifecycle") == COMPLETE).drop("start", "lifecycle")
        .join(pairs.join(begun, on="#start", how="left"), on="#", how="left", maintain_order="left")
        .drop("#", "#start", "event", strict=False)
    )  # fmt: skip
    return steps, len(starts)


def _first_to_first(starts: pl.DataFrame, ends: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Which start (`#start`) belongs to which end (`#`): a queue for each key, without a loop.

    Count one up at each start and one down at each end: an end at which the count falls to a new low has no start
    before it; the others take the starts in turn.
    """
    both = pl.concat(
        [
            starts.select(*key, "#", at="end", step=pl.lit(1, pl.Int8)),
            ends.select(*key, "#", at="end", step=pl.lit(-1, pl.Int8)),
        ]
    ).sort("at", pl.col("step").neg(), "#")
    level = pl.col("step").cast(pl.Int32).cum_sum().over(key)
    both = both.with_columns(level=level)
    low = pl.min_horizontal(pl.col("level").cum_min().over(key), 0)
    both = both.with_columns(low=low).with_columns(before=pl.col("low").shift(1).over(key).fill_null(0))
    fits = both.filter((pl.col("step") > 0) | (pl.col("low") >= pl.col("before"))).with_columns(
        turn=pl.int_range(pl.len()).over([*key, "step"])
    )
    begin = fits.filter(pl.col("step") > 0).select(*key, "turn", pl.col("#").alias("#start"))
    end = fits.filter(pl.col("step") < 0).select(*key, "turn", "#")
    return end.join(begin, on=[*key, "turn"], how="inner", nulls_equal=True).select("#", "#start")


# --- order, and what follows from it --------------------------------------------------------------------------------------


def derived(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of a log, with everything that follows from the order."""
    frame = _sorted(frame)
    extra = [name for name in frame.columns if name not in (*OWN, *DERIVED)]
    frame = frame.select(*OWN, *extra)
    if not len(frame):
        return frame.with_columns(
            pl.col("activity").alias("next"), pl.lit(None, pl.Float64).alias("arc"),
            pl.lit(None, pl.Float64).alias("waiting"), pl.lit(None, pl.Float64).alias("service"), pl.lit(0, pl.UInt32).alias("number"),
            pl.lit(0, pl.UInt32).alias("turn"), pl.lit(0, pl.UInt64).alias("variant"), pl.lit(None, pl.Float64).alias("lead"), pl.lit(None, pl.Float64).alias("touch"),
        )  # fmt: skip
    case = frame["case"].to_physical().to_numpy()
    first = np.concatenate(([True], case[1:] != case[:-1]))
    begins = np.flatnonzero(first)
    number = (np.cumsum(first) - 1).astype(np.uint32)
    last = pl.Series(np.concatenate((first[1:], [True])))
    begun, ended = bounds(frame, begins, np.append(begins[1:], len(frame)) - 1)
    seconds = pl.col("end").shift(-1) - pl.col("end")
    wait = pl.col("start").shift(-1) - pl.col("end")
    more = pl.lit(~last)
    return frame.with_columns(
        pl.when(more).then(pl.col("activity").shift(-1)).alias("next"),
        pl.when(more).then(seconds.dt.total_microseconds() / 1e6).alias("arc"),
        pl.when(more).then(wait.dt.total_microseconds() / 1e6).alias("waiting"),
        ((pl.col("end") - pl.col("start")).dt.total_microseconds() / 1e6).alias("service"),
        pl.Series("number", number),
        pl.Series("turn", _turns(frame["activity"].to_physical().to_numpy(), number)),
        pl.Series("variant", paths(frame["activity"], begins, number)),
        pl.Series("lead", ((ended - begun) / 1e6)[number]),
        touched(frame, number),
    )


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    """By case (in the order of their first rows), end and file order."""
    case = frame["case"].to_physical().cast(pl.UInt64)
    end = frame["end"].to_physical()
    if not len(frame):
        return frame
    low: Any = end.min()
    high: Any = end.max()
    count, span = len(frame), high - low + 1
    order = frame["order"].cast(pl.UInt64)
    cases, width = _above(case), _above(order)
    if end.is_sorted() and order.is_sorted() and cases * count < 1 << 63:
        key = case * count + pl.Series(np.arange(count, dtype=np.uint64))
    else:
        whole_seconds = (end % 1_000_000).n_unique() == 1
        unit = 1_000_000 if whole_seconds else 1
        steps = (span - 1) // unit + 1
        if cases * steps * width >= 1 << 63:
            by = [pl.col("case").to_physical(), pl.col("end"), pl.col("order")]
            return frame.sort(by, maintain_order=True)
        at = ((end - low) // unit).cast(pl.UInt64)
        key = (case * steps + at) * width + order
    if key.is_sorted():
        return frame
    return frame[key.arg_sort()]


def _above(numbers: pl.Series) -> int:
    highest: Any = numbers.max()
    return 0 if highest is None else int(highest) + 1


def _turns(step: Any, number: Any) -> Any:
    """How many times each row's step has happened in its case so far."""
    width, count = int(step.max()) + 1, len(step)
    pairs = number.astype(np.int64) * width + step
    turns = np.ones(count, dtype=np.uint32)
    if (int(number[-1]) + 1) * width <= 400_000_000:
        rows = np.arange(count, dtype=np.uint32)
        seen = np.zeros((int(number[-1]) + 1) * width, dtype=np.uint32)
        seen[pairs[::-1]] = rows[::-1]  # of several the last one written stays: the first
        again = np.flatnonzero(seen[pairs] != rows)
        del seen
        if not len(again):
            return turns
        return _counted_on(turns, again[np.argsort(pairs[again], kind="stable")], pairs, 2)
    order = np.argsort(pairs, kind="stable")
    return _counted_on(turns, order, pairs, 1)


def _counted_on(turns: Any, order: Any, pairs: Any, since: int) -> Any:
    alike = pairs[order]
    new = np.concatenate(([True], alike[1:] != alike[:-1]))
    begin = np.flatnonzero(new)
    turns[order] = np.arange(len(order)) - np.repeat(begin, np.diff(np.append(begin, len(order)))) + since
    return turns


def paths(activity: pl.Series, begins: Any, number: Any) -> Any:
    """A number for each row's path, made of its words and their places: the same in every log and on every day."""
    words = activity.unique()
    codes = activity.to_physical().to_numpy()
    seeds = np.zeros(int(codes.max()) + 1, dtype=np.uint64)
    seeds[words.to_physical().to_numpy()] = [_seed(word) for word in words.cast(pl.String).to_list()]
    place = np.arange(len(codes), dtype=np.uint64) - begins.astype(np.uint64)[number]
    mixed = _mixed(seeds[codes] + (place + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
    return np.add.reduceat(mixed, begins)[number]


def _seed(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def _mixed(value: Any) -> Any:
    """Splitmix64 (Steele, Lea, Flood 2014), in place."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def touched(frame: pl.DataFrame, number: Any) -> pl.Series:
    """For each row the seconds of its work in which nobody had worked on the case yet; they add up to the union."""
    if frame["start"].null_count() == len(frame):
        return pl.repeat(None, len(frame), dtype=pl.Float64, eager=True).alias("touch")
    start, end = frame["start"].to_physical(), frame["end"].to_physical()
    plain = (pl.select(start >= end.shift(1)).to_series() | pl.Series(np.diff(number, prepend=-1) != 0)).fill_null(
        value=False
    )
    whole = (end - start).cast(pl.Float64) / 1e6
    if plain.all():
        return whole.alias("touch")
    rest = pl.Series("number", number).filter(~plain).unique()
    doubtful = np.zeros(int(number[-1]) + 1, dtype=bool)
    doubtful[rest.to_numpy()] = True
    mask = pl.Series(doubtful[number])
    index = mask.arg_true()
    part = pl.DataFrame(
        {"#": index, "n": number[index.to_numpy()], "start": start.gather(index), "end": end.gather(index)}
    )
    part = part.sort("n", "start", "end", "#", nulls_last=True).with_columns(
        before=pl.when(pl.col("start").is_not_null()).then(pl.col("end")).cum_max().shift(1).over("n")
    )
    new = pl.col("end") - pl.max_horizontal("start", "before")
    part = part.select("#", touch=pl.when(pl.col("start").is_not_null()).then(pl.max_horizontal(new, 0) / 1e6))
    return whole.scatter(part["#"], part["touch"]).alias("touch")


# --- keeping -------------------------------------------------------------------------------------------------------------


def write(frame: pl.DataFrame, path: str | Path) -> None:
    frame.write_parquet(path, compression="lz4", row_group_size=1 << 20, statistics=False)


def read(path: str | Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    return pl.read_parquet(path, columns=list(columns) if columns is not None else None)


def grown(old: Log, more: Log) -> tuple[Log, int]:
    """One log out of two, and how many rows were new: what is there already changes nothing."""
    if old.events is None and more.events is None:
        steps, fresh = appended(old.steps, more.steps)
        return Log(steps), fresh
    raw, fresh = appended(as_events(old), as_events(more))
    if not fresh:
        return old, 0
    told = raw.drop(DERIVED, strict=False).rename({"instance": "event"}, strict=False)
    said = told["transition"].cast(pl.String).str.to_lowercase()
    steps, unfinished = paired_steps(told.drop("transition").with_columns(said.alias("lifecycle")))
    return Log(derived(_tidied(steps)), raw, paired=old.paired and more.paired, unfinished=unfinished), fresh


def as_events(log: Log) -> pl.DataFrame:
    """The starts and ends of a log's steps as single events, where it holds no others."""
    if log.events is not None:
        return log.events
    rows = log.steps.drop(DERIVED, strict=False).with_columns(pl.col("order") * 2)
    ends = rows.with_columns(
        start=pl.lit(None, pl.Datetime("us", "UTC")), transition=pl.lit(COMPLETE), order=pl.col("order") + 1
    )
    starts = rows.filter(pl.col("start").is_not_null()).with_columns(
        end=pl.col("start"), start=pl.lit(None, pl.Datetime("us", "UTC")), transition=pl.lit(START)
    )
    return derived(_tidied(pl.concat([starts, ends])))


def appended(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows of both. Of several that are alike, as many are kept as the one has that has more of them: a file that
    holds everything again adds what it holds more."""
    key = [name for name in ("case", "activity", "start", "end", "resource", "transition") if name in old.columns]
    renamed = {name: _spelt(name, old.columns) for name in new.columns if name.startswith(ATTRIBUTES)}
    counted = [
        one.drop(DERIVED, strict=False)
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
        .with_columns(pl.int_range(pl.len()).over(key).alias("#turn"))
        for one in (old, new.rename(renamed))
    ]
    fresh = (
        counted[1].sort("order")
        .join(counted[0].select(*key, "#turn"), on=[*key, "#turn"], how="anti", nulls_equal=True, maintain_order="left")
    )  # fmt: skip
    if not len(fresh):
        return old, 0
    highest = _above(old["order"])
    fresh = fresh.with_columns(pl.Series("order", np.arange(highest, highest + len(fresh)), dtype=pl.UInt32))
    kinds = {
        name: pl.String for name in fresh.columns
        if name in counted[0].columns and fresh.schema[name] != counted[0].schema[name]
    }  # fmt: skip
    whole = pl.concat([one.cast(kinds) for one in (counted[0], fresh)], how="diagonal").drop("#turn")  # type: ignore[arg-type]
    return derived(_tidied(whole)), len(fresh)


def _spelt(name: str, known: Sequence[str]) -> str:
    """An attribute as the log calls it, whether it is told of a case or of an event."""
    rest = name.partition(":")[2]
    return next((other for other in (name, f"case:{rest}", f"event:{rest}") if other in known), name)
