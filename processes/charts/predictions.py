"""A prediction as people read it: what would change, in a sentence, and as-is beside to-be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from opsboard.core.written import duration, money, percent

# A role that works more than this share of its hours is a line before it.
BUSY: Final = 0.85


@dataclass(frozen=True)
class Line:
    """One figure: as it is, as it would be, each with its interval in words; ``tone`` of the second."""

    name: str
    as_is: str
    as_is_between: str
    to_be: str
    to_be_between: str
    tone: str = ""


def _between(low: str, high: str) -> str:
    return pgettext("an interval", "%(low)s to %(high)s") % {"low": low, "high": high}


def signed(share: float) -> str:
    digits = 0 if abs(share) >= 0.0995 else 1
    return ("+" if share > 0 else "−" if share < 0 else "") + percent(abs(share), digits)


def verdict_of(result: Mapping[str, Any]) -> tuple[str, str]:
    """What the change does to the mean lead time, as a sentence and a tone."""
    change, (low, high) = result["change"]["mean"], result["change"]["interval"]
    old, new = (duration(result[side]["lead_time"]["mean"]) for side in ("as_is", "to_be"))
    facts = {
        "share": percent(abs(change), 0 if abs(change) >= 0.0995 else 1), "old": old, "new": new,
        "between": _between(signed(low), signed(high)),
    }  # fmt: skip
    if high < 0:
        return _(
            "Cases would take %(share)s less time: %(new)s instead of %(old)s (change %(between)s)."
        ) % facts, "good"
    if low > 0:
        return _(
            "Cases would take %(share)s more time: %(new)s instead of %(old)s (change %(between)s)."
        ) % facts, "bad"
    return _("No difference can be told: %(new)s beside %(old)s (change %(between)s).") % facts, "quiet"


def reasons_of(result: Mapping[str, Any]) -> list[str]:
    """What to know beside it: where the line moves to, and how far the model can be trusted."""
    before, after = result["as_is"]["load"], result["to_be"]["load"]
    if not before or not after:
        return []
    first, next_ = max(before, key=lambda one: before[one]), max(after, key=lambda one: after[one])
    said = []
    if before[first] >= BUSY and after.get(first, 0.0) < before[first] - 0.05:
        facts = {"role": first, "new": percent(after.get(first, 0.0), 0), "old": percent(before[first], 0)}
        said.append(_("“%(role)s” would be relieved: busy %(new)s of their hours, now %(old)s.") % facts)
    if after[next_] >= BUSY and next_ != first:
        facts = {"role": next_, "new": percent(after[next_], 0), "old": percent(before.get(next_, 0.0), 0)}
        said.append(_("The line would then stand before “%(role)s”: busy %(new)s of their hours, now %(old)s.") % facts)
    elif after[next_] >= BUSY:
        facts = {"role": next_, "share": percent(after[next_], 0)}
        said.append(_("The line stands before “%(role)s”, who are busy %(share)s of their hours: what is changed elsewhere makes little difference.") % facts)  # fmt: skip
    return said


def trust_of(result: Mapping[str, Any]) -> str:
    """How far the model was from what came, or why nobody knows."""
    if result["estimate"]:
        return _("This is an estimate from typed durations: nothing is measured yet. Bring in an event log to learn from what happened.")  # fmt: skip
    check = result.get("backtest")
    if check:
        facts = {
            "count": check["cases"], "predicted": duration(check["predicted"]), "real": duration(check["real"]),
            "error": percent(check["error"], 0),
        }  # fmt: skip
        return _("Learnt from the first 70%% of the cases, the same model predicted the last %(count)s with %(predicted)s on average; it was %(real)s: %(error)s off.") % facts  # fmt: skip
    if result.get("first"):
        return _("First answer from a few runs; the rest is being counted.")
    return _("The log is too short to check the model against its end.")


def lines_of(result: Mapping[str, Any]) -> list[Line]:
    """Lead time, cost and load by role."""
    as_is, to_be = result["as_is"], result["to_be"]
    old, new = as_is["lead_time"], to_be["lead_time"]
    low, high = result["change"]["interval"]
    lines = [
        Line(
            _("Lead time, mean"), duration(old["mean"]), _between(*map(duration, old["interval"])), duration(new["mean"]),
            _between(*map(duration, new["interval"])), "good" if high < 0 else "bad" if low > 0 else "",
        ),
        Line(_("Half of the cases take less than"), duration(old["p50"]), "", duration(new["p50"]), ""),
        Line(_("Nine of ten take less than"), duration(old["p90"]), "", duration(new["p90"]), ""),
    ]  # fmt: skip
    if as_is["cost"] and to_be["cost"]:
        lines.append(Line(_("Cost a case"), *_cost(as_is["cost"]), *_cost(to_be["cost"])))
    for role, share in sorted(to_be["load"].items(), key=lambda one: -max(one[1], as_is["load"].get(one[0], 0))):
        lines.append(
            Line(
                _("Load: %(role)s") % {"role": role}, *_load(as_is, role), *_load(to_be, role),
                tone="bad" if share >= 0.95 else "",
            )
        )  # fmt: skip
    return lines


def _cost(cost: Mapping[str, Any]) -> tuple[str, str]:
    currency = cost["currency"]
    low, high = cost["interval"]
    return money(cost["amount"], currency), _between(money(low, currency), money(high, currency))


def _load(figures: Mapping[str, Any], role: str) -> tuple[str, str]:
    if role not in figures["load"]:
        return "–", ""
    low, high = figures["load_interval"][role]
    return percent(figures["load"][role], 0), _between(percent(low, 0), percent(high, 0))
