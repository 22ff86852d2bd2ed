"""What the pages of dashboards share: which dashboard, which time is asked for, and what its tiles show of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone

from metrics import charts
from metrics.models import (
    Annotation,
    Compare,
    Dashboard,
    Look,
    Marks,
    Measure,
    Metric,
    Shown,
    dashboard_for,
    look_back,
    measures_of,
    read_tiles,
)
from metrics.models.tiles import SPANS, Tile
from opsboard.core.access import Request, Viewer
from opsboard.core.periods import Period

LONGEST = 3700  # days
MOST_HAPPENED = 40
NOTHING = "none"  # what an address says where nothing is to be compared


def found_dashboard(request: Request, pk: int, *, deleted: bool = False) -> Dashboard:
    """One that stands knows whether it is this person's favourite."""
    if deleted:
        row: Dashboard = get_object_or_404(Dashboard.objects.visible_to(request.viewer), pk=pk)
        row.workspace = request.workspace  # it is this one's
        return row
    return dashboard_and_marks(request, pk)[0]


def dashboard_and_marks(request: Request, pk: int) -> tuple[Dashboard, Marks]:
    found = dashboard_for(request.viewer, pk)
    if found is None:
        raise Http404
    return found


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 2199 else None


def look_for(asked: QueryDict, row: Dashboard, now: datetime) -> Look:
    """The time, the comparison and the labels that an address asks for; what makes no sense is left out."""
    zone = row.workspace.zone
    today = now.astimezone(zone).date()
    first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
    compare = asked.get("compare", "")
    compare = "" if compare == NOTHING else compare if compare in Compare.values and compare else row.compare
    labels = {
        name.removeprefix("label."): str(value)[:200]
        for name, value in sorted(asked.items())
        if name.startswith("label.") and value and "\x00" not in f"{name}{value}"
    }
    if first or last:
        last = last or max(today, first or today)
        first = first or look_back(last, row.span)
        if first <= last and (last - first).days < LONGEST:
            return Look(first, last, zone, "", compare, labels)
    span = asked.get("span", "")
    span = span if span in SPANS else row.span
    return Look(look_back(today, span), today, zone, span, compare, labels)


def query_of(look: Look, row: Dashboard) -> dict[str, str]:
    """The address of a look, as short as it can be."""
    asked = {}
    if not look.span:
        asked = {"from": look.first.isoformat(), "to": look.last.isoformat()}
    elif look.span != row.span:
        asked["span"] = look.span
    if look.compare != row.compare:
        asked["compare"] = look.compare or NOTHING
    return asked | {f"label.{name}": value for name, value in look.labels.items()}


def asked_of(row: Dashboard, look: Look) -> dict[str, Any]:
    """What is looked at, and how an address says it."""
    return {"look": look, "asked_query": urlencode(query_of(look, row))}


def bar_of(row: Dashboard, look: Look, labels: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the bar above a dashboard chooses from, and what is chosen."""
    return {
        "look": look, "spans": [(key, title) for key, (_days, title) in SPANS.items()],
        "compares": [(value or NOTHING, title) for value, title in Compare.choices],
        "compare": look.compare or NOTHING,
        "labels": [(name, values, look.labels.get(name, "")) for name, values in labels.items()],
    }  # fmt: skip


def keys_of(row: Dashboard) -> list[str]:
    return [key for tile in row.tiles for key in tile.get("sources", ())]


def values_of(
    viewer: Viewer, row: Dashboard, look: Look, now: datetime
) -> tuple[list[Shown], dict[str, list[str]], list[charts.Happened]]:
    """Every tile with its numbers, by what they can be narrowed, and what happened meanwhile."""
    tiles = row.laid_out
    sources, labels = measures_of(viewer, keys_of(row))
    answers = read_tiles(viewer, tiles, look, now, sources)
    first = min([look.first, *(one.look.first for one in answers.values())])
    return [answers[tile.id] for tile in tiles], labels, happened_in(viewer, sources, first, look.last)


def told_look(row: Dashboard, period: Period) -> Look:
    """A dashboard over a period that somebody tells, beside the one before."""
    return Look(period.first_day, period.last_day, row.workspace.zone, "", Compare.PREVIOUS)


def tiles_for(
    viewer: Viewer, tiles: Sequence[Tile], look: Look, now: datetime, sources: Mapping[str, Measure]
) -> list[Shown]:
    """Some tiles, all over the same time."""
    chosen = [replace(tile, span="") for tile in tiles]
    found = read_tiles(viewer, chosen, look, now, sources)
    return [found[tile.id] for tile in chosen]


def happened_in(viewer: Viewer, sources: Mapping[str, Measure], first: date, last: date) -> list[charts.Happened]:
    metrics = [source.pk for source in sources.values() if source.pk is not None]
    """The newest annotations that touch these days."""
    rows = Annotation.objects.visible_to(viewer).within(first, last).about(metrics).prefetch_related("metrics")
    return [
        charts.Happened(
            one.on, one.text, None if one.everywhere else frozenset(metric.pk for metric in one.metrics.all()), one.until
        )
        for one in reversed(rows.order_by("-on", "-pk")[:MOST_HAPPENED])
    ]  # fmt: skip


def happened_to(viewer: Viewer, metric: Metric, start: datetime | None, end: datetime | None) -> list[charts.Happened]:
    """What happened to one metric, for its own page."""
    first = timezone.localtime(start, metric.zone).date() if start else date(1900, 1, 1)
    last = timezone.localtime(end, metric.zone).date() if end else date(2199, 12, 31)
    rows = Annotation.objects.visible_to(viewer).within(first, last).about([metric.pk]).order_by("-on")[:MOST_HAPPENED]
    return [charts.Happened(max(one.on, first), one.text) for one in rows]
