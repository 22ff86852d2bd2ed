"""Say something through a channel, whatever its kind."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils import timezone, translation

from opsboard.core import deliveries, notices, secrets
from opsboard.core.cards import Card
from opsboard.core.channels import letters
from opsboard.core.channels.sealing import settings_of
from opsboard.core.models import Channel, Delivery, Team, User, Workspace


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
    if channel.kind == Channel.Kind.EMAIL:
        return _write(channel, card, workspace, unique_as, now, instead_of)
    if channel.kind == Channel.Kind.IN_APP:
        return _show(channel, card, workspace, unique_as, now, instead_of)
    return deliveries.post_card(channel, card, unique_as=unique_as, now=now, instead_of=instead_of)


def _write(
    channel: Channel, card: Card, workspace: Workspace, unique_as: str, now: datetime, instead_of: Delivery | None
) -> Delivery | None:
    """One letter for each address: a refused one stops nobody else's."""
    with translation.override(channel.language), timezone.override(workspace.zone):
        payload = card.stored()
        whole = Card.read(payload)
        body, html = letters.body(whole), letters.html(whole)
    first: Delivery | None = None
    for address in _settings(channel).get("addresses", []):
        letter = deliveries.post(
            workspace=workspace, recipient=address, subject=payload["title"], body=body, html=html,
            unique_as=f"{unique_as}:{channel.pk}:{address}", now=now, channel_to=channel, payload=payload,
            urgency=card.urgency, instead_of=instead_of,
        )  # fmt: skip
        first = first or letter
    return first


def _show(
    channel: Channel, card: Card, workspace: Workspace, unique_as: str, now: datetime, instead_of: Delivery | None
) -> Delivery | None:
    """Notices in the app, and by whatever way each of these people chose; told at once, so the row is its own proof."""
    letter = deliveries.post_card(channel, card, unique_as=unique_as, now=now, instead_of=instead_of)
    if letter is None:
        return None
    detail = "\n".join([*([str(card.text)] if card.text else []), *(f"{one}: {value}" for one, value in card.lines)])
    told = notices.tell(
        people_of(channel), card.title, card.url, workspace=workspace, now=now, unique_as=unique_as, detail=detail,
        severity=card.severity,
    )  # fmt: skip
    letter.state, letter.sent_at, letter.together = Delivery.State.SENT, now, max(1, len(told))
    letter.save(update_fields=["state", "sent_at", "together"])
    deliveries.note(channel.pk, Delivery.State.SENT, "", "", now)
    return letter


def people_of(channel: Channel) -> list[User]:
    """Whom an in-app channel tells: the people, and whoever is in the teams now."""
    chosen = _settings(channel)
    teams = Team.objects.filter(workspace_id=channel.workspace_id, pk__in=chosen.get("teams", []))
    wanted = (
        models.Q(pk__in=chosen.get("people", [])) | models.Q(teams__in=teams) | models.Q(pk__in=teams.values("lead"))
    )
    return list(User.objects.filter(wanted).distinct().order_by("pk"))


def _settings(channel: Channel) -> dict[str, list[str]]:
    try:
        return settings_of(channel)
    except secrets.Undecipherable:  # the secret key was changed: nobody can be found any more
        return {}
