"""After the last try: the fallback channel says it once, and those who look after the channel are told, once an outage."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from opsboard.core import notices
from opsboard.core.cards import Card
from opsboard.core.channels.answers import advice
from opsboard.core.channels.sending import send
from opsboard.core.models import Channel, Delivery, Membership, Role, User

State = Delivery.State


def follow_up(*, now: datetime, at_most: int = 500) -> int:
    """Look after what failed for good or is unclear; answers how many messages."""
    done = 0
    while done < at_most and _next(now):
        done += 1
    return done


@transaction.atomic
def _next(now: datetime) -> bool:
    letter: Delivery | None = (
        Delivery.objects.filter(state__in=[State.FAILED, State.UNKNOWN], channel_to__isnull=False, followed_up=False)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("channel_to__workspace", "channel_to__fallback", "channel_to__owner", "channel_to__person")
        .order_by("id")
        .first()
    )
    if letter is None:
        return False
    Delivery.objects.filter(pk=letter.pk).update(followed_up=True)
    channel = letter.channel_to
    assert channel is not None
    if letter.state == State.FAILED and letter.instead_of_id is None and channel.fallback is not None:
        _say_elsewhere(letter, channel, channel.fallback, now)
    _tell(letter, channel, now)
    return True


def _say_elsewhere(letter: Delivery, channel: Channel, other: Channel, now: datetime) -> None:
    card = Card.read(letter.payload)
    why = (_("Sent here because"), format_lazy("“{}” {}", channel.name, _("failed")))
    send(
        other, replace(card, lines=(*card.lines, why)), workspace=channel.workspace, now=now,
        unique_as=f"instead:{letter.pk}", instead_of=letter,
    )  # fmt: skip


def _tell(letter: Delivery, channel: Channel, now: datetime) -> None:
    since = channel.failing_since or letter.created_at
    notices.tell(
        caretakers(channel),
        format_lazy(
            "{}: {}",
            channel.name,
            _("messages of this channel fail")
            if letter.state == State.FAILED
            else _("it is unclear whether messages arrived"),
        ),
        channel.get_absolute_url(),
        workspace=channel.workspace,
        now=now,
        unique_as=f"core.channel_failed:{channel.pk}:{letter.state}:{since.isoformat()}",
        detail=format_lazy("{} {}", letter.error, advice(letter.reason)),
        severity="warning",
        about=channel,
    )


def caretakers(channel: Channel) -> list[User]:
    """A personal channel is its person's own matter; the others are looked after by their owner and the admins."""
    if channel.person is not None:
        return [channel.person]
    admins = Membership.objects.active().of(channel.workspace).at_least(Role.ADMIN).select_related("user")
    people = {row.user_id: row.user for row in admins}
    if channel.owner is not None:
        people[channel.owner.pk] = channel.owner
    return list(people.values())
