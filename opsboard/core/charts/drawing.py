"""The sheet that charts are drawn on: colours, text, axes, and the frame that every SVG shares."""

import html
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, to_locale

from opsboard.core.charts import scales

# The light colours, as literals; charts.css says the dark ones for the same classes.
INK: Final = "#1f2733"
MUTED: Final = "#5c6675"
GRID: Final = "#e8ebef"
AXIS: Final = "#c3c9d2"
SERIES: Final = ("#2356c9", "#b4560c", "#0b7d6e", "#7442b8", "#5c6675", "#b02a63", "#3f7d1f", "#0e7490")
DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "4 2", "10 4", "1 3", "6 2 1 2")
TARGET: Final = "#0b7d6e"
CENTRE: Final = "#1c8a4b"
LIMIT: Final = "#c9474b"
THRESHOLD: Final = "#b45309"
SIGNAL: Final = "#b91c1c"
PART: Final = "#aeb6c2"

# No blank after a comma: WeasyPrint splits SVG font families there and keeps the blank as part of the name.
FONTS: Final = "Inter,Noto Sans SC,PingFang SC,Microsoft YaHei,sans-serif"
GOOD: Final = "#1c7a43"
BAD: Final = "#b91c1c"
TICK: Final = 10.0
TITLE: Final = 12.5
ROOMY: Final = 720
TIGHT: Final = 340

type Spell = Callable[[float], str]


def n(value: float) -> str:
    """A coordinate: one decimal is a tenth of a pixel."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


# Control characters are not XML, and one of them would lose the whole drawing.
_CONTROL: Final = dict.fromkeys(code for code in range(32) if chr(code) not in "\t\n")


def esc(text: object) -> str:
    return html.escape(str(text).translate(_CONTROL))


def language(locale: str | None) -> str:
    """The Babel name of a locale: `zh-hans`, `zh_Hans` and `en-gb` are all understood, what is unknown reads as English."""
    name = to_locale((locale or get_language() or "en").replace("_", "-").lower())
    try:
        return str(Locale.parse(name))
    except (UnknownLocaleError, ValueError):
        return "en"


def zone(tz: tzinfo | str | None) -> tzinfo:
    if tz is None:
        return timezone.get_current_timezone()
    return ZoneInfo(tz) if isinstance(tz, str) else tz


def stamp(at: datetime) -> float:
    if at.tzinfo is None:
        raise ValueError(f"a chart needs moments with a time zone, not {at.isoformat()}")
    return at.timestamp()


def text_width(text: str, size: float) -> float:
    """A fair guess of the width in Inter: measuring would need the font."""
    total = 0.0
    for letter in text:
        if letter >= "\u2e80":
            total += 1.0
        elif letter in " .,:;'|!ilIjtf()[]":
            total += 0.32
        elif letter in "mwMW%—":
            total += 0.88
        elif letter.isupper():
            total += 0.68
        else:
            total += 0.58
    return total * size


def shorten(text: str, room: float, size: float) -> str:
    """As much of a text as fits, with an ellipsis."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept, size) + 0.9 * size > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…" if kept else "…"


def label_of(item: object, locale: str) -> str:
    """A category in words: a day is written as the language writes short days."""
    if isinstance(item, datetime):
        return scales.day_text(item.date(), locale)
    return scales.day_text(item, locale) if isinstance(item, date) else str(item)


def write(
    x: float, y: float, text: object, *, css: str, fill: str, size: float = TICK, anchor: str = "", weight: int = 0
) -> str:
    extra = f' text-anchor="{anchor}"' if anchor else ""
    if weight:
        extra += f' font-weight="{weight}"'
    return f'<text class="{css}" x="{n(x)}" y="{n(y)}" font-size="{n(size)}" fill="{fill}"{extra}>{esc(text)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, *, css: str, stroke: str, width: float = 1, dash: str = "") -> str:
    extra = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line class="{css}" x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" '
        f'stroke="{stroke}" stroke-width="{n(width)}"{extra}/>'
    )


def hatch(x: float, y: float, width: float, height: float, *, gap: float = 5.0) -> str:
    """Slanted lines in a box, cut at its edges: a pattern would need an id, and ids collide on a page of cards."""
    if width <= 0 or height <= 0:
        return ""
    parts = []
    offset = gap
    while offset < width + height:
        x1, y1 = (x + offset, y) if offset <= width else (x + width, y + offset - width)
        x2, y2 = (x, y + offset) if offset <= height else (x + offset - height, y + height)
        parts.append(f"M{n(x1)} {n(y1)}L{n(x2)} {n(y2)}")
        offset += gap
    return f'<path class="chart-part" d="{"".join(parts)}" stroke="{PART}" stroke-width="0.7" fill="none"/>'


def frame(
    kind: str, body: Iterable[str], *, title: str, desc: str, width: float, height: float, heading: bool
) -> SafeString:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart chart-{kind}" role="img" '
        f'viewBox="0 0 {n(width)} {n(height)}" width="{n(width)}" height="{n(height)}" font-family="{FONTS}">'
        f"<title>{esc(title)}</title><desc>{esc(desc)}</desc>"
    )
    if heading and title:
        words = shorten(title, width - 8, TITLE)
        head += write(2, TITLE + 2, words, css="chart-title", fill=INK, size=TITLE, weight=600)
    return SafeString(f"{head}{''.join(body)}</svg>")


def for_any_screen(draw: Callable[[int, int], SafeString]) -> SafeString:
    """The same chart twice, and charts.css shows one: shrunk to a phone, the writing of a wide one cannot be read."""
    return format_html(
        '<div class="chart-roomy">{}</div><div class="chart-tight">{}</div>', draw(ROOMY, 270), draw(TIGHT, 220)
    )


def nothing(kind: str, *, title: str, desc: str, width: float, height: float, heading: bool) -> SafeString:
    """A chart without values says so, in the same space, so that a page doesn't jump when they come."""
    words = write(
        width / 2, height / 2 + 4, gettext("No values yet"), css="chart-tick", fill=MUTED, size=12, anchor="middle"
    )
    edge = (
        f'<rect class="chart-empty" x="0.5" y="{n(26 if heading and title else 0.5)}" width="{n(width - 1)}" '
        f'height="{n(height - (27 if heading and title else 1))}" rx="4" fill="none" stroke="{GRID}"/>'
    )
    return frame(kind, (edge, words), title=title, desc=desc, width=width, height=height, heading=heading)


def legend(
    names: Sequence[str], x: float, y: float, room: float, *, filled: bool, tones: Sequence[int | None] = ()
) -> str:
    """Names beside their colours in one row, and beside their dashes where they are lines."""
    parts = []
    each = room / max(len(names), 1)
    for index, name in enumerate(names):
        given = tones[index] if tones else None
        tone = (index if given is None else given) % len(SERIES)
        words = shorten(name, each - 26, TICK)
        if filled:
            parts.append(
                f'<rect class="chart-f{tone + 1}" x="{n(x)}" y="{n(y - 8)}" width="9" height="9" rx="2" '
                f'fill="{SERIES[tone]}"/>'
            )
        else:
            parts.append(
                rule(
                    x,
                    y - 3.5,
                    x + 14,
                    y - 3.5,
                    css=f"chart-s{tone + 1}",
                    stroke=SERIES[tone],
                    width=2,
                    dash=DASHES[tone],
                )
            )
        left = x + (13 if filled else 18)
        parts.append(write(left, y, words, css="chart-tick", fill=MUTED))
        x = left + text_width(words, TICK) + 14
    return "".join(parts)


class Plot:
    """The inner rectangle of a chart with its upright axis: says where a value lies and draws grid and ticks."""

    def __init__(
        self,
        *,
        width: float,
        height: float,
        low: float,
        high: float,
        locale: str,
        rate: bool,
        unit: str,
        heading: bool,
        legend_names: Sequence[str] = (),
        legend_filled: bool = False,
        legend_tones: Sequence[int | None] = (),
        right: float = 10.0,
        bottom: float = 20.0,
        spell: Spell | None = None,
    ) -> None:
        self.locale, self.rate, self.spell = locale, rate, spell
        self.top = 31.0 if heading else 8.0
        self._above: list[str] = []
        if unit or legend_names:
            self.top += 13.0 if heading else 17.0
        self.bottom = height - bottom
        self.ticks = scales.nice_ticks(low, high, max(2, min(6, int((self.bottom - self.top) / 32))))
        self.low, self.high = self.ticks[0], self.ticks[-1]
        places = scales.decimals_of(self.ticks)
        self.words = [scales.value_text(tick, places, locale, rate=rate) for tick in self.ticks]
        self.places = scales.label_decimals(self.ticks, rate=rate)
        self.left = max(text_width(word, TICK) for word in self.words) + 8
        self.right = width - right
        row = self.top - 11
        if unit:
            self._above.append(write(2, row, unit, css="chart-tick", fill=MUTED))
        if legend_names:
            start = max(self.left, text_width(unit, TICK) + 16) if unit else self.left
            self._above.append(
                legend(legend_names, start, row, self.right - start, filled=legend_filled, tones=legend_tones)
            )

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def say(self, value: float) -> str:
        if self.spell is not None:
            return self.spell(value)
        return scales.value_text(value, self.places, self.locale, rate=self.rate)

    def grid(self) -> list[str]:
        parts = list(self._above)
        for tick, word in zip(self.ticks, self.words, strict=True):
            y = self.y(tick)
            base = tick == self.low or tick == 0
            parts.append(
                rule(
                    self.left, y, self.right, y,
                    css="chart-axis" if base else "chart-grid", stroke=AXIS if base else GRID,
                )
            )  # fmt: skip
            parts.append(write(self.left - 5, y + 3.5, word, css="chart-tick", fill=MUTED, anchor="end"))
        return parts


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Push labels apart so that none covers another, and keep them on the sheet."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    floor = low
    for index in order:
        moved[index] = max(moved[index], floor)
        floor = moved[index] + gap
    ceiling = high
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return moved
