"""From the outbox to the services: which cards leave now, one by one or as a digest, and how each attempt ended.

What a robot may still say is counted in Postgres under a lock of that robot, so that several workers together keep its
limits and none of it is forgotten when one of them dies.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models, transaction
from django.utils import timezone, translation

from opsboard.core import net, secrets
from opsboard.core.cards import Card
from opsboard.core.channels import pacing
from opsboard.core.channels.answers import NotTaken, Unclear, Way
from opsboard.core.channels.digests import digest
from opsboard.core.channels.sealing import settings_of
from opsboard.core.channels.senders import SENDERS, Sender
from opsboard.core.deliveries import HANDING_OVER, LEASE, RETRIES, note
from opsboard.core.models import Channel, Delivery, RobotCall

log = logging.getLogger(__name__)
UNDER_WAY = timedelta(seconds=25)  # longer than any call takes
TOO_LATE = timedelta(days=1)  # what a busy service did not take until then has failed
REST = timedelta(seconds=20)  # a service that cannot be reached is left alone, so that others are served
LONGEST_WINDOW = timedelta(minutes=2)
State = Delivery.State
IDEMPOTENT = [kind for kind, sender in SENDERS.items() if sender.idempotent]


@dataclass(frozen=True)
class Errand:
    """What one worker holds: the messages of one call, under a lease."""

    channel: Channel
    letters: list[Delivery]
    lease: datetime
    call: int


@dataclass(frozen=True)
class Later:
    """Nothing may be said before this moment."""

    channel: int
    at: datetime


def _due(now: datetime) -> models.QuerySet[Delivery]:
    ready = models.Q(state=State.WAITING, due_at__lte=now) | models.Q(state=State.CLAIMED, lease_until__lt=now)
    return Delivery.objects.filter(ready, channel_to__isnull=False, channel__in=list(SENDERS))


def channels_with_something_to_say(now: datetime) -> list[int]:
    working = models.Q(channel_to__active=True, channel_to__removed_at=None)
    rested = models.Q(channel_to__rests_until=None) | models.Q(channel_to__rests_until__lte=now)
    rows = _due(now).filter(working & rested).values("channel_to").annotate(first=models.Min("due_at"))
    return [row["channel_to"] for row in rows.order_by("first")]


def claim(*, now: datetime, but: Collection[int] = ()) -> Errand | Later | None:
    """Take what one channel is to say next, or say when it may; None where nothing waits. `but`: channels left out."""
    for pk in channels_with_something_to_say(now):
        if pk in but:
            continue
        found = _claim_for(pk, now)
        if found is not None:
            return found
    return None


@transaction.atomic
def _claim_for(pk: int, now: datetime) -> Errand | Later | None:
    channel = Channel.objects.select_related("workspace").get(pk=pk)
    sender = SENDERS[channel.kind]
    _lock(channel)
    rows = _due(now).filter(channel_to=channel)
    told = rows.aggregate(count=models.Count("pk"), oldest=models.Min("due_at"))
    if not told["count"]:
        return None
    RobotCall.objects.filter(robot=channel.robot, at__lt=now - LONGEST_WINDOW).delete()
    move = pacing.next_move(
        limits=sender.limits,
        calls=[pacing.Call(*row) for row in RobotCall.objects.filter(robot=channel.robot).values_list("at", "digest")],
        waiting=told["count"],
        oldest=told["oldest"],
        per_digest=pacing.fits(sender.room) if sender.room else 0,
        now=now,
    )
    if move.wait_until is not None:
        return Later(channel.pk, move.wait_until)
    order = ("-urgency", "due_at", "id")
    letters = list(rows.select_for_update(skip_locked=True, of=("self",)).order_by(*order)[: move.count])
    if not letters:
        return None
    lease = now + LEASE
    Delivery.objects.filter(pk__in=[letter.pk for letter in letters]).update(
        state=State.CLAIMED, lease_until=lease, tries=models.F("tries") + 1
    )
    for letter in letters:
        letter.tries += 1
    call = RobotCall.objects.create(robot=channel.robot, at=now + UNDER_WAY, digest=len(letters) > 1)
    return Errand(channel, letters, lease, call.pk)


@transaction.atomic
def claim_one(letter: Delivery, *, now: datetime) -> Errand | None:
    """Take this message before all others, if its robot may speak now: for a test that a person waits for."""
    channel = Channel.objects.select_related("workspace").get(pk=letter.channel_to_id)
    sender = SENDERS[channel.kind]
    _lock(channel)
    calls = [pacing.Call(*row) for row in RobotCall.objects.filter(robot=channel.robot).values_list("at", "digest")]
    move = pacing.next_move(limits=sender.limits, calls=calls, waiting=1, oldest=now, per_digest=0, now=now)
    lease = now + LEASE
    mine = Delivery.objects.filter(pk=letter.pk, state=State.WAITING)
    if move.wait_until is not None or not mine.update(state=State.CLAIMED, lease_until=lease, tries=1):
        return None
    letter.tries = 1
    call = RobotCall.objects.create(robot=channel.robot, at=now + UNDER_WAY)
    return Errand(channel, [letter], lease, call.pk)


def _lock(channel: Channel) -> None:
    """Whoever else wants to use this robot waits until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"robot:{channel.robot}"])


def send(errand: Errand, *, now: datetime) -> None:
    """Hand an errand over and write down how it ended."""
    channel, sender = errand.channel, SENDERS[errand.channel.kind]
    handing = now + HANDING_OVER
    if not _last_word(errand, handing):
        RobotCall.objects.filter(pk=errand.call).delete()
        return  # another worker has it
    mine = Delivery.objects.filter(
        pk__in=[letter.pk for letter in errand.letters], state=State.SENDING, lease_until=handing
    )
    began = time.monotonic()
    fault: Exception | None = None
    try:
        words = _speak(channel, sender, errand.letters, now)
    except (NotTaken, Unclear, net.OutboundError, secrets.Undecipherable) as known:
        fault = known
    except Exception as unknown:  # a sender's own fault: it is shown, and nobody is told twice
        log.exception("channel %s of kind %s broke", channel.pk, channel.kind)
        fault = Unclear(f"{type(unknown).__name__}")
    ended = now + timedelta(seconds=time.monotonic() - began)
    RobotCall.objects.filter(pk=errand.call).update(at=ended)
    if fault is None:
        mine.update(state=State.SENT, sent_at=ended, error="", reason="", together=len(errand.letters))
        note(channel.pk, State.SENT, words, "", ended)
    else:
        _write_down(errand, sender, mine, fault, ended)


def _last_word(errand: Errand, handing: datetime) -> bool:
    """Written and committed just before the call: whoever dies now leaves a doubt, not a second message."""
    wanted = [letter.pk for letter in errand.letters]
    with transaction.atomic():
        mine = Delivery.objects.filter(pk__in=wanted, state=State.CLAIMED, lease_until=errand.lease)
        if mine.update(state=State.SENDING, lease_until=handing) == len(wanted):
            return True
        transaction.set_rollback(True)
    return False


def _speak(channel: Channel, sender: Sender, letters: list[Delivery], now: datetime) -> str:
    way = Way(
        settings=settings_of(channel),
        key=key_of(letters),
        zone=channel.workspace.zone,
        at=now.timestamp(),
        workspace=channel.workspace.slug,
    )
    cards = [Card.read(letter.payload) for letter in letters]
    with translation.override(channel.language), timezone.override(way.zone):
        card = cards[0] if len(cards) == 1 else digest(cards, channel=channel, room=sender.room, zone=way.zone)
        return sender.deliver(card, way)


def key_of(letters: list[Delivery]) -> str:
    """The same for the same messages, however often they are tried."""
    return hashlib.sha256("\n".join(letter.unique_as for letter in letters).encode()).hexdigest()[:40]


def _write_down(
    errand: Errand, sender: Sender, mine: models.QuerySet[Delivery], fault: Exception, at: datetime
) -> None:
    channel, words, reason = errand.channel, *_told(fault)
    log.warning("channel %s (%s): %s %s", channel.pk, channel.kind, reason, type(fault).__name__)
    wait = fault.wait if isinstance(fault, NotTaken) else None
    if wait is not None:  # nothing is wrong with the messages: it costs them no try
        mine.filter(created_at__lt=at - TOO_LATE).update(state=State.FAILED, error=words, reason=reason)
        mine.update(state=State.WAITING, lease_until=None, tries=models.F("tries") - 1, error=words, reason=reason)
        note(channel.pk, State.WAITING, words, reason, at, rest=wait)
        return
    unknown = isinstance(fault, Unclear) or (isinstance(fault, net.OutboundError) and fault.unknown)
    if unknown and not sender.idempotent:
        mine.update(state=State.UNKNOWN, error=words, reason="unclear", together=len(errand.letters))
        note(channel.pk, State.UNKNOWN, words, "unclear", at, rest=REST)
        return
    for_good = isinstance(fault, secrets.Undecipherable) or (isinstance(fault, NotTaken) and fault.for_good)
    for letter in errand.letters:
        again = RETRIES[letter.tries - 1] if letter.tries <= len(RETRIES) and not for_good else None
        mine.filter(pk=letter.pk).update(
            state=State.WAITING if again else State.FAILED,
            due_at=at + again * random.uniform(1, 1.2) if again else letter.due_at,
            lease_until=None,
            error=words,
            reason=reason,
        )
    rest = REST if isinstance(fault, net.OutboundError) else None
    note(channel.pk, State.FAILED, words, reason, at, rest=rest)


def _told(fault: Exception) -> tuple[str, str]:
    """What is kept about a fault: words without secrets, and the reason that has an advice."""
    if isinstance(fault, NotTaken):
        return fault.words, fault.reason
    if isinstance(fault, net.OutboundError):
        return fault.message[:500], "private" if isinstance(fault, net.Refused) else "network"
    if isinstance(fault, secrets.Undecipherable):
        return "", "settings"
    return str(fault)[:500], ""


def recover(*, now: datetime) -> int:
    """What a killed worker was handing over: sent again where the other side recognises it, shown as unclear elsewhere."""
    lost = Delivery.objects.filter(state=State.SENDING, lease_until__lt=now, channel__in=list(SENDERS))
    again = lost.filter(channel__in=IDEMPOTENT).update(state=State.WAITING, lease_until=None)
    unclear = lost.update(
        state=State.UNKNOWN, reason="unclear", error="The worker stopped while the message was being handed over."
    )
    return int(again + unclear)
