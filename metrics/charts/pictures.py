"""A whole dashboard, or one of its tiles, as one SVG that carries everything: the page's script makes a PNG of it.

No style sheet reaches into a picture, so colours are literals; for a dark one the literals of each class are changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from metrics.charts.boards import COLUMN, GAP, ROW, Drawn, draw, size_of
from metrics.charts.drawings import Happened, picture
from metrics.models import Shown, TileKind
from opsboard.core.charts import drawing
from opsboard.core.charts.drawing import n, write

EDGE = 20
WIDE = 12 * (COLUMN + GAP) - GAP
SURFACES = {"light": ("#fafafa", "#ffffff", "#e2e5e9"), "dark": ("#141517", "#1e2022", "#34383d")}
TONES = {"good": drawing.GOOD, "bad": drawing.BAD}

_INK, _MUTED, _PAPER = "#e4e8ee", "#a3adba", "#1e2022"
_SERIES = ("#7aa2f7", "#f0a35e", "#4fc3b0", "#bb9af7", "#a0a8b5", "#f38ab5", "#9ccc65", "#4dd0e1")
_BLUES = ("#1d2533", "#20304d", "#25406e", "#2b5090", "#6f97ea", "#9dbaf5", "#cbdbfb")
# What charts.css says for a dark screen: (fill, stroke) of each class.
DARK: dict[str, tuple[str, str]] = {
    "chart-title": (_INK, ""), "chart-name": (_INK, ""), "chart-tick": (_MUTED, ""), "chart-grid": ("", "#323842"),
    "chart-empty": ("", "#323842"), "chart-track": ("", "#323842"), "chart-axis": ("", "#4d5663"),
    "chart-change": ("", _MUTED), "chart-part": ("", "#5f6875"), "chart-target": ("", "#4fc3b0"),
    "chart-centre": ("", "#58c486"), "chart-limit": ("", "#f28b8e"), "chart-threshold": ("", "#f2b15c"),
    "chart-label-target": ("#4fc3b0", ""), "chart-label-threshold": ("#f2b15c", ""), "chart-hollow": (_PAPER, ""),
    "chart-seam": ("", _PAPER), "chart-good": ("#58c486", "#58c486"), "chart-bad": ("#ff7b7f", "#ff7b7f"),
    "chart-mark": ("", _INK),
    **{f"chart-s{place}": ("", colour) for place, colour in enumerate(_SERIES, start=1)},
    **{f"chart-f{place}": (colour, "") for place, colour in enumerate(_SERIES, start=1)},
    "chart-h-blue-none": ("", "#323842"), "chart-h-risk-none": ("", "#323842"),
    **{f"chart-h-blue-{place}": (colour, "") for place, colour in enumerate(_BLUES)},
    **{f"chart-on-blue-{place}": ("#eef2f8" if place < 4 else "#10151d", "") for place in range(7)},
}  # fmt: skip
_TAG = re.compile(r'<(\w+) class="([^"]*)"([^<>]*)>')


def darkened(svg: str) -> str:
    """The same drawing for a dark surface."""

    def change(found: re.Match[str]) -> str:
        rest = found[3]
        for name in found[2].split():
            fill, stroke = DARK.get(name, ("", ""))
            if fill:
                rest = re.sub(r'\bfill="#[0-9a-f]{3,6}"', f'fill="{fill}"', rest)
            if stroke:
                rest = re.sub(r'\bstroke="#[0-9a-f]{3,6}"', f'stroke="{stroke}"', rest)
        return f'<{found[1]} class="{found[2]}"{rest}>'

    return _TAG.sub(change, svg)


def dashboard_picture(
    shown: Sequence[Shown], happened: Sequence[Happened], *, name: str, period: str, theme: str = "light"
) -> SafeString:
    """Name and period on top, the tiles where they lie."""
    page, surface, line = SURFACES[theme if theme in SURFACES else "light"]
    deep = max((one.tile.y + one.tile.h for one in shown), default=1)
    width, height = WIDE + 2 * EDGE, 56 + deep * (ROW + GAP) - GAP + EDGE
    body = [
        f'<rect class="picture-page" x="0" y="0" width="{n(width)}" height="{n(height)}" fill="{page}"/>',
        write(EDGE, 34, name, css="chart-title", fill=drawing.INK, size=20, weight=600),
        write(width - EDGE, 34, period, css="chart-tick", fill=drawing.MUTED, size=13, anchor="end"),
    ]
    for one in shown:
        x = EDGE + one.tile.x * (COLUMN + GAP)
        y = 52 + one.tile.y * (ROW + GAP)
        body.append(_placed(_card(one, happened, surface, line), x, y))
    svg = _sheet("".join(body), width, height, name)
    return SafeString(darkened(svg) if theme == "dark" else svg)


def tile_picture(shown: Shown, happened: Sequence[Happened], *, theme: str = "light") -> SafeString:
    page, surface, line = SURFACES[theme if theme in SURFACES else "light"]
    card = _card(shown, happened, surface, line)
    width, height = _box(shown)
    body = f'<rect x="0" y="0" width="{n(width + 24)}" height="{n(height + 24)}" fill="{page}"/>{_placed(card, 12, 12)}'
    svg = _sheet(body, width + 24, height + 24, shown.tile.title)
    return SafeString(darkened(svg) if theme == "dark" else svg)


def _sheet(body: str, width: float, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(width)} {n(height)}" width="{n(width)}" '
        f'height="{n(height)}" font-family="{drawing.FONTS}"><title>{drawing.esc(title)}</title>{body}</svg>'
    )


def _box(shown: Shown) -> tuple[float, float]:
    return shown.tile.w * (COLUMN + GAP) - GAP, shown.tile.h * (ROW + GAP) - GAP


def _placed(svg: str, x: float, y: float) -> str:
    return svg.replace("<svg ", f'<svg x="{n(x)}" y="{n(y)}" ', 1)


def _card(shown: Shown, happened: Sequence[Happened], surface: str, line: str) -> str:
    """One tile with its frame, its words and its chart."""
    width, height = _box(shown)
    drawn = draw(shown, happened, medium="print")
    body = [
        f'<rect x="0.5" y="0.5" width="{n(width - 1)}" height="{n(height - 1)}" rx="6" fill="{surface}" stroke="{line}"/>'
    ]
    title = drawing.shorten(drawn.title, width - 24, 12.5)
    if title:
        body.append(write(12, 21, title, css="chart-name", fill=drawing.INK, size=12.5, weight=600))
    draws = {TileKind.NUMBER: _number, TileKind.TABLE: _table, TileKind.TEXT: _text}
    if shown.first is None and shown.tile.kind != TileKind.TEXT:
        body.append(write(12, 44, drawn.note, css="chart-tick", fill=drawing.MUTED, size=11))
    elif shown.tile.kind in draws:
        body += draws[TileKind(shown.tile.kind)](drawn, width, height)
    else:
        wide, high = size_of(shown.tile)
        if drawn.value_text:
            words = f"{drawn.value_text}  {drawn.change_text}".strip()
            body.append(write(width - 12, 21, words, css="chart-tick", fill=drawing.MUTED, size=12, anchor="end"))
        body.append(_placed(picture(shown, happened)(wide, high), 13, 34))
    return _sheet("".join(body), width, height, drawn.title)


def _number(drawn: Drawn, width: float, height: float) -> list[str]:
    body = [write(12, 56, drawn.value_text, css="chart-title", fill=drawing.INK, size=26, weight=600)]
    if drawn.change_text:
        x = 12 + drawing.text_width(drawn.value_text, 26) + 12
        css = f"chart-{drawn.tone}" if drawn.tone else "chart-tick"
        body.append(
            write(x, 56, drawn.change_text, css=css, fill=TONES.get(drawn.tone, drawing.MUTED), size=12, weight=600)
        )
    note = drawn.change_note or drawn.note
    if note:
        body.append(
            write(12, 74, drawing.shorten(note, width - 24, 10.5), css="chart-tick", fill=drawing.MUTED, size=10.5)
        )
    if drawn.chart:
        body.append(_placed(str(drawn.chart), 13, 80))
    return body


def _table(drawn: Drawn, width: float, height: float) -> list[str]:
    body = []
    for place, row in enumerate(drawn.rows[: max(1, int((height - 34) / 22))]):
        y = 48 + place * 22
        body.append(
            write(12, y, drawing.shorten(row.name, width * 0.5, 11.5), css="chart-name", fill=drawing.INK, size=11.5)
        )
        body.append(
            write(
                width * 0.76, y, row.value_text, css="chart-name", fill=drawing.INK, size=11.5, anchor="end", weight=600
            )
        )
        css = f"chart-{row.tone}" if row.tone else "chart-tick"
        fill = TONES.get(row.tone, drawing.MUTED)
        body.append(write(width - 12, y, row.change_text, css=css, fill=fill, size=11, anchor="end"))
    return body


def _text(drawn: Drawn, width: float, height: float) -> list[str]:
    """The words without their marks, broken where the line ends."""
    plain = strip_tags(re.sub(r"</(?:p|h\d|li|ul|ol)>|<br>", "\n", str(drawn.html)))
    plain = (
        plain.replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&#x27;", "'")
    )
    lines: list[str] = []
    for paragraph in plain.split("\n"):
        line = ""
        for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*", paragraph):
            if line and drawing.text_width(line + word, 12) > width - 24:
                lines.append(line.rstrip())
                line = ""
            line += word
        if line.strip():
            lines.append(line.rstrip())
    top = 44 if drawn.title else 26
    room = max(1, int((height - top) / 18) + 1)
    return [
        write(12, top + place * 18, line, css="chart-name", fill=drawing.INK, size=12)
        for place, line in enumerate(lines[:room])
    ]


__all__ = ["darkened", "dashboard_picture", "tile_picture"]
