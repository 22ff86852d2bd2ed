"""Lines above a table: a report's title, the day on which it was printed. The header is the first row as wide as the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

LOOKED_AT: Final = 40
_DATA_WITHIN: Final = 5


def header_at(rows: Sequence[Sequence[Any]], is_value: Callable[[Any], bool]) -> int:
    """The place of the row that names the columns; 0 unless what is above is plainly a title.

    A title begins in the first column and is at most half as wide as the table; the header below it is all words, and
    numbers or dates follow soon.
    """
    head = [[cell for cell in row if not _blank(cell)] for row in rows[:LOOKED_AT]]
    widest = max((len(cells) for cells in head), default=0)
    if widest < 2 or not rows or _blank(rows[0][0] if rows[0] else "") or len(head[0]) * 2 > widest:
        return 0
    for place, cells in enumerate(head):
        if len(cells) * 2 <= widest:
            continue
        following = head[place + 1 : place + 1 + _DATA_WITHIN]
        words = not any(is_value(cell) for cell in cells)
        return place if words and any(is_value(cell) for row in following for cell in row) else 0
    return 0


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
