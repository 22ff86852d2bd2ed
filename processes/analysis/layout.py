"""Where the steps and arcs of a map lie: layers from top to bottom, few crossings, arcs as smooth as they can be.

The layered method of Sugiyama, Tagawa and Toda (1981) in its usual four phases: cycles are opened by the greedy
feedback arc set of Eades, Lin and Smyth (1993), weighted by how often an arc is taken; layers are longest paths, and
steps then move up as far as their followers allow; crossings are lessened by weighted medians (Gansner et al., 1993);
places within a layer are the least squares fit to where the neighbours lie, which keeps the order (isotonic
regression).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Name = Any
type Point = tuple[float, float]

SWEEPS = 12
SETTLING = 24
LONG = 8.0  # how much straighter a long arc wants to be than a short one


@dataclass(frozen=True, slots=True)
class Size:
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arc:
    """From one box to another, `weight` times; between the two the points where it passes the layers."""

    source: Name
    target: Name
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Layout:
    """`boxes`: the middle of each; `routes`: for each arc the points from its source's border to its target's.

    `backward` arcs run against the layers. Loops of a step to itself have no route.
    """

    boxes: Mapping[Name, Point]
    routes: Mapping[tuple[Name, Name], tuple[Point, ...]]
    backward: frozenset[tuple[Name, Name]]
    width: float
    height: float


def laid_out(
    sizes: Mapping[Name, Size],
    arcs: Sequence[Arc],
    *,
    first: Iterable[Name] = (),
    last: Iterable[Name] = (),
    gap: float = 36.0,
    between: float = 58.0,
) -> Layout:
    """Places for boxes of these sizes. `first` lie in the top layer, `last` in the bottom one.

    Arcs must run between boxes that are there (else KeyError); two arcs of the same ends are one.
    """
    names = list(sizes)
    if not names:
        return Layout({}, {}, frozenset(), 0.0, 0.0)
    weights: dict[tuple[Name, Name], float] = defaultdict(float)
    for arc in arcs:
        if arc.source not in sizes or arc.target not in sizes:
            raise KeyError(arc.source if arc.source not in sizes else arc.target)
        if arc.source != arc.target:
            weights[arc.source, arc.target] += arc.weight
    top, bottom = set(first), set(last)
    backward = _backward(names, weights, top, bottom)
    down: dict[tuple[Name, Name], float] = defaultdict(float)
    for (source, target), weight in weights.items():
        ends = (target, source) if (source, target) in backward else (source, target)
        down[ends] += weight
    ranks = _ranks(names, down, top, bottom)
    layers, chains, pulls = _with_turns(ranks, weights, backward)
    _order(layers, pulls)
    places = _places(layers, pulls, sizes, gap)
    return _drawn(sizes, layers, places, chains, weights, backward, between)


# --- cycles -----------------------------------------------------------------------------------------------------------


def _backward(
    names: Sequence[Name], weights: Mapping[tuple[Name, Name], float], top: set[Name], bottom: set[Name]
) -> frozenset[tuple[Name, Name]]:
    """The arcs that run back in the order of the greedy heuristic."""
    out: dict[Name, dict[Name, float]] = {name: {} for name in names}
    into: dict[Name, dict[Name, float]] = {name: {} for name in names}
    for (source, target), weight in weights.items():
        out[source][target] = weight
        into[target][source] = weight
    left = dict.fromkeys(name for name in names if name not in top and name not in bottom)
    begins, ends = [name for name in names if name in top], [name for name in names if name in bottom]

    def remove(name: Name) -> None:
        del left[name]
        for other in out[name]:
            into[other].pop(name, None)
        for other in into[name]:
            out[other].pop(name, None)

    for name in (*begins, *ends):
        left[name] = None
    for name in begins:
        remove(name)
    for name in [name for name in ends if name in left]:
        remove(name)
    after: list[Name] = []
    while left:
        sink = next((name for name in left if not out[name]), None)
        source = next((name for name in left if not into[name]), None) if sink is None else None
        if sink is not None:
            after.append(sink)
            remove(sink)
        else:
            if source is None:
                source = max(left, key=lambda name: sum(out[name].values()) - sum(into[name].values()))
            begins.append(source)
            remove(source)
    place = {name: at for at, name in enumerate([*begins, *reversed(after), *(n for n in ends if n not in begins)])}
    return frozenset(ends_ for ends_ in weights if place[ends_[0]] > place[ends_[1]])


# --- layers -----------------------------------------------------------------------------------------------------------


def _ranks(
    names: Sequence[Name], down: Mapping[tuple[Name, Name], float], top: set[Name], bottom: set[Name]
) -> dict[Name, int]:
    """Longest paths from the top; then whoever has more arcs downwards than upwards moves down to its followers."""
    out: dict[Name, list[Name]] = {name: [] for name in names}
    into: dict[Name, list[Name]] = {name: [] for name in names}
    for source, target in down:
        out[source].append(target)
        into[target].append(source)
    waiting = {name: len(into[name]) for name in names}
    ready = [name for name in names if not waiting[name]]
    ordered: list[Name] = []
    while ready:
        name = ready.pop()
        ordered.append(name)
        for other in out[name]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    ranks = dict.fromkeys(names, 0)
    for name in ordered:
        ranks[name] = max((ranks[other] + 1 for other in into[name]), default=0 if name in top or not top else 1)
    for name in reversed(ordered):
        if name in top or name in bottom or not out[name]:
            continue
        above = sum(down[other, name] for other in into[name])
        below = sum(down[name, other] for other in out[name])
        if below > above:
            ranks[name] = min(ranks[other] for other in out[name]) - 1
    deepest = max(ranks.values())
    for name in bottom:
        ranks[name] = deepest if not any(ranks[other] == deepest for other in into[name]) else deepest + 1
    used = {rank: at for at, rank in enumerate(sorted(set(ranks.values())))}
    return {name: used[rank] for name, rank in ranks.items()}


type _Turn = tuple[Name, Name, int]  # an arc, and the layer that it passes
type _Chains = Mapping[tuple[Name, Name], Sequence[Name]]  # for each arc what it passes, from top to bottom


def _with_turns(
    ranks: Mapping[Name, int], weights: Mapping[tuple[Name, Name], float], backward: frozenset[tuple[Name, Name]]
) -> tuple[list[list[Name]], _Chains, dict[Name, list[tuple[Name, float]]]]:
    """The layers with a turn wherever a long arc passes one; each arc's chain; who pulls at whom and how hard."""
    layers: list[list[Name]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    chains: dict[tuple[Name, Name], list[Name]] = {}
    pulls: dict[Name, list[tuple[Name, float]]] = defaultdict(list)
    for arc, weight in weights.items():
        upper, lower = reversed(arc) if arc in backward else arc
        turns: list[Name] = []
        for rank in range(ranks[upper] + 1, ranks[lower]):
            turn: _Turn = (*arc, rank)
            layers[rank].append(turn)
            turns.append(turn)
        chain = [upper, *turns, lower]
        chains[arc] = chain
        for at, (one, other) in enumerate(itertools.pairwise(chain)):
            inner = (at > 0) + (at + 2 < len(chain))
            pull = weight * LONG**inner
            pulls[one].append((other, pull))
            pulls[other].append((one, pull))
    return layers, chains, pulls


# --- order within layers ----------------------------------------------------------------------------------------------


def _order(layers: list[list[Name]], pulls: Mapping[Name, Sequence[tuple[Name, float]]]) -> None:
    """Sort each layer by where its neighbours lie, down and up, and keep the order with the fewest crossings."""
    rank = {name: at for at, layer in enumerate(layers) for name in layer}
    sides = {
        name: (
            [other for other, _pull in pulls[name] if rank[other] == at - 1],
            [other for other, _pull in pulls[name] if rank[other] == at + 1],
        )
        for at, layer in enumerate(layers)
        for name in layer
    }
    best, fewest = [list(layer) for layer in layers], _crossings(layers, sides)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        for layer in layers[1:] if downwards else reversed(layers[:-1]):
            place = {name: at for others in layers for at, name in enumerate(others)}
            here = {name: float(at) for at, name in enumerate(layer)}
            wanted = {
                name: _median([place[other] for other in sides[name][0 if downwards else 1]], here[name])
                for name in layer
            }
            layer.sort(key=lambda name, wanted=wanted, here=here: (wanted[name], here[name]))  # type: ignore[misc]
        _exchange(layers, sides)
        count = _crossings(layers, sides)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


type _Sides = Mapping[Name, tuple[Sequence[Name], Sequence[Name]]]


def _median(places: Sequence[int], otherwise: float) -> float:
    if not places:
        return otherwise
    ordered = sorted(places)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _exchange(layers: list[list[Name]], sides: _Sides) -> None:
    """Neighbours change places where that alone makes fewer crossings."""
    place = {name: at for layer in layers for at, name in enumerate(layer)}
    for layer in layers:
        for at in range(len(layer) - 1):
            left, right = layer[at], layer[at + 1]
            now = then = 0
            for side in (0, 1):
                ours, theirs = [place[n] for n in sides[left][side]], [place[n] for n in sides[right][side]]
                now += sum(1 for one in ours for other in theirs if one > other)
                then += sum(1 for one in ours for other in theirs if one < other)
            if then < now:
                layer[at], layer[at + 1] = right, left
                place[left], place[right] = at + 1, at


def _crossings(layers: Sequence[Sequence[Name]], sides: _Sides) -> int:
    """Pairs of arcs between neighbouring layers that cross, counted with a tree (Barth, Jünger and Mutzel, 2004)."""
    crossings = 0
    for upper, lower in itertools.pairwise(layers):
        place = {name: at for at, name in enumerate(lower)}
        tree, size = [0] * (len(lower) + 1), len(lower)
        seen = 0
        for name in upper:
            ends = sorted(place[other] for other in sides[name][1])
            for end in ends:
                at, before = end + 1, 0
                while at:
                    before += tree[at]
                    at &= at - 1
                crossings += seen - before
            for end in ends:
                at = end + 1
                while at <= size:
                    tree[at] += 1
                    at += at & -at
            seen += len(ends)
    return crossings


# --- places -----------------------------------------------------------------------------------------------------------


def _places(
    layers: Sequence[Sequence[Name]],
    pulls: Mapping[Name, Sequence[tuple[Name, float]]],
    sizes: Mapping[Name, Size],
    gap: float,
) -> dict[Name, float]:
    half = {name: (sizes[name].width / 2 if name in sizes else 0.0) for layer in layers for name in layer}
    places: dict[Name, float] = {}
    for layer in layers:
        at = 0.0
        for name in layer:
            at += half[name]
            places[name] = at
            at += half[name] + gap
    rank = {name: at for at, layer in enumerate(layers) for name in layer}
    for sweep in range(SETTLING):
        order = list(layers) if sweep % 2 == 0 else list(reversed(layers))
        side = None if sweep >= SETTLING - 4 else (-1 if sweep % 2 == 0 else 1)
        for layer in order:
            wanted, firm = [], []
            for name in layer:
                near = [(places[o], pull) for o, pull in pulls[name] if side is None or rank[o] - rank[name] == side]
                total = sum(pull for _at, pull in near)
                wanted.append(sum(at * pull for at, pull in near) / total if total else places[name])
                firm.append(total or 1e-3)
            apart = [
                half[a] + half[b] + gap * (1.0 if a in sizes or b in sizes else 0.5)
                for a, b in itertools.pairwise(layer)
            ]
            places.update(zip(layer, fitted(wanted, firm, apart), strict=True))
    return places


def fitted(wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Places as near as can be (least weighted squares) to the wanted ones, in order and so far apart.

    Isotonic regression by pooling adjacent violators (Ayer et al., 1955), after the distances are taken out.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[list[float]] = []  # mean, weight, how many
    for place, weight, offset in zip(wanted, weights, offsets, strict=True):
        blocks.append([place - offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, weight_, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * weight_) / (last[1] + weight_)
            last[1] += weight_
            last[2] += count
    found = [mean for mean, _weight, count in blocks for _ in range(int(count))]
    return [place + offset for place, offset in zip(found, offsets, strict=True)]


def _drawn(
    sizes: Mapping[Name, Size],
    layers: Sequence[Sequence[Name]],
    places: Mapping[Name, float],
    chains: _Chains,
    weights: Mapping[tuple[Name, Name], float],
    backward: frozenset[tuple[Name, Name]],
    between: float,
) -> Layout:
    heights = [max((sizes[name].height for name in layer if name in sizes), default=0.0) for layer in layers]
    middles: dict[Name, float] = {}
    at = 0.0
    for layer, height in zip(layers, heights, strict=True):
        for name in layer:
            middles[name] = at + height / 2
        at += height + between
    left = min(places[name] - (sizes[name].width / 2 if name in sizes else 0) for name in places)
    right = max(places[name] + (sizes[name].width / 2 if name in sizes else 0) for name in places)
    points = {name: (places[name] - left, middles[name]) for name in places}
    ports = _ports(sizes, points, chains, weights)
    routes = {}
    for source, target in weights:
        turned = (source, target) in backward
        chain = chains[source, target]
        way = [points[name] for name in chain]
        upper, lower = chain[0], chain[-1]
        shift = ports[source, target]
        way[0] = (points[upper][0] + shift[0], points[upper][1] + sizes[upper].height / 2)
        way[-1] = (points[lower][0] + shift[1], points[lower][1] - sizes[lower].height / 2)
        routes[source, target] = tuple(reversed(way)) if turned else tuple(way)
    return Layout({name: points[name] for name in sizes}, routes, backward, right - left, at - between)


def _ports(
    sizes: Mapping[Name, Size],
    points: Mapping[Name, Point],
    chains: _Chains,
    weights: Mapping[tuple[Name, Name], float],
) -> dict[tuple[Name, Name], tuple[float, float]]:
    """Where on its boxes' borders each arc begins and ends: side by side, in the order of where it goes."""
    lower: dict[Name, list[tuple[float, tuple[Name, Name]]]] = defaultdict(list)
    upper: dict[Name, list[tuple[float, tuple[Name, Name]]]] = defaultdict(list)
    for arc in weights:
        chain = chains[arc]
        lower[chain[0]].append((points[chain[1]][0], arc))
        upper[chain[-1]].append((points[chain[-2]][0], arc))
    begins, ends = _spread(lower, sizes), _spread(upper, sizes)
    return {arc: (begins[arc], ends[arc]) for arc in weights}


def _spread(
    around: Mapping[Name, list[tuple[float, tuple[Name, Name]]]], sizes: Mapping[Name, Size]
) -> dict[tuple[Name, Name], float]:
    found = {}
    for name, ends in around.items():
        room = sizes[name].width * 0.7
        step = min(18.0, room / max(len(ends) - 1, 1))
        for at, (_place, arc) in enumerate(sorted(ends, key=lambda end: end[0])):
            found[arc] = (at - (len(ends) - 1) / 2) * step
    return found
