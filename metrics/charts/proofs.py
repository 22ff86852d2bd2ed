"""Whether what was done helped: in words, and drawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.charts.metric import change_text
from metrics.models import Grain, Metric, Movement, buckets
from opsboard.core import charts
from opsboard.core.periods import start_of_day
from opsboard.core.written import percent

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


def proven_share(movement: Movement) -> str:
    """−41% (−46% to −35%): what is kept of the proof."""
    if movement.relative is None:
        return ""
    if movement.relative_low is None or movement.relative_high is None:
        return _signed(movement.relative)
    return _("%(relative)s (%(low)s to %(high)s)") % {
        "relative": _signed(movement.relative), "low": _signed(movement.relative_low),
        "high": _signed(movement.relative_high),
    }  # fmt: skip


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
