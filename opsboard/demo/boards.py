"""Lakeside Outdoor's dashboard, and what happened besides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from metrics import services as metrics
from metrics.models import Metric, Tile
from opsboard.core.models import User, Workspace


def hang(
    *,
    workspace: Workspace,
    by: User,
    known: dict[str, Metric],
    carrier: str,
    line: str,
    days: dict[str, int],
    now: datetime,
) -> None:
    """One dashboard for the morning, with three annotations; `days` says how long ago they were."""
    today = now.astimezone(workspace.zone).date()
    for key, sort, text, about in (
        ("packed", "process", _("New boxes"), "damages"),
        ("left", "process", _("Two people left the desk"), "first-reply"),
        ("sale", "promotion", _("Autumn sale"), ""),
    ):
        metrics.annotate(
            workspace=workspace, by=by, now=now, on=today - timedelta(days=days[key]), sort=sort, text=text,
            metrics=[known[about]] if about else (),
        )  # fmt: skip

    def tile(kind: str, x: int, y: int, w: int, h: int, *keys: str, **more: Any) -> Tile:
        sources = tuple(known[key].indicator if key in known else key for key in keys)
        return Tile(0, kind, x, y, w, h, sources=sources, **more)

    tiles = [
        tile("number", 0, 0, 3, 2, "orders"),
        tile("number", 3, 0, 3, 2, "order-value"),
        tile("number", 6, 0, 3, 2, "first-reply"),
        tile("number", 9, 0, 3, 2, "on-time"),
        tile("line", 0, 2, 6, 4, "first-reply"),
        tile("line", 6, 2, 6, 4, "on-time", by=carrier, title=_("On time, by carrier")),
        tile("bar", 0, 6, 6, 4, "complaints", grain="week", span="90d"),
        tile("line", 6, 6, 6, 4, "damages", span="90d"),
        tile("heat", 0, 10, 6, 4, "complaint-calls", span="90d"),
        tile("stacked", 6, 10, 6, 4, "complaint-calls", by=line, grain="week", span="90d"),
        tile("gauge", 0, 14, 3, 3, "stock"),
        tile("table", 3, 14, 5, 3, "orders", "order-value", "on-time", "damages", title=_("At a glance")),
        tile("text", 8, 14, 4, 3, title=_("How to read it"), text=_(
            "**Green** is better than the 30 days before, **red** is worse.\n\n- Late parcels: ask the warehouse\n"
            "- Slow answers: ask after-sales"
        )),
    ]  # fmt: skip
    numbered = [Tile.of(one.kept() | {"id": place}) for place, one in enumerate(tiles, start=1)]
    board = metrics.create_dashboard(
        workspace=workspace, by=by, now=now, name=_("The morning"), tiles=[one for one in numbered if one],
        description=_("What the house looks at before the day begins."), span="30d",
    )  # fmt: skip
    metrics.set_favourite(dashboard=board, user=by, now=now, favourite=True)
