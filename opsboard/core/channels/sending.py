"""Say something through a channel, whatever its kind."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from opsboard.core import deliveries
from opsboard.core.cards import Card
from opsboard.core.models import Channel, Delivery, Workspace


@transaction.atomic
def send(
    channel: Channel,
    card: Card,
    *,
    workspace: Workspace,
    unique_as: str,
    now: datetime,
    instead_of: Delivery | None = None,
) -> Delivery | None:
    """Put a card on its way. None where the same `unique_as` is there already, or the channel is switched off.

    Written in the caller's transaction; workers hand it over after commit.
    """
    if channel.workspace_id != workspace.pk:
        raise ValueError("the channel belongs to another workspace")
    if not channel.active or channel.removed_at is not None:
        return None
    return deliveries.post_card(channel, card, unique_as=unique_as, now=now, instead_of=instead_of)
