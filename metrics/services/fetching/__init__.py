"""Ask any kind of source; the answer is a table like that of an uploaded file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from metrics.models import Origin
from metrics.services.fetching import feishu, house, prometheus, sql, web
from metrics.services.fetching.asking import MOST_ROWS, PEEKED, Question, Unanswered
from opsboard.core.uploads import Table

KINDS: Mapping[str, tuple[Callable[[Any], dict[str, str]], Callable[[Question], Table]]] = {
    Origin.HTTP: (web.check, web.fetch),
    Origin.SQL: (sql.check, sql.fetch),
    Origin.PROMETHEUS: (prometheus.check, prometheus.fetch),
    Origin.FEISHU: (feishu.check, feishu.fetch),
    Origin.INDICATOR: (house.check_indicator, house.fetch_indicator),
    Origin.DATASET: (house.check_dataset, house.fetch_dataset),
}


def check(kind: str, asks: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with what a source asks, by field."""
    return KINDS[kind][0](asks)


def place_of(kind: str, asks: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a source's secret is sent to."""
    if kind in {Origin.HTTP, Origin.PROMETHEUS}:
        parts = urlsplit(str(asks.get("url") or ""))
        return (parts.scheme, parts.netloc)
    return tuple(str(asks.get(name) or "") for name in ("database", "host", "port", "app_id", "tls"))


def fetch(kind: str, question: Question) -> Table:
    """The answer of a source as a table. Raises Unanswered."""
    return KINDS[kind][1](question)


__all__ = [
    "KINDS",
    "MOST_ROWS",
    "PEEKED",
    "Question",
    "Table",
    "Unanswered",
    "check",
    "feishu",
    "fetch",
    "house",
    "place_of",
]
