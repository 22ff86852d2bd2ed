"""How processes tell their week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from opsboard.core.access import Viewer
from opsboard.core.charts import Series, sparkline
from opsboard.core.periods import Period
from opsboard.core.written import duration, percent
from processes.contract.numbers import measured_of

WEEKS = 26
SHOWN = 12


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """Lead time of the cases that ended in the period, against those of the one before, and where they waited."""
    rows = []
    for process, log in measured_of(viewer):
        weeks = [(datetime.fromisoformat(week["week"]), week) for week in log.facts.get("weekly", ())]
        mean, count = _mean(weeks, period)
        before, _count = _mean(weeks, period.previous())
        if mean is None:
            continue
        past = [(at, week["lead_time"] / 3600) for at, week in weeks if at < period.end][-WEEKS:]
        first = log.facts.get("bottlenecks") or [{}]
        rows.append(
            {
                "process": process, "cases": count, "lead_time": duration(mean),
                "change": ("+" if mean > before else "") + percent(mean / before - 1) if before else "–",
                "tone": "" if not before else "bad" if mean > before * 1.05 else "good" if mean < before * 0.95 else "",
                "chart": sparkline(Series(_("Lead time"), past), title=process.name), "waits": first[0].get("activity", ""),
            }
        )  # fmt: skip
    return {"rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN)} if rows else None


def _mean(weeks: list[tuple[datetime, dict[str, Any]]], period: Period) -> tuple[float | None, int]:
    inside = [week for at, week in weeks if period.start <= at < period.end]
    cases = sum(week["cases"] for week in inside)
    return (sum(week["lead_time"] * week["cases"] for week in inside) / cases if cases else None), cases
