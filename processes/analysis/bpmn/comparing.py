"""What differs between two drawings, told in steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processes.analysis.bpmn.steps import Step, Way, follower

FIELDS: Final = ("name", "role", "working", "waiting", "output", "volume", "system", "cost", "phase")


@dataclass(frozen=True)
class Change:
    """A step that both have: `fields` names what differs (`ways`: where it goes on)."""

    before: Step
    after: Step
    fields: tuple[str, ...]
    ways_before: tuple[Way, ...]
    ways_after: tuple[Way, ...]


@dataclass(frozen=True)
class Difference:
    added: tuple[Step, ...]
    removed: tuple[Step, ...]
    changed: tuple[Change, ...]
    same: int
    names: dict[str, str]  # of all steps, by id: ways speak of ids

    @property
    def nothing(self) -> bool:
        return not (self.added or self.removed or self.changed)


def compare(before: Sequence[Step], after: Sequence[Step]) -> Difference:
    """Steps are the same by their id, and where a file has other ids, by their name."""
    pairs = _pairs(before, after)
    kept = set(pairs.values())
    old = {row.id: (index, row) for index, row in enumerate(before)}
    changed: list[Change] = []
    same = 0
    for index, row in enumerate(after):
        was = next((key for key, key_after in pairs.items() if key_after == row.id), None)
        if was is None:
            continue
        place, step = old[was]
        fields = [name for name in FIELDS if getattr(step, name) != getattr(row, name)]
        ways_before, ways_after = _ways(before, place), _ways(after, index)
        if {(pairs.get(way.to, way.to), way.share) for way in ways_before} != {
            (way.to, way.share) for way in ways_after
        }:
            fields.append("ways")
        if fields:
            changed.append(Change(step, row, tuple(fields), ways_before, ways_after))
        else:
            same += 1
    return Difference(
        added=tuple(row for row in after if row.id not in kept),
        removed=tuple(row for row in before if row.id not in pairs),
        changed=tuple(changed),
        same=same,
        names={row.id: row.name for row in (*before, *after)},
    )


def _ways(rows: Sequence[Step], index: int) -> tuple[Way, ...]:
    ways = rows[index].ways
    return (Way(follower(rows, index)),) if ways is None else ways


def _pairs(before: Sequence[Step], after: Sequence[Step]) -> dict[str, str]:
    there = {row.id for row in after}
    pairs = {row.id: row.id for row in before if row.id in there}
    free: dict[str, list[str]] = {}
    for row in after:
        if row.id not in pairs.values() and row.name:
            free.setdefault(row.name.casefold(), []).append(row.id)
    for row in before:
        if row.id not in pairs and (found := free.get(row.name.casefold())):
            pairs[row.id] = found.pop(0)
    return pairs


__all__ = ["Change", "Difference", "compare"]
