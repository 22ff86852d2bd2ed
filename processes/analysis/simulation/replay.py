"""Which steps had to be done before each step of a case could begin: from the drawn map, or from the log alone.

A case's steps become a small graph (a *run*): a step is possible when all steps before it are done. With a map the case is
played on it as tokens; gateways fire silently on the way to the next step, and where case and map disagree a drawn step may
be passed over, or a step counts as unplanned (after whatever came before it). Without a map two steps may go on at the same
time if the log shows them overlapping, or in both orders about equally often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Final

type Marking = tuple[str, ...]

TASK, XOR, AND, OR, START, END, WAIT, PASS = "task", "xor", "and", "or", "start", "end", "wait", "pass"
# A search for the way to the next step gives up after so many states; passing over drawn steps costs this much each.
MOST_STATES: Final = 3000
SKIP: Final = 1
MOST_SKIPPED: Final = 4


@dataclass(frozen=True, slots=True)
class Node:
    """A thing on the map: a step, a gateway, an event. ``wait`` is an event at which time passes."""

    id: str
    kind: str
    name: str = ""
    role: str = ""


@dataclass(slots=True)
class Map:
    """A drawn process as nodes and flows. ``flows``: id -> (from, to); ``shares``: of the work, where choices are made."""

    nodes: dict[str, Node]
    flows: dict[str, tuple[str, str]]
    shares: dict[str, float] = field(default_factory=dict)
    incoming: dict[str, list[str]] = field(init=False)
    outgoing: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.incoming = {one: [] for one in self.nodes}
        self.outgoing = {one: [] for one in self.nodes}
        self.flows = {one: ends for one, ends in self.flows.items() if ends[0] in self.nodes and ends[1] in self.nodes}
        for flow, (source, target) in self.flows.items():
            self.outgoing[source].append(flow)
            self.incoming[target].append(flow)

    def tasks(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == TASK]

    def starts(self) -> Marking:
        """The flows that hold a token when a case begins."""
        begin = [node for node in self.nodes.values() if node.kind == START]
        if not begin:
            begin = [node for node in self.nodes.values() if not self.incoming[node.id]]
        return tuple(sorted(flow for node in begin[:1] for flow in self.outgoing[node.id]))


@dataclass(frozen=True, slots=True)
class Run:
    """One way through the process: steps by number, and for each the places (in this run) of the steps before it.

    ``waits``: the drawn waits (timers) on the way to each step. ``share`` of its steps that fit the map (1 without one).
    """

    steps: tuple[int, ...]
    before: tuple[tuple[int, ...], ...]
    waits: tuple[tuple[str, ...], ...]
    share: float = 1.0
    ended: bool = True


@dataclass(slots=True)
class _Token:
    after: frozenset[int]
    waits: tuple[str, ...] = ()


class Player:
    """Plays cases on a map. Answers are remembered: a log repeats itself."""

    def __init__(self, drawn: Map, activities: Sequence[str]) -> None:
        self.map = drawn
        by_name: dict[str, list[str]] = {}
        for node in drawn.tasks():
            by_name.setdefault(plain_name(node.name), []).append(node.id)
        self.targets = [by_name.get(plain_name(name), []) for name in activities]
        self._near: dict[str, dict[str, int]] = {}
        self._ways: dict[tuple[Marking, str], list[tuple[str, tuple[str, ...], tuple[str, ...]]] | None] = {}

    def near(self, target: str) -> dict[str, int]:
        """The nodes from which a token may reach the target without passing more than a few other steps."""
        if target not in self._near:
            found: dict[str, int] = {}
            heap = [(0, target)]
            while heap:
                cost, node = heappop(heap)
                for flow in self.map.incoming[node]:
                    source = self.map.flows[flow][0]
                    more = cost + (SKIP if self.map.nodes[source].kind == TASK else 0)
                    if more <= MOST_SKIPPED and found.get(source, MOST_SKIPPED + 1) > more:
                        found[source] = more
                        heappush(heap, (more, source))
            self._near[target] = found
        return self._near[target]

    def moves(
        self, marking: Marking, allowed: Iterable[str], limit: int
    ) -> Iterable[tuple[int, str, Marking, Marking]]:
        """What may fire: (cost, node, flows taken, flows given)."""
        held = set(marking)
        at = {self.map.flows[flow][1] for flow in held}
        for node in sorted(at):
            if node not in allowed:
                continue
            kind = self.map.nodes[node].kind
            into, out = self.map.incoming[node], self.map.outgoing[node]
            cost = SKIP if kind == TASK else 0
            if cost > limit:
                continue
            waiting = [flow for flow in into if flow in held]
            if kind in (AND, OR) and len(into) > 1:
                if kind == AND and len(waiting) < len(into):
                    continue
                takes = [tuple(waiting)]
            else:
                takes = [(flow,) for flow in waiting]
            for taken in takes:
                if kind == XOR:
                    for flow in out:
                        yield cost, node, taken, (flow,)
                elif kind == OR and len(out) > 1:
                    for flow in out:
                        yield cost, node, taken, (flow,)
                    yield cost, node, taken, tuple(out)
                else:
                    yield cost, node, taken, tuple(out)

    def way(self, marking: Marking, target: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]] | None:
        """The cheapest silent way from here until the target holds a token; none if there is none."""
        key = (marking, target)
        if key in self._ways:
            return self._ways[key]
        near = self.near(target)
        into = set(self.map.incoming[target])
        order = count()
        heap: list[tuple[int, int, int, Marking]] = [(0, 0, next(order), marking)]
        came: dict[Marking, tuple[Marking, tuple[str, tuple[str, ...], tuple[str, ...]]] | None] = {marking: None}
        best = {marking: (0, 0)}
        found = None
        while heap and len(best) < MOST_STATES:
            cost, length, _, here = heappop(heap)
            if best[here] < (cost, length):
                continue
            if into & set(here):
                found = here
                break
            for more, node, taken, given in self.moves(here, near, MOST_SKIPPED - cost):
                held = list(here)
                for flow in taken:
                    held.remove(flow)
                there = tuple(sorted([*held, *given]))
                reached = (cost + more, length + 1)
                if reached < best.get(there, (MOST_SKIPPED + 1, 0)):
                    best[there] = reached
                    came[there] = (here, (node, taken, given))
                    heappush(heap, (*reached, next(order), there))
        steps: list[tuple[str, tuple[str, ...], tuple[str, ...]]] | None = None
        if found is not None:
            steps = []
            while (back := came[found]) is not None:
                found, fired = back
                steps.append(fired)
            steps.reverse()
        self._ways[key] = steps
        return steps

    def play(self, steps: Sequence[int]) -> Run:
        tokens: dict[str, list[_Token]] = {}
        for flow in self.map.starts():
            tokens.setdefault(flow, []).append(_Token(frozenset()))
        before: list[tuple[int, ...]] = []
        waits: list[tuple[str, ...]] = []
        fits = 0

        def fire(node: str, taken: Sequence[str], given: Sequence[str]) -> None:
            gone = []
            for flow in taken:
                gone.append(tokens[flow].pop(0))
                if not tokens[flow]:
                    del tokens[flow]
            after = frozenset().union(*(one.after for one in gone))
            passed = tuple(dict.fromkeys(one for token in gone for one in token.waits))
            if self.map.nodes[node].kind == WAIT:
                passed = (*passed, node)
            for flow in given:
                tokens.setdefault(flow, []).append(_Token(after, passed))

        for place, step in enumerate(steps):
            marking = tuple(sorted(flow for flow, held in tokens.items() for _ in held))
            options = [(way, target) for target in self.targets[step] if (way := self.way(marking, target)) is not None]
            if not options:
                # Unplanned: it follows whatever was last, and the map waits where it was.
                before.append((place - 1,) if place else ())
                waits.append(())
                continue
            way, target = min(options, key=lambda one: len(one[0]))
            skipped = sum(self.map.nodes[node].kind == TASK for node, _, _ in way)
            fits += not skipped
            for node, taken, given in way:
                fire(node, taken, given)
            flow = next(one for one in self.map.incoming[target] if one in tokens)
            token = tokens[flow].pop(0)
            if not tokens[flow]:
                del tokens[flow]
            before.append(tuple(sorted(token.after)))
            waits.append(token.waits)
            for out in self.map.outgoing[target]:
                tokens.setdefault(out, []).append(_Token(frozenset([place])))
        return Run(tuple(steps), tuple(before), tuple(waits), fits / max(1, len(steps)), self.may_end(tokens))

    def may_end(self, tokens: Mapping[str, Sequence[_Token]]) -> bool:
        """Whether every token left can reach an end without another step."""
        return all(self._ends(self.map.flows[flow][1]) for flow in tokens)

    def _ends(self, node: str) -> bool:
        ahead, seen = [node], set()
        while ahead:
            here = ahead.pop()
            if here in seen or self.map.nodes[here].kind == TASK:
                continue
            seen.add(here)
            if not self.map.outgoing[here]:
                return True
            ahead.extend(self.map.flows[flow][1] for flow in self.map.outgoing[here])
        return False


def plain_name(name: str) -> str:
    return " ".join(name.split()).casefold()
