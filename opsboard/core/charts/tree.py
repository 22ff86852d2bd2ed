"""A tree of numbers: one on top, what drives it below, each with its value, change and state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.safestring import SafeString

from opsboard.core.charts.drawing import AXIS, GRID, INK, MUTED, esc, frame, n, rule, shorten, text_width, write

WIDTH: Final = 196.0
HEIGHT: Final = 66.0
ACROSS: Final = 16.0
DOWN: Final = 22.0
INDENT: Final = 22.0
TOP: Final = 232.0  # the one on top is larger
TONES: Final = {"good": "#0b5527", "bad": "#97121f", "warn": "#6d4300", "quiet": "#435061"}


@dataclass(frozen=True)
class Node:
    """One number. `sign` is how it works on the one above (+ − × ÷ ~); `state` a word with its tone (good, bad, quiet)."""

    title: str
    value: str = ""
    change: str = ""
    change_tone: str = ""
    state: str = ""
    tone: str = "quiet"
    url: str = ""
    sign: str = ""
    children: Sequence[Node] = field(default_factory=tuple)


def tree(root: Node, *, title: str, desc: str = "") -> SafeString:
    """The root on top, its drivers in a row, and what drives those hanging below each of them."""
    columns = [_depth(child) for child in root.children]
    widths = [WIDTH + INDENT * (deep - 1) for deep in columns]
    across = sum(widths) + ACROSS * max(0, len(widths) - 1)
    width = max(across, TOP) + 4
    height = HEIGHT + 14 + (DOWN * 2 + max((_tall(child) for child in root.children), default=-DOWN * 2)) + 4
    lines: list[str] = []
    boxes: list[str] = []
    middle = width / 2
    boxes.append(_box(root, middle - TOP / 2, 2, TOP, HEIGHT + 14, star=True))
    foot = 2 + HEIGHT + 14
    bar = foot + DOWN
    x = (width - across) / 2
    centres = []
    for child, room in zip(root.children, widths, strict=True):
        centre = x + WIDTH / 2
        centres.append(centre)
        lines.append(rule(centre, bar, centre, bar + DOWN, css="chart-axis", stroke=AXIS, width=1.5))
        _hang(child, x, bar + DOWN, lines, boxes)
        boxes.append(_sign(child.sign, centre, bar + 2))
        x += room + ACROSS
    if centres:
        lines.append(rule(middle, foot, middle, bar, css="chart-axis", stroke=AXIS, width=1.5))
        left, right = min([*centres, middle]), max([*centres, middle])
        lines.append(rule(left, bar, right, bar, css="chart-axis", stroke=AXIS, width=1.5))
    sheet = frame("tree", (*lines, *boxes), title=title, desc=desc, width=width, height=height, heading=False)
    # What can be followed is no picture: a reader must reach the links in it.
    return SafeString(sheet.replace('role="img"', f'role="group" aria-label="{esc(title)}"', 1)) if root.url else sheet


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in node.children), default=0)


def _tall(node: Node) -> float:
    return HEIGHT + sum(DOWN + _tall(child) for child in node.children)


def _hang(node: Node, x: float, y: float, lines: list[str], boxes: list[str]) -> float:
    """Draw a node with everything below it, indented; answers where it ends."""
    boxes.append(_box(node, x, y, WIDTH, HEIGHT))
    end = y + HEIGHT
    stem = x + INDENT / 2
    for child in node.children:
        top = end + DOWN
        middle = top + HEIGHT / 2
        lines.append(rule(stem, y + HEIGHT, stem, middle, css="chart-axis", stroke=AXIS, width=1.5))
        lines.append(rule(stem, middle, x + INDENT, middle, css="chart-axis", stroke=AXIS, width=1.5))
        boxes.append(_sign(child.sign, stem, middle))
        end = _hang(child, x + INDENT, top, lines, boxes)
    return end


def _box(node: Node, x: float, y: float, width: float, height: float, *, star: bool = False) -> str:
    size = 20.0 if star else 15.0
    room = width - 20
    edge = f'<rect class="chart-node{" chart-node-star" if star else ""}" x="{n(x + 0.5)}" y="{n(y + 0.5)}" ' + (
        f'width="{n(width - 1)}" height="{n(height - 1)}" rx="6" fill="#ffffff" stroke="{INK if star else GRID}"/>'
    )
    words = [
        edge,
        f'<rect class="chart-tone-{node.tone}" x="{n(x + 0.5)}" y="{n(y + 8)}" width="3" height="{n(height - 16)}" '
        f'rx="1.5" fill="{TONES.get(node.tone, TONES["quiet"])}"/>',
        write(x + 12, y + 18, shorten(node.title, room, 11), css="chart-tick", fill=MUTED, size=11),
    ]
    value = shorten(node.value, room * 0.68, size)
    words.append(write(x + 12, y + 22 + size, value, css="chart-value", fill=INK, size=size, weight=600))
    if node.change:
        beside = x + 12 + text_width(value, size) * 1.08 + 8  # it is written semi-bold
        tone = TONES.get(node.change_tone, MUTED)
        css = f"chart-words-{node.change_tone}" if node.change_tone in TONES else "chart-tick"
        change = shorten(node.change, x + width - 8 - beside, 11)
        words.append(write(beside, y + 22 + size, change, css=css, fill=tone, size=11))
    if node.state:
        state = shorten(node.state, room, 10)
        words.append(
            write(x + 12, y + height - 9, state, css=f"chart-words-{node.tone}", fill=TONES.get(node.tone, MUTED))
        )
    drawn = "".join(words)
    if not node.url:
        return f"<g>{drawn}</g>"
    return f'<a href="{esc(node.url)}" class="chart-link">{drawn}</a>'


def _sign(sign: str, x: float, y: float) -> str:
    if not sign:
        return ""
    return f'<circle class="chart-node" cx="{n(x)}" cy="{n(y)}" r="8.5" fill="#ffffff" stroke="{AXIS}"/>' + write(
        x, y + 4, sign, css="chart-tick", fill=MUTED, size=12, anchor="middle", weight=600
    )
