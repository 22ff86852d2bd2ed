"""Lines above a table: a report's title, the day on which it was printed. The header is the last row of words above the
rows with numbers or dates; under a heading over several columns it may be two rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

LOOKED_AT: Final = 40
_DATA_WITHIN: Final = 5


def header_at(rows: Sequence[Sequence[Any]], is_value: Callable[[Any], bool]) -> int:
    """The place of the row that names the columns; 0 unless what is above is plainly a title.

    A title begins in the first column and is at most half as wide as the table; the header below it is all words, and
    numbers or dates follow soon. Of several rows of words it is the last one: "Printed by" stands above it.
    """
    head = [[cell for cell in row if not _blank(cell)] for row in rows[:LOOKED_AT]]
    widest = max((len(cells) for cells in head), default=0)
    if widest < 2 or not rows or _blank(rows[0][0] if rows[0] else "") or len(head[0]) * 2 > widest:
        return 0
    found = 0
    for place, cells in enumerate(head):
        if len(cells) * 2 <= widest:
            continue
        if any(is_value(cell) for cell in cells):
            break
        following = head[place + 1 : place + 1 + _DATA_WITHIN]
        if not any(is_value(cell) for row in following for cell in row):
            break
        if found and not _blank(rows[found][0]) and _blank(rows[place][0]):
            break  # below a heading over several columns: its second row
        found = place
    return found


def joined_header(rows: Sequence[Sequence[Any]], is_value: Callable[[Any], bool]) -> list[str] | None:
    """The names of columns where the first two rows are one header: "North" over "Orders" and "Returns".

    Only where merged cells left gaps: the first row has a blank where the second has a word, the second is all words,
    and the row below has numbers or dates.
    """
    if len(rows) < 3:
        return None
    first, second, third = (["" if _blank(cell) else str(cell) for cell in row] for row in rows[:3])
    gaps = [place for place, word in enumerate(second) if word and not first[place]]
    if not gaps or not any(first[: gaps[0]]) or any(is_value(cell) for cell in (*first, *second) if cell):
        return None
    if not any(is_value(cell) for cell in third if cell):
        return None
    names, over = [], ""
    for above, below in zip(first, second, strict=True):
        over = above or (over if below else "")
        names.append(f"{over} {below}".strip())
    return names


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
