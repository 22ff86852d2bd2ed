"""The tiles of a dashboard as they are seen: words, numbers and SVG, the same for screen, wall and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from metrics.analysis.courses import ADDED
from metrics.charts.drawings import Happened, picture, plan_for, title_of, unfinished
from metrics.charts.metric import change_text, value_text
from metrics.charts.texts import in_html
from metrics.models import Aggregation, Course, Measure, Shown, Tile, TileKind
from metrics.models.tiles import SPANS
from opsboard.core import charts
from opsboard.core.charts import drawing
from opsboard.core.written import percent

COLUMN, ROW, GAP = 99, 56, 12  # pixels of a column and a row on a screen of 1320
MOST_COURSES = 6
MOST_ROWS = 12
MOST_PARTS = 8
# The same on a screen of 1920 x 1080: a column with its gap, the least row, the room of the grid, the head of a tile.
WALL_COLUMN, WALL_ROW, WALL_HEIGHT, WALL_HEAD = 157.7, 44, 952, 52
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
    def compared(self) -> bool:
        """Whether any row of a table is set beside something."""
        return any(row.change_text for row in self.rows)

    @property
    def spark_small(self) -> SafeString:
        """The course for a row of a table."""
        courses = self.shown.courses
        points = whole_buckets(self.shown, courses[0]) if courses else []
        return charts.sparkline(
            charts.Series(self.title, points),
            title=_("Course of %(name)s") % {"name": self.title},
            width=110,
            height=24,
        )


def draw(shown: Shown, happened: Sequence[Happened] = (), *, medium: str = "screen", rows: int = 0) -> Drawn:
    """One tile. Its template is the same everywhere; only phones get a second drawing of what is wide.

    `rows`: how many the whole grid has, where it fills a wall.
    """
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
    width, height = size_of(tile, rows)
    if tile.kind == TileKind.NUMBER:
        _number(drawn, width)
    elif tile.kind == TileKind.TABLE:
        drawn.rows = _lines(shown)
    else:
        _say_total(drawn)
        chart = picture(shown, happened)
        if medium == "screen" and tile.w > NARROW and tile.kind != TileKind.GAUGE:
            drawn.chart = format_html(
                '<div class="chart-roomy">{}</div><div class="chart-tight">{}</div>',
                chart(width, height),
                chart(TIGHT, 210, hover=False),
            )
        else:
            drawn.chart = chart(width, height)
    return drawn


def size_of(tile: Any, rows: int = 0) -> tuple[int, int]:
    """Of the drawing inside a tile; on a wall (a grid of so many rows) it is made larger until it fills its place."""
    width = tile.w * (COLUMN + GAP) - GAP - 26
    if not rows:
        return width, max(60, tile.h * (ROW + GAP) - GAP - 46)
    larger = WALL_COLUMN / (COLUMN + GAP)
    row = max(WALL_ROW, (WALL_HEIGHT - (rows - 1) * GAP) / rows)
    return width, max(60, round((tile.h * (row + GAP) - GAP - WALL_HEAD) / larger))


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
    points = whole_buckets(shown, course)
    if len(points) > 1:
        series = charts.Series(course.name, points)
        target = course.source.target if course.source.aggregation != Aggregation.SUM else None
        drawn.chart = charts.sparkline(
            series, title=_("Course of %(name)s") % {"name": course.name}, target=target, width=max(120, width),
            height=max(28, shown.tile.h * (ROW + GAP) - 104),
        )  # fmt: skip


def whole_buckets(shown: Shown, course: Course) -> list[tuple[datetime, float | None]]:
    """The course without buckets that are cut off or still run, where their values add up: half a week is no low."""
    points = [(at, amount) for at, amount, _weight in course.values]
    if course.source.aggregation not in ADDED:
        return points
    if unfinished(shown, course):
        points = points[:-1]
    if points and points[0][0] < shown.look.start:
        points = points[1:]
    return points


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
