"""Why a number moved: the chart with its limits, the bars of what explains it, and the same in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from metrics import analysis
from metrics.charts.metric import change_text, value_text
from metrics.models import Grain, Metric, Movement, buckets
from metrics.services.drivers import DAY_OF_WEEK, HOUR_OF_DAY, Course, Story
from metrics.services.drivers import WEEKDAYS as DAYS
from opsboard.core import charts
from opsboard.core.periods import start_of_day
from opsboard.core.templatetags.ops import number, percent

BASELINE_TITLES: Final = {
    "usual": gettext_lazy("the same time in the last four weeks"),
    "before": gettext_lazy("the time just before"),
    "week": gettext_lazy("the same time a week earlier"),
    "even": gettext_lazy("an even spread over the hours"),
}
METHODS: Final = {
    "season": gettext_lazy("hour-of-week limits"), "xmr": gettext_lazy("XmR chart"), "p": gettext_lazy("p chart"),
    "c": gettext_lazy("c chart"), "none": gettext_lazy("too few values"),
}  # fmt: skip
RULES: Final = {
    0: gettext_lazy("far from what is usual then"),
    1: gettext_lazy("outside the limits"),
    2: gettext_lazy("nine in a row on one side"),
}
SURE, LIKELY = 0.8, 0.5
SHOWN_BARS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A driver as the table shows it."""

    what: str
    count: str
    actual: str
    expected: str
    change: str
    share: str
    confidence: str
    tone: str
    rate: str
    mix: str
    good: str


def what_text(sets: Sequence[Mapping[str, str]]) -> str:
    """batch B17 · shop North, or batch B18 · shop North."""
    return pgettext("between choices", " or ").join(
        " · ".join(_element(name, one[name]) for name in sorted(one)) for one in sets
    )


def _element(name: str, value: str) -> str:
    if name == DAY_OF_WEEK and value in DAYS:
        return str(WEEKDAYS[DAYS.index(value)])
    if name == HOUR_OF_DAY and len(value) == 2 and value.isdigit():
        return f"{value}:00–{int(value) + 1:02d}:00"
    return f"{name.removeprefix('label.')} {value}"


def dimension_text(name: str) -> str:
    if name == DAY_OF_WEEK:
        return _("Day of the week")
    return _("Hour of the day") if name == HOUR_OF_DAY else name.removeprefix("label.")


def confidence_text(confidence: float) -> tuple[str, str]:
    """(word, tone)."""
    if confidence >= SURE:
        return _("high"), "good"
    return (_("middling"), "warn") if confidence >= LIKELY else (_("low"), "quiet")


def rows_of(metric: Metric, drivers: Sequence[analysis.Driver]) -> list[Row]:
    answer = []
    for one in drivers:
        word, tone = confidence_text(one.confidence)
        answer.append(
            Row(
                what_text(one.sets), number(one.count, 0), _value(metric, one.actual), _value(metric, one.expected),
                change_text(metric, _finite(one.change)), percent(one.share, 0), word, tone,
                change_text(metric, one.rate_effect) if one.rate_effect is not None else "",
                change_text(metric, one.mix_effect) if one.mix_effect is not None else "",
                "" if not one.change or math.isnan(one.change) else "good" if metric.improves(one.change) else "bad",
            )
        )  # fmt: skip
    return answer


def _value(metric: Metric, value: float) -> str:
    whole = metric.decimals is None and not metric.as_rate and abs(value) >= 10 if not math.isnan(value) else False
    return value_text(metric, _finite(round(value) if whole else value), unit=False)


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value


def lead_sentence(metric: Metric, story: Story) -> str:
    """What moved, from what to what."""
    told = story.told
    if told is None or story.baseline == "even":
        return ""
    words = {
        "actual": value_text(metric, _finite(told.actual)), "expected": value_text(metric, _finite(told.expected)),
        "change": change_text(metric, _finite(told.change)), "baseline": BASELINE_TITLES[story.baseline],
    }  # fmt: skip
    return _("%(actual)s instead of %(expected)s (%(change)s), compared with %(baseline)s.") % words


def sentences(metric: Metric, story: Story) -> list[str]:
    """What explains it, as one would tell a colleague; the most telling first."""
    answer = []
    if story.window is not None:
        answer.append(window_sentence(story))
    within = story.within if story.window is not None else None
    if within is not None and within.drivers and within.drivers[0].confidence >= LIKELY:
        answer.append(_in_window(metric, story, within.drivers[0]))
    told = story.told if story.baseline != "even" else None
    if told is not None:
        answer += _mixed(metric, told)
        for one in told.drivers[:1]:
            if one.confidence >= 0.2:
                answer.append(driver_sentence(metric, told, one))
    return answer


def driver_sentence(metric: Metric, told: analysis.Explanation, one: analysis.Driver) -> str:
    words = {
        "what": what_text(one.sets), "share": percent(min(max(one.share, -9.99), 9.99), 0),
        "actual": _value(metric, one.actual), "expected": _value(metric, one.expected),
    }  # fmt: skip
    if one.share > 1.005:
        text = (
            _("%(what)s explains all of the rise and more: %(actual)s instead of %(expected)s; the rest fell.")
            if told.change > 0
            else _("%(what)s explains all of the fall and more: %(actual)s instead of %(expected)s; the rest rose.")
        )
    elif told.change > 0:
        text = _("%(what)s explains %(share)s of the rise: %(actual)s instead of %(expected)s.")
    else:
        text = _("%(what)s explains %(share)s of the fall: %(actual)s instead of %(expected)s.")
    return text % words


def window_text(window: analysis.Window) -> str:
    """Saturday, Sunday 20:00–22:00."""
    days = sorted(window.days)
    names = pgettext("punctuation", ", ").join(str(WEEKDAYS[day]) for day in days) if len(days) < 5 else ""
    if len(days) == 5 and days == list(range(5)):
        names = _("Monday to Friday")
    elif len(days) >= 5:
        names = _("Every day")
    hours = "" if (window.first, window.end) == (0, 24) else f" {window.first:02d}:00–{window.end:02d}:00"
    return names + hours


def window_sentence(story: Story) -> str:
    window = story.window
    if window is None:
        return ""
    words = {
        "when": window_text(window), "share": percent(min(window.share, 9.99), 0), "time": percent(window.hours_share, 0),
        "actual": number(window.actual, 0), "expected": number(window.expected, 0),
    }  # fmt: skip
    if story.baseline == "even":
        return (
            _(
                "%(when)s holds %(share)s of it in %(time)s of the time: %(actual)s where an even spread has %(expected)s."
            )
            % words
        )
    return _("%(when)s explains %(share)s of the change: %(actual)s instead of %(expected)s.") % words


def _in_window(metric: Metric, story: Story, one: analysis.Driver) -> str:
    words = {
        "what": what_text(one.sets),
        "actual": _value(metric, one.actual),
        "expected": _value(metric, one.expected),
    }
    if story.baseline == "even":
        return _("In these hours it is %(what)s: %(actual)s, where as many other hours have %(expected)s.") % words
    return _("In these hours it is %(what)s: %(actual)s instead of %(expected)s.") % words


def _mixed(metric: Metric, told: analysis.Explanation) -> list[str]:
    if told.rate_effect is None or told.mix_effect is None or not told.change:
        return []
    words = {
        "rate": change_text(metric, told.rate_effect), "mix": change_text(metric, told.mix_effect),
        "dimension": dimension_text(told.mixed_by),
    }  # fmt: skip
    if abs(told.mix_effect) < 0.1 * abs(told.change):
        return []
    if told.rate_effect * told.mix_effect < 0 and told.mix_effect * told.change > 0:
        return [
            _("Within the groups by %(dimension)s it went the other way (%(rate)s); what moved the whole is that their shares changed (%(mix)s).")
            % words
        ]  # fmt: skip
    return [
        _("By %(dimension)s, %(rate)s come from the groups themselves and %(mix)s from their changed shares.") % words
    ]


def verdict(metric: Metric, course: Course, start: datetime, end: datetime) -> dict[str, Any]:
    """Whether there is a signal in the stretch, by which method, in words."""
    inside = [k for k, one in enumerate(course.buckets) if start <= one.at < end]
    rules = sorted({rule for k in inside for rule in course.judged.at(k)})
    near = [one for one in course.judged.episodes if one.start < end and one.last >= start]
    method = METHODS[course.judged.method]
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
    elif judged.method != "none":
        limits = _bands(course)
    first = course.buckets[0].at if course.buckets else start
    marks = [
        charts.Signal(one.at, _("unusual"))
        for k, one in enumerate(course.buckets)
        if judged.at(k)
        and one.value is not None
        and one.at >= (points[0][0] if points else first)
        and one.at <= points[-1][0]
    ]
    return charts.line(
        series, title=metric.name, unit="" if metric.as_rate else metric.unit, rate=metric.as_rate, limits=limits,
        signals=marks, changes=[charts.Change(start, _("asked about"))], tz=metric.zone, width=width, height=height,
        heading=False,
    )  # fmt: skip


def _near(course: Course, start: datetime, end: datetime) -> list[int]:
    margin = max(timedelta(days=7), (end - start)) if course.judged.method == "season" else timedelta(0)
    step = course.buckets[1].at - course.buckets[0].at if len(course.buckets) > 1 else timedelta(days=1)
    margin = margin if step < timedelta(hours=12) else timedelta(days=60)
    found = [k for k, one in enumerate(course.buckets) if start - margin <= one.at < end + margin]
    return found or list(range(len(course.buckets)))


def _bands(course: Course) -> list[charts.Limits]:
    """One band for each stretch with the same limits; where they follow the sample's size, the last one's."""
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
    if len(bands) > 12:
        last = known[-1]
        return [charts.Limits(judged.center[last] or 0.0, judged.lower[last], judged.upper[last])]
    return bands


def share_bars(metric: Metric, story: Story, *, width: int = 520, height: int = 240) -> SafeString | str:
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
        (what_text(one.sets), _finite(one.share * told.change if told.change else one.change))
        for one in sorted(dimension.elements, key=lambda one: -abs(one.share))[:SHOWN_BARS]
    ]
    return charts.bar(
        items, title=_("Change by %(dimension)s") % {"dimension": dimension_text(name)}, width=width,
        height=60 + 26 * len(items), horizontal=True, rate=metric.as_rate, unit="" if metric.as_rate else metric.unit,
        heading=False,
    )  # fmt: skip


def heat(metric: Metric, story: Story, *, width: int = 860, height: int = 240) -> SafeString | str:
    """The hours of the week: what was there now."""
    if story.grid is None or story.kind != "sum":
        return ""
    values = story.grid[0, 0]
    hours = [hour for hour in range(24) if values[:, hour].any()]
    if len(hours) < 2:
        return ""
    return charts.heat_map(
        [str(WEEKDAYS[day]) for day in range(7)], [str(hour) for hour in hours],
        [[float(round(values[day, hour], 2)) for hour in hours] for day in range(7)],
        title=_("Hours of the week"), width=width, numbers=width > 600, heading=False,
    )  # fmt: skip


def stretch_text(metric: Metric, start: datetime, end: datetime) -> str:
    """The stretch in the metric's own time."""
    a, b = timezone.localtime(start, metric.zone), timezone.localtime(end, metric.zone)
    if a.time() == b.time() == a.time().min:
        last = (b - timedelta(days=1)).date()
        if last == a.date():
            return a.date().isoformat()
        return _("%(first)s to %(last)s") % {"first": a.date().isoformat(), "last": last.isoformat()}
    if a.date() == b.date():
        return f"{a:%Y-%m-%d %H:%M}–{b:%H:%M}"
    return _("%(first)s to %(last)s") % {"first": f"{a:%Y-%m-%d %H:%M}", "last": f"{b:%Y-%m-%d %H:%M}"}


VERDICTS: Final = {
    "moved": (gettext_lazy("Moved, and it was the change"), "good"),
    "signal": (gettext_lazy("Something changed; not enough for a claim"), "info"),
    "no_signal": (gettext_lazy("Not proven: no signal"), "quiet"),
    "wrong_way": (gettext_lazy("It got worse"), "bad"),
    "not_comparable": (gettext_lazy("Not enough to compare yet"), "quiet"),
}


def proof_view(metric: Metric, proof: Any) -> dict[str, Any]:
    """The proof as the entry shows it."""
    word, tone = VERDICTS[proof.verdict]
    relative = _signed(proof.relative)
    text = ""
    if proof.effect is not None and proof.interval is not None:
        low, high = proof.interval
        words = {
            "effect": change_text(metric, proof.effect),
            "low": change_text(metric, low),
            "high": change_text(metric, high),
        }
        if proof.scale == "log":
            text = _("%(relative)s for each value; with 95%% certainty between %(low)s and %(high)s.") % {
                "relative": relative, "low": _signed(proof.relative_interval[0] if proof.relative_interval else None),
                "high": _signed(proof.relative_interval[1] if proof.relative_interval else None),
            }  # fmt: skip
        else:
            text = _("%(effect)s for each value; with 95%% certainty between %(low)s and %(high)s.") % words
    return {"word": word, "tone": tone, "relative": relative, "text": text, "proof": proof}


def _signed(share: float | None) -> str:
    if share is None:
        return "–"
    text = percent(share, 0)
    return f"+{text}" if share > 0 else text


def signed_share(share: float | None) -> str:
    return _signed(share)


def proven_course(metric: Metric, movement: Movement, now: datetime) -> SafeString | str:
    """The metric by days around a movement, with the day of the change."""
    grain = "day" if metric.grain in {Grain.MINUTE, Grain.HOUR} else metric.grain
    back = timedelta(seconds=Grain(grain).seconds * 45)
    changed = start_of_day(movement.changed_on, metric.zone) if movement.changed_on else None
    last = min(now, max(movement.end_at, changed or movement.end_at) + back)
    found = [
        one
        for one in buckets([metric.pk], start=movement.start_at - back, end=last, grain=grain)
        if one.at + timedelta(seconds=Grain(grain).seconds) <= now
    ]
    if not found:
        return ""
    marks = [charts.Change(movement.start_at, _("it moved"))]
    if changed is not None:
        marks.append(charts.Change(changed, _("from here on changed")))
    return charts.for_any_screen(
        lambda wide, high: charts.line(
            [charts.Series(metric.name, [(one.at, one.value) for one in found])], title=metric.name,
            unit="" if metric.as_rate else metric.unit, rate=metric.as_rate, changes=marks, tz=metric.zone,
            width=wide, height=high, heading=False,
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
