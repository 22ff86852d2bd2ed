"""Conditions and durations in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


def split_duration(seconds: int) -> tuple[int, str]:
    """`600` → `(10, "minutes")`: the largest unit that divides it."""
    for size, name in UNITS:
        if seconds >= size and seconds % size == 0:
            return seconds // size, name
    return seconds, "minutes" if seconds == 0 else "seconds"


def duration(seconds: float) -> str:
    """A length of time in at most two units: `10 min`, `2 h 5 min`, `3 days`."""
    left, parts = max(0, round(seconds)), []
    for size, name in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(_counted(count, name))
        if len(parts) == 2 or (parts and not count):
            break
    return " ".join(parts) or _counted(0, "seconds")


def _counted(count: int, name: str) -> str:
    match name:
        case "days":
            return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
        case "hours":
            return _("%(count)d h") % {"count": count}
        case "minutes":
            return _("%(count)d min") % {"count": count}
    return _("%(count)d s") % {"count": count}


def number(value: float | None, *, unit: str = "", decimals: int | None = None, rate: bool = False) -> str:
    """A number as the reader's language writes it, with its unit and without idle noughts; a rate of 0…1 as per cent."""
    if value is None:
        return "–"
    if rate:
        return number(float(f"{value * 100:.12g}"), unit="%", decimals=1 if decimals is None else max(1, decimals - 2))
    rounded = value if decimals is None else round(value, decimals)
    text = f"{rounded if rounded or not value else value:.12g}" if abs(value) >= 1e6 else f"{rounded or value:.6g}"
    places = 0 if "e" in text else len(text.partition(".")[2])
    written = formats.number_format(float(text), places, use_l10n=True, force_grouping=True)
    return f"{written}{unit}" if unit == "%" else f"{written} {unit}".rstrip()


def unit_text(unit: str, grain_seconds: int) -> str:
    """A unit in the reader's language, where the house itself counts in it: how old something is. What people measure has
    a grain and the unit that they typed."""
    if grain_seconds:
        return unit
    return {"h": pgettext("hours, beside a field", "h"), "days": _("days")}.get(unit, unit)


def places(value: float, *, unlike: float) -> int | None:
    """How many decimals a number without a rule of its own shows, as everywhere in the house; all, where it would read like
    the threshold that it is not."""
    size = abs(value)
    told = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return None if round(value, told) == unlike != value else told


def labels(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in sorted(pairs.items()))


def condition(op: str, threshold: str, for_seconds: int) -> str:
    """`above 5`, `at or below 3 h for 2 days`."""
    facts = {"threshold": threshold, "duration": duration(for_seconds)}
    match op, for_seconds > 0:
        case ">", True:
            return _("above %(threshold)s for %(duration)s") % facts
        case ">", False:
            return _("above %(threshold)s") % facts
        case ">=", True:
            return _("at or above %(threshold)s for %(duration)s") % facts
        case ">=", False:
            return _("at or above %(threshold)s") % facts
        case "<", True:
            return _("below %(threshold)s for %(duration)s") % facts
        case "<", False:
            return _("below %(threshold)s") % facts
        case _op, True:
            return _("at or below %(threshold)s for %(duration)s") % facts
    return _("at or below %(threshold)s") % facts


def lasting(condition: str, for_seconds: int) -> str:
    if not for_seconds:
        return condition
    return _("%(condition)s for %(duration)s") % {"condition": condition, "duration": duration(for_seconds)}


def in_some(condition: str, need: int, out_of: int) -> str:
    facts = {"condition": condition, "need": need, "out_of": out_of}
    return _("%(condition)s in %(need)s of the last %(out_of)s values") % facts


def stale(seconds: float) -> str:
    return _("without a new value for %(duration)s") % {"duration": duration(seconds)}


def changed(op: str, amount: str, value: float, reference: str) -> str:
    """`more than 20% above the period before`; a threshold on the other side of nought is said as it stands."""
    facts = {"amount": amount, "reference": reference}
    match op, value >= 0:
        case ">", True:
            return _("more than %(amount)s above %(reference)s") % facts
        case ">=", True:
            return _("%(amount)s or more above %(reference)s") % facts
        case ">" | ">=", False:
            return _("less than %(amount)s below %(reference)s") % facts
        case "<", False:
            return _("more than %(amount)s below %(reference)s") % facts
        case "<=", False:
            return _("%(amount)s or more below %(reference)s") % facts
    return _("less than %(amount)s above %(reference)s") % facts


def listed(parts: Sequence[str]) -> str:
    return pgettext("punctuation", ", ").join(parts)


def sentence(title: str, when: str, clears: str, only: str) -> str:
    facts = {"title": f"{title} ({only})" if only else title, "when": when, "clears": clears}
    if clears:
        return _("Alert when %(title)s is %(when)s; it %(clears)s.") % facts
    return _("Alert when %(title)s is %(when)s.") % facts


def fired(title: str, only: str, value: str, when: str) -> str:
    facts = {"title": f"{title} ({only})" if only else title, "value": value, "when": when}
    return _("%(title)s is %(value)s, %(when)s") % facts


def resolved(title: str, only: str, value: str, reason: str, seconds: float) -> str:
    facts = {"title": f"{title} ({only})" if only else title, "value": value, "duration": duration(seconds)}
    match reason:
        case "rule_changed":
            return _("Alert ended after %(duration)s because its watch was changed: %(title)s") % facts
        case "rule_paused":
            return _("Alert ended after %(duration)s because its watch was paused: %(title)s") % facts
        case "rule_deleted":
            return _("Alert ended after %(duration)s because its watch was deleted: %(title)s") % facts
    return _("%(title)s is back at %(value)s after %(duration)s") % facts
