"""Finding rows in JSON: `data.items[*]`, `result[0].rows`, and what one row's nested objects are as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\*|-?\d{1,6})\]")
DEEPEST = 12


class NoSuchPlace(LookupError):
    """The path leads nowhere; `step` is where it ends, `there` are the names that are there instead."""

    def __init__(self, step: str, there: tuple[str, ...] = ()) -> None:
        self.step, self.there = step, there
        super().__init__(step)


def steps(path: str) -> list[str | int]:
    """A path as its steps; `[*]` and `*` mean each element. Raises ValueError."""
    path = path.strip().removeprefix("$").removeprefix(".")
    found: list[str | int] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or len(found) >= DEEPEST:
            raise ValueError(path)
        name, index = step[1], step[2]
        found.append(name.strip() if name else "*" if index == "*" else int(index))
        at = step.end()
    return found


def at(value: Any, path: str) -> Any:
    """What stands at a path without `*`, or None where nothing does."""
    for step in steps(path):
        if isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        elif isinstance(value, Mapping) and str(step) in value:
            value = value[str(step)]
        else:
            return None
    return value


def rows_at(value: Any, path: str) -> list[dict[str, Any]]:
    """The rows at a path, each as a flat object. Without a path: the list itself, or the only list inside.

    Raises NoSuchPlace, and ValueError for a path that cannot be read.
    """
    places = [value if path.strip() else _only_list(value)]
    for step in steps(path):
        following: list[Any] = []
        for place in places:
            following += _onward(place, step)
        places = following
    if len(places) == 1 and isinstance(places[0], list):
        places = places[0]
    return [_flat(one) for one in places]


def _onward(place: Any, step: str | int) -> list[Any]:
    if step == "*":
        return list(place) if isinstance(place, list) else list(place.values()) if isinstance(place, Mapping) else []
    if isinstance(step, int):
        if isinstance(place, list) and -len(place) <= step < len(place):
            return [place[step]]
        raise NoSuchPlace(f"[{step}]")
    if isinstance(place, list):  # a list on the way means each of its elements
        return [found for one in place for found in _onward(one, step)]
    if isinstance(place, Mapping) and step in place:
        return [place[step]]
    raise NoSuchPlace(step, tuple(str(name) for name in place)[:12] if isinstance(place, Mapping) else ())


def _only_list(value: Any) -> Any:
    """The rows of an answer that nobody described: `[…]`, or `{"data": {"items": […]}}` where there is one list."""
    for _depth in range(DEEPEST):
        if isinstance(value, list) or not isinstance(value, Mapping):
            return value
        lists = [one for one in value.values() if isinstance(one, list)]
        objects = [one for one in value.values() if isinstance(one, Mapping)]
        if len(lists) == 1:
            return lists[0]
        if lists or len(objects) != 1:
            return value
        value = objects[0]
    return value


def _flat(one: Any, before: str = "", depth: int = 0) -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`; a row that is a list becomes `{"1": …, "2": …}`."""
    if isinstance(one, list):
        one = {str(place): value for place, value in enumerate(one, start=1)}
    if not isinstance(one, Mapping):
        return {before or "value": one}
    flat: dict[str, Any] = {}
    for name, value in one.items():
        key = f"{before}.{name}" if before else str(name)
        if isinstance(value, Mapping) and depth < DEEPEST:
            flat |= _flat(value, key, depth + 1)
        else:
            flat[key] = value
    return flat
