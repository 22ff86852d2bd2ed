"""What a firm of some trade steers by, and how that comes into a workspace in one step."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from metrics.models import Influence, Metric
from metrics.services.keeping import create_metric
from metrics.services.trades.selling import ECOMMERCE, HOTEL, RESTAURANT, RETAIL
from metrics.services.trades.serving import EDUCATION, LOGISTICS, MANUFACTURING, SAAS
from metrics.services.trades.sketches import MONEY, Sketch, Trade
from metrics.services.trees import MOST_ON_FRONT, hang_under, name_north_star, pin_metric
from opsboard.core.models import User, Workspace

TRADES: dict[str, Trade] = {
    one.key: one for one in (ECOMMERCE, SAAS, MANUFACTURING, RESTAURANT, LOGISTICS, RETAIL, EDUCATION, HOTEL)
}


@transaction.atomic
def furnish_trade(
    *, workspace: Workspace, by: User | None, now: datetime, trade: str, only: Collection[str] | None = None
) -> list[Metric]:
    """The trade's metrics (or `only` these), with tree and front; what is there stays as it is. Answers what is new."""
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    chosen = [one for one in TRADES[trade].sketches if only is None or one.key in only]
    there = {one.key: one for one in Metric.objects.filter(workspace=workspace, key__in=[one.key for one in chosen])}
    made = []
    for sketch in chosen:
        if sketch.key not in there:
            there[sketch.key] = _create(sketch, workspace, by, now)
            made.append(there[sketch.key])
    if made:
        _arrange(TRADES[trade], chosen, there, {one.key for one in made}, workspace, by, now)
    return made


def _create(sketch: Sketch, workspace: Workspace, by: User | None, now: datetime) -> Metric:
    unit = workspace.currency if sketch.unit == MONEY else sketch.unit
    return create_metric(
        workspace=workspace, by=by, now=now, key=sketch.key, name=str(sketch.name), unit=unit,
        direction=sketch.direction, aggregation=sketch.aggregation, grain=sketch.grain, target=sketch.target,
        decimals=sketch.decimals, counted=str(sketch.counted), owner_role=str(sketch.role), target_note=str(sketch.how),
    )  # fmt: skip


def _arrange(
    trade: Trade, chosen: list[Sketch], there: dict[str, Metric], new: set[str], workspace: Workspace, by: User | None,
    now: datetime,
) -> None:  # fmt: skip
    """The tree, the north star where there is none, and the front as far as there is room."""
    hung = set(Influence.objects.filter(workspace=workspace).values_list("child__key", flat=True))
    for sketch in chosen:
        if sketch.under in there and sketch.key not in hung:
            hang_under(
                child=there[sketch.key], parent=there[sketch.under], by=by, now=now, kind=sketch.kind, sign=sketch.sign
            )
    rows = Metric.objects.filter(workspace=workspace)
    star = there.get(trade.north_star.key)
    if star is not None and star.archived_at is None and not rows.in_use().filter(north_star=True).exists():
        name_north_star(metric=star, by=by, now=now)
    room = MOST_ON_FRONT - rows.on_the_front().count()
    for sketch in chosen:
        if room > 0 and sketch.key in new and not there[sketch.key].north_star:
            pin_metric(metric=there[sketch.key], by=by, now=now)
            room -= 1


__all__ = ["MONEY", "TRADES", "Sketch", "Trade", "furnish_trade"]
