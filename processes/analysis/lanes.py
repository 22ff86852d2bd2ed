"""The places of a swim-lane map: lanes are roles, steps stand in columns by how far the work has come.

Columns come from the longest path (Sugiyama, Tagawa & Toda 1981, with loops turned round for it). Flows run at right
angles through channels between columns and rows, never through a box; those of one step share a trunk where they part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from processes.analysis.lane_channels import Channel, Segment

type Kind = Literal["step", "gateway", "event"]
type Point = tuple[float, float]

SIZES: Final[Mapping[str, tuple[float, float]]] = {
    "step": (148.0, 66.0),
    "gateway": (36.0, 36.0),
    "event": (30.0, 30.0),
}
TRACK: Final = 9.0  # between two lines side by side
GAP: Final = 15.0  # between a box and the nearest line
HALL: Final = 11.0  # above and below the boxes of a row
NAMED: Final = 76.0  # the column of an event or gateway with a name
ON_EDGE: Final = 26.0  # the size of an event on a step's edge


@dataclass(frozen=True)
class Node:
    """What gets a place: its lane's index, the step on whose edge it sits, and whether a name stands beside it."""

    id: str
    kind: Kind
    lane: int
    on: str = ""
    named: bool = False


@dataclass(frozen=True)
class Arc:
    """A flow. A `loose` one (a message) moves nobody into another column; `words` is the width of what it says."""

    id: str
    source: str
    target: str
    loose: bool = False
    words: float = 0.0


@dataclass(frozen=True)
class Box:
    id: str
    kind: Kind
    x: float
    y: float
    width: float
    height: float
    lane: int

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Band:
    y: float
    height: float


@dataclass(frozen=True)
class Line:
    id: str
    source: str
    target: str
    points: tuple[Point, ...]
    back: bool = False


@dataclass(frozen=True)
class Layout:
    width: float
    height: float
    bands: tuple[Band, ...]
    boxes: dict[str, Box]
    lines: tuple[Line, ...]


@dataclass
class _Run:
    """How one arc goes: from its column's right channel along a row or a hall to its target's left channel."""

    arc: Arc
    first: int  # vertical channel beside the source
    last: int  # vertical channel beside the target
    row: int | None = None  # along the middle of this row
    hall: int | None = None  # along the hall above this row
    early: bool = True  # turns beside the source, else beside the target
    parts: list[Segment] = field(default_factory=list)
    along: Segment | None = None


def lay_out(
    nodes: Sequence[Node],
    arcs: Sequence[Arc],
    lanes: int,
    *,
    header: float = 0.0,
    top: float = 0.0,
    least: float = 78.0,
) -> Layout:
    """Places for all nodes and lines; `header` is room on the left, `top` above, `least` the height of a lane."""
    return _Sheet(nodes, arcs, lanes, header, top, least).layout()


class _Sheet:
    def __init__(
        self, nodes: Sequence[Node], arcs: Sequence[Arc], lanes: int, header: float, top: float, least: float
    ) -> None:
        self.header, self.top, self.least = header, top, least
        self.lanes = max(1, lanes)
        self.on = {node.id: node.on for node in nodes if node.on}
        self.nodes = {node.id: node for node in nodes if not node.on}
        self.riding = defaultdict(list)
        for node in nodes:
            if node.on:
                self.riding[node.on].append(node)
        known = {node.id for node in nodes}
        self.arcs = [arc for arc in arcs if arc.source in known and arc.target in known and arc.target not in self.on]
        self.order = {key: index for index, key in enumerate(self.nodes)}
        self.columns()
        self.rows()

    def host(self, key: str) -> str:
        return self.on.get(key, key)

    # Columns

    def columns(self) -> None:
        after: dict[str, list[str]] = {key: [] for key in self.nodes}
        for arc in self.arcs:
            source, target = self.host(arc.source), arc.target
            if not arc.loose and source != target and target not in after[source]:
                after[source].append(target)
        forward = _turned(after)
        before: dict[str, list[str]] = {key: [] for key in self.nodes}
        for source, targets in forward.items():
            for target in targets:
                before[target].append(source)
        self.column: dict[str, int] = {}
        left = {key: len(sources) for key, sources in before.items()}
        ready = [key for key, count in left.items() if count == 0]
        done: list[str] = []
        while ready:
            key = ready.pop(0)
            done.append(key)
            self.column[key] = 1 + max((self.column[source] for source in before[key]), default=-1)
            for target in forward[key]:
                left[target] -= 1
                if left[target] == 0:
                    ready.append(target)
        # What nothing leads to stands just before what it leads to, not at the far left.
        for key in reversed(done):
            if not before[key] and forward[key]:
                self.column[key] = max(0, min(self.column[target] for target in forward[key]) - 1)
        self.forward, self.before = forward, before
        self.last = max(self.column.values(), default=0)

    # Rows

    def rows(self) -> None:
        """Each in the row of what leads to it where that is free, so that the main path is a straight line."""
        self.cell: dict[tuple[int, int, int], str] = {}  # lane, row in it, column
        row: dict[str, int] = {}
        depth = [1] * self.lanes
        for key in sorted(self.nodes, key=lambda key: (self.column[key], self.order[key])):
            lane, column = self.nodes[key].lane, self.column[key]
            wanted = [
                row[source]
                for source in self.before[key]
                if source in row and self.nodes[source].lane == lane and self.nodes[source].id in row
            ]
            start = min(wanted, default=0)
            for candidate in _near(start, depth[lane] + 1):
                if (lane, candidate, column) not in self.cell:
                    break
            row[key] = candidate
            depth[lane] = max(depth[lane], candidate + 1)
            self.cell[lane, candidate, column] = key
        self.offset = [0]
        for count in depth:
            self.offset.append(self.offset[-1] + count)
        self.row = {key: self.offset[self.nodes[key].lane] + place for key, place in row.items()}
        self.lane_of_row = [lane for lane, count in enumerate(depth) for _ in range(count)]
        self.taken = {(self.row[key], self.column[key]) for key in self.nodes}
        self.runs_on: dict[tuple[int, int], str] = {}

    # Routes

    def route(self, arc: Arc) -> _Run:
        source, target = self.host(arc.source), arc.target
        r1, c1, r2, c2 = self.row[source], self.column[source], self.row[target], self.column[target]
        run = _Run(arc, first=c1 + 1, last=c2)
        if arc.source in self.on:
            # Out of the bottom of a step: along the hall below its row.
            run.hall, run.first = r1 + 1, -1
            return run
        if c2 > c1:
            between = range(c1 + 1, c2)
            if self._free(r2, between, f"t{target}") and r1 != r2:
                self._take(r2, between, f"t{target}")
                run.row = r2
                return run
            if self._free(r1, between, f"s{source}" if r1 != r2 else f"t{target}"):
                self._take(r1, between, f"s{source}" if r1 != r2 else f"t{target}")
                run.row, run.early = r1, False
                return run
        run.hall = r2 if r1 < r2 else r2 + 1 if r1 > r2 else r1
        return run

    def _free(self, row: int, columns: range, who: str) -> bool:
        return all(
            (row, column) not in self.taken and self.runs_on.get((row, column), who) == who for column in columns
        )

    def _take(self, row: int, columns: range, who: str) -> None:
        for column in columns:
            self.runs_on[row, column] = who

    def layout(self) -> Layout:
        if not self.nodes:
            bands = tuple(Band(self.top + index * self.least, self.least) for index in range(self.lanes))
            return Layout(self.header + 240, self.top + self.lanes * self.least, bands, {}, ())
        runs = self.runs = [self.route(arc) for arc in sorted(self.arcs, key=self._straightest_first)]
        upright = [Channel() for _ in range(self.last + 2)]
        halls = [Channel() for _ in range(len(self.lane_of_row) + 1)]
        for run in runs:
            self._claim(run, upright, halls)
        for channel in (*upright, *halls):
            channel.settle()
        self._measure(upright, halls)
        lines = {run.arc.id: self._line(run) for run in runs}
        boxes = self._boxes()
        bands = tuple(
            Band(self.band_top[lane], self.band_top[lane + 1] - self.band_top[lane]) for lane in range(self.lanes)
        )
        return Layout(
            self.right, self.band_top[-1], bands, boxes, tuple(lines[arc.id] for arc in self.arcs if arc.id in lines)
        )

    def _straightest_first(self, arc: Arc) -> tuple[int, int, int]:
        source = self.host(arc.source)
        return (
            abs(self.row[source] - self.row[arc.target]),
            abs(self.column[arc.target] - self.column[source]),
            self.order[source],
        )

    def _claim(self, run: _Run, upright: list[Channel], halls: list[Channel]) -> None:
        """Ask for room in the channels that a run passes. Rows count as 2r+1, halls as 2r, so that they compare."""
        source, target = self.host(run.arc.source), run.arc.target
        y1, y2 = 2 * self.row[source] + 1, 2 * self.row[target] + 1
        if run.row is not None:
            if y1 == y2:
                return
            channel = upright[run.first if run.early else run.last]
            who = f"s{source}" if run.early else f"t{target}"
            run.parts = [channel.claim(who, y1, y2, left=(y1,), right=(y2,))]
            return
        assert run.hall is not None
        level = 2 * run.hall
        x1, x2 = 2 * run.first, 2 * run.last
        if run.first >= 0:
            run.parts.append(upright[run.first].claim(f"s{source}", y1, level, left=(y1,)))
        else:
            x1 = 2 * self.column[source] + 1
        run.parts.append(upright[run.last].claim(f"t{target}", level, y2, right=(y2,)))
        run.along = halls[run.hall].claim(f"t{target}", x1, x2)

    # Measures

    def _measure(self, upright: list[Channel], halls: list[Channel]) -> None:
        widths = [0.0] * (self.last + 1)
        tall = [0.0] * len(self.lane_of_row)
        for key, node in self.nodes.items():
            width, height = SIZES[node.kind]
            widths[self.column[key]] = max(widths[self.column[key]], width, NAMED if node.named else 0.0)
            extra = ON_EDGE if key in self.riding else 26.0 if node.named else 0.0
            tall[self.row[key]] = max(tall[self.row[key]], height + extra, 50.0)
        said: dict[int, float] = {}  # what flows say stands where they have parted from others
        for run in self.runs:
            if run.arc.words and run.hall is None:
                at = run.first if run.early else run.last
                said[at] = max(said.get(at, 0.0), min(run.arc.words, 100.0) - GAP + 24)
        self.channel_x: list[float] = []
        self.column_x: list[float] = []
        x = self.header + 4
        for index, channel in enumerate(upright):
            self.channel_x.append(x + GAP)
            x += 2 * GAP + TRACK * max(0, channel.tracks - 1) + said.get(index, 0.0)
            if index <= self.last:
                self.column_x.append(x + widths[index] / 2)
                x += widths[index]
        self.right = x + 2
        self.hall_y: list[float] = []
        self.row_y: list[float] = []
        self.band_top = [self.top]
        y = self.top
        for row, lane in enumerate(self.lane_of_row):
            self.hall_y.append(y + HALL)
            y += HALL + 4 + TRACK * halls[row].tracks
            self.row_y.append(y + tall[row] / 2)
            y += tall[row] + 3
            if row + 1 == len(self.lane_of_row):
                self.hall_y.append(y + 5)
                y += 8 + (TRACK * halls[row + 1].tracks)
            else:
                y += 8
            if row + 1 == len(self.lane_of_row) or self.lane_of_row[row + 1] != lane:
                first = next(index for index, one in enumerate(self.lane_of_row) if one == lane)
                short = self.least - (y - self.band_top[-1])
                if short > 0:
                    for index in range(first, row + 1):
                        self.row_y[index] += short / 2
                    y += short
                    if row + 1 == len(self.lane_of_row):
                        self.hall_y[-1] += short
                self.band_top.append(y)

    def _boxes(self) -> dict[str, Box]:
        answer = {}
        for key, node in self.nodes.items():
            width, height = SIZES[node.kind]
            x, y = self.column_x[self.column[key]], self.row_y[self.row[key]]
            box = Box(key, node.kind, x - width / 2, y - height / 2, width, height, node.lane)
            answer[key] = box
            for index, riding in enumerate(self.riding.get(key, ())):
                left = box.x + box.width - 10 - (index + 1) * (ON_EDGE + 6)
                answer[riding.id] = Box(
                    riding.id, "event", left, box.y + box.height - ON_EDGE / 2, ON_EDGE, ON_EDGE, node.lane
                )
        self.boxes = answer
        return answer

    def _line(self, run: _Run) -> Line:
        if not hasattr(self, "boxes"):
            self._boxes()
        arc = run.arc
        target = self.boxes[arc.target]
        end = (target.x, target.centre[1])
        source = self.boxes[arc.source]
        begin = (source.x + source.width, source.centre[1])
        back = self.column[arc.target] <= self.column[self.host(arc.source)]
        if run.row is not None:
            if not run.parts:
                return Line(arc.id, arc.source, arc.target, (begin, end), back)
            x = self._x(run.first if run.early else run.last, run.parts[0])
            return Line(arc.id, arc.source, arc.target, (begin, (x, begin[1]), (x, end[1]), end), back)
        assert run.along is not None
        assert run.hall is not None
        y = self.hall_y[run.hall] + TRACK * run.along.track
        x2 = self._x(run.last, run.parts[-1])
        if run.first < 0:
            begin = (source.centre[0], source.y + source.height)
            points: tuple[Point, ...] = (begin, (begin[0], y), (x2, y), (x2, end[1]), end)
        else:
            x1 = self._x(run.first, run.parts[0])
            points = (begin, (x1, begin[1]), (x1, y), (x2, y), (x2, end[1]), end)
        return Line(arc.id, arc.source, arc.target, _without_stops(points), back)

    def _x(self, channel: int, segment: Segment) -> float:
        return self.channel_x[channel] + TRACK * segment.track


def _near(start: int, count: int) -> list[int]:
    """Rows by how near they are, below before above."""
    return sorted(range(max(count, start + 1) + 1), key=lambda row: (abs(row - start), row < start))


def _turned(after: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The arcs less those that lead back, found by going into the depth in the nodes' order."""
    forward: dict[str, list[str]] = {key: [] for key in after}
    state: dict[str, int] = {}
    led_to = {target for targets in after.values() for target in targets}
    for root in (*(key for key in after if key not in led_to), *after):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            key, targets = stack[-1]
            for target in targets:
                if state.get(target) == 1:
                    continue
                forward[key].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after[target])))
                    break
            else:
                state[key] = 2
                stack.pop()
    return forward


def _without_stops(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """A line less its points on a straight."""
    kept = [points[0]]
    for index in range(1, len(points) - 1):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], points[index], points[index + 1]
        if not ((x0 == x1 == x2) or (y0 == y1 == y2)):
            kept.append(points[index])
    kept.append(points[-1])
    return tuple(kept)
