"""Bars: side by side, stacked, ranked with their running share (Pareto), and counted (histogram)."""

import math
from collections.abc import Sequence
from datetime import date

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import Plot, n, rule, write
from opsboard.core.charts.marks import Mark

type Category = str | date
type Item = tuple[Category, float | None]


def bar(
    items: Sequence[Item],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float = 240,
    unit: str = "",
    rate: bool = False,
    target: float | None = None,
    horizontal: bool = False,
    partial: bool = False,
    in_time: bool = False,
    heading: bool = True,
    locale: str | None = None,
    spell: drawing.Spell | None = None,
) -> SafeString:
    """One bar for each category, from nought. `partial` hatches the last; `horizontal` leaves room for long names;
    `in_time` says that the names follow one another, so that some may be left out where they don't fit."""
    tongue = drawing.language(locale)
    known = [value for _, value in items if value is not None and scales.finite(value)]
    if not known:
        return drawing.nothing("bar", title=title, desc=desc, width=width, height=height, heading=heading)
    names = [drawing.label_of(name, tongue) for name, _ in items]
    values = [value if value is not None and scales.finite(value) else None for _, value in items]
    if horizontal:
        body = _lying(names, values, width, height, unit, rate, target, heading, tongue, spell)
    else:
        body = _standing(names, values, width, height, unit, rate, target, partial, heading, tongue, spell, in_time)
    return drawing.frame("bar", body, title=title, desc=desc, width=width, height=height, heading=heading)


def stacked_bar(
    categories: Sequence[Category],
    layers: Sequence[tuple[str, Sequence[float | None]]],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float = 240,
    unit: str = "",
    rate: bool = False,
    partial: bool = False,
    in_time: bool = False,
    hover: bool = True,
    heading: bool = True,
    locale: str | None = None,
) -> SafeString:
    """Layers on top of each other, one value for each category; what is below nought hangs below it.

    Without `hover`, for screens that no pointer rests on, a layer is one shape and its parts have no words of their own.
    """
    tongue = drawing.language(locale)
    names = [drawing.label_of(name, tongue) for name in categories]
    rows = [(name, [_known(value) for value in values]) for name, values in layers]
    tops = [sum(max(0.0, values[index]) for _, values in rows) for index in range(len(names))]
    floors = [sum(min(0.0, values[index]) for _, values in rows) for index in range(len(names))]
    if not names or (not any(tops) and not any(floors)):
        return drawing.nothing("stacked", title=title, desc=desc, width=width, height=height, heading=heading)
    plot = Plot(
        width=width, height=height, low=min([0.0, *floors]), high=max([0.0, *tops]), locale=tongue, rate=rate, unit=unit,
        heading=heading, legend_names=[name for name, _ in rows], legend_filled=True,
    )  # fmt: skip
    step, thick = _widths(plot, len(names))
    body = plot.grid() + _names(plot, names, step, in_time=in_time)
    up, down = [0.0] * len(names), [0.0] * len(names)
    for layer, (name, values) in enumerate(rows):
        tone = layer % len(drawing.SERIES)
        parts = []
        for index, value in enumerate(values):
            if not value:
                continue
            base = up if value > 0 else down
            x, y, across, tall = _box(plot, index, step, thick, base[index], base[index] + value)
            base[index] += value
            if hover:
                words = drawing.esc(f"{names[index]} · {name}: {plot.say(value)}")
                box = f'x="{n(x)}" y="{n(y)}" width="{n(across)}" height="{n(max(tall, 0.0))}"'
                parts.append(f"<rect {box}><title>{words}</title></rect>")
            else:
                parts.append(f"M{n(x)} {n(y)}h{n(across)}v{n(tall)}h{n(-across)}z")
        colour = drawing.SERIES[tone]
        look = f'class="chart-f{tone + 1} chart-seam" fill="{colour}" stroke="#ffffff" stroke-width="0.8"'
        body.append(f"<g {look}>{''.join(parts)}</g>" if hover else f'<path {look} d="{"".join(parts)}"/>')
    if partial:
        body.append(drawing.hatch(*_box(plot, len(names) - 1, step, thick, floors[-1], tops[-1])))
    return drawing.frame("stacked", body, title=title, desc=desc, width=width, height=height, heading=heading)


def pareto(
    items: Sequence[tuple[str, float]],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float = 260,
    unit: str = "",
    most: int = 12,
    heading: bool = True,
    locale: str | None = None,
) -> SafeString:
    """Ranked causes with the running share of the whole. What comes after the first `most` is one bar, "Others", last."""
    tongue = drawing.language(locale)
    ranked = sorted(
        ((name, float(value)) for name, value in items if scales.finite(value) and value > 0),
        key=lambda item: -item[1],
    )
    if not ranked:
        return drawing.nothing("pareto", title=title, desc=desc, width=width, height=height, heading=heading)
    if len(ranked) > most:
        rest = sum(value for _, value in ranked[most - 1 :])
        ranked = [*ranked[: most - 1], (gettext("Others"), rest)]
    total = math.fsum(value for _, value in ranked)
    plot = Plot(
        width=width, height=height, low=0, high=ranked[0][1], locale=tongue, rate=False, unit=unit, heading=heading,
        right=40,
    )  # fmt: skip
    names = [name for name, _ in ranked]
    step, thick = _widths(plot, len(names), fill=0.78)
    body = plot.grid() + _names(plot, names, step)
    running, path = 0.0, []
    tall = plot.bottom - plot.top
    for share in (0.5, 0.8, 1.0):
        y = plot.bottom - share * tall
        words = scales.percent(share, 0, tongue)
        body.append(write(plot.right + 5, y + 3.5, words, css="chart-tick", fill=drawing.MUTED))
    y80 = plot.bottom - 0.8 * tall
    body.append(rule(plot.left, y80, plot.right, y80, css="chart-target", stroke=drawing.TARGET, dash="3 3"))
    for index, (name, value) in enumerate(ranked):
        running += value
        share = running / total
        words = f"{name}: {plot.say(value)} · {scales.percent(share, 0, tongue)}"
        body.append(_rect(_box(plot, index, step, thick, 0, value), 0, words))
        path.append(f"{n(plot.left + (index + 0.5) * step)} {n(plot.bottom - share * tall)}")
    body.append(
        f'<path class="chart-s2" d="M{"L".join(path)}" fill="none" stroke="{drawing.SERIES[1]}" stroke-width="1.6"/>'
    )
    dots = "".join(f"M{place}h0" for place in path)
    body.append(
        f'<path class="chart-s2" d="{dots}" fill="none" stroke="{drawing.SERIES[1]}" stroke-width="5" '
        f'stroke-linecap="round"/>'
    )
    return drawing.frame("pareto", body, title=title, desc=desc, width=width, height=height, heading=heading)


def histogram(
    values: Sequence[float],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float = 220,
    unit: str = "",
    rate: bool = False,
    bins: int | None = None,
    marks: Sequence[Mark] = (),
    heading: bool = True,
    locale: str | None = None,
) -> SafeString:
    """How often values fall where: round bin edges, counts upright, marks such as the mean or P90 as upright lines."""
    tongue = drawing.language(locale)
    known = [float(value) for value in values if scales.finite(value)]
    if not known:
        return drawing.nothing("histogram", title=title, desc=desc, width=width, height=height, heading=heading)
    # Sturges' rule with a little more detail; round edges decide the rest.
    wanted = bins or min(40, max(5, math.ceil(math.log2(len(known)) + 1) + len(known) // 200))
    edges = scales.nice_ticks(min(known), max(known), wanted)
    step = edges[1] - edges[0]
    counts = [0] * (len(edges) - 1)
    for value in known:
        counts[min(len(counts) - 1, max(0, int((value - edges[0]) / step + 1e-9)))] += 1
    plot = Plot(
        width=width, height=height, low=0, high=max(counts), locale=tongue, rate=False, unit=gettext("Count"),
        heading=heading, right=14, bottom=34 if unit else 20,
    )  # fmt: skip
    across = (plot.right - plot.left) / (edges[-1] - edges[0])
    body = plot.grid()
    places = scales.decimals_of(edges)
    every = max(1, math.ceil(len(edges) * 46 / (plot.right - plot.left)))
    for index, edge in enumerate(edges):
        x = plot.left + (edge - edges[0]) * across
        if index % every == 0:
            words = scales.value_text(edge, places, tongue, rate=rate)
            body.append(write(x, plot.bottom + 14, words, css="chart-tick", fill=drawing.MUTED, anchor="middle"))
        if index < len(counts) and counts[index]:
            y = plot.y(counts[index])
            words = (
                f"{scales.value_text(edge, places, tongue, rate=rate)} – "
                f"{scales.value_text(edges[index + 1], places, tongue, rate=rate)}: {counts[index]}"
            )
            body.append(_rect((x + 0.5, y, max(0.5, step * across - 1), plot.bottom - y), 0, words))
    if unit:
        middle = (plot.left + plot.right) / 2
        body.append(write(middle, height - 4, unit, css="chart-tick", fill=drawing.MUTED, anchor="middle"))
    for mark in marks:
        if edges[0] <= mark.value <= edges[-1]:
            x = plot.left + (mark.value - edges[0]) * across
            body.append(
                rule(
                    x,
                    plot.top - 4,
                    x,
                    plot.bottom,
                    css="chart-threshold",
                    stroke=drawing.THRESHOLD,
                    width=1.2,
                    dash="4 3",
                )
            )
            leans = x > (plot.left + plot.right) / 2
            text = f"{mark.label} {scales.value_text(mark.value, places + 1, tongue, rate=rate)}".strip()
            body.append(
                write(
                    x - 4 if leans else x + 4, plot.top + 4, text, css="chart-label-threshold", fill=drawing.THRESHOLD,
                    size=9.5, anchor="end" if leans else "start",
                )
            )  # fmt: skip
    return drawing.frame("histogram", body, title=title, desc=desc, width=width, height=height, heading=heading)


def _known(value: float | None) -> float:
    return float(value) if value is not None and scales.finite(value) else 0.0


def _standing(
    names: list[str],
    values: list[float | None],
    width: float,
    height: float,
    unit: str,
    rate: bool,
    target: float | None,
    partial: bool,
    heading: bool,
    locale: str,
    spell: drawing.Spell | None,
    in_time: bool,
) -> list[str]:
    known = [value for value in values if value is not None]
    levels = [*known, 0.0] + ([target] if target is not None else [])
    words = gettext("Target")
    label = f"{words} {spell(target) if spell and target is not None else '00,000'}"
    room = 10.0 if target is None else min(drawing.text_width(label, 9.5) + 8, width * 0.32)
    plot = Plot(
        width=width, height=height, low=min(levels), high=max(levels), locale=locale, rate=rate, unit=unit,
        heading=heading, right=room, spell=spell,
    )  # fmt: skip
    step, thick = _widths(plot, len(names))
    body = plot.grid() + _names(plot, names, step, in_time=in_time)
    for index, value in enumerate(values):
        if value is None:
            continue
        box = _box(plot, index, step, thick, 0.0, value)
        hollow = partial and index == len(values) - 1
        body.append(_rect(box, 0, f"{names[index]}: {plot.say(value)}", hollow=hollow))
        if hollow:
            body.append(drawing.hatch(*box))
    if target is not None:
        y = plot.y(target)
        body.append(rule(plot.left, y, plot.right, y, css="chart-target", stroke=drawing.TARGET, width=1.2, dash="7 4"))
        body.append(
            write(
                plot.right + 5, y + 3.3, f"{words} {plot.say(target)}",
                css="chart-label-target", fill=drawing.TARGET, size=9.5,
            )
        )  # fmt: skip
    return body


def _lying(
    names: list[str],
    values: list[float | None],
    width: float,
    height: float,
    unit: str,
    rate: bool,
    target: float | None,
    heading: bool,
    locale: str,
    spell: drawing.Spell | None,
) -> list[str]:
    """Lying bars carry their value at their end, so they need no grid."""
    known = [value for value in values if value is not None]
    low, high = min([*known, 0.0]), max([*known, 0.0, target or 0.0])
    places = scales.label_decimals(scales.nice_ticks(low, high), rate=rate)
    say = spell or (
        lambda value: scales.value_text(value, places, locale, rate=rate) + (f" {unit}" if unit and not rate else "")
    )
    words = [say(value) if value is not None else "–" for value in values]
    top = 28.0 if heading else 6.0
    step = (height - top - 6) / len(names)
    thick = min(18.0, step * 0.66)
    left = min(max(drawing.text_width(name, 10.5) for name in names) + 10, width * 0.38)
    room = max(drawing.text_width(word, drawing.TICK) for word in words) + 10
    along = (width - left - room) / ((high - low) or 1.0)
    start = left - low * along
    body = []
    for index, (name, value) in enumerate(zip(names, values, strict=True)):
        y = top + index * step + step / 2
        label = drawing.shorten(name, left - 8, 10.5)
        body.append(write(left - 6, y + 3.6, label, css="chart-name", fill=drawing.INK, size=10.5, anchor="end"))
        end = start
        if value is not None:
            end = max(start, start + value * along)
            box = (min(start, start + value * along), y - thick / 2, abs(value) * along, thick)
            body.append(_rect(box, 0, f"{name}: {words[index]}"))
        body.append(write(end + 5, y + 3.6, words[index], css="chart-tick", fill=drawing.MUTED))
    body.append(rule(start, top, start, height - 6, css="chart-axis", stroke=drawing.AXIS))
    if target is not None:
        x = start + target * along
        body.append(rule(x, top, x, height - 6, css="chart-target", stroke=drawing.TARGET, width=1.2, dash="7 4"))
    return body


type Box = tuple[float, float, float, float]


def _widths(plot: Plot, count: int, fill: float = 0.68) -> tuple[float, float]:
    step = (plot.right - plot.left) / count
    return step, min(46.0, step * fill)


def _box(plot: Plot, index: int, step: float, thick: float, low: float, high: float) -> Box:
    y1, y2 = plot.y(max(low, high)), plot.y(min(low, high))
    return plot.left + (index + 0.5) * step - thick / 2, y1, thick, y2 - y1


def _rect(box: Box, tone: int, words: str, *, hollow: bool = False) -> str:
    x, y, width, height = box
    colour = drawing.SERIES[tone]
    radius = ' rx="1.5"' if width > 6 and height > 4 else ""
    if hollow:
        look = f'class="chart-s{tone + 1}" fill="none" stroke="{colour}" stroke-dasharray="3 2"'
    else:
        look = f'class="chart-f{tone + 1}" fill="{colour}"'
    return (
        f'<rect {look} x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(max(height, 0.0))}"{radius}>'
        f"<title>{drawing.esc(words)}</title></rect>"
    )


def _names(plot: Plot, names: Sequence[str], step: float, *, in_time: bool = False) -> list[str]:
    """Names under the bars: shortened where there are few, thinned out where there are many, or where they are moments."""
    widest = max(drawing.text_width(name, drawing.TICK) for name in names)
    every = 1
    if in_time and widest > step - 4:
        every = math.ceil((widest + 8) / step)
    elif widest > step - 4 and (step < 44 or len(names) > 14):
        every = math.ceil(min(widest + 8, 90) / step)
    parts = []
    for index, name in enumerate(names):
        if index % every:
            continue
        label = drawing.shorten(name, step * every - 4, drawing.TICK)
        x = plot.left + (index + 0.5) * step
        parts.append(write(x, plot.bottom + 14, label, css="chart-tick", fill=drawing.MUTED, anchor="middle"))
    return parts
