"""The swim-lane map as one SVG for screen and paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from opsboard.core.charts.drawing import AXIS, FONTS, GRID, INK, MUTED, esc, n, shorten, text_width, write
from processes.analysis.lane_plan import Flowing, Lane, Plan
from processes.analysis.lanes import Band, Box, Layout, Line

HEADER: Final = 118.0
TOP: Final = 4.0
SIZE: Final = 11.5
SMALL: Final = 9.5
STRIPE: Final = "#f7f8fa"
PAPER: Final = "#ffffff"
LINE: Final = "#7b8696"
GATE: Final = "#fff6e0"
GATE_EDGE: Final = "#b07a08"
TONES: Final = {"bad": "#b91c1c", "warn": "#b45309", "good": "#1c7a43", "new": "#2356c9"}
SIGNS: Final = {"exclusiveGateway": "×", "parallelGateway": "+", "inclusiveGateway": "○", "complexGateway": "✳"}
BREAKS: Final = " -/·、，,;；：:（(）)"


@dataclass(frozen=True)
class Card:
    """What a box says: its name, what stands small below, and who is told more of it."""

    name: str
    below: str = ""
    told: str = ""
    tone: str = ""
    url: str = ""
    tag: str = ""
    phase: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def lane_map(
    plan: Plan,
    cards: Mapping[str, Card],
    *,
    title: str,
    desc: str = "",
    say_share: Callable[[float], str] = lambda share: f"{share:.0%}",
    marked: Iterable[str] = (),
) -> SafeString:
    """Lanes with their steps and flows. `marked` arcs are drawn strong."""
    phases = _phases_in(cards)
    top = TOP + (20.0 if phases else 0.0)
    layout = plan.laid_out(header=HEADER, top=top, width=lambda said: text_width(_said(said, say_share), SMALL))
    body = [*_bands(plan.lanes, layout)]
    if phases:
        body.extend(_phases(phases, cards, layout))
    strong = set(marked)
    body.extend(_line(line, loose=_is_loose(plan, line), strong=line.id in strong) for line in layout.lines)
    body.extend(_words(plan, layout, say_share))
    body.extend(_box(box, cards.get(key, Card(""))) for key, box in layout.boxes.items())
    linked = any(card.url for card in cards.values())
    role = f'role="group" aria-label="{esc(title)}"' if linked else 'role="img"'
    return SafeString(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart lane-map" {role} '
        f'viewBox="0 0 {n(layout.width)} {n(layout.height + 2)}" width="{n(layout.width)}" '
        f'height="{n(layout.height + 2)}" font-family="{FONTS}">'
        f"<title>{esc(title)}</title><desc>{esc(desc)}</desc>{''.join(body)}</svg>"
    )


def _is_loose(plan: Plan, line: Line) -> bool:
    return any(arc.loose for arc in plan.arcs if arc.id == line.id)


# Lanes and phases


def _bands(lanes: Sequence[Lane], layout: Layout) -> list[str]:
    parts = []
    for index, (lane, band) in enumerate(zip(lanes, layout.bands, strict=True)):
        parts.append(
            f'<rect class="lane{" lane-odd" if index % 2 else ""}" x="0.5" y="{n(band.y)}" width="{n(layout.width - 1)}" '
            f'height="{n(band.height)}" fill="{STRIPE if index % 2 else PAPER}" stroke="{GRID}"/>'
        )
        parts.append(_role(lane, band, _other_pool(lanes, index)))
    parts.append(
        f'<line class="chart-grid" x1="{n(HEADER)}" y1="{n(layout.bands[0].y)}" x2="{n(HEADER)}" y2="{n(layout.height)}" '
        f'stroke="{GRID}"/>'
    )
    return parts


def _other_pool(lanes: Sequence[Lane], index: int) -> str:
    """The pool's name, on its first lane, where it says more than the lane."""
    lane = lanes[index]
    if not lane.pool_name or lane.pool_name == lane.name:
        return ""
    return lane.pool_name if index == 0 or lanes[index - 1].pool != lane.pool else ""


def _role(lane: Lane, band: Band, pool: str) -> str:
    name = lane.name or (gettext("No role yet") if not lane.pool_name else lane.pool_name)
    lines = wrap(name, HEADER - 22, 11.5, max(1, min(4, int(band.height / 15) - 1)))
    css, fill = ("lane-name", INK) if lane.name else ("lane-name lane-nobody", MUTED)
    y = band.y + band.height / 2 - (len(lines) - 1) * 7.5 + 4
    words = "".join(
        write(12, y + index * 15, line, css=css, fill=fill, size=11.5, weight=600) for index, line in enumerate(lines)
    )
    if pool:
        words += write(12, band.y + 13, shorten(pool, HEADER - 18, SMALL), css="chart-tick", fill=MUTED, size=SMALL)
    return words


def _phases_in(cards: Mapping[str, Card]) -> list[str]:
    return list(dict.fromkeys(card.phase for card in cards.values() if card.phase))


def _phases(phases: Sequence[str], cards: Mapping[str, Card], layout: Layout) -> list[str]:
    """A strip above the lanes: each phase from its first step to where the next one begins."""
    begun: list[tuple[float, str]] = []
    for phase in phases:
        boxes = [layout.boxes[key] for key, card in cards.items() if card.phase == phase and key in layout.boxes]
        if boxes:
            begun.append((min(box.x for box in boxes), phase))
    begun.sort()
    parts = []
    for index, (x, phase) in enumerate(begun):
        end = begun[index + 1][0] if index + 1 < len(begun) else layout.width
        if end - x > 14:
            words = shorten(phase, end - x - 10, SMALL)
            parts.append(write(x, TOP + 12, words, css="lane-phase", fill=MUTED, size=SMALL, weight=600))
            parts.append(
                f'<line class="lane-phase-start" x1="{n(x - 8)}" y1="{n(TOP)}" x2="{n(x - 8)}" y2="{n(layout.height)}" '
                f'stroke="{AXIS}" stroke-dasharray="2 4"/>'
            )
    return parts


# Lines


def _line(line: Line, *, loose: bool, strong: bool) -> str:
    d = _rounded(line.points)
    css = "lane-flow" + (" lane-back" if line.back else "") + (" lane-loose" if loose else "")
    dash = ' stroke-dasharray="5 4"' if loose else ""
    x, y = line.points[-1]
    return (
        f'<path class="{css}" d="{d}" fill="none" stroke="{LINE}" stroke-width="{"2.4" if strong else "1.3"}"{dash}/>'
        f'<path class="lane-tip" d="M{n(x)} {n(y)}l-7 -3.6v7.2z" fill="{LINE}"/>'
    )


def _rounded(points: Sequence[tuple[float, float]], radius: float = 5.0) -> str:
    """A line at right angles with soft corners."""
    parts = [f"M{n(points[0][0])} {n(points[0][1])}"]
    for index in range(1, len(points) - 1):
        (x0, y0), (x1, y1), (x2, y2) = points[index - 1], points[index], points[index + 1]
        r = min(radius, (abs(x1 - x0) + abs(y1 - y0)) / 2, (abs(x2 - x1) + abs(y2 - y1)) / 2)
        ax, ay = x1 - r * _sign(x1 - x0), y1 - r * _sign(y1 - y0)
        bx, by = x1 + r * _sign(x2 - x1), y1 + r * _sign(y2 - y1)
        parts.append(f"L{n(ax)} {n(ay)}Q{n(x1)} {n(y1)} {n(bx)} {n(by)}")
    x, y = points[-1]
    parts.append(f"L{n(x - 5)} {n(y)}" if len(points) > 1 and points[-2][0] < x - 6 else f"L{n(x)} {n(y)}")
    return "".join(parts)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _said(said: Flowing, say_share: Callable[[float], str]) -> str:
    share = say_share(said.share) if said.share is not None and "%" not in said.name else ""
    return " ".join(word for word in (said.name, share) if word)


def _words(plan: Plan, layout: Layout, say_share: Callable[[float], str]) -> list[str]:
    """What flows say, above their line where they have parted from others."""
    parts = []
    for line in layout.lines:
        text = _said(plan.said.get(line.id, Flowing()), say_share)
        if not text:
            continue
        if len(line.points) > 4:  # round by a hall: there it is alone
            (x, y), (end, _) = line.points[2], line.points[3]
            x, anchor, room = (x - 8, "end", x - end - 12) if end < x else (x + 8, "", end - x - 12)
        else:
            (x, _), (end, y) = line.points[-2], line.points[-1]
            x, anchor, room = x + 6, "", end - x - 14
        if room < 12:
            continue
        parts.append(
            f'<g class="lane-said"><title>{esc(text)}</title>'
            + write(x, y - 4, shorten(text, room, SMALL), css="lane-words", fill=MUTED, size=SMALL, anchor=anchor)
            + "</g>"
        )
    return parts


# Boxes


def _box(box: Box, card: Card) -> str:
    if box.kind == "step":
        drawn = _step(box, card)
    elif box.kind == "gateway":
        drawn = _gateway(box, card)
    else:
        drawn = _event(box, card)
    told = f"<title>{esc(card.told or card.name)}</title>" if card.told or card.name else ""
    extra = "".join(f' {name}="{esc(value)}"' for name, value in card.attributes.items())
    if card.url:
        return f'<a href="{esc(card.url)}" class="chart-link lane-box"{extra}>{told}{drawn}</a>'
    return f'<g class="lane-box"{extra}>{told}{drawn}</g>'


def _step(box: Box, card: Card) -> str:
    room = box.width - 18
    lines = wrap(card.name, room, SIZE, 2 if card.below else 3) or [gettext("(no name)")]
    tone = TONES.get(card.tone, "")
    css = f"lane-step lane-{card.tone}" if tone else "lane-step"
    parts = [
        f'<rect class="{css}" x="{n(box.x)}" y="{n(box.y)}" width="{n(box.width)}" height="{n(box.height)}" rx="6" '
        f'fill="{PAPER}" stroke="{tone or AXIS}" stroke-width="{"1.8" if tone else "1.2"}"/>'
    ]
    high = len(lines) * 14.5 + (13 if card.below else 0)
    y = box.y + (box.height - high) / 2 + 11
    x = box.x + 10
    for index, line in enumerate(lines):
        fill, css = (INK, "lane-step-name") if card.name else (MUTED, "chart-tick")
        parts.append(write(x, y + index * 14.5, line, css=css, fill=fill, size=SIZE, weight=500))
    if card.below:
        below = shorten(card.below, room, SMALL)
        parts.append(write(x, y + len(lines) * 14.5, below, css="chart-tick", fill=MUTED, size=SMALL))
    return "".join(parts)


def _gateway(box: Box, card: Card) -> str:
    x, y = box.centre
    half = box.width / 2
    parts = [
        f'<path class="lane-gate" d="M{n(x)} {n(y - half)}L{n(x + half)} {n(y)}L{n(x)} {n(y + half)}L{n(x - half)} {n(y)}z" '
        f'fill="{GATE}" stroke="{GATE_EDGE}" stroke-width="1.2"/>',
        write(x, y + 5.5, SIGNS.get(card.tag, "×"), css="lane-gate-sign", fill=GATE_EDGE, size=16, anchor="middle"),
    ]
    lines = wrap(card.name, 104, SMALL, 1)
    parts.extend(
        write(x, y - half - 4, line, css="lane-words", fill=MUTED, size=SMALL, anchor="middle") for line in lines
    )
    return "".join(parts)


def _event(box: Box, card: Card) -> str:
    x, y = box.centre
    radius = box.width / 2
    end = card.tag == "endEvent"
    inner = card.tag in {"intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
    parts = [
        f'<circle class="lane-event" cx="{n(x)}" cy="{n(y)}" r="{n(radius - 1)}" fill="{PAPER}" stroke="{INK}" '
        f'stroke-width="{"2.6" if end else "1.3"}"/>'
    ]
    if inner:
        parts.append(
            f'<circle class="lane-event-ring" cx="{n(x)}" cy="{n(y)}" r="{n(radius - 4)}" fill="none" stroke="{INK}" '
            'stroke-width="1"/>'
        )
    parts.extend(
        write(x, y + radius + 10 + 10.5 * index, line, css="lane-words", fill=MUTED, size=SMALL, anchor="middle")
        for index, line in enumerate(wrap(card.name or card.below, 100, SMALL, 2))
    )
    return "".join(parts)


def wrap(text: str, room: float, size: float, most: int) -> list[str]:
    """A name in at most so many lines: broken at blanks and marks, and anywhere in Chinese; the rest is an ellipsis."""
    lines: list[str] = []
    rest = text.strip()
    while rest:
        if len(lines) == most - 1 or text_width(rest, size) <= room:
            lines.append(shorten(rest, room, size))
            break
        cut = _fitting(rest, room, size)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return lines


def _fitting(text: str, room: float, size: float) -> int:
    most = 1
    while most < len(text) and text_width(text[: most + 1], size) <= room:
        most += 1
    for cut in range(most, 0, -1):
        here, after = text[cut - 1], text[cut : cut + 1]
        if (here >= "\u2e80" and after not in "，。、；：）！？") or here in BREAKS or after == " ":
            return cut
    return most
