"""The gauge: one value on a half circle, with its target as a mark."""

import math
from typing import Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import n, write

type Tone = Literal["good", "bad", ""]
_TONES = {
    "good": ("chart-good", drawing.GOOD), "bad": ("chart-bad", drawing.BAD), "": ("chart-s1", drawing.SERIES[0]),
}  # fmt: skip


def gauge(
    value: float | None,
    *,
    title: str,
    desc: str = "",
    target: float | None = None,
    low: float | None = None,
    high: float | None = None,
    tone: Tone = "",
    width: float = 240,
    height: float = 150,
    rate: bool = False,
    heading: bool = True,
    locale: str | None = None,
    spell: drawing.Spell | None = None,
) -> SafeString:
    """From `low` to `high` (nought to a round number beyond value and target where they aren't said)."""
    tongue = drawing.language(locale)
    if value is None or not scales.finite(value):
        return drawing.nothing("gauge", title=title, desc=desc, width=width, height=height, heading=heading)
    levels = [level for level in (value, target) if level is not None and scales.finite(level)]
    if low is None:
        low = min(0.0, *levels)
    if high is None:
        top_level = max(levels) if max(levels) > 0 else 0.0
        high = 1.0 if rate and top_level <= 1 else scales.nice_ticks(low, (top_level or 1.0) * 1.15, 4)[-1]
    high = max(high, low + 1e-9)
    say = spell or (lambda level: scales.value_text(level, 1, tongue, rate=rate))
    top = 26.0 if heading else 8.0
    thick = max(8.0, min(18.0, height * 0.11))
    radius = max(20.0, min((width - 56) / 2, height - top - 30))
    x, y = width / 2, top + radius + thick / 2
    css, colour = _TONES[tone]
    body = [_arc(x, y, radius, 0.0, 1.0, "chart-track", drawing.GRID, thick)]
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    if share > 0.004:
        body.append(_arc(x, y, radius, 0.0, share, css, colour, thick))
    if target is not None and scales.finite(target):
        at = min(1.0, max(0.0, (target - low) / (high - low)))
        x1, y1 = _on(x, y, radius - thick / 2 - 3, at)
        x2, y2 = _on(x, y, radius + thick / 2 + 3, at)
        body.append(drawing.rule(x1, y1, x2, y2, css="chart-mark", stroke=drawing.INK, width=2))
        words = f"{gettext('Target')} {say(target)}"
        body.append(write(x, y + 20, words, css="chart-tick", fill=drawing.MUTED, size=10.5, anchor="middle"))
    body.append(write(x - radius, y + 13, say(low), css="chart-tick", fill=drawing.MUTED, size=9, anchor="middle"))
    body.append(write(x + radius, y + 13, say(high), css="chart-tick", fill=drawing.MUTED, size=9, anchor="middle"))
    size = max(13.0, min(26.0, radius * 0.36))
    words = say(value)
    while size > 11 and drawing.text_width(words, size) > 2 * radius - thick * 2 - 6:
        size -= 1
    body.append(write(x, y - 2, words, css="chart-title", fill=drawing.INK, size=size, anchor="middle", weight=600))
    return drawing.frame("gauge", body, title=title, desc=desc, width=width, height=height, heading=heading)


def _on(x: float, y: float, radius: float, share: float) -> tuple[float, float]:
    angle = math.pi * (1 - share)
    return x + radius * math.cos(angle), y - radius * math.sin(angle)


def _arc(x: float, y: float, radius: float, start: float, end: float, css: str, colour: str, thick: float) -> str:
    x1, y1 = _on(x, y, radius, start)
    x2, y2 = _on(x, y, radius, end)
    return (
        f'<path class="{css}" d="M{n(x1)} {n(y1)}A{n(radius)} {n(radius)} 0 0 1 {n(x2)} {n(y2)}" fill="none" '
        f'stroke="{colour}" stroke-width="{n(thick)}"/>'
    )
