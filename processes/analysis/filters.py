"""Which cases of a log are looked at: conditions that combine, as one value that fits into an address."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl

type When = Literal["started", "ended", "active"]
WHENS = ("started", "ended", "active")


class BadFilter(ValueError):
    """`name` is what is wrong in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclass(frozen=True)
class Filter:
    """A case is looked at when it meets every condition that is set.

    `since` and `until` (half-open) bound when it began, ended or was active; `variants` are its path's numbers;
    `touched`: it has all of these steps, `untouched`: none of them; `follows`: one step comes directly after another;
    `attributes`: some event of it has one of these values; `longer` and `shorter` bound its lead time in seconds;
    `resources`: one of these people worked on it; `cases`: it is one of these.
    """

    since: datetime | None = None
    until: datetime | None = None
    when: When = "started"
    variants: tuple[int, ...] = ()
    touched: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()
    follows: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    longer: float | None = None
    shorter: float | None = None
    resources: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Filter()

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns of the log that it asks."""
        columns: set[str] = set()
        if self.since or self.until:
            columns |= {"start", "end"}
        if self.longer is not None or self.shorter is not None:
            columns |= {"lead"}
        if self.variants:
            columns |= {"variant"}
        if self.touched or self.untouched or self.follows:
            columns |= {"activity"}
        if self.follows:
            columns |= {"next"}
        if self.resources:
            columns |= {"resource"}
        if self.cases:
            columns |= {"case"}
        return (*sorted(columns), *self.attributes)

    def packed(self) -> dict[str, Any]:
        """As JSON, without what is not set."""
        given: dict[str, Any] = {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "when": self.when if self.when != "started" else None,
            "variants": [f"{one:016x}" for one in self.variants],
            "touched": list(self.touched), "untouched": list(self.untouched),
            "follows": [list(pair) for pair in self.follows],
            "attributes": {name: list(values) for name, values in self.attributes.items()},
            "longer": self.longer, "shorter": self.shorter,
            "resources": list(self.resources), "cases": list(self.cases),
        }  # fmt: skip
        return {name: value for name, value in given.items() if value not in (None, [], {})}

    def text(self) -> str:
        """For the query of an address: the same filter always reads the same."""
        packed = self.packed()
        return json.dumps(packed, ensure_ascii=False, separators=(",", ":"), sort_keys=True) if packed else ""

    @classmethod
    def unpacked(cls, packed: Any) -> Filter:
        """Raises `BadFilter` with the name of what is wrong."""
        if not isinstance(packed, dict):
            raise BadFilter("filter")
        known = {
            "since": _moment, "until": _moment, "when": _when, "variants": _paths, "touched": _texts,
            "untouched": _texts, "follows": _pairs, "attributes": _attributes, "longer": _seconds, "shorter": _seconds,
            "resources": _texts, "cases": _texts,
        }  # fmt: skip
        given: dict[str, Any] = {}
        for name, value in packed.items():
            if name not in known:
                raise BadFilter(str(name)[:60])
            if value is not None:
                try:
                    given[name] = known[name](value)
                except (ValueError, TypeError, AttributeError, OverflowError) as fault:
                    raise BadFilter(name) from fault
        return cls(**given)

    @classmethod
    def from_text(cls, text: str) -> Filter:
        if not text.strip():
            return cls()
        try:
            return cls.unpacked(json.loads(text))
        except (json.JSONDecodeError, RecursionError) as fault:
            raise BadFilter("filter") from fault


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _when(value: str) -> When:
    if value not in WHENS:
        raise ValueError
    return value  # type: ignore[return-value]


def _texts(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError
    return tuple(given)


def _paths(value: Any) -> tuple[int, ...]:
    found = tuple(int(one, 16) for one in _texts(value))
    if any(one < 0 or one >= 1 << 64 for one in found):
        raise ValueError
    return found


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    found = tuple((first, second) for first, second in value)
    if not all(isinstance(one, str) for pair in found for one in pair):
        raise ValueError
    return found


def _attributes(value: Any) -> dict[str, tuple[str, ...]]:
    found = {str(name): _texts(values) for name, values in value.items()}
    if not all(name.startswith(("event:", "case:")) for name in found):
        raise ValueError
    return found


def _seconds(value: Any) -> float:
    found = float(value)
    if not -1e12 < found < 1e12:
        raise ValueError
    return found


def chosen(frame: pl.DataFrame, wanted: Filter) -> Any:
    """For each case of a log (by `number`) whether it is looked at. Unknown attributes raise `BadFilter`."""
    number = frame["number"].to_numpy()
    count = int(number[-1]) + 1 if len(number) else 0
    keep = np.ones(count, dtype=bool)
    begins = np.flatnonzero(np.diff(number, prepend=np.int64(-1))) if count else np.zeros(0, dtype=np.int64)
    last = np.append(begins[1:], len(number)) - 1 if count else begins

    def having(mask: pl.Series) -> Any:
        found = np.zeros(count, dtype=bool)
        found[number[mask.fill_null(value=False).to_numpy()]] = True
        return found

    if wanted.since or wanted.until:
        keep &= _within(frame, wanted, begins, last)
    if wanted.longer is not None:
        keep &= frame["lead"].to_numpy()[begins] >= wanted.longer
    if wanted.shorter is not None:
        keep &= frame["lead"].to_numpy()[begins] <= wanted.shorter
    if wanted.variants:
        keep &= np.isin(frame["variant"].to_numpy()[begins], np.array(wanted.variants, dtype=np.uint64))
    for step in wanted.touched:
        keep &= having(_is(frame["activity"], [step]))
    if wanted.untouched:
        keep &= ~having(_is(frame["activity"], wanted.untouched))
    for first, second in wanted.follows:
        keep &= having(_is(frame["activity"], [first]) & _is(frame["next"], [second]))
    for name, values in wanted.attributes.items():
        if name not in frame.columns:
            raise BadFilter(name)
        column = frame[name]
        keep &= having(_is(column if isinstance(column.dtype, pl.Categorical) else column.cast(pl.String), values))
    if wanted.resources:
        keep &= having(_is(frame["resource"], wanted.resources))
    if wanted.cases:
        keep &= having(_is(frame["case"], wanted.cases))
    return keep


def _is(column: pl.Series, values: Sequence[str]) -> pl.Series:
    """Whether each word is one of these: the few different words are asked, not the many rows."""
    if not isinstance(column.dtype, pl.Categorical):
        return column.is_in(list(values))
    words = column.unique().drop_nulls()
    codes = words.to_physical().filter(words.cast(pl.String).is_in(list(values)))
    return column.to_physical().is_in(codes.implode())


def _within(frame: pl.DataFrame, wanted: Filter, begins: Any, last: Any) -> Any:
    begun, ended = bounds(frame, begins, last)
    keep = np.ones(len(begins), dtype=bool)
    since = _micro(wanted.since) if wanted.since else None
    until = _micro(wanted.until) if wanted.until else None
    low = {"started": begun, "ended": ended, "active": ended}[wanted.when]
    high = {"started": begun, "ended": ended, "active": begun}[wanted.when]
    if since is not None:
        keep &= low >= since
    if until is not None:
        keep &= high < until
    return keep


def bounds(frame: pl.DataFrame, begins: Any, last: Any) -> tuple[Any, Any]:
    """When each case began (its first known start, or its first end) and ended, in microseconds."""
    end = frame["end"].to_physical().to_numpy()
    begun, ended = end[begins], end[last]
    if "start" in frame.columns and frame["start"].null_count() < len(frame):
        start = frame["start"].to_physical().fill_null(np.iinfo(np.int64).max).to_numpy()
        begun = np.minimum(begun, np.minimum.reduceat(start, begins)) if len(begins) else begun
    return begun, ended


def _micro(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)


def filtered(frame: pl.DataFrame, wanted: Filter) -> pl.DataFrame:
    """The rows of the cases that are looked at, their cases numbered anew."""
    if not wanted:
        return frame
    keep = chosen(frame, wanted)
    if keep.all():
        return frame
    number = frame["number"].to_numpy()
    rows = frame.filter(pl.Series(keep[number]))
    anew = (np.cumsum(keep) - 1).astype(np.uint32)
    return rows.with_columns(pl.Series("number", anew[rows["number"].to_numpy()]))
