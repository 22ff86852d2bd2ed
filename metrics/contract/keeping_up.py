"""How old the newest values are, and which metrics nobody looks after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.contract.numbers import in_use, metrics_of, present
from metrics.models import Freshness, Metric, freshness, newest
from opsboard.core.access import Viewer
from opsboard.core.contract import Found, Reading, Ref, Watchable
from opsboard.core.periods import Period
from opsboard.core.written import duration

PREFIX = "metrics.age:"
MOST = 20


def age_catalogue(viewer: Viewer) -> Iterable[Watchable]:
    for metric in metrics_of(viewer).values():
        yield Watchable(
            key=f"{PREFIX}{metric.key}", title=format_lazy(gettext_lazy("Age of the newest value: {name}"), name=metric.name),
            unit="h", direction="down", url=metric.get_absolute_url(), about=Ref.to(metric), decimals=1,
        )  # fmt: skip


def read_age(viewer: Viewer, keys: Sequence[str], now: datetime) -> list[Reading]:
    """Hours since the newest day (hour, week) that has a value was over; two queries for all keys."""
    wanted = [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)]
    metrics = {metric.pk: metric for metric in in_use(viewer).filter(key__in=wanted)}
    found = _freshness(list(metrics.values()), now)
    answer = []
    for pk, metric in metrics.items():
        key, ends = f"{PREFIX}{metric.key}", found[pk].ends
        if ends is None:
            answer.append(Reading(key, {}, None, None, status="missing", about=Ref.to(metric)))
        else:
            answer.append(Reading(key, {}, now, max(0.0, (now - ends).total_seconds() / 3600), about=Ref.to(metric)))
    return answer


def _freshness(metrics: Sequence[Metric], now: datetime) -> dict[int, Freshness]:
    latest = {one.metric_id: one for one in newest([metric.pk for metric in metrics], now=now)}
    return freshness(metrics, latest, now)


def find_no_data(viewer: Viewer, period: Period) -> Iterable[Found]:
    """Metrics whose values are late, or whose source fails; only of the present."""
    now = present()
    if now not in period:
        return
    metrics = metrics_of(viewer)
    stale = [(pk, one) for pk, one in _freshness(list(metrics.values()), now).items() if one.stale]
    for pk, one in stale[:MOST]:
        yield _found(metrics[pk], one, now)


def _found(metric: Metric, one: Freshness, now: datetime) -> Found:
    said: Any
    if one.source and one.key == "failed":
        said = _("“%(source)s” can't be read: %(reason)s") % {
            "source": one.source.name,
            "reason": one.source.turn.error[:200],
        }
    else:
        said = _("The newest value is %(age)s old.") % {"age": duration(now - one.ends) if one.ends else "–"}
    return Found(
        key=f"metrics.no_data:{metric.key}", title=_("%(name)s has no new values") % {"name": metric.name}, detail=said,
        about=Ref.to(metric), url=metric.get_absolute_url(), weight=1.2, indicator=f"{PREFIX}{metric.key}",
    )  # fmt: skip


def find_no_owner(viewer: Viewer, period: Period) -> Iterable[Found]:
    for metric in [one for one in metrics_of(viewer).values() if one.owner_id is None][:MOST]:
        yield Found(
            key=f"metrics.no_owner:{metric.key}", title=_("Nobody looks after %(name)s") % {"name": metric.name},
            detail=_("Name an owner, so that somebody asks when it moves."), about=Ref.to(metric),
            url=metric.get_absolute_url(), weight=0.4, severity="info",
        )  # fmt: skip
