"""Values from Prometheus: an instant or a range query of its HTTP API."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from metrics.services.fetching import web
from metrics.services.fetching.asking import MOST_ROWS, Question, Unanswered
from metrics.services.fetching.sql import too_many
from opsboard.core import net
from opsboard.core.uploads import Table, table_of

STEPS = (60, 300, 900, 3600, 86_400)
MOST_STEPS = 10_000  # Prometheus itself answers at most 11,000 points a series


def check(asks: Any) -> dict[str, str]:
    wrong: dict[str, str] = {}
    try:
        net.check_url(str(asks.get("url") or ""))
    except net.OutboundError as reason:
        wrong["url"] = str(reason)
    if not str(asks.get("query") or "").strip():
        wrong["query"] = _("Write the query that gives the values.")
    if int(asks.get("step") or 0) not in {0, *STEPS}:
        wrong["step"] = _("Choose one of the steps.")
    return wrong


def fetch(question: Question) -> Table:
    asks = question.asks
    if wrong := check(asks):
        raise Unanswered(" ".join(wrong.values()))
    base = str(asks["url"]).rstrip("/").removesuffix("/api/v1")
    step = int(asks.get("step") or 0)
    if step:
        start, end = _span(question, step)
        path, given = "query_range", {"query": asks["query"], "start": start, "end": end, "step": step}
    else:
        path, given = "query", {"query": asks["query"], "time": int(question.now.timestamp())}
    question.progress(0.05, _("Asking Prometheus"))
    answer = web.ask(
        f"{base}/api/v1/{path}?{urlencode(given)}",
        web.headers_of(question.secret),
        time.monotonic() + question.deadline,
    )
    try:
        told = answer.json()
    except net.BadAnswer as fault:
        raise Unanswered(_("The answer is not one of Prometheus.")) from fault
    found = told.get("data") if isinstance(told, dict) and told.get("status") == "success" else None
    if not isinstance(found, dict):
        raise Unanswered(_("The answer is not one of Prometheus."))
    return _table(found, question.most)


def _span(question: Question, step: int) -> tuple[int, int]:
    """Whole steps from the last moment that was read (its step again: it may not have been over) to now."""
    days = min(max(int(question.asks.get("days") or 7), 1), 400)
    start = question.since or question.now - timedelta(days=days)
    end = int(question.now.timestamp()) // step * step
    return max(int(start.timestamp()) // step * step, end - MOST_STEPS * step), end


def _table(found: dict[str, Any], most: int) -> Table:
    series = found.get("result") or []
    if found.get("resultType") in {"scalar", "string"}:
        series = [{"metric": {}, "value": series}]
    labels: dict[str, None] = {}
    for one in series:
        for name in one.get("metric") or {}:
            if name != "__name__":
                labels.setdefault(str(name))
    rows = []
    for row in _samples(series, list(labels)):
        rows.append(row)
        if len(rows) >= most:
            if most == MOST_ROWS:
                raise Unanswered(too_many())
            break
    return table_of(["time", "value", *labels], rows, filename="prometheus")


def _samples(series: Any, labels: list[str]) -> Iterator[list[Any]]:
    for one in series:
        given = one.get("metric") or {}
        for at, text in one.get("values") or ([one["value"]] if one.get("value") else []):
            value = float(text)
            if math.isfinite(value):  # NaN is how Prometheus says that there is nothing
                yield [datetime.fromtimestamp(float(at), UTC), value, *(given.get(name, "") for name in labels)]
