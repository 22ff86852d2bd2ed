"""The tiles of a dashboard as they are seen: words, numbers and SVG, the same for screen, wall and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from babel import dates
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from metrics.charts.metric import change_text, value_text
from metrics.charts.texts import in_html
from metrics.models import Aggregation, Course, Grain, Measure, Metric, Shown, Tile, TileKind
from metrics.models.tile_values import Value, is_total
from metrics.models.tiles import SPANS
from opsboard.core import charts, periods
from opsboard.core.charts import drawing, scales
from opsboard.core.charts.drawing import language
from opsboard.core.templatetags.ops import percent

COLUMN, ROW, GAP = 99, 56, 12  # pixels of a column and a row on a screen of 1320
MOST_COURSES = 6
MOST_ROWS = 12
MOST_PARTS = 8
TIGHT = 340
NARROW = 4  # columns up to which one drawing serves desk and phone


@dataclass(slots=True)
class Line:
    """A row of a table tile."""

    name: str
    value: float | None
    value_text: str
    change: float | None
    change_text: str
    tone: str
    url: str = ""


@dataclass(slots=True)
class Drawn:
    """What the template of a tile needs."""

    shown: Shown
    title: str
    url: str = ""
    chart: SafeString | str = ""
    value_text: str = ""
    change_text: str = ""
    change_note: str = ""
    tone: str = ""
    state: str = ""
    state_tone: str = ""
    note: str = ""
    html: SafeString | str = ""
    rows: list[Line] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    @property
    def span_note(self) -> Any:
        """The tile's own period, where it has one."""
        return SPANS[self.tile.span][1] if self.tile.span in SPANS else ""

    @property
    def tile(self) -> Any:
        return self.shown.tile

    @property
    def spark_small(self) -> SafeString:
        """The course for a row of a table."""
        courses = self.shown.courses
        points = [(at, value) for at, value, _weight in courses[0].values] if courses else []
        return charts.sparkline(
            charts.Series(self.title, points),
            title=_("Course of %(name)s") % {"name": self.title},
            width=110,
            height=24,
        )


@dataclass(frozen=True, slots=True)
class Happened:
    """An annotation as a chart needs it: its day, its words, and the metrics that it is about (None: all)."""

    on: date
    text: str
    metrics: frozenset[int] | None = None


def draw(shown: Shown, happened: Sequence[Happened] = (), *, medium: str = "screen") -> Drawn:
    """One tile. Its template is the same everywhere; only phones get a second drawing of what is wide."""
    tile = shown.tile
    drawn = Drawn(shown, title_of(shown), drill(shown))
    if tile.kind == TileKind.TEXT:
        drawn.html = in_html(tile.text)
        return drawn
    if shown.first is None:
        drawn.note = (
            _("This number is no longer here, or not for you to see.") if shown.missing else _("Choose a number.")
        )
        return drawn
    drawn.hints = _hints(shown)
    width, height = size_of(tile)
    if tile.kind == TileKind.NUMBER:
        _number(drawn, width)
    elif tile.kind == TileKind.TABLE:
        drawn.rows = _lines(shown)
    else:
        _say_total(drawn)
        chart = picture(shown, width, height, happened)
        if medium == "screen" and tile.w > NARROW and tile.kind not in {TileKind.FUNNEL, TileKind.GAUGE}:
            drawn.chart = format_html(
                '<div class="chart-roomy">{}</div><div class="chart-tight">{}</div>',
                chart,
                picture(shown, TIGHT, 210, happened),
            )
        else:
            drawn.chart = chart
    return drawn


def size_of(tile: Any) -> tuple[int, int]:
    """Of the drawing inside a tile."""
    return tile.w * (COLUMN + GAP) - GAP - 26, max(60, tile.h * (ROW + GAP) - GAP - 46)


def title_of(shown: Shown) -> str:
    tile = shown.tile
    if tile.title:
        return str(tile.title)
    names = [source.name for source in shown.sources]
    if not names:
        return str(tile.kind_title) if tile.kind != TileKind.TEXT else ""
    first = names[0] if len(names) == 1 else pgettext("between names", ", ").join(names[:3])
    if tile.by and tile.kind != TileKind.NUMBER:
        first = _("%(name)s by %(label)s") % {"name": first, "label": tile.by}
    return " · ".join([first, *tile.labels.values()])


def drill(shown: Shown) -> str:
    """From a tile to the rows behind it: the number's own page over the same time and labels."""
    source = shown.first
    if source is None or not source.url:
        return ""
    if source.pk is None:
        return source.url
    known = set(source.dimensions)
    labels = {**{name: text for name, text in shown.look.labels.items() if name in known}, **shown.tile.labels}
    asked = {"from": shown.look.first.isoformat(), "to": shown.look.last.isoformat()}
    if shown.tile.by:
        asked["by"] = shown.tile.by
    asked |= {f"label.{name}": text for name, text in sorted(labels.items())}
    return f"{source.url}?{urlencode(asked)}"


def _hints(shown: Shown) -> list[str]:
    hints = []
    if shown.unfiltered:
        hints.append(
            _("not narrowed by %(labels)s") % {"labels": pgettext("between names", ", ").join(shown.unfiltered)}
        )
    if shown.missing:
        hints.append(
            ngettext("%(count)s number is not shown", "%(count)s numbers are not shown", shown.missing)
            % {"count": shown.missing}
        )
    return hints


# --- one value and its change ----------------------------------------------------------------------------------------


def plan_for(shown: Shown, source: Measure, course: Course) -> float | None:
    """The target over the time: a sum's is for one of its days (hours, weeks), the others' for any time."""
    if source.target is None or source.aggregation != Aggregation.SUM:
        return source.target
    seconds = Grain(source.grain).seconds
    grain = Grain(shown.grain).seconds if shown.grain else seconds
    return source.target * len(course.values) * max(1, round(grain / seconds))


def compared(shown: Shown, course: Course) -> tuple[float | None, float | None, str]:
    """`(change, share of it, against what in words)`."""
    value, source = course.total(), course.source
    if shown.look.compare == "plan":
        other, words = plan_for(shown, source, course), _("vs. the target")
    else:
        other = course.total_before()
        words = (
            _("vs. a year ago")
            if shown.look.compare == "year"
            else _("vs. the %(days)s days before") % {"days": shown.look.days}
            if shown.look.days > 1
            else _("vs. the day before")
        )
    if value is None or other is None or not shown.look.compare:
        return None, None, ""
    share = (value - other) / abs(other) if other else None
    return value - other, share, words


def _say_total(drawn: Drawn) -> None:
    shown = drawn.shown
    if len(shown.courses) != 1 or shown.tile.kind in {TileKind.HEAT, TileKind.GAUGE, TileKind.FUNNEL, TileKind.PARETO}:
        return
    course = shown.courses[0]
    drawn.value_text = value_text(course.source, course.total())
    _say_change(drawn, course)


def _say_change(drawn: Drawn, course: Course) -> None:
    change, share, words = compared(drawn.shown, course)
    if change is None:
        return
    source = course.source
    if source.as_rate or share is None:
        drawn.change_text = change_text(source, change)
    else:
        text = percent(share)
        drawn.change_text = f"+{text}" if share > 0 else text
    drawn.change_note = words
    if any(figure in drawn.change_text for figure in "123456789"):
        drawn.tone = _tone(source, change)
    else:
        drawn.change_text = drawn.change_text.lstrip("+−")


def _tone(source: Measure, change: float | None) -> str:
    if not change or not source.direction:
        return ""
    return "good" if source.improves(change) else "bad"


def _number(drawn: Drawn, width: int) -> None:
    shown = drawn.shown
    if not shown.courses:
        drawn.value_text, drawn.note = "–", _("No values in this time")
        return
    course = shown.courses[0]
    value = course.total()
    drawn.value_text = value_text(course.source, value)
    _say_change(drawn, course)
    if value is None:
        drawn.note = _("No values in this time")
        return
    plan = plan_for(shown, course.source, course)
    if plan is not None and not (shown.running and course.source.aggregation == Aggregation.SUM):
        off = course.source.misses(value, plan)
        drawn.state, drawn.state_tone = (_("Off target"), "bad") if off else (_("On target"), "good")
    if len(course.values) > 1:
        series = charts.Series(course.name, [(at, amount) for at, amount, _weight in course.values])
        target = course.source.target if course.source.aggregation != Aggregation.SUM else None
        drawn.chart = charts.sparkline(
            series, title=_("Course of %(name)s") % {"name": course.name}, target=target, width=max(120, width),
            height=max(28, shown.tile.h * (ROW + GAP) - 104),
        )  # fmt: skip


def _lines(shown: Shown) -> list[Line]:
    rows = []
    for course in shown.courses:
        value = course.total()
        change, share, _words = compared(shown, course)
        text = ""
        if change is not None:
            text = change_text(course.source, change)
            if not course.source.as_rate and share is not None:
                text = f"+{percent(share)}" if share > 0 else percent(share)
        rows.append(
            Line(course.name, value, value_text(course.source, value), change, text, _tone(course.source, change),
                 course.source.url)
        )  # fmt: skip
    if shown.tile.by:
        rows.sort(key=lambda row: (row.value is None, -(row.value or 0.0)))
    return rows


# --- drawings ---------------------------------------------------------------------------------------------------------


def picture(shown: Shown, width: float, height: float, happened: Sequence[Happened] = ()) -> SafeString:
    """The chart of a tile in one size."""
    draws = {
        TileKind.LINE: _line, TileKind.BAR: _bars, TileKind.STACKED: _stacked, TileKind.HEAT: _heat, TileKind.PARETO: _pareto,
        TileKind.FUNNEL: _funnel, TileKind.GAUGE: _gauge,
    }  # fmt: skip
    return draws[TileKind(shown.tile.kind)](shown, width, height, happened)


def _spell(source: Measure) -> charts.Spell:
    return lambda value: value_text(source, value, unit=False)


def _unit(source: Measure) -> str:
    return "" if source.as_rate else source.unit


def _partial(shown: Shown, course: Course) -> bool:
    """Whether the last bucket has not ended, so that its sum says little."""
    if not shown.running or not course.values or shown.now is None:
        return False
    last = course.values[-1][0]
    return last + timedelta(seconds=Grain(shown.grain).seconds) > shown.now and len(course.values) > 1


def changes_of(metric: Metric, happened: Sequence[Happened]) -> list[charts.Change]:
    """The annotations of one metric, for its own chart."""
    return [charts.Change(periods.start_of_day(one.on, metric.zone), one.text) for one in happened]


def changes_for(sources: Sequence[Measure], happened: Sequence[Happened]) -> list[charts.Change]:
    """The annotations that belong on a chart of these numbers."""
    own = {source.pk for source in sources}
    zone = sources[0].zone if sources else None
    if zone is None:
        return []
    return [
        charts.Change(periods.start_of_day(one.on, zone), one.text)
        for one in happened
        if one.metrics is None or one.metrics & own
    ]


def series_of(shown: Shown) -> list[charts.Series]:
    """The lines of a tile; the time compared with is laid under the present one, in grey."""
    courses = [course for course in shown.courses if course.values] or shown.courses
    ranked = sorted(courses, key=lambda course: -abs(course.total() or 0.0))[:MOST_COURSES]
    kept = [course for course in courses if course in ranked]
    found = [
        charts.Series(
            course.name, [(at, value) for at, value, _weight in course.values],
            partial=_partial(shown, course) and course.source.aggregation == Aggregation.SUM,
        )
        for course in kept
    ]  # fmt: skip
    earlier = shown.look.earlier()
    if earlier is not None and len(kept) == 1 and kept[0].before:
        back = earlier[2]
        name = _("A year ago") if shown.look.compare == "year" else _("The period before")
        points = [(at + back, value) for at, value, _weight in kept[0].before]
        found.append(charts.Series(name, points, tone=4))
    return found


def _line(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    source = shown.sources[0]
    same = Grain(source.grain) == shown.grain or source.aggregation != Aggregation.SUM
    target = (
        source.target
        if len(shown.sources) == 1 and same and not (shown.tile.by and source.aggregation == "sum")
        else None
    )
    return charts.line(
        series_of(shown), title=title_of(shown), desc=described(shown), width=width, height=height,
        unit=_unit(source), rate=source.as_rate, target=target, changes=changes_for(shown.sources, happened),
        tz=source.zone, heading=False, spell=_spell(source),
    )  # fmt: skip


def described(shown: Shown) -> str:
    """For those who listen: the ends and the extremes."""
    known = [
        (value, course.source) for course in shown.courses for _at, value, _weight in course.values if value is not None
    ]
    if not known:
        return ""
    source = known[0][1]
    values = [value for value, _source in known]
    return _("%(count)s values, from %(low)s to %(high)s.") % {
        "count": len(values), "low": value_text(source, min(values)), "high": value_text(source, max(values)),
    }  # fmt: skip


def moment_words(at: datetime, grain: str, zone: Any) -> str:
    """A bucket's name: 24 Nov, 14:00, Nov 2026."""
    skeleton = {"minute": "Hm", "hour": "Hm", "month": "yMMM"}.get(grain, "MMMd")
    return scales.moment_text(at.timestamp(), skeleton, zone, language(None))


def _bars(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    source = shown.sources[0]
    common: dict[str, Any] = {
        "title": title_of(shown), "desc": described(shown), "width": width, "height": height, "unit": _unit(source),
        "rate": source.as_rate, "heading": False, "spell": _spell(source),
    }  # fmt: skip
    if is_total(shown.tile):
        items = sorted(((course.name, course.total()) for course in shown.courses), key=lambda item: -(item[1] or 0.0))
        return charts.bar(
            items[:MOST_ROWS], horizontal=True, target=source.target if source.aggregation != "sum" else None, **common
        )
    course = shown.courses[0]
    dated = [(moment_words(at, shown.grain, source.zone), value) for at, value, _weight in course.values]
    same = Grain(source.grain) == shown.grain or source.aggregation != Aggregation.SUM
    return charts.bar(dated, partial=_partial(shown, course), target=source.target if same else None, **common)


def _stacked(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    source = shown.sources[0]
    moments = sorted({at for course in shown.courses for at, _value, _weight in course.values})
    ranked = sorted(shown.courses, key=lambda course: -(course.total() or 0.0))
    layers = [(course.name, _by_moment(course.values, moments)) for course in ranked[: MOST_PARTS - 1]]
    rest = ranked[MOST_PARTS - 1 :]
    if rest:
        sums = [_by_moment(course.values, moments) for course in rest]
        layers.append((_("Others"), [sum(value or 0.0 for value in column) for column in zip(*sums, strict=True)]))
    return charts.stacked_bar(
        [moment_words(at, shown.grain, source.zone) for at in moments], layers, title=title_of(shown),
        desc=described(shown), width=width, height=height, unit=_unit(source), rate=source.as_rate,
        partial=any(_partial(shown, course) for course in shown.courses), heading=False,
    )  # fmt: skip


def _by_moment(values: Sequence[Value], moments: Sequence[datetime]) -> list[float | None]:
    known = {at: value for at, value, _weight in values}
    return [known.get(at) for at in moments]


def hours_of_week(course: Course) -> list[list[float | None]]:
    """`[weekday][hour]`: the mean of the sums of an hour, or the weighed mean of rates and averages."""
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for at, value, weight in course.values:
        if value is not None:
            local = timezone.localtime(at, course.source.zone)
            cells.setdefault((local.weekday(), local.hour), []).append((value, weight))
    plain = course.source.aggregation in {Aggregation.SUM, Aggregation.LAST}
    answer: list[list[float | None]] = [[None] * 24 for _day in range(7)]
    for (day, hour), found in cells.items():
        total = sum(1.0 if plain else weight for _value, weight in found)
        answer[day][hour] = (
            sum(value * (1.0 if plain else weight) for value, weight in found) / total if total else None
        )
    return answer


def weekdays() -> list[str]:
    names = dates.get_day_names("abbreviated", "stand-alone", language(None))
    return [str(names[day]) for day in range(7)]


def _heat(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    course = shown.courses[0]
    fine = Grain(course.source.grain) in {Grain.MINUTE, Grain.HOUR}
    if not fine or not course.values:
        words = "" if fine else _("This number is not measured each hour.")
        return charts.heat_map([], [], [], title=title_of(shown), desc=words, width=width, height=height, heading=False)
    return charts.heat_map(
        weekdays(), [f"{hour:02}" for hour in range(24)], hours_of_week(course), title=title_of(shown),
        desc=described(shown), width=width, height=height, rate=course.source.as_rate, heading=False,
    )  # fmt: skip


def _pareto(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    source = shown.sources[0]
    items = [(course.name, course.total() or 0.0) for course in shown.courses]
    return charts.pareto(
        items, title=title_of(shown), desc=described(shown), width=width, height=height, unit=_unit(source),
        heading=False,
    )  # fmt: skip


def _funnel(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    stages = [(course.name, course.total()) for course in shown.courses]
    if shown.tile.by:
        stages.sort(key=lambda stage: -(stage[1] or 0.0))
    return charts.funnel(
        stages[:MOST_ROWS], title=title_of(shown), desc=described(shown), width=width, height=height, heading=False,
        spell=_spell(shown.sources[0]),
    )  # fmt: skip


def _gauge(shown: Shown, width: float, height: float, happened: Sequence[Happened]) -> SafeString:
    course = shown.courses[0]
    value, plan = course.total(), plan_for(shown, course.source, course)
    tone: Any = ""
    if value is not None and plan is not None:
        tone = "bad" if course.source.misses(value, plan) else "good"
    return charts.gauge(
        value, title=title_of(shown), desc=described(shown), target=plan, tone=tone, width=width, height=height,
        rate=course.source.as_rate, heading=False, spell=_spell(course.source),
    )  # fmt: skip


def explored_tile(shown: Shown, happened: Sequence[Happened]) -> dict[str, Any]:
    """A tile's lines for Plotly, where somebody looks closer."""
    source = shown.sources[0]
    return charts.figure_json(
        series_of(shown), title=title_of(shown), unit=_unit(source), rate=source.as_rate,
        kind="bar" if shown.tile.kind in {TileKind.BAR, TileKind.STACKED} else "line", target=source.target,
        changes=changes_for(shown.sources, happened), tz=source.zone,
    )  # fmt: skip


def map_of(tiles: Sequence[Tile]) -> SafeString:
    """A small plan of where the tiles lie, to set two layouts side by side."""
    step, high = 20.0, 12.0
    deep = max((tile.y + tile.h for tile in tiles), default=1) * high
    body = []
    for tile in tiles:
        box = (tile.x * step + 1, tile.y * high + 1, tile.w * step - 2, tile.h * high - 2)
        body.append(
            f'<rect class="chart-hollow chart-s5" x="{box[0]}" y="{box[1]}" width="{box[2]}" height="{box[3]}" rx="2" '
            'fill="#ffffff" stroke="#5c6675"/>'
        )
        words = drawing.shorten(str(tile.title or tile.kind_title), box[2] - 6, 8)
        body.append(drawing.write(box[0] + 4, box[1] + 10, words, css="chart-tick", fill=drawing.MUTED, size=8))
    return drawing.frame("map", body, title=_("Where the tiles lie"), desc="", width=240, height=deep, heading=False)


__all__ = ["Drawn", "Happened", "Line", "draw", "drill", "explored_tile", "map_of", "picture", "size_of", "title_of"]
