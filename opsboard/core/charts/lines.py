"""Lines over time: values, targets, thresholds, natural process limits and signals; and the small one without axes."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from operator import itemgetter

from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import Plot, n, rule, stamp, write
from opsboard.core.charts.marks import Change, Limits, Series, Signal, Threshold

type Run = list[tuple[float, float]]
type Place = Callable[[float], float]


def line(
    series: Sequence[Series],
    *,
    title: str,
    desc: str = "",
    width: float = 640,
    height: float = 240,
    unit: str = "",
    rate: bool = False,
    target: float | None = None,
    thresholds: Sequence[Threshold] = (),
    limits: Limits | Sequence[Limits] | None = None,
    signals: Sequence[Signal] = (),
    changes: Sequence[Change] = (),
    zero: bool = False,
    heading: bool = True,
    tz: tzinfo | str | None = None,
    locale: str | None = None,
    spell: drawing.Spell | None = None,
) -> SafeString:
    """Values over time. Signals mark points of the first series; `zero` makes the axis begin at nought.

    `spell` writes the values beside lines as the page around writes them; else they have the axis's decimals and one more.
    """
    place, tongue = drawing.zone(tz), drawing.language(locale)
    bands = [limits] if isinstance(limits, Limits) else list(limits or ())
    runs = [_runs(one) for one in series]
    values = [value for gaps in runs for run in gaps for _, value in run]
    if not values:
        return drawing.nothing("line", title=title, desc=desc, width=width, height=height, heading=heading)
    moments = [at for gaps in runs for run in gaps for at in (run[0][0], run[-1][0])]
    first, last = min(moments), max(moments)
    if first == last:
        first, last = first - scales.DAY / 2, last + scales.DAY / 2
    shown = _lines_of(target, thresholds, bands)
    # Earlier bands carry no label, but they must fit on the sheet.
    edges = [edge for band in bands for edge in (band.centre, band.lower, band.upper) if edge is not None]
    levels = [level for level, _, _ in shown] + edges
    low, high = min([*values, *levels]), max([*values, *levels])
    if zero:
        low, high = min(0.0, low), max(0.0, high)
    names = [one.name for one in series] if len(series) > 1 else []
    room = 12.0
    if shown:
        places = scales.label_decimals(scales.nice_ticks(low, high, 5), rate=rate)
        say = spell or (lambda level: scales.value_text(level, places, tongue, rate=rate))
        texts = [f"{word} {say(level)}" for level, word, _ in shown]
        room = max(drawing.text_width(text, 9.5) for text in texts) + 10
        room = min(room, width * 0.32)
    plot = Plot(
        width=width, height=height, low=low, high=high, locale=tongue, rate=rate, unit=unit, heading=heading,
        legend_names=names, legend_tones=[one.tone for one in series], right=room, spell=spell,
    )  # fmt: skip
    scale = (plot.right - plot.left - 8) / (last - first)

    def x(at: float) -> float:
        return plot.left + 4 + (at - first) * scale

    body = plot.grid()
    body += _time_axis(plot, first, last, x, place, tongue)
    body += _part(series, runs, plot, x)
    body += _changes(changes, plot, x, first, last)
    body += _limits(bands, plot, x, first, last)
    body += _levels(target, thresholds, plot)
    body += _labels(shown, plot)
    for index, gaps in enumerate(runs):
        given = series[index].tone
        tone = index if given is None else given
        body += _path(gaps, plot, x, tone, alone=len(runs) == 1, partial=series[index].partial)
    body += _signals(signals, series, plot, x)
    return drawing.frame("line", body, title=title, desc=desc, width=width, height=height, heading=heading)


def sparkline(
    series: Series,
    *,
    title: str,
    desc: str = "",
    width: float = 120,
    height: float = 28,
    target: float | None = None,
    signals: Sequence[Signal] = (),
) -> SafeString:
    """A line without axes for a card or a table row; the last point is marked."""
    gaps = _runs(series)
    values = [value for run in gaps for _, value in run]
    if not values:
        dash = rule(2, height / 2, width - 2, height / 2, css="chart-grid", stroke=drawing.AXIS, dash="2 3")
        return drawing.frame("spark", (dash,), title=title, desc=desc, width=width, height=height, heading=False)
    levels = [*values, target] if target is not None else values
    low, high = min(levels), max(levels)
    first, last = gaps[0][0][0], gaps[-1][-1][0]
    up = (height - 8) / ((high - low) or 1.0)
    along = (width - 8) / ((last - first) or 1.0)
    flat = high == low

    def place(at: float, value: float) -> str:
        y = height / 2 if flat else height - 4 - (value - low) * up
        x = 4 + (at - first) * along if last > first else width / 2
        return f"{n(x)} {n(y)}"

    body = []
    if target is not None:
        y = height / 2 if flat else height - 4 - (target - low) * up
        body.append(rule(2, y, width - 2, y, css="chart-target", stroke=drawing.TARGET, dash="3 2"))
    path = "".join(
        "M" + "L".join(place(at, value) for at, value in scales.thin(run, max(1, int(width)))) for run in gaps
    )
    body.append(
        f'<path class="chart-s1" d="{path}" fill="none" stroke="{drawing.SERIES[0]}" stroke-width="1.5" '
        f'stroke-linejoin="round" stroke-linecap="round"/>'
    )
    known = dict(pair for run in gaps for pair in run) if signals else {}
    for signal in signals:
        value = known.get(stamp(signal.at))
        if value is not None:
            cx, cy = place(stamp(signal.at), value).split()
            body.append(f'<circle class="chart-signal" cx="{cx}" cy="{cy}" r="2.4" fill="{drawing.SIGNAL}"/>')
    cx, cy = place(*gaps[-1][-1]).split()
    body.append(f'<circle class="chart-f1" cx="{cx}" cy="{cy}" r="2.2" fill="{drawing.SERIES[0]}"/>')
    return drawing.frame("spark", body, title=title, desc=desc, width=width, height=height, heading=False)


def _runs(one: Series) -> list[Run]:
    """The points in order of time, cut where a value is missing."""
    ordered = sorted(((stamp(at), value) for at, value in one.points), key=itemgetter(0))
    gaps: list[Run] = []
    run: Run = []
    for at, value in ordered:
        if value is not None and scales.finite(value):
            run.append((at, float(value)))
        elif run:
            gaps.append(run)
            run = []
    if run:
        gaps.append(run)
    return gaps


type Level = tuple[float, str, tuple[str, str]]


def _lines_of(target: float | None, thresholds: Sequence[Threshold], bands: Sequence[Limits]) -> list[Level]:
    """Every level line with the word at its right end; of several bands only the last is labelled."""
    shown: list[Level] = []
    if target is not None and scales.finite(target):
        shown.append((target, gettext("Target"), ("chart-label-target", drawing.TARGET)))
    for threshold in thresholds:
        if scales.finite(threshold.value):
            words = threshold.label or gettext("Alert at")
            shown.append((threshold.value, words, ("chart-label-threshold", drawing.THRESHOLD)))
    if bands:
        latest = bands[-1]
        shown.append(
            (latest.centre, pgettext("centre line of a chart", "Mean"), ("chart-label-centre", drawing.CENTRE))
        )
        if latest.upper is not None:
            shown.append((latest.upper, pgettext("limit of a chart", "Upper"), ("chart-label-limit", drawing.LIMIT)))
        if latest.lower is not None:
            shown.append((latest.lower, pgettext("limit of a chart", "Lower"), ("chart-label-limit", drawing.LIMIT)))
    return shown


def _labels(shown: Sequence[Level], plot: Plot) -> list[str]:
    if not shown:
        return []
    at = drawing.spread([plot.y(level) + 3.3 for level, _, _ in shown], 11.5, plot.top, plot.bottom + 4)
    return [
        write(plot.right + 5, y, f"{word} {plot.say(level)}", css=css, fill=fill, size=9.5)
        for y, (level, word, (css, fill)) in zip(at, shown, strict=True)
    ]


def _time_axis(plot: Plot, first: float, last: float, x: Place, tz: tzinfo, locale: str) -> list[str]:
    count = max(2, int((plot.right - plot.left) / 62))
    parts: list[str] = []
    free = plot.left - 30
    for at, words in scales.time_ticks(first, last, count, tz, locale):
        place, half = x(at), drawing.text_width(words, drawing.TICK) / 2
        parts.append(rule(place, plot.bottom, place, plot.bottom + 3, css="chart-axis", stroke=drawing.AXIS))
        # A label that would touch its neighbour is left out; its tick stays.
        middle = min(max(place, half), plot.right + 10 - half)
        if middle - half < free:
            continue
        free = middle + half + 8
        parts.append(write(middle, plot.bottom + 14, words, css="chart-tick", fill=drawing.MUTED, anchor="middle"))
    return parts


def _part(series: Sequence[Series], runs: Sequence[Sequence[Run]], plot: Plot, x: Place) -> list[str]:
    """The period that hasn't ended, hatched from the last whole point on."""
    starts = [
        gaps[-1][-2][0] for one, gaps in zip(series, runs, strict=True) if one.partial and gaps and len(gaps[-1]) > 1
    ]
    if not starts:
        return []
    left = x(min(starts))
    return [drawing.hatch(left, plot.top, plot.right - left, plot.bottom - plot.top)]


def _changes(changes: Sequence[Change], plot: Plot, x: Place, first: float, last: float) -> list[str]:
    """Upright lines with their words; where words would cover others they go a row lower, or are left to the line's title."""
    parts = []
    rows: list[list[tuple[float, float]]] = [[], [], []]
    for change in sorted(changes, key=lambda one: stamp(one.at)):
        at = stamp(change.at)
        if not first <= at <= last:
            continue
        place = x(at)
        line = rule(place, plot.top, place, plot.bottom, css="chart-change", stroke=drawing.MUTED, dash="3 3")
        if not change.label:
            parts.append(line)
            continue
        parts.append(line.replace("/>", f"><title>{drawing.esc(change.label)}</title></line>"))
        left_half = place < (plot.left + plot.right) / 2
        room = (plot.right - place if left_half else place - plot.left) - 8
        words = drawing.shorten(change.label, room, 9.5)
        wide = drawing.text_width(words, 9.5)
        span = (place + 4, place + 4 + wide) if left_half else (place - 4 - wide, place - 4)
        free = (
            number
            for number, taken in enumerate(rows)
            if all(span[0] > end + 6 or span[1] < start - 6 for start, end in taken)
        )
        row = next(free, None)
        if row is None:
            continue
        rows[row].append(span)
        parts.append(
            write(
                place + (4 if left_half else -4), plot.top + 8 + row * 12, words,
                css="chart-tick", fill=drawing.MUTED, size=9.5, anchor="start" if left_half else "end",
            )
        )  # fmt: skip
    return parts


def _limits(bands: Sequence[Limits], plot: Plot, x: Place, first: float, last: float) -> list[str]:
    parts = []
    for band in bands:
        left = x(max(first, stamp(band.from_at))) if band.from_at else plot.left
        right = x(min(last, stamp(band.to_at))) if band.to_at else plot.right
        if right <= left:
            continue
        y = plot.y(band.centre)
        parts.append(rule(left, y, right, y, css="chart-centre", stroke=drawing.CENTRE, width=1.2))
        for edge in (band.lower, band.upper):
            if edge is not None:
                y = plot.y(edge)
                parts.append(rule(left, y, right, y, css="chart-limit", stroke=drawing.LIMIT, dash="4 3"))
    return parts


def _levels(target: float | None, thresholds: Sequence[Threshold], plot: Plot) -> list[str]:
    parts = []
    if target is not None and scales.finite(target):
        y = plot.y(target)
        parts.append(
            rule(plot.left, y, plot.right, y, css="chart-target", stroke=drawing.TARGET, width=1.2, dash="7 4")
        )
    for threshold in thresholds:
        if scales.finite(threshold.value):
            y = plot.y(threshold.value)
            parts.append(
                rule(
                    plot.left, y, plot.right, y, css="chart-threshold", stroke=drawing.THRESHOLD, width=1.2, dash="2 3"
                )
            )
    return parts


def _path(gaps: Sequence[Run], plot: Plot, x: Place, index: int, *, alone: bool, partial: bool) -> list[str]:
    tone = index % len(drawing.SERIES)
    colour = drawing.SERIES[tone]
    columns = max(1, int(plot.right - plot.left))
    count = sum(len(run) for run in gaps)
    dots = count <= columns / 6
    path, small = [], []
    tail = ""
    for number, run in enumerate(gaps):
        places = [f"{n(x(at))} {n(plot.y(value))}" for at, value in scales.thin(run, columns)]
        if partial and number == len(gaps) - 1 and len(places) > 1:
            tail = f"M{places[-2]}L{places[-1]}"
            places = places[:-1]
        path.append("M" + "L".join(places))
        if len(run) == 1 or dots:
            small += places
    dash = "" if alone else drawing.DASHES[tone]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    common = f'fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"'
    parts = [f'<path class="chart-s{tone + 1}" d="{"".join(path)}" {common}{dashes}/>']
    if small:
        # All dots in one path: a round cap on a line of no length is a dot.
        dotted = "".join(f"M{place}h0" for place in small)
        parts.append(
            f'<path class="chart-s{tone + 1}" d="{dotted}" fill="none" stroke="{colour}" stroke-width="4" '
            f'stroke-linecap="round"/>'
        )
    if tail:
        cx, cy = tail.rpartition("L")[2].split()
        parts.append(f'<path class="chart-s{tone + 1}" d="{tail}" {common} stroke-dasharray="3 3"/>')
        parts.append(
            f'<circle class="chart-s{tone + 1} chart-hollow" cx="{cx}" cy="{cy}" r="3" fill="#ffffff" '
            f'stroke="{colour}" stroke-width="1.4"/>'
        )
    return parts


def _signals(signals: Sequence[Signal], series: Sequence[Series], plot: Plot, x: Place) -> list[str]:
    if not signals or not series:
        return []
    known = {at: value for at, value in series[0].points if value is not None and scales.finite(value)}
    parts = []
    for signal in signals:
        value = known.get(signal.at)
        if value is None:
            continue
        why = f"<title>{drawing.esc(signal.why)}</title>" if signal.why else ""
        parts.append(
            f'<circle class="chart-signal" cx="{n(x(stamp(signal.at)))}" cy="{n(plot.y(value))}" r="3.6" '
            f'fill="{drawing.SIGNAL}" stroke="#ffffff" stroke-width="0.8">{why}</circle>'
        )
    return parts
