"""Predicted and real in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core.written import number
from processes.services.redesigns import signed

if TYPE_CHECKING:
    from processes.models import Redesign

VERDICTS = {
    "": (gettext_lazy("Not live yet"), "quiet"),
    "too_early": (gettext_lazy("Too early to say"), "quiet"),
    "as_predicted": (gettext_lazy("As predicted"), "good"),
    "better": (gettext_lazy("Better than predicted"), "good"),
    "worse": (gettext_lazy("Worse than predicted"), "bad"),
}


def change_text(change: Mapping[str, Any]) -> str:
    """`−35% (−42% … −27%)`."""
    text = signed(change["mean"])
    low, high = change["interval"]
    return f"{text} ({signed(low)} … {signed(high)})"


def redesign_row(row: Redesign) -> dict[str, Any]:
    real = row.real
    title, tone = VERDICTS[real.get("verdict", "")]
    shown = "–"
    if real.get("change") is not None:
        shown = change_text({"mean": real["change"], "interval": real["interval"]})
    cases = (
        _("%(before)s cases before, %(after)s since")
        % {"before": number(real["cases_before"]), "after": number(real["cases_after"])}
        if real
        else ""
    )
    return {
        "redesign": row, "predicted": change_text(row.simulation.result["change"]), "real": shown, "verdict": title,
        "tone": tone, "cases": cases,
    }  # fmt: skip
