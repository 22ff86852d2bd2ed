"""What explains a movement, in words and rows, as one would tell a colleague."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from metrics import analysis
from metrics.charts.metric import change_text, value_text
from metrics.models import Aggregation, Metric
from metrics.services.drivers import DAY_OF_WEEK, HOUR_OF_DAY, Story
from metrics.services.drivers import WEEKDAYS as DAYS
from opsboard.core.written import number, percent

BASELINE_TITLES: Final = {
    "usual": gettext_lazy("the same time in the last four weeks"),
    "before": gettext_lazy("the time just before"),
    "week": gettext_lazy("the same time a week earlier"),
    "even": gettext_lazy("an even spread over the hours"),
}
SURE, LIKELY = 0.8, 0.5
# A share is told as more than all from here on: 100% as it is written would not say so.
MORE: Final = 1.005


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
        actual, expected, change = compared_texts(metric, one.actual, one.expected, one.change)
        answer.append(
            Row(
                what_text(one.sets), number(one.count, 0), actual, expected, change, percent(one.share, 0), word, tone,
                change_text(metric, one.rate_effect) if one.rate_effect is not None else "",
                change_text(metric, one.mix_effect) if one.mix_effect is not None else "",
                "" if not one.change or math.isnan(one.change) else "good" if metric.improves(one.change) else "bad",
            )
        )  # fmt: skip
    return answer


def written(metric: Metric, value: float, places: int | None = None) -> str:
    rounded = value if places is None or math.isnan(value) else round(value, places)
    return value_text(metric, finite(rounded), unit=False, finer=True)


def compared_texts(metric: Metric, actual: float, expected: float, change: float) -> tuple[str, str, str]:
    """What is, what was expected and the difference, rounded alike: as fine as the difference wants it."""
    places = places_for(metric, change)
    moved = finite(change)
    if moved is not None and places is not None:
        moved = round(moved, places)
    return written(metric, actual, places), written(metric, expected, places), change_text(metric, moved, finer=True)


def places_for(metric: Metric, change: float) -> int | None:
    """Decimals in which a difference is seen; None where the metric itself says how many."""
    if metric.decimals is not None or metric.as_rate or math.isnan(change) or not change:
        return None
    size = abs(change)
    return 0 if size >= 10 else 1 if size >= 1 else 2 if size >= 0.1 else None


def finite(value: float) -> float | None:
    """None for what is no number."""
    return None if math.isnan(value) else value


def lead_sentence(metric: Metric, story: Story) -> str:
    """What moved, from what to what."""
    told = story.told
    if told is None or story.baseline == "even":
        return ""
    places = places_for(metric, told.change)
    actual, expected = (
        value_text(metric, finite(value if places is None or math.isnan(value) else round(value, places)), finer=True)
        for value in (told.actual, told.expected)
    )
    _actual, _expected, change = compared_texts(metric, told.actual, told.expected, told.change)
    words = {"actual": actual, "expected": expected, "change": change, "baseline": BASELINE_TITLES[story.baseline]}
    return _("%(actual)s instead of %(expected)s (%(change)s), compared with %(baseline)s.") % words


def sentences(metric: Metric, story: Story) -> list[str]:
    """What explains it, as one would tell a colleague; the most telling first."""
    answer = []
    if story.parts:
        answer.append(_of_parts(story))
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
    actual, expected, _change = compared_texts(metric, one.actual, one.expected, one.change)
    words = {
        "what": what_text(one.sets), "share": percent(min(max(one.share, -9.99), 9.99), 0), "actual": actual,
        "expected": expected,
    }  # fmt: skip
    if one.share > MORE:
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
        text = _(
            "%(when)s holds %(share)s of it in %(time)s of the time: %(actual)s where an even spread has %(expected)s."
        )
    elif window.share <= MORE:
        text = _("%(when)s explains %(share)s of the change: %(actual)s instead of %(expected)s.")
    elif window.actual > window.expected:
        text = _(
            "%(when)s explains all of the rise and more: %(actual)s instead of %(expected)s; at other times it fell."
        )
    else:
        text = _(
            "%(when)s explains all of the fall and more: %(actual)s instead of %(expected)s; at other times it rose."
        )
    return text % words


def _of_parts(story: Story) -> str:
    """Orders rose, complaints rose more: the two sums that a quotient is made of."""
    top, bottom = story.parts
    tops, bottoms = (
        compared_texts(one.metric, one.actual, one.expected, one.actual - one.expected) for one in (top, bottom)
    )
    return _("%(top)s: %(top_now)s instead of %(top_before)s; %(bottom)s: %(bottom_now)s instead of %(bottom_before)s.") % {
        "top": top.metric.name, "top_now": tops[0], "top_before": tops[1],
        "bottom": bottom.metric.name, "bottom_now": bottoms[0], "bottom_before": bottoms[1],
    }  # fmt: skip


def counteracted(drivers: Iterable[analysis.Driver]) -> bool:
    """Whether shares of more than all, or of less than nothing, want a word."""
    return any(one.share > MORE or one.share < 1 - MORE for one in drivers)


def silence(metric: Metric, story: Story) -> str:
    """Why there is no sentence."""
    if metric.aggregation == Aggregation.FORMULA and story.told is None and story.before:
        return _(
            "This number is calculated from other metrics, but not as one sum over another: ask the same of each of them."
        )
    if not story.before:
        return _("There is nothing before this time to compare it with. Choose a later time, or another comparison.")
    if story.baseline == "even":
        return _("It is spread over the hours of the week: none of them stands out.")
    if story.told is None:
        return _(
            "There are no values in this time, or none in the time it is compared with. Choose another time, or another comparison."
        )
    if not any(len(one.elements) > 1 for one in story.told.dimensions):
        return _("There are no groups to compare here, so nothing can be said of where it moved.")
    if story.told.drivers:
        words = {"what": what_text(story.told.drivers[0].sets), "share": percent(story.told.drivers[0].share, 0)}
        return _("Most of it lies with %(what)s (%(share)s of the change), but it may be chance: too little is behind it to be sure.") % words  # fmt: skip
    return _("Nothing in particular: it moved alike in all groups, or hardly at all.")


def _in_window(metric: Metric, story: Story, one: analysis.Driver) -> str:
    actual, expected, _change = compared_texts(metric, one.actual, one.expected, one.change)
    words = {"what": what_text(one.sets), "actual": actual, "expected": expected}
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


def label_hint(metric: Metric, story: Story, *, labelled: bool) -> str:
    """What is missing for saying which labels moved it; nothing where labels are there."""
    if story.told is not None and any(len(one.elements) > 1 for one in story.told.dimensions):
        return ""
    if metric.aggregation == Aggregation.FORMULA:
        if not story.parts:
            return ""
        names = {"top": story.parts[0].metric.name, "bottom": story.parts[1].metric.name}
        return _("“%(top)s” and “%(bottom)s” have no label in common, so no label can explain their quotient.") % names
    if labelled:
        return ""
    return _(
        "Send this metric's values with labels, such as shop, batch or shift, and this page says which of them moved it."
    )
