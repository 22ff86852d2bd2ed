"""What metrics bring to a new workspace of a trade."""

from __future__ import annotations

from datetime import datetime

from metrics.services import furnish_trade
from opsboard.core.models import User, Workspace


def furnish(workspace: Workspace, by: User, trade: str, now: datetime) -> None:
    """The trade's metrics with their tree; what is there stays as it is."""
    furnish_trade(workspace=workspace, by=by, now=now, trade=trade.rpartition(".")[2])
