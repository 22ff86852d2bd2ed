"""How noisy a watch has been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Q

from opsboard.alerts.analysis.proposing import BRIEF, Noise, noise
from opsboard.alerts.models import Alert, Watch

WINDOW: Final = timedelta(days=30)


def noise_of(watch: Watch, *, now: datetime) -> Noise:
    return noise_of_all([watch], now=now)[watch.pk]


def noise_of_all(watches: Sequence[Watch], *, now: datetime) -> dict[int, Noise]:
    """In one query: the alerts of the last 30 days, those that were over within minutes, and those that nobody took up."""
    rows = Alert.objects.filter(watch_id__in=[watch.pk for watch in watches], fired_at__gte=now - WINDOW)
    brief, unheeded = Q(resolved_at__lt=F("fired_at") + BRIEF), Q(acknowledged_at=None, resolved_at__isnull=False)
    told = {
        row["watch_id"]: row
        for row in rows.order_by()
        .values("watch_id")
        .annotate(fired=Count("pk"), brief=Count("pk", filter=brief), unheeded=Count("pk", filter=unheeded))
    }
    nothing = {"fired": 0, "brief": 0, "unheeded": 0}
    return {
        watch.pk: noise(watch.rule, row["fired"], row["brief"], row["unheeded"])
        for watch in watches
        for row in [told.get(watch.pk, nothing)]
    }
