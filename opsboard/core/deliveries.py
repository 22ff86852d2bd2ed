"""The only outbox and the only senders: unique keys, leases, retries with back-off, a dead-letter state.

The intent is exactly once: `unique_as` is unique. Before a message is handed over the row says `sending`, committed; a
worker that is killed in that window leaves `unknown`, which is shown to a person and never resent by itself.
"""

from __future__ import annotations

import email.policy
import hashlib
import logging
import random
import re
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.core.mail.backends.smtp import EmailBackend as Smtp
from django.db import IntegrityError, models, transaction
from django.utils import translation

from opsboard.core import soon
from opsboard.core.cards import Card
from opsboard.core.models import Channel, Delivery, Notice, Workspace

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
HANDING_OVER = timedelta(minutes=5)
KEPT = timedelta(days=400)  # what was sent; who was told what stays with those who told it
RETRIES = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))


def post(
    *,
    workspace: Workspace,
    recipient: str,
    subject: str,
    body: str,
    unique_as: str,
    now: datetime,
    html: str = "",
    notice: Notice | None = None,
    **more: Any,
) -> Delivery | None:
    """Put one e-mail into the outbox; the same `unique_as` a second time changes nothing and answers None."""
    letter = Delivery(
        workspace=workspace,
        recipient=recipient,
        subject=" ".join(subject.split())[:300],
        body=body,
        html=html,
        unique_as=short(unique_as),
        due_at=now,
        created_at=now,
        notice=notice,
        **more,
    )
    return letter if _keep(letter, "opsboard.core.tasks.send_deliveries") else None


def post_card(
    channel: Channel, card: Card, *, unique_as: str, now: datetime, notice: Notice | None = None, **more: Any
) -> Delivery | None:
    """Put one card for a robot or another program into the outbox; the same `unique_as` again answers None."""
    with translation.override(channel.language):
        payload = card.stored()
    letter = Delivery(
        workspace_id=channel.workspace_id,
        channel=channel.kind,
        channel_to=channel,
        recipient=channel.name[:320],
        subject=payload["title"],
        body=payload["text"],
        payload=payload,
        urgency=card.urgency,
        unique_as=short(unique_as),
        due_at=now,
        created_at=now,
        notice=notice,
        **more,
    )
    return letter if _keep(letter, "opsboard.core.tasks.send_cards") else None


def _keep(letter: Delivery, task: str) -> bool:
    """Write the row, unless its key is here already; a worker looks after it right after commit."""
    try:
        with transaction.atomic():
            letter.save(force_insert=True)
    except IntegrityError:
        if Delivery.objects.filter(unique_as=letter.unique_as).exists():
            return False
        raise
    soon.run_task(task)
    return True


def note(channel: int, state: str, words: str, reason: str, at: datetime, rest: timedelta | None = None) -> None:
    """Write down how a channel fared last."""
    rows = Channel.objects.filter(pk=channel)
    rows.update(
        last_at=at, last_state=state, last_words=words, last_reason=reason, rests_until=at + rest if rest else None
    )
    if state == Delivery.State.SENT:
        rows.update(failing_since=None)
    elif state in (Delivery.State.FAILED, Delivery.State.UNKNOWN):
        rows.filter(failing_since=None).update(failing_since=at)


def short(key: str) -> str:
    """A key that fits its column, and differs where the whole key differs."""
    return key if len(key) <= 200 else f"{key[:150]}:{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def claim(*, now: datetime) -> Delivery | None:
    """Take one due letter under a lease, or None. Two workers never hold the same one."""
    with transaction.atomic():
        letter: Delivery | None = (
            Delivery.objects.filter(channel="email")
            .filter(
                models.Q(state=Delivery.State.WAITING, due_at__lte=now)
                | models.Q(state=Delivery.State.CLAIMED, lease_until__lt=now)
            )
            .select_for_update(skip_locked=True)
            .order_by("due_at", "id")
            .first()
        )
        if letter is None:
            return None
        letter.state, letter.lease_until, letter.tries = Delivery.State.CLAIMED, now + LEASE, letter.tries + 1
        letter.save(update_fields=["state", "lease_until", "tries"])
        return letter


def send_at_once(letter: Delivery, *, now: datetime) -> None:
    """Send one waiting letter before all others: for a test that a person waits for."""
    mine = Delivery.objects.filter(pk=letter.pk, state=Delivery.State.WAITING)
    if mine.update(state=Delivery.State.CLAIMED, lease_until=now + LEASE, tries=letter.tries + 1):
        letter.refresh_from_db()
        send(letter, now=now)


def send(letter: Delivery, *, now: datetime) -> None:
    """Send a claimed message and write down how it ended."""
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.recipient],
        headers={
            "Message-ID": f"<{hashlib.sha256(letter.unique_as.encode()).hexdigest()[:40]}@opsboard>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    mine = Delivery.objects.filter(pk=letter.pk, state=Delivery.State.CLAIMED, tries=letter.tries)

    def last_word() -> None:
        """Written and committed just before the message itself is handed over."""
        if not mine.update(state=Delivery.State.SENDING, lease_until=now + HANDING_OVER):
            raise LeaseLost

    mailer: Any = mailers.default
    try:
        mailer.open()
        _hand_over(mailer, message, last_word)
    except LeaseLost:
        return  # another worker has it
    except Unclear as fault:
        log.warning("nobody knows whether mail %s arrived: %s", letter.pk, fault)
        Delivery.objects.filter(pk=letter.pk, tries=letter.tries).update(
            state=Delivery.State.UNKNOWN, error=str(fault)[:2000]
        )
        if letter.channel_to_id:
            note(letter.channel_to_id, Delivery.State.UNKNOWN, str(fault)[:500], "", now)
    except Exception as fault:  # it was refused, or nothing was handed over: safe to try again
        _again_or_failed(letter, fault, now=now)
    else:
        Delivery.objects.filter(pk=letter.pk, tries=letter.tries).update(
            state=Delivery.State.SENT, sent_at=now, error=""
        )
        if letter.channel_to_id:
            note(letter.channel_to_id, Delivery.State.SENT, "", "", now)
    finally:
        _hang_up(mailer)


class LeaseLost(Exception):
    """Another worker took the message over."""


class Unclear(Exception):
    """The message may or may not have arrived."""


def _hand_over(mailer: Any, message: EmailMultiAlternatives, last_word: Callable[[], None]) -> None:
    """Everything that may be refused comes first; then `last_word`, then the message in one piece.

    So the moment in which a killed worker leaves a doubt is as short as the other side's answer.
    """
    if not isinstance(mailer, Smtp):
        content = message.message(policy=email.policy.SMTP).as_bytes()  # a broken message breaks here, not below
        assert content
        last_word()
        try:
            mailer.send_messages([message])
        except Exception as fault:
            raise Unclear(f"{type(fault).__name__}: {fault}") from fault
        return
    content = message.message(policy=email.policy.SMTP).as_bytes()
    sender = mailer.prep_address(message.from_email)
    recipients = [mailer.prep_address(address) for address in message.recipients()]
    link: smtplib.SMTP | None = mailer.connection
    if link is None:
        raise smtplib.SMTPServerDisconnected("no connection")
    link.ehlo_or_helo_if_needed()
    _expect(link.mail(sender, [f"size={len(content)}"] if link.has_extn("size") else []), 250)
    for recipient in recipients:
        _expect(link.rcpt(recipient), 250, 251)
    _expect(link.docmd("DATA"), 354)
    try:
        last_word()
    except BaseException:
        link.close()  # no polite QUIT now: the other side would read it as the message
        raise
    try:
        link.send(_dotted(content))
        answer = link.getreply()
    except (OSError, smtplib.SMTPException) as fault:
        link.close()
        raise Unclear(f"{type(fault).__name__}: {fault}") from fault
    _expect(answer, 250)


def _dotted(content: bytes) -> bytes:
    """The message as it goes over the wire (RFC 5321, 4.5.2): leading dots doubled, a lone dot at the end."""
    quoted = re.sub(rb"(?m)^\.", b"..", content)
    return quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _expect(answer: tuple[int, bytes], *good: int) -> None:
    code, words = answer
    if code not in good:
        raise smtplib.SMTPResponseException(code, words)


def _hang_up(mailer: Any) -> None:
    try:
        mailer.close()
    except Exception as fault:  # the letter's fate is already written down
        log.info("the mail server hung up first: %s", fault)


def _again_or_failed(letter: Delivery, fault: Exception, *, now: datetime) -> None:
    log.warning("mail %s could not be sent: %s", letter.pk, fault)
    wait = RETRIES[letter.tries - 1] if letter.tries <= len(RETRIES) and not _for_good(fault) else None
    Delivery.objects.filter(pk=letter.pk, tries=letter.tries).update(
        state=Delivery.State.WAITING if wait else Delivery.State.FAILED,
        due_at=now + wait * random.uniform(1, 1.2) if wait else letter.due_at,
        lease_until=None,
        error=f"{type(fault).__name__}: {fault}"[:2000],
    )
    if letter.channel_to_id:
        note(letter.channel_to_id, Delivery.State.FAILED, f"{type(fault).__name__}: {fault}"[:500], "", now)


def _for_good(fault: Exception) -> bool:
    """Whether the other side said "never" (5xx), or the address or message can't be sent at all.

    A refused sign-in is 5xx too, but somebody may be mending the password.
    """
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return False
    if isinstance(fault, smtplib.SMTPResponseException):
        return 500 <= fault.smtp_code < 600
    return isinstance(fault, ValueError)


def give_up_on_the_lost(*, now: datetime) -> int:
    """What has been `sending` for too long was lost with its worker: whether it arrived is unclear."""
    return Delivery.objects.filter(channel="email", state=Delivery.State.SENDING, lease_until__lt=now).update(
        state=Delivery.State.UNKNOWN, error="The worker stopped while the message was being handed over."
    )


def forget_old(*, now: datetime, at_most: int = 5000) -> int:
    """Take out what was sent long ago; what failed or is unclear stays until somebody deals with it."""
    gone = 0
    while ids := list(
        Delivery.objects.filter(state=Delivery.State.SENT, sent_at__lt=now - KEPT).values_list("pk", flat=True)[
            :at_most
        ]
    ):
        gone += len(ids)
        Delivery.objects.filter(pk__in=ids).delete()
    return gone
