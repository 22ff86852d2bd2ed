"""The map of what really happened: steps as boxes, arcs as thick as they are often taken."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from opsboard.core.charts.drawing import INK, MUTED, esc, frame, n, shorten, text_width, write
from opsboard.core.charts.heat import BLUE
from processes.analysis.layout import Arc, Layout, Point, Size, laid_out

type Palette = Literal["blue", "amber"]

WIDTH: Final = 176.0
ROOM: Final = WIDTH - 20
NAME: Final = 12.0
SMALL: Final = 10.5
LINE: Final = 15.0
MARGIN: Final = 14.0
LOOP: Final = 30.0
ARC: Final = "#8a94a3"
TONES: Final = 4  # of the palettes' seven: those that carry dark words
AMBER: Final = (("#fdf3e1", INK), ("#fbe3b8", INK), ("#f8cf8a", INK), ("#f2b25c", INK))
START, END = "\x02start", "\x03end"  # no step is called so: control characters are taken out of names


@dataclass(frozen=True, slots=True)
class Step:
    """A box. `tone` 0…1 is how strongly it is filled; `words` stand under its name; it leads to `url`."""

    name: str
    words: str = ""
    tone: float = 0.0
    url: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """An arc. `strength` 0…1 is how thick it is; None as source or target is the beginning or the end of a case."""

    source: str | None
    target: str | None
    words: str = ""
    strength: float = 0.0
    weight: float = 1.0
    url: str = ""
    marked: bool = False


def draw_map(
    steps: Sequence[Step], flows: Sequence[Flow], *, title: str, desc: str, palette: Palette = "blue"
) -> SafeString:
    """The whole map, as large as it needs to be; the page scrolls it or shrinks it to its width."""
    lines = {step.name: _wrapped(step.name) for step in steps}
    sizes: dict[str, Size] = {
        step.name: Size(WIDTH, 14 + LINE * len(lines[step.name]) + (LINE if step.words else 0)) for step in steps
    }
    begins, ends = any(flow.source is None for flow in flows), any(flow.target is None for flow in flows)
    if begins:
        sizes[START] = Size(24, 24)
    if ends:
        sizes[END] = Size(24, 24)
    drawn = [(flow, flow.source or START, flow.target or END) for flow in flows]
    layout = laid_out(
        sizes, [Arc(source, target, flow.weight) for flow, source, target in drawn],
        first=[START] if begins else (), last=[END] if ends else (),
    )  # fmt: skip
    loops = {source for _flow, source, target in drawn if source == target}
    right = max((layout.boxes[name][0] + WIDTH / 2 + LOOP + 50 for name in loops), default=0.0)
    width, height = max(layout.width, right) + 2 * MARGIN, layout.height + 2 * MARGIN
    back: list[str] = []
    front: list[str] = []
    for flow, source, target in sorted(drawn, key=lambda one: one[0].strength):
        way, label = _loop(layout, sizes, source) if source == target else _way(layout, source, target)
        back.append(_arc(flow, way, target, layout))
        if flow.words:
            front.append(_label(flow, label))
    boxes = [_box(step, lines[step.name], sizes[step.name], layout.boxes[step.name], palette) for step in steps]
    marks = [_terminal(layout.boxes[name], name == START) for name in (START, END) if name in sizes]
    body = f'<g transform="translate({n(MARGIN)} {n(MARGIN)})">{"".join((*back, *boxes, *marks, *front))}</g>'
    sheet = frame("map", (body,), title=title, desc=desc, width=width, height=height, heading=False)
    # What can be followed is no picture: a reader must reach the links in it.
    return SafeString(sheet.replace('role="img"', f'role="group" aria-label="{esc(title)}"', 1))


def _wrapped(name: str) -> list[str]:
    """A name in at most two lines; Chinese breaks anywhere, other writing between words."""
    if text_width(name, NAME) <= ROOM:
        return [name]
    first, rest = "", name
    while rest:
        space = rest.find(" ", 1)
        piece = rest[0] if rest[0] >= "\u2e80" else rest[: space if space > 0 else len(rest)]
        if first and text_width(first + piece, NAME) > ROOM:
            break
        first, rest = first + piece, rest[len(piece) :]
    return [shorten(first.strip(), ROOM, NAME), *([shorten(rest.strip(), ROOM, NAME)] if rest.strip() else [])]


def _tone(tone: float, palette: Palette) -> tuple[str, str, str]:
    level = min(TONES - 1, max(0, int(tone * TONES)))
    fill, words = (BLUE if palette == "blue" else AMBER)[level]
    return f"map-{palette}-{level}", fill, words


def _box(step: Step, lines: Sequence[str], size: Size, at: Point, palette: Palette) -> str:
    css, fill, words = _tone(step.tone, palette)
    x, y = at[0] - size.width / 2, at[1] - size.height / 2
    edge = 'stroke="#b45309" stroke-width="2.5"' if step.marked else f'stroke="{ARC}" stroke-width="1"'
    parts = [
        f"<title>{esc(step.name)}{f': {esc(step.words)}' if step.words else ''}</title>",
        f'<rect class="map-box {css}{" map-marked" if step.marked else ""}" x="{n(x)}" y="{n(y)}" width="{n(size.width)}" height="{n(size.height)}" rx="7" fill="{fill}" {edge}/>',
    ]
    for number, line in enumerate(lines):
        parts.append(write(at[0], y + 19 + LINE * number, line, css="map-name", fill=words, size=NAME, anchor="middle", weight=600))  # fmt: skip
    if step.words:
        under = y + 19 + LINE * len(lines)
        parts.append(write(at[0], under, shorten(step.words, ROOM + 8, SMALL), css="map-words", fill=words, size=SMALL, anchor="middle"))  # fmt: skip
    drawn = "".join(parts)
    return f'<a href="{esc(step.url)}" class="chart-link">{drawn}</a>' if step.url else f"<g>{drawn}</g>"


def _terminal(at: Point, start: bool) -> str:
    x, y = at
    begin, end = pgettext("of a process", "Start"), pgettext("of a process", "End")
    words = esc(begin if start else end)
    inner = (
        f'<path class="map-start" d="M{n(x - 3.5)} {n(y - 5)}l9 5l-9 5z" fill="#1c7a43"/>'
        if start
        else f'<rect class="map-end" x="{n(x - 4.5)}" y="{n(y - 4.5)}" width="9" height="9" rx="1.5" fill="#b91c1c"/>'
    )
    ring = "map-start-ring" if start else "map-end-ring"
    stroke = "#1c7a43" if start else "#b91c1c"
    return (
        f'<g><title>{words}</title><circle class="map-paper {ring}" cx="{n(x)}" cy="{n(y)}" r="12" fill="#ffffff" '
        f'stroke="{stroke}" stroke-width="1.5"/>{inner}</g>'
    )


def _way(layout: Layout, source: str, target: str) -> tuple[str, Point]:
    """The path of an arc, and where its words stand: on its longest straight piece, else in its middle."""
    points = layout.routes[source, target]
    path = [f"M{n(points[0][0])} {n(points[0][1])}"]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        bend = (y2 - y1) * 0.5
        path.append(f"C{n(x1)} {n(y1 + bend)} {n(x2)} {n(y2 - bend)} {n(x2)} {n(y2)}")
    if len(points) > 2:  # on a turn, where the arc is alone
        return "".join(path), points[len(points) // 2]
    (x1, y1), (x2, y2) = points
    both = (target, source) in layout.routes  # two arcs lie side by side: their words one above the other
    part = 0.32 if both else 0.5
    beside = 3 * part * part - 2 * part**3  # of the curve: it leaves and arrives upright
    return "".join(path), (x1 + (x2 - x1) * beside, y1 + (y2 - y1) * part)


def _loop(layout: Layout, sizes: dict[str, Size], name: str) -> tuple[str, Point]:
    x, y = layout.boxes[name]
    edge = x + sizes[name].width / 2
    return (
        f"M{n(edge)} {n(y - 8)}C{n(edge + LOOP)} {n(y - 16)} {n(edge + LOOP)} {n(y + 16)} {n(edge)} {n(y + 8)}",
        (edge + LOOP * 0.75 + 13, y),
    )


def _arc(flow: Flow, way: str, target: str, layout: Layout) -> str:
    thick = 1.0 + 5.0 * max(0.0, min(1.0, flow.strength))
    css = "map-arc map-arc-marked" if flow.marked else "map-arc"
    colour = "#b45309" if flow.marked else ARC
    tip = way.rsplit(" ", 2)[-2:]
    x, y = float(tip[0]), float(tip[1])
    size = 4.0 + thick * 0.9
    if (flow.source or START) == target:
        head = f"M{n(x)} {n(y)}l{n(size * 1.4)} {n(-size * 0.2)}l{n(-size * 0.3)} {n(size)}z"
    else:
        up = -1.0 if (flow.source or START, target) in layout.backward else 1.0
        head = f"M{n(x)} {n(y)}l{n(-size * 0.62)} {n(-up * size * 1.3)}h{n(size * 1.24)}z"
    begin, end = pgettext("of a process", "Start"), pgettext("of a process", "End")
    words = f"<title>{esc(flow.source or begin)} → {esc(flow.target or end)}: {esc(flow.words)}</title>"
    return (
        f'<g class="{css}">{words}<path d="{way}" fill="none" stroke="{colour}" stroke-width="{n(thick)}"/>'
        f'<path class="map-head" d="{head}" fill="{colour}"/></g>'
    )


def _label(flow: Flow, at: Point) -> str:
    wide = text_width(flow.words, SMALL) + 8
    x, y = at
    drawn = (
        f'<rect class="map-paper" x="{n(x - wide / 2)}" y="{n(y - 8)}" width="{n(wide)}" height="15" rx="4" fill="#ffffff" fill-opacity="0.88"/>'
        + write(x, y + 3.5, flow.words, css="map-label", fill=MUTED, size=SMALL, anchor="middle")
    )
    return f'<a href="{esc(flow.url)}" class="chart-link">{drawn}</a>' if flow.url else drawn


def strength(count: float, most: float) -> float:
    """How thick an arc is, 0…1: by the logarithm, so that rare ones are still told apart."""
    return math.log1p(count) / math.log1p(most) if most > 0 else 0.0
