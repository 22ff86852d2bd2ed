"""Reading XES: the format in which process mining tools exchange event logs (IEEE 1849).

Two readers give the same columns. The quick one takes what tools write — an attribute an element, values in double
quotation marks, nothing nested — and cuts whole blocks of text into columns. The careful one (expat) takes everything
else and says what is wrong with it. Entities are never resolved: a file that declares some is refused.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Final
from xml.parsers import expat

from django.utils.translation import gettext_noop as _

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from opsboard.core.uploads import UploadError
from opsboard.core.uploads.complaints import EMPTY, TOO_LARGE, Complaints
from opsboard.core.uploads.moment_columns import read_moments

NOT_XML = _("This is not XML that can be read: line %(line)s, %(fault)s. Export the log again and try once more.")
NOT_XES = _("This is XML, but no XES event log: it has no <log> element.")
ENTITIES = _("The file declares XML entities. They can hide other files and are never resolved, so it was not read.")
TOO_DEEP = _("The elements of the file are nested more than %(limit)s deep; no event log is.")
NO_TRACES = _("The log has no traces, so there is no case in it.")
NO_EVENTS = _("The log has traces, but no event in them.")
NO_TIMES = _("No event of the log has a time (time:timestamp) that can be read.")
NO_STEPS = _("No event of the log has a name (concept:name) that says which step it is.")
TOO_MANY_EVENTS = _("The log has more than %(limit)s events. Split it into smaller files.")
BAD_GZIP = _("The packed file (.gz) is damaged and can't be unpacked.")

DEEPEST: Final = 60
MOST_ATTRIBUTES: Final = 60
BLOCK: Final = 1 << 24
KINDS: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})
NUMBERS: Final = frozenset({"int", "float"})
ROLES: Final = {
    "concept:name": "activity", "time:timestamp": "end", "org:resource": "resource",
    "lifecycle:transition": "lifecycle", "concept:instance": "event", "start_timestamp": "start",
}  # fmt: skip


@dataclass(frozen=True)
class Read:
    """Columns by their roles, as `logs.log_from` takes them; `rows` number the events of the file from 1.

    `outside` counts events that belong to no trace, `untimed` and `unnamed` those without time or step; these are left out.
    """

    frame: pl.DataFrame
    rows: pl.Series
    outside: int = 0
    untimed: int = 0
    unnamed: int = 0
    dropped: tuple[str, ...] = ()  # attributes beyond the most that are kept


@dataclass
class Found:
    """What a reader found: each event's trace, and for each key the events that have it and their values."""

    trace: Any  # of each event
    traces: int
    events: dict[str, tuple[str, list[Any], list[Any]]] = field(default_factory=dict)
    cases: dict[str, tuple[str, list[Any], list[Any]]] = field(default_factory=dict)
    outside: int = 0
    classifier: tuple[str, ...] = ()


def looks_like_xes(name: str, head: bytes) -> bool:
    plain = name.lower().removesuffix(".gz")
    return plain.endswith(".xes") or (b"<log" in head[:4096] and head.lstrip()[:1] == b"<")


def read_xes(
    file: bytes | str | Path | IO[bytes], *, max_bytes: int, max_events: int = 10_000_000, quick: bool = True
) -> Read:
    """A log (.xes, .xes.gz) as columns. Raises `UploadError` with a sentence."""
    content = _content(file, max_bytes)
    if not content.strip():
        raise UploadError(EMPTY)
    found = _quickly(content, max_events) if quick else None
    if found is None:
        found = _carefully(content, max_events)
    del content
    return _columns(found)


def _content(file: bytes | str | Path | IO[bytes], limit: int) -> bytes:
    if isinstance(file, bytes):
        content = file
    elif isinstance(file, str | Path):
        content = Path(file).read_bytes()
    else:
        content = file.read(limit + 1)
    if content.startswith(b"\x1f\x8b"):
        try:
            parts, size, unpack = [], 0, zlib.decompressobj(31)
            for at in range(0, len(content), 1 << 20):
                block = unpack.decompress(content[at : at + (1 << 20)], limit + 1 - size)
                size += len(block)
                parts.append(block)
                if size > limit or unpack.unconsumed_tail:
                    raise UploadError(TOO_LARGE, limit=limit // 1_000_000)
                if unpack.unused_data:  # several packed files in one
                    return _checked(gzip.decompress(content) if len(content) < limit // 20 else b"", limit)
            if not unpack.eof:
                raise UploadError(BAD_GZIP)
        except (zlib.error, OSError, EOFError) as fault:
            raise UploadError(BAD_GZIP) from fault
        content = b"".join(parts)
    return _checked(content, limit)


def _checked(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise UploadError(TOO_LARGE, limit=limit // 1_000_000)
    return content


# --- the quick reader ----------------------------------------------------------------------------------------------------


class _Unusual(Exception):
    """Something that the quick reader leaves to the careful one."""


_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)", re.IGNORECASE)


def _quickly(content: bytes, max_events: int) -> Found | None:
    first = content.find(b"<trace>")
    if first < 0:
        return None
    head = content[:first]
    said = _DECLARED.search(head[:200])
    end = content.rstrip()[-6:] if len(content) < 1 << 20 else content[-4096:].rstrip()[-6:]
    if (said and said[1].lower() not in (b"utf-8", b"ascii", b"us-ascii")) or end != b"</log>" or b"<!D" in head:
        return None
    if not _head_is_sound(content[:first]) or any(content.find(one, first) >= 0 for one in (b"<!", b"<?")):
        return None
    edges = [first]
    while edges[-1] + BLOCK < len(content) and (cut := content.find(b"<trace>", edges[-1] + BLOCK)) > 0:
        edges.append(cut)
    edges.append(len(content))
    try:
        with ThreadPoolExecutor(2) as beside:
            parts = list(beside.map(lambda pair: _block(content[pair[0] : pair[1]]), pairwise(edges)))
    except (_Unusual, UnicodeDecodeError, pl.exceptions.PolarsError):
        return None
    if sum(part.events for part in parts) > max_events:
        raise UploadError(TOO_MANY_EVENTS, limit=max_events)
    return _joined(parts, _classifier(head))


def _head_is_sound(head: bytes) -> bool:
    """Whether what stands before the first trace is the beginning of a log in sound XML."""
    parser, seen = expat.ParserCreate(), []
    parser.StartElementHandler = lambda name, _given: seen.append(name)
    try:
        parser.Parse(head, False)
    except expat.ExpatError:
        return False
    return bool(seen) and seen[0] == "log" and "event" not in seen


def _classifier(head: bytes) -> tuple[str, ...]:
    found = re.search(rb'<classifier[^>]*keys="([^"]*)"', head)
    return tuple(found[1].decode("utf-8", "replace").split()) if found else ()


@dataclass
class _Block:
    events: int
    traces: int
    trace: Any
    attributes: pl.DataFrame  # kind, key, value, place (of its event or trace), inner (of an event)


def _block(content: bytes) -> _Block:
    """The traces of a block of text. What begins with `<` is one piece; an attribute is cut at its quotation marks."""
    pieces = pl.Series([content.decode()]).str.split("<").explode().slice(1)
    part = pieces.str.splitn('"', 5).struct.unnest()
    part.columns = ["tag", "key", "middle", "value", "rest"]
    plain = part["key"].is_null()
    tags = part["tag"].str.strip_chars_end(" \t\r\n")
    opens_event, ends_event = tags == "event>", tags == "/event>"
    opens_trace, ends_trace = tags == "trace>", tags == "/trace>"
    known = opens_event | ends_event | opens_trace | ends_trace | (tags == "/log>")
    kind = part["tag"].str.strip_suffix(" key=")
    attribute = (
        kind.is_in(list(KINDS)) & (part["tag"].str.ends_with(" key="))
        & (part["middle"] == " value=") & part["rest"].str.strip_chars_end(" \t\r\n").is_in(["/>", " />"])
    ).fill_null(value=False)  # fmt: skip
    if not pl.select(pl.when(plain).then(known).otherwise(attribute)).to_series().all():
        raise _Unusual
    event, trace = opens_event.cast(pl.Int32).cum_sum(), opens_trace.cast(pl.Int32).cum_sum()
    within_event = event - ends_event.cast(pl.Int32).cum_sum()
    within_trace = trace - ends_trace.cast(pl.Int32).cum_sum()
    orderly = (
        within_event.is_between(0, 1).all() and within_trace.is_between(0, 1).all() and within_event[-1] == 0
        and within_trace[-1] == 0 and not ((within_event == 1) & (within_trace == 0)).any()
        and not (attribute & (within_trace == 0)).any() and (tags == "/log>").sum() <= 1
    )  # fmt: skip
    if not orderly:
        raise _Unusual
    inner = within_event == 1
    attributes = pl.DataFrame(
        {"kind": kind, "key": part["key"], "value": part["value"], "inner": inner,
         "place": pl.select(pl.when(inner).then(event).otherwise(trace) - 1).to_series()}
    ).filter(attribute)  # fmt: skip
    return _Block(int(event[-1]), int(trace[-1]), (trace.filter(opens_event) - 1).to_numpy(), attributes)


def _joined(parts: list[_Block], classifier: tuple[str, ...]) -> Found:
    before = np.cumsum([0, *(part.traces for part in parts)])
    found = Found(
        np.concatenate([part.trace + before[at] for at, part in enumerate(parts)]), int(before[-1]),
        classifier=classifier,
    )  # fmt: skip
    events = 0
    for at, part in enumerate(parts):
        for (inner, key), rows in part.attributes.group_by("inner", "key", maintain_order=True):
            kinds = rows["kind"]
            kind = kinds[0] if (kinds == kinds[0]).all() else "string"
            there = found.events if inner else found.cases
            was, places, values = there.setdefault(unescape(str(key)), (kind, [], []))
            if was != kind:
                there[unescape(str(key))] = ("string", places, values)
            places.append(rows["place"].to_numpy() + (events if inner else int(before[at])))
            values.append(_unescaped(rows["value"]))
        events += part.events
    return found


def _unescaped(values: pl.Series) -> pl.Series:
    with_marks = values.str.contains("&", literal=True)
    if not with_marks.any():
        return values
    index = with_marks.arg_true()
    return values.scatter(index, [unescape(one) for one in values.gather(index).to_list()])


# --- the careful reader --------------------------------------------------------------------------------------------------


class _Careful:
    """Events, traces and their own attributes, whatever stands around them; what is nested deeper is passed over."""

    def __init__(self, max_events: int) -> None:
        self.max_events = max_events
        self.path: list[str] = []
        self.trace: list[int] = []
        self.traces = self.outside = 0
        self.events: dict[str, tuple[str, list[Any], list[Any]]] = {}
        self.cases: dict[str, tuple[str, list[Any], list[Any]]] = {}
        self.classifier: tuple[str, ...] = ()
        self.is_log = False

    def start(self, name: str, given: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        path = self.path
        if len(path) >= DEEPEST:
            raise UploadError(TOO_DEEP, limit=DEEPEST)
        parent = path[-1] if path else ""
        path.append(tag)
        if not parent:
            self.is_log = tag == "log"
        elif tag == "trace" and parent == "log":
            self.traces += 1
        elif tag == "event":
            if parent == "trace" and len(path) == 3:
                self.trace.append(self.traces - 1)
                if len(self.trace) > self.max_events:
                    raise UploadError(TOO_MANY_EVENTS, limit=self.max_events)
            else:
                self.outside += 1
        elif tag in KINDS:
            if parent == "event" and len(path) == 4 and path[1] == "trace":
                self.take(self.events, tag, given, len(self.trace) - 1)
            elif parent == "trace" and len(path) == 3:
                self.take(self.cases, tag, given, self.traces - 1)
        elif tag == "classifier" and parent == "log" and not self.classifier:
            self.classifier = tuple(given.get("keys", "").split())

    def end(self, name: str) -> None:
        self.path.pop()

    def take(
        self, there: dict[str, tuple[str, list[Any], list[Any]]], tag: str, given: dict[str, str], at: int
    ) -> None:
        key, value = given.get("key"), given.get("value")
        if not key or value is None:
            return
        known = there.get(key)
        if known is None:
            if len(there) >= 500:
                return
            known = there[key] = (tag, [], [])
        elif known[0] != tag and known[0] != "string":
            known = there[key] = ("string", known[1], known[2])
        known[1].append(at)
        known[2].append(value)


def _carefully(content: bytes, max_events: int) -> Found:
    seen = _Careful(max_events)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = seen.start, seen.end
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(content, True)
    except expat.ExpatError as fault:
        if seen.path == [] and not seen.is_log and fault.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
            raise UploadError(NOT_XES) from fault
        words = expat.ErrorString(fault.code)
        raise UploadError(NOT_XML, line=fault.lineno, fault=words) from fault
    except (ValueError, LookupError) as fault:  # an encoding that nobody knows
        raise UploadError(NOT_XML, line=1, fault=str(fault)[:80]) from fault
    if not seen.is_log:
        raise UploadError(NOT_XES)
    events, cases = (
        {
            key: (kind, [np.array(places)], [pl.Series(values, dtype=pl.String)])
            for key, (kind, places, values) in one.items()
        }
        for one in (seen.events, seen.cases)
    )
    trace = np.array(seen.trace, dtype=np.int64)
    return Found(trace, seen.traces, events, cases, seen.outside, seen.classifier)


def _refuse_entities(*_given: Any) -> None:
    raise UploadError(ENTITIES)


# --- columns -------------------------------------------------------------------------------------------------------------


def _columns(found: Found) -> Read:
    count = len(found.trace)
    if not found.traces:
        raise UploadError(NO_TRACES)
    if not count:
        raise UploadError(NO_EVENTS)
    columns: dict[str, pl.Series] = {"case": _cases(found)}
    rest: list[tuple[str, Callable[[], pl.Series]]] = []
    named = dict(found.events)
    if "concept:name" not in named:
        keys = [key for key in found.classifier if key in named and key != "lifecycle:transition"]
        if not keys:
            raise UploadError(NO_STEPS)
        texts = [_texts(*named.pop(key)[1:], count) for key in keys]
        columns["activity"] = pl.select(pl.concat_str(texts, separator="+", ignore_nulls=True)).to_series()
    for key, (kind, places, values) in named.items():
        role = ROLES.get(key)
        if role in ("end", "start"):
            columns[role] = _moments(_texts(places, values, count))
        elif role:
            columns[role] = _texts(places, values, count)
        else:
            rest.append((f"event:{key}", lambda k=kind, p=places, v=values: _valued(k, _texts(p, v, count))))  # type: ignore[misc]
    for key, (kind, places, values) in found.cases.items():
        if key != "concept:name":
            rest.append(
                (f"case:{key}", lambda k=kind, p=places, v=values: _valued(k, _texts(p, v, found.traces)).gather(found.trace))  # type: ignore[misc]
            )  # fmt: skip
    for name, made in rest[:MOST_ATTRIBUTES]:
        columns[name] = made()
    if "event" in columns and columns["event"].null_count():
        columns["event:concept:instance"] = columns.pop("event")
    return _sound(pl.DataFrame(columns), found, tuple(name for name, _made in rest[MOST_ATTRIBUTES:]))


def _sound(frame: pl.DataFrame, found: Found, dropped: tuple[str, ...]) -> Read:
    times = [name for name in ("end", "start") if name in frame.columns]
    timed = pl.any_horizontal([pl.col(name).is_not_null() for name in times]) if times else pl.lit(value=False)
    named = pl.col("activity").is_not_null() & (pl.col("activity") != "")
    told = frame.select(timed=timed, named=named.fill_null(value=False))
    if not told["timed"].any():
        raise UploadError(NO_TIMES)
    if not told["named"].any():
        raise UploadError(NO_STEPS)
    rows = pl.Series("row", np.arange(1, len(frame) + 1), dtype=pl.UInt32)
    fine = told["timed"] & told["named"]
    untimed, unnamed = (int((~told[name]).sum()) for name in ("timed", "named"))
    if not fine.all():
        frame, rows = frame.filter(fine), rows.filter(fine)
    return Read(frame, rows, found.outside, untimed, unnamed, dropped)


def _cases(found: Found) -> pl.Series:
    names = pl.repeat(None, found.traces, dtype=pl.String, eager=True)
    if "concept:name" in found.cases:
        names = _texts(*found.cases["concept:name"][1:], found.traces)
    if names.null_count():  # a trace without a name is called by its place
        numbers = pl.Series([str(at) for at in range(1, found.traces + 1)])
        names = pl.select(pl.coalesce(names, numbers)).to_series()
    return names.gather(found.trace).alias("case")


def _texts(places: list[Any], values: list[pl.Series], count: int) -> pl.Series:
    where = np.concatenate(places)
    what = pl.concat(values)
    if len(where) == count and bool((np.diff(where) == 1).all()):
        return what
    index = np.full(count, -1, dtype=np.int64)
    index[where] = np.arange(len(where))  # the last of several
    return what.gather(pl.Series(index).replace(-1, None))


def _valued(kind: str, texts: pl.Series) -> pl.Series:
    if kind not in NUMBERS:
        return texts
    numbers = texts.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == texts.null_count() else texts


def _moments(texts: pl.Series) -> pl.Series:
    complaints = Complaints(0)
    rows = pl.Series(np.arange(1, len(texts) + 1), dtype=pl.UInt32)
    read, _blank, _order = read_moments(
        texts.fill_null(""), tz="UTC", date_order="ymd", native=None, rows=rows, column="time:timestamp",
        complaints=complaints, warnings=complaints,
    )  # fmt: skip
    return read


def readable(files: Iterator[Path], *, max_bytes: int) -> Iterator[tuple[Path, Read | UploadError]]:
    """Each file with what was read, or why not."""
    for path in files:
        try:
            yield path, read_xes(path, max_bytes=max_bytes)
        except UploadError as fault:
            yield path, fault
