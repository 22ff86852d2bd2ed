"""Long tables of plain texts, read at once: only the columns that are asked for, a fraction of the time and memory.

For files that need no mending: UTF-8, no quotation marks, each row as long as the header, moments written year first and
all in the same way. Anything else is left to `read_table` and `read_columns`, which say what is wrong with which row.
"""

from __future__ import annotations

import contextlib
import gzip
import mmap
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl
from opsboard.core.uploads.columns import Columns, OnBlank
from opsboard.core.uploads.limits import Limits
from opsboard.core.uploads.moment_columns import fast_pattern
from opsboard.core.uploads.moments import EARLIEST, LATEST

if TYPE_CHECKING:
    from opsboard.core.uploads.tables import CellKind, Table

_CONTROLS = bytes({*range(9), *range(14, 27), *range(28, 32)})


def read_lean(
    path: str | Path, head: Table, kinds: Mapping[str, CellKind], *, tz: str, on_blank: Mapping[str, OnBlank],
    limits: Limits,
) -> Columns | None:  # fmt: skip
    """The named columns of a whole file whose beginning is `head`, or None where the careful reader must look."""
    if not _plain(head) or "number" in kinds.values() or not len(head) or Path(path).stat().st_size > limits.max_bytes:
        return None
    patterns = {}
    for name, kind in kinds.items():
        if name not in head.names:
            return None
        if kind == "moment":
            patterns[name] = fast_pattern(head.texts(name))
            if patterns[name] is None:
                return None
    found = _scanned(Path(path), head, kinds, patterns)
    if found is None or len(found) > limits.max_rows or not len(found):
        return None
    for name in kinds:
        moments = found[name] if name in patterns else None
        blank = found[f"#{name}"]
        if on_blank.get(name, "complain") != "keep" and blank.any():
            return None
        if moments is not None:
            if not (moments.is_not_null() | blank).all():
                return None
            utc = _utc(moments, tz)
            if utc is None:
                return None
            found = found.with_columns(utc)
    rows = pl.Series("#row", np.arange(head.rows[0], head.rows[0] + len(found)), dtype=pl.UInt32)
    return Columns(found.select(list(kinds)), rows, [], 0)


@contextlib.contextmanager
def unpacked(path: Path, limit: int) -> Iterator[Path]:
    """A file as it is, or what a packed one (.gz) holds, in a place that goes again."""
    with path.open("rb") as handle:
        if handle.read(2) != b"\x1f\x8b":
            yield path
            return
    with tempfile.NamedTemporaryFile() as plain, gzip.open(path) as packed:
        try:
            while block := packed.read(1 << 20):
                plain.write(block)
                if plain.tell() > limit:
                    break  # too large: whoever reads it says so
        except (OSError, EOFError, zlib.error):
            plain.truncate(0)  # damaged: the careful reader says so
        plain.flush()
        yield Path(plain.name)


def _plain(head: Table) -> bool:
    straight = (
        (head.rows == pl.Series(range(head.rows[0], head.rows[0] + len(head)), dtype=pl.UInt32)).all()
        if len(head)
        else False
    )
    return bool(
        head.encoding == "utf-8" and head.encoding_sure and not head.complaint_count and len(head.delimiter) == 1
        and len(head.names) > 1 and straight
    )  # fmt: skip


def _scanned(
    path: Path, head: Table, kinds: Mapping[str, CellKind], patterns: Mapping[str, str | None]
) -> pl.DataFrame | None:
    """The columns, each with whether its cells are blank (`#name`); None where rows are not all as long as the header."""
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        cuts = _counted(content, head.delimiter.encode())
    if cuts is None:
        return None
    before = head.rows[0] - 1  # the header, and what stands above it
    cells = [
        pl.col(name).str.strip_chars().str.to_datetime(pattern, strict=False, time_unit="us").alias(name)
        if (pattern := patterns.get(name))
        else pl.col(name).str.strip_chars().alias(name)
        for name in kinds
    ]
    blanks = [(pl.col(name).str.strip_chars() == "").alias(f"#{name}") for name in kinds]
    try:
        found = (
            pl.scan_csv(
                path, has_header=False, skip_lines=before, schema=dict.fromkeys(head.names, pl.String),
                separator=head.delimiter, empty_string_is_null=False, quote_char=None,
            )
            .select(*cells, *blanks)
            .collect(engine="streaming")
        )  # fmt: skip
    except (pl.exceptions.PolarsError, ValueError, OSError):
        return None
    # Polars refuses rows that are too long; where all others were whole, there are so many delimiters.
    with path.open("rb") as handle:
        above = sum(handle.readline().count(head.delimiter.encode()) for _ in range(before))
    return found if cuts - above == len(found) * (len(head.names) - 1) else None


def _counted(content: mmap.mmap, delimiter: bytes) -> int | None:
    """How many delimiters there are; None where there are quotation marks, control characters or bare line ends."""
    count, step = 0, 1 << 24
    for start in range(0, len(content), step):
        block = content[start : start + step]
        if b'"' in block or (b"\r" in block and block.count(b"\r\n") + block.endswith(b"\r") != block.count(b"\r")):
            return None
        if len(block.translate(None, _CONTROLS)) != len(block):
            return None
        count += block.count(delimiter)
    return count


def _utc(moments: pl.Series, tz: str) -> pl.Series | None:
    """Local times in `tz`, or moments with their offset, in UTC; None where a clock skipped one or a year is unlikely."""
    if moments.dtype == pl.Datetime("us"):
        local = moments.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
        if local.null_count() != moments.null_count():
            return None
        moments = local
    utc = moments.dt.convert_time_zone("UTC")
    fine = (utc.is_null() | ((utc >= EARLIEST) & (utc < LATEST))).all()
    return utc if fine else None
