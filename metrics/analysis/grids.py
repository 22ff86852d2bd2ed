"""Where the tiles of a dashboard lie: twelve columns, no two on top of each other, nothing floating."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

COLUMNS = 12
TALLEST = 12
DEEPEST = 199  # rows; the style sheet has a class for each


@dataclass(frozen=True, slots=True)
class Place:
    """A tile's corner and size, in columns and rows."""

    id: int
    x: int
    y: int
    w: int
    h: int

    def meets(self, other: Place) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


def within(place: Place) -> Place:
    """The same on the sheet: never wider than the grid, never beside it."""
    w = min(max(place.w, 1), COLUMNS)
    h = min(max(place.h, 1), TALLEST)
    return Place(place.id, min(max(place.x, 0), COLUMNS - w), min(max(place.y, 0), DEEPEST), w, h)


def settled(places: Iterable[Place], first: int | None = None) -> list[Place]:
    """Every tile as high as it can lie, in reading order; `first` (the one just moved) keeps its place from the others.

    What lies in its way makes room downwards, as on a pin board.
    """
    wanted = [within(place) for place in places]
    moved = next((one for one in wanted if one.id == first), None)

    def turn(one: Place) -> tuple[int, int, int, int]:
        if moved is None:
            part = 0
        elif one.id == moved.id:
            part = 1
        else:  # what it covers comes after it, and so does all that lies lower
            part = 0 if one.y < moved.y and not one.meets(moved) else 2
        return part, one.y, one.x, one.id

    order = sorted(wanted, key=turn)
    lying: list[Place] = []
    for one in order:
        y = max((other.y + other.h for other in lying if _above(one, other)), default=0)
        place = replace(one, y=y)
        lying.append(place)
    return sorted(lying, key=lambda one: (one.y, one.x))


def exchanged(places: Iterable[Place], to: Place) -> list[Place]:
    """The tile `to.id` put to another place; a tile as large that it covers for the most part goes where it came from."""
    lying = list(places)
    was = next((one for one in lying if one.id == to.id), to)
    covered = [
        one for one in lying
        if one.id != to.id and (one.w, one.h) == (to.w, to.h) == (was.w, was.h) and 2 * _shared(one, to) > to.w * to.h
    ]  # fmt: skip
    answer = {one.id: one for one in lying} | {to.id: to}
    for one in covered:
        answer[to.id] = replace(one, id=to.id)
        answer[one.id] = replace(was, id=one.id)
    return list(answer.values())


def _shared(one: Place, other: Place) -> int:
    """How many fields of the grid lie in both."""
    wide = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    high = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return max(wide, 0) * max(high, 0)


def _above(one: Place, other: Place) -> bool:
    """Whether the other stands in the same columns."""
    return one.x < other.x + other.w and other.x < one.x + one.w


def free_place(places: Iterable[Place], w: int, h: int) -> tuple[int, int]:
    """The first corner, row by row, where a tile of this size fits."""
    lying = list(places)
    bottom = max((one.y + one.h for one in lying), default=0)
    for y in range(bottom + 1):
        for x in range(COLUMNS - w + 1):
            if not any(Place(0, x, y, w, h).meets(one) for one in lying):
                return x, y
    return 0, bottom
