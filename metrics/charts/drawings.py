"""The chart of a tile, of each kind, as SVG: the same for screen, wall and paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from babel import dates
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from metrics import analysis
from metrics.analysis.courses import ADDED, Value
from metrics.charts.metric import value_text
from metrics.models import Aggregation, Course, Grain, Measure, Metric, Shown, TileKind
from opsboard.core import charts, periods
from opsboard.core.charts import scales
from opsboard.core.charts.drawing import language

MOST_COURSES = 6
MOST_ROWS = 12
MOST_PARTS = 8


@dataclass(frozen=True, slots=True)
class Happened:
    """An annotation as a chart needs it: its day, its words, and the metrics that it is about (None: all)."""

    on: date
    text: str
    metrics: frozenset[int] | None = None
    until: date | None = None


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


def plan_for(shown: Shown, source: Measure, course: Course) -> float | None:
    """The target over the time: a sum's is for one of its days (hours, weeks), the others' for any time."""
    if source.target is None or source.aggregation != Aggregation.SUM:
        return source.target
    seconds = Grain(source.grain).seconds
    grain = Grain(shown.grain).seconds if shown.grain else seconds
    return source.target * len(course.values) * max(1, round(grain / seconds))


class Draw(Protocol):
    """A chart whose numbers are known, in any size. Without `hover` it is for screens that no pointer rests on."""

    def __call__(self, width: float, height: float, *, hover: bool = True) -> SafeString: ...


def picture(shown: Shown, happened: Sequence[Happened] = ()) -> Draw:
    """The chart of a tile."""
    draws = {
        TileKind.LINE: _line, TileKind.BAR: _bars, TileKind.STACKED: _stacked, TileKind.HEAT: _heat, TileKind.PARETO: _pareto,
        TileKind.FUNNEL: _funnel, TileKind.GAUGE: _gauge,
    }  # fmt: skip
    kind = TileKind(shown.tile.kind)
    chart = draws[kind](shown, happened)

    def draw(width: float, height: float, *, hover: bool = True) -> SafeString:
        many = {"hover": hover} if kind in {TileKind.HEAT, TileKind.STACKED} else {}
        return chart(width=width, height=height, **many)

    return draw


type Chart = Callable[..., SafeString]


def _spell(source: Measure) -> charts.Spell:
    return lambda value: value_text(source, value, unit=False)


def _unit(source: Measure) -> str:
    return "" if source.as_rate else source.unit


def unfinished(shown: Shown, course: Course) -> bool:
    """Whether the last bucket has not ended, so that it says little yet."""
    if not shown.running or not course.values or shown.now is None:
        return False
    last = course.values[-1][0]
    return last + timedelta(seconds=Grain(shown.grain).seconds) > shown.now and len(course.values) > 1


def changes_of(metric: Metric, happened: Sequence[Happened]) -> list[charts.Change]:
    """The annotations of one metric, for its own chart."""
    return [charts.Change(periods.start_of_day(one.on, metric.zone), one.text) for one in happened]


def changes_for(shown: Shown, happened: Sequence[Happened]) -> list[charts.Change]:
    """The annotations that belong on a chart of these numbers and days; what began before stands at its beginning."""
    own, look = {source.pk for source in shown.sources}, shown.look
    return [
        charts.Change(periods.start_of_day(max(one.on, look.first), shown.sources[0].zone), one.text)
        for one in happened
        if (one.metrics is None or one.metrics & own) and one.on <= look.last and (one.until or one.on) >= look.first
    ]


def series_of(shown: Shown) -> list[charts.Series]:
    """The lines of a tile; the time compared with is laid under the present one, in grey."""
    courses = [course for course in shown.courses if course.values] or shown.courses
    ranked = sorted(courses, key=lambda course: -abs(course.total() or 0.0))[:MOST_COURSES]
    kept = [course for course in courses if course in ranked]
    found = [
        charts.Series(
            course.name, [(at, value) for at, value, _weight in course.values],
            partial=unfinished(shown, course),
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


def _line(shown: Shown, happened: Sequence[Happened]) -> Chart:
    source = shown.sources[0]
    same = Grain(source.grain) == shown.grain or source.aggregation != Aggregation.SUM
    target = (
        source.target
        if len(shown.sources) == 1 and same and not (shown.tile.by and source.aggregation == "sum")
        else None
    )
    series = series_of(shown)
    values = [value for one in series for _at, value in one.points if value is not None]
    # Counts stand on nought, unless they move so little that nothing of it would be seen.
    nought = source.aggregation in ADDED and bool(values) and 0 <= min(values) <= max(values) / 2
    return partial(
        charts.line, series, title=title_of(shown), desc=described(shown), zero=nought,
        unit=_unit(source), rate=source.as_rate, target=target, changes=changes_for(shown, happened),
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


def _bars(shown: Shown, happened: Sequence[Happened]) -> Chart:
    source = shown.sources[0]
    common: dict[str, Any] = {
        "title": title_of(shown), "desc": described(shown), "unit": _unit(source),
        "rate": source.as_rate, "heading": False, "spell": _spell(source),
    }  # fmt: skip
    if shown.tile.is_total:
        items = sorted(((course.name, course.total()) for course in shown.courses), key=lambda item: -(item[1] or 0.0))
        return partial(
            charts.bar,
            items[:MOST_ROWS],
            horizontal=True,
            target=source.target if source.aggregation != "sum" else None,
            **common,
        )
    course = shown.courses[0]
    dated = [(moment_words(at, shown.grain, source.zone), value) for at, value, _weight in course.values]
    same = Grain(source.grain) == shown.grain or source.aggregation != Aggregation.SUM
    return partial(
        charts.bar,
        dated,
        in_time=True,
        partial=unfinished(shown, course),
        target=source.target if same else None,
        **common,
    )


def _stacked(shown: Shown, happened: Sequence[Happened]) -> Chart:
    source = shown.sources[0]
    moments = sorted({at for course in shown.courses for at, _value, _weight in course.values})
    ranked = sorted(shown.courses, key=lambda course: -(course.total() or 0.0))
    layers = [(course.name, _by_moment(course.values, moments)) for course in ranked[: MOST_PARTS - 1]]
    rest = ranked[MOST_PARTS - 1 :]
    if rest:
        sums = (_by_moment(course.values, moments) for course in rest)
        layers.append((_("Others"), [*analysis.added_up(sums)]))
    return partial(
        charts.stacked_bar, [moment_words(at, shown.grain, source.zone) for at in moments], layers,
        title=title_of(shown), desc=described(shown), unit=_unit(source), rate=source.as_rate,
        partial=any(unfinished(shown, course) for course in shown.courses), in_time=True, heading=False,
    )  # fmt: skip


def _by_moment(values: Sequence[Value], moments: Sequence[datetime]) -> list[float | None]:
    known = {at: value for at, value, _weight in values}
    return [known.get(at) for at in moments]


def weekdays() -> list[str]:
    names = dates.get_day_names("abbreviated", "stand-alone", language(None))
    return [str(names[day]) for day in range(7)]


def _heat(shown: Shown, happened: Sequence[Happened]) -> Chart:
    course = shown.courses[0]
    fine = Grain(course.source.grain) in {Grain.MINUTE, Grain.HOUR}
    if not fine or not course.values:
        words = "" if fine else _("This number is not measured each hour.")
        return partial(charts.heat_map, [], [], [], title=title_of(shown), desc=words, heading=False)
    kind = course.source.aggregation
    cells = analysis.hours_of_week(
        course.values, course.source.zone, added=kind in ADDED, plain=kind == Aggregation.LAST
    )
    return partial(
        charts.heat_map, weekdays(), [f"{hour:02}" for hour in range(24)], cells, title=title_of(shown),
        desc=described(shown), rate=course.source.as_rate, heading=False,
    )  # fmt: skip


def _pareto(shown: Shown, happened: Sequence[Happened]) -> Chart:
    source = shown.sources[0]
    items = [(course.name, course.total() or 0.0) for course in shown.courses]
    return partial(
        charts.pareto, items, title=title_of(shown), desc=described(shown), unit=_unit(source),
        heading=False,
    )  # fmt: skip


def _funnel(shown: Shown, happened: Sequence[Happened]) -> Chart:
    stages = [(course.name, course.total()) for course in shown.courses]
    if shown.tile.by:
        stages.sort(key=lambda stage: -(stage[1] or 0.0))
    return partial(
        charts.funnel, stages[:MOST_ROWS], title=title_of(shown), desc=described(shown), heading=False,
        spell=_spell(shown.sources[0]),
    )  # fmt: skip


def _gauge(shown: Shown, happened: Sequence[Happened]) -> Chart:
    course = shown.courses[0]
    value, plan = course.total(), plan_for(shown, course.source, course)
    tone: Any = ""
    if value is not None and plan is not None:
        tone = "bad" if course.source.misses(value, plan) else "good"
    return partial(
        charts.gauge, value, title=title_of(shown), desc=described(shown), target=plan, tone=tone,
        rate=course.source.as_rate, heading=False, spell=_spell(course.source),
    )  # fmt: skip


def explored_tile(shown: Shown, happened: Sequence[Happened]) -> dict[str, Any]:
    """A tile's lines for Plotly, where somebody looks closer."""
    source = shown.sources[0]
    return charts.figure_json(
        series_of(shown), title=title_of(shown), unit=_unit(source), rate=source.as_rate,
        kind="bar" if shown.tile.kind in {TileKind.BAR, TileKind.STACKED} else "line", target=source.target,
        changes=changes_for(shown, happened), tz=source.zone,
    )  # fmt: skip
