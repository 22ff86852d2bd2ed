"""Why a number moved: the chart with its limits, the bars of what explains it, the hours of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.dates import WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from metrics import analysis
from metrics.analysis.signals import SHIFT
from metrics.charts.metric import change_text
from metrics.charts.told import dimension_text, finite, what_text
from metrics.models import Metric
from metrics.services.drivers import Course, Story
from opsboard.core import charts
from opsboard.core.written import percent

METHODS: Final = {
    "season": gettext_lazy("hour-of-week limits"), "xmr": gettext_lazy("XmR chart"), "p": gettext_lazy("p chart"),
    "np": gettext_lazy("np chart"),    "u": gettext_lazy("u chart"), "c": gettext_lazy("c chart"), "ewma": gettext_lazy("EWMA chart"),
    "cusum": gettext_lazy("CUSUM chart"), "none": gettext_lazy("too few values"),
}  # fmt: skip
# What is counted, and that it varies as counting does.
COUNTED: Final = {
    "p": gettext_lazy(
        "Judged by a p chart: it is a share of what is counted, and varies as chance alone would have it."
    ),
    "u": gettext_lazy("Judged by a u chart: it counts per unit, and varies as chance alone would have it."),
    "c": gettext_lazy("Judged by a c chart: it counts what is rare, and varies as chance alone would have it."),
}
CHOSEN: Final = {
    "xmr": gettext_lazy("Judged by an XmR chart, as you chose: it fits any number."),
    "p": gettext_lazy("Judged by a p chart, as you chose: for shares of what is counted."),
    "np": gettext_lazy("Judged by an np chart, as you chose: how many there were, for samples of their size."),
    "u": gettext_lazy("Judged by a u chart, as you chose: for what is counted per unit."),
    "c": gettext_lazy("Judged by a c chart, as you chose: for counts of what is rare."),
    "ewma": gettext_lazy("Judged by an EWMA chart, as you chose: it sees small shifts that last."),
    "cusum": gettext_lazy("Judged by a CUSUM chart, as you chose: it adds up small deviations that last."),
}
RULES: Final = {
    SHIFT: gettext_lazy("a small shift that lasts"),
    0: gettext_lazy("far from what is usual then"),
    1: gettext_lazy("outside the limits"),
    2: gettext_lazy("nine in a row on one side"),
}
SHOWN_BARS = 8
MOST_BANDS = 12


def method_text(judged: analysis.Judged) -> str:
    """By which chart, and why that one."""
    if judged.method == "none":
        return ""
    if judged.method == "season":
        words = {"share": percent(judged.strength, 0)}
        return _("Judged by what is usual at its place in the week, which explains %(share)s of how it varies.") % words
    if judged.reason == "chosen":
        return str(CHOSEN[judged.method])
    if judged.reason == "chance":
        return str(COUNTED[judged.method])
    if judged.reason == "more_than_chance":
        return _("Judged by an XmR chart: what is counted here varies more, or less, than chance alone would have it.")
    return _("Judged by an XmR chart: it fits any number.")


def verdict(metric: Metric, course: Course, start: datetime, end: datetime) -> dict[str, Any]:
    """Whether there is a signal in the stretch, by which method, in words."""
    inside = [k for k, one in enumerate(course.buckets) if start <= one.at < end]
    rules = sorted({rule for k in inside for rule in course.judged.at(k)})
    near = [one for one in course.judged.episodes if one.start < end and one.last >= start]
    if course.judged.reason == "chosen":
        near = []  # the chart that somebody chose has the word
    method = method_text(course.judged)
    if course.judged.method == "none" or not inside:
        text = _("There are too few finished values around this time to say whether it is a signal.")
        return {"signal": False, "known": False, "text": text, "method": method}
    if rules or near:
        why = pgettext("punctuation", ", ").join(str(RULES.get(rule, RULES[1])) for rule in rules) or str(RULES[0])
        text = _("A signal: %(why)s. Something is different here, and it is worth asking why.") % {"why": why}
        return {"signal": True, "known": True, "text": text, "method": method}
    text = _("Routine variation: values like this come up without any special cause. Asking why of each of them makes things worse; change the process, or wait.")  # fmt: skip
    return {"signal": False, "known": True, "text": text, "method": method}


def judged_chart(
    metric: Metric, course: Course, start: datetime, end: datetime, *, width: int = 860, height: int = 260
) -> SafeString:
    """The course with its limits; what is asked about is marked."""
    points = [(one.at, one.value) for one in course.buckets]
    series = [charts.Series(metric.name, points)]
    limits: list[charts.Limits] = []
    judged = course.judged
    if judged.method == "season":
        # A week on either side is enough to see a season.
        near = _near(course, start, end)
        points = [points[k] for k in near]
        series = [
            charts.Series(metric.name, points),
            charts.Series(_("usual then"), [(course.buckets[k].at, judged.center[k]) for k in near]),
            charts.Series(_("upper limit"), [(course.buckets[k].at, judged.upper[k]) for k in near]),
            charts.Series(_("lower limit"), [(course.buckets[k].at, judged.lower[k]) for k in near]),
        ]
    elif judged.method == "np":
        series, limits = _lines(course, (_("number of cases"), judged.drawn)), _bands(course)
        if len(limits) > MOST_BANDS:  # samples of many sizes: what is expected goes up and down with them
            series += _lines(
                course, (_("expected"), judged.center), (_("upper limit"), judged.upper),
                (_("lower limit"), judged.lower),
            )  # fmt: skip
            limits = []
    elif judged.method == "ewma":
        series += _lines(course, (_("smoothed"), judged.drawn))
        series += _lines(course, (_("upper limit"), judged.upper), (_("lower limit"), judged.lower))
    elif judged.method == "cusum":
        series = _lines(course, (_("sum of deviations"), judged.drawn))
        limits = [charts.Limits(0.0, judged.lower[0], judged.upper[0])]
    elif judged.method != "none":
        limits = _bands(course)
        if len(limits) > MOST_BANDS:
            limits = [replace(limits[-1], from_at=None)]
    first = course.buckets[0].at if course.buckets else start
    marks = [
        charts.Signal(one.at, _("unusual"))
        for k, one in enumerate(course.buckets)
        if judged.at(k)
        and one.value is not None
        and one.at >= (points[0][0] if points else first)
        and one.at <= points[-1][0]
    ]
    as_rate = metric.as_rate and judged.method != "np"
    return charts.line(
        series, title=metric.name, unit="" if metric.as_rate else metric.unit, rate=as_rate, limits=limits,
        signals=marks, changes=[charts.Change(start, _("asked about"))], tz=metric.zone, width=width, height=height,
        heading=False,
    )  # fmt: skip


def _lines(course: Course, *named: tuple[str, Sequence[float | None]]) -> list[charts.Series]:
    return [
        charts.Series(name, [(one.at, value) for one, value in zip(course.buckets, values, strict=True)])
        for name, values in named
    ]


def _near(course: Course, start: datetime, end: datetime) -> list[int]:
    margin = max(timedelta(days=7), (end - start)) if course.judged.method == "season" else timedelta(0)
    step = course.buckets[1].at - course.buckets[0].at if len(course.buckets) > 1 else timedelta(days=1)
    margin = margin if step < timedelta(hours=12) else timedelta(days=60)
    found = [k for k, one in enumerate(course.buckets) if start - margin <= one.at < end + margin]
    return found or list(range(len(course.buckets)))


def _bands(course: Course) -> list[charts.Limits]:
    """One band for each stretch with the same limits."""
    judged, found = course.judged, course.buckets
    known = [k for k in range(len(found)) if judged.center[k] is not None]
    if not known:
        return []
    bands: list[charts.Limits] = []
    begin = known[0]
    for k in [*known[1:], -1]:
        same = k >= 0 and (judged.center[k], judged.lower[k], judged.upper[k]) == (
            judged.center[begin], judged.lower[begin], judged.upper[begin],
        )  # fmt: skip
        if same:
            continue
        until = found[k].at if k >= 0 else None
        bands.append(
            charts.Limits(judged.center[begin] or 0.0, judged.lower[begin], judged.upper[begin], found[begin].at, until)
        )
        begin = k
    return bands


def share_bars(metric: Metric, story: Story) -> SafeString | str:
    """What the elements of the most telling dimension did to the whole."""
    told = story.told
    if told is None or not told.drivers:
        return ""
    best = told.drivers[0]
    name = next(iter(best.sets[0]))
    dimension = next((one for one in told.dimensions if one.name == name), None)
    if dimension is None or len(dimension.elements) < 2:
        return ""
    items = [
        (what_text(one.sets), finite(one.share * told.change if told.change else one.change))
        for one in sorted(dimension.elements, key=lambda one: -abs(one.share))[:SHOWN_BARS]
    ]
    return charts.for_any_screen(
        lambda width, _height: charts.bar(
            items, title=_("Change by %(dimension)s") % {"dimension": dimension_text(name)}, width=width,
            height=60 + 26 * len(items), horizontal=True, rate=metric.as_rate, heading=False,
            spell=lambda value: change_text(metric, value, finer=True),
        )
    )  # fmt: skip


def heat(metric: Metric, story: Story) -> SafeString | str:
    """The hours of the week: what was there now."""
    if story.grid is None or story.kind != "sum":
        return ""
    values = story.grid[0, 0]
    hours = [hour for hour in range(24) if values[:, hour].any()]
    if len(hours) < 2:
        return ""
    return charts.for_any_screen(
        lambda width, _height: charts.heat_map(
            [str(WEEKDAYS[day]) for day in range(7)], [str(hour) for hour in hours],
            [[float(round(values[day, hour], 2)) for hour in hours] for day in range(7)],
            title=_("Hours of the week"), width=width, numbers=width > 600, heading=False,
        )
    )  # fmt: skip


def signals_of(course: Course | None) -> list[charts.Signal]:
    """The marks on a metric's own chart."""
    if course is None:
        return []
    return [
        charts.Signal(one.at, _("unusual"))
        for k, one in enumerate(course.buckets)
        if one.value is not None and course.judged.at(k)
    ]
