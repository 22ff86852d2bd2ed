"""Plotly figures as plain dicts, for pages where people zoom, hover and drill. The page's script reads them from a
json_script and lays `themes[light|dark]` over `layout`; nothing here imports plotly."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from babel import Locale

from opsboard.core.charts import drawing, scales
from opsboard.core.charts.marks import Change, Limits, Series, Signal, Threshold

type Kind = Literal["line", "bar", "scatter"]

DARK_SERIES = ("#7aa2f7", "#f0a35e", "#4fc3b0", "#bb9af7", "#a0a8b5", "#f38ab5", "#9ccc65", "#4dd0e1")


def figure_json(
    series: Sequence[Series],
    *,
    title: str,
    desc: str = "",
    kind: Kind = "line",
    unit: str = "",
    rate: bool = False,
    target: float | None = None,
    thresholds: Sequence[Threshold] = (),
    limits: Limits | Sequence[Limits] | None = None,
    signals: Sequence[Signal] = (),
    changes: Sequence[Change] = (),
    tz: tzinfo | str | None = None,
    locale: str | None = None,
) -> dict[str, Any]:
    """`{"data", "layout", "config", "themes", "title", "desc"}`: moments as local times, since Plotly knows no zones."""
    place, tongue = drawing.zone(tz), drawing.language(locale)
    bands = [limits] if isinstance(limits, Limits) else list(limits or ())
    traces = [_trace(one, index, kind, rate, place) for index, one in enumerate(series)]
    if signals and series:
        traces.append(_signal_trace(signals, series[0], place))
    shapes = [_level(target, drawing.TARGET, "dash")] if target is not None else []
    shapes += [_level(one.value, drawing.THRESHOLD, "dot") for one in thresholds]
    for band in bands:
        ends = (_local(band.from_at, place), _local(band.to_at, place))
        shapes.append(_level(band.centre, drawing.CENTRE, "solid", *ends))
        edges = [edge for edge in (band.lower, band.upper) if edge is not None]
        shapes += [_level(edge, drawing.LIMIT, "dash", *ends) for edge in edges]
    shapes += [_upright(change, place) for change in changes]
    notes = [_note(change, place) for change in changes if change.label]
    symbols = Locale.parse(tongue).number_symbols["latn"]
    layout = {
        "margin": {"l": 56, "r": 16, "t": 12, "b": 40},
        "font": {"family": drawing.FONTS, "size": 12},
        "hovermode": "x unified" if kind != "scatter" else "closest",
        "showlegend": len(series) > 1,
        "legend": {"orientation": "h", "y": 1.08},
        "separators": f"{symbols['decimal']}{symbols['group']}",
        "xaxis": {"type": "date", "tickformatstops": _stops(tongue), "hoverformat": _hover(tongue)},
        "yaxis": {"title": {"text": unit}, "tickformat": ".1~%" if rate else ",~r", "zeroline": False},
        "shapes": shapes,
        "annotations": notes,
        "barmode": "group",
    }
    return {
        "data": traces,
        "layout": layout,
        "config": {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]},
        "themes": {"light": _theme(drawing.INK, drawing.GRID), "dark": _theme("#dfe3ea", "#343b46", dark=True)},
        "title": title,
        "desc": desc,
    }


def _trace(one: Series, index: int, kind: Kind, rate: bool, tz: tzinfo) -> dict[str, Any]:
    tone = index % len(drawing.SERIES)
    ordered = sorted(one.points, key=lambda point: point[0])
    trace: dict[str, Any] = {
        "name": one.name,
        "x": [_local(at, tz) for at, _ in ordered],
        "y": [value if value is not None and scales.finite(value) else None for _, value in ordered],
        "hovertemplate": "%{y:.2%}" if rate else "%{y:,.6~g}",
    }
    if kind == "bar":
        trace |= {"type": "bar", "marker": {"color": drawing.SERIES[tone]}}
    else:
        mode = "markers" if kind == "scatter" else ("lines+markers" if len(ordered) <= 120 else "lines")
        dash = ("solid", "dash", "dot", "dashdot")[index % 4]
        colour = drawing.SERIES[tone]
        trace |= {"type": "scatter", "mode": mode, "connectgaps": False, "marker": {"size": 5, "color": colour}}
        trace["line"] = {"color": colour, "width": 1.8, "dash": dash}
    return trace


def _signal_trace(signals: Sequence[Signal], first: Series, tz: tzinfo) -> dict[str, Any]:
    known = dict(first.points)
    shown = [(signal, known[signal.at]) for signal in signals if known.get(signal.at) is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "",
        "showlegend": False,
        "x": [_local(signal.at, tz) for signal, _ in shown],
        "y": [value for _, value in shown],
        "text": [signal.why for signal, _ in shown],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 10, "symbol": "circle-open-dot", "color": drawing.SIGNAL, "line": {"width": 2}},
    }


def _local(at: datetime | None, tz: tzinfo) -> str | None:
    if at is None:
        return None
    # Through the stamp: it refuses naive moments.
    return datetime.fromtimestamp(drawing.stamp(at), UTC).astimezone(tz).strftime("%Y-%m-%d %H:%M:%S")


def _level(value: float, colour: str, dash: str, start: str | None = None, end: str | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "line", "y0": value, "y1": value, "layer": "below"}
    shape["line"] = {"color": colour, "width": 1.2, "dash": dash}
    # Without both ends the line spans the paper, however far one zooms.
    ends = {"xref": "x", "x0": start, "x1": end} if start and end else {"xref": "x domain", "x0": 0, "x1": 1}
    return shape | ends


def _upright(change: Change, tz: tzinfo) -> dict[str, Any]:
    at = _local(change.at, tz)
    line = {"color": drawing.MUTED, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _note(change: Change, tz: tzinfo) -> dict[str, Any]:
    # Plotly reads a little HTML in texts; what people typed is text.
    words = drawing.esc(change.label)
    return {"x": _local(change.at, tz), "yref": "paper", "y": 1, "text": words, "showarrow": False, "xanchor": "left"}


def _theme(ink: str, grid: str, *, dark: bool = False) -> dict[str, Any]:
    clear = "rgba(0,0,0,0)"
    axis = {"gridcolor": grid, "linecolor": grid, "zerolinecolor": grid}
    return {
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "font.color": ink,
        **{f"{name}.{key}": value for name in ("xaxis", "yaxis") for key, value in axis.items()},
        "colorway": list(DARK_SERIES if dark else drawing.SERIES),
    }


def _stops(locale: str) -> list[dict[str, Any]]:
    chinese = locale.startswith("zh")
    day = "%-m月%-d日" if chinese else "%-d %b"
    month = "%Y年%-m月" if chinese else "%b %Y"
    return [
        {"dtickrange": [None, 60_000], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 86_400_000], "value": f"%H:%M\n{day}"},
        {"dtickrange": [86_400_000, "M1"], "value": day},
        {"dtickrange": ["M1", "M12"], "value": month},
        {"dtickrange": ["M12", None], "value": "%Y年" if chinese else "%Y"},
    ]


def _hover(locale: str) -> str:
    return "%Y年%-m月%-d日 %H:%M" if locale.startswith("zh") else "%-d %b %Y %H:%M"
