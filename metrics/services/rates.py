"""What a currency is worth, typed by people."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import live
from opsboard.core.models import ExchangeRate, Workspace
from opsboard.core.money import NoRate


@transaction.atomic
def set_rate(
    *, workspace: Workspace, day: date, source: str, target: str, rate: Decimal, now: datetime
) -> ExchangeRate:
    """From a day on, one `source` is `rate` times one `target`; a rate of that day is replaced."""
    # A new row also where the day had one: what was read with the old rate is known by it.
    ExchangeRate.objects.filter(workspace=workspace, day=day, source=source, target=target).delete()
    row = ExchangeRate(workspace=workspace, day=day, source=source, target=target, rate=rate)
    row.full_clean()
    row.save()
    live.changed(workspace, "metrics")
    return row


@transaction.atomic
def remove_rate(*, workspace: Workspace, pk: int, now: datetime) -> bool:
    gone, _kinds = ExchangeRate.objects.filter(workspace=workspace, pk=pk).delete()
    if gone:
        live.changed(workspace, "metrics")
    return bool(gone)


def no_rate_text(missing: NoRate) -> str:
    """Which rate is missing, for people."""
    return _(
        "There is no rate from %(source)s to %(target)s on %(day)s or before, so nothing can be shown in %(target)s."
    ) % {"source": missing.source, "target": missing.target, "day": missing.on.isoformat()}
