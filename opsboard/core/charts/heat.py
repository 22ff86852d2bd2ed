"""The heat map: a table whose cells are coloured by their value, with the value written in them."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from django.utils.safestring import SafeString

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import n, write

type Palette = Literal["blue", "risk"]

# Fill and text of each class, from weak to strong: every pair has a contrast of 4.5 or more.
BLUE: Final = (
    ("#eef3fc", "#1f2733"), ("#d3e0f7", "#1f2733"), ("#adc5ef", "#1f2733"), ("#86a8e5", "#1f2733"),
    ("#4a75cf", "#ffffff"), ("#2a57b8", "#ffffff"), ("#173b8a", "#ffffff"),
)  # fmt: skip
RISK: Final = (
    ("#e3f3e8", "#1f2733"), ("#cfe9b9", "#1f2733"), ("#f4eaa6", "#1f2733"), ("#f8d48a", "#1f2733"),
    ("#f0a868", "#1f2733"), ("#d4564a", "#ffffff"), ("#a31d2b", "#ffffff"),
)  # fmt: skip


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float | None = None,
    rate: bool = False,
    palette: Palette = "blue",
    domain: tuple[float, float] | None = None,
    shade: Callable[[int, int], float] | None = None,
    numbers: bool = True,
    hover: bool = True,
    heading: bool = True,
    locale: str | None = None,
) -> SafeString:
    """`values[row][column]`; None stays hatched.

    The colour follows the value within `domain`, or, where the place decides and not the value (a risk matrix), what
    `shade(row, column)` says between 0 and 1. Without `hover`, for screens that no pointer rests on, cells have no words of
    their own, and those of one colour are one shape.
    """
    tongue = drawing.language(locale)
    known = [value for row in values for value in row if value is not None and scales.finite(value)]
    tall = height if height is not None else (30 if heading else 4) + 24 + 26 * max(1, len(rows))
    if not rows or not columns or not (known or shade):
        return drawing.nothing("heat", title=title, desc=desc, width=width, height=tall, heading=heading)
    low, high = domain or (min(known, default=0.0), max(known, default=1.0))
    tones = BLUE if palette == "blue" else RISK
    places = max(0, scales.decimals_of(scales.nice_ticks(low, high)))
    if not rate and any(value != round(value) for value in known):  # a quarter is not nothing
        places = max(1, places)
    top = 30.0 if heading else 4.0
    left = min(max(drawing.text_width(name, 10.5) for name in rows) + 10, width * 0.3)
    across = (width - left - 2) / len(columns)
    down = (tall - top - 22) / len(rows)
    every = max(1, round(34 / across)) if across < 34 else 1
    body: list[str] = []
    empty: list[str] = []
    cells: dict[int, list[str]] = {}
    words_in: dict[int, list[str]] = {}
    size = (across - 1.5, down - 1.5)
    box = _box(*size) if hover else f"h{n(size[0])}v{n(size[1])}h{n(-size[0])}z"
    fits = numbers and down > 13
    for r, name in enumerate(rows):
        y = top + r * down
        label = drawing.shorten(name, left - 8, 10.5)
        body.append(
            write(left - 6, y + down / 2 + 3.6, label, css="chart-name", fill=drawing.INK, size=10.5, anchor="end")
        )
        for c, column in enumerate(columns):
            value = values[r][c]
            x = left + c * across + 0.75
            present = value is not None and scales.finite(value)
            words = scales.value_text(value, places, tongue, rate=rate) if present and value is not None else ""
            said = f"{name} · {column}: {words or '–'}" if hover else ""
            if shade is None and not present:
                empty.append(_cell(x, y + 0.75, _box(*size), said))
                empty.append(drawing.hatch(x, y + 0.75, *size))
                continue
            share = shade(r, c) if shade is not None else _share(value or 0.0, low, high)
            tone = min(len(tones) - 1, max(0, int(share * len(tones))))
            cell = _cell(x, y + 0.75, box, said) if hover else f"M{n(x)} {n(y + 0.75)}{box}"
            cells.setdefault(tone, []).append(cell)
            if fits and words and drawing.text_width(words, drawing.TICK) < across - 3:
                middle = f'x="{n(x + size[0] / 2)}" y="{n(y + down / 2 + 3.6)}"'
                words_in.setdefault(tone, []).append(f"<text {middle}>{drawing.esc(words)}</text>")
    for tone, found in sorted(cells.items()):
        look = f'class="chart-h-{palette}-{tone}" fill="{tones[tone][0]}"'
        body.append(f"<g {look}>{''.join(found)}</g>" if hover else f'<path {look} d="{"".join(found)}"/>')
    if empty:
        look = f'class="chart-h-{palette}-none" fill="none" stroke="{drawing.GRID}"'
        body.append(f"<g {look}>{''.join(empty)}</g>")
    for tone, found in sorted(words_in.items()):
        look = f'class="chart-on-{palette}-{tone}" fill="{tones[tone][1]}" font-size="{n(drawing.TICK)}"'
        body.append(f'<g {look} text-anchor="middle">{"".join(found)}</g>')
    for c, column in enumerate(columns):
        if c % every == 0:
            label = drawing.shorten(column, across * every - 2, drawing.TICK)
            middle_x = left + c * across + across / 2
            body.append(write(middle_x, tall - 7, label, css="chart-tick", fill=drawing.MUTED, anchor="middle"))
    return drawing.frame("heat", body, title=title, desc=desc, width=width, height=tall, heading=heading)


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if high <= low else (value - low) / (high - low)


def _box(width: float, height: float) -> str:
    return f'width="{n(width)}" height="{n(height)}" rx="2"'


def _cell(x: float, y: float, box: str, words: str) -> str:
    inside = f"><title>{drawing.esc(words)}</title></rect>" if words else "/>"
    return f'<rect x="{n(x)}" y="{n(y)}" {box}{inside}'
