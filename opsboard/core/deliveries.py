"""The only outbox and the only senders: unique keys, leases, retries with back-off, a dead-letter state.

The intent is exactly once: `unique_as` is unique. Before a message is handed over the row says `sending`, committed; a
worker that is killed in that window leaves `unknown`, which is shown to a person and never resent by itself.
"""

from __future__ import annotations

import hashlib
import logging
import random
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import models, transaction

from opsboard.core.models import Delivery, Notice, Workspace

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
HANDING_OVER = timedelta(minutes=5)
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
) -> Delivery | None:
    """Put one e-mail into the outbox; the same `unique_as` a second time changes nothing and answers None."""
    letter = Delivery(
        workspace=workspace,
        recipient=recipient,
        subject=" ".join(subject.split())[:300],
        body=body,
        html=html,
        unique_as=unique_as[:200],
        due_at=now,
        created_at=now,
        notice=notice,
    )
    Delivery.objects.bulk_create([letter], ignore_conflicts=True)
    stored: Delivery | None = Delivery.objects.filter(unique_as=letter.unique_as).first()
    transaction.on_commit(lambda: current_app.send_task("opsboard.core.tasks.send_deliveries", expires=60), robust=True)
    return stored


def claim(*, now: datetime) -> Delivery | None:
    """Take one due message under a lease, or None. Two workers never hold the same one."""
    with transaction.atomic():
        letter: Delivery | None = (
            Delivery.objects.filter(
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
    try:
        connection = get_connection()
        connection.open()
    except Exception as fault:  # nothing was handed over: safe to try again
        _again_or_failed(letter, fault, now=now)
        return
    try:
        if not mine.update(state=Delivery.State.SENDING, lease_until=now + HANDING_OVER):
            return  # the lease was lost to another worker
        connection.send_messages([message])
    except TimeoutError as fault:
        Delivery.objects.filter(pk=letter.pk).update(
            state=Delivery.State.UNKNOWN, error=f"{type(fault).__name__}: {fault}"[:2000]
        )
    except Exception as fault:
        _again_or_failed(letter, fault, now=now)
    else:
        Delivery.objects.filter(pk=letter.pk).update(state=Delivery.State.SENT, sent_at=now, error="")
    finally:
        connection.close()


def _again_or_failed(letter: Delivery, fault: Exception, *, now: datetime) -> None:
    log.warning("mail %s could not be sent: %s", letter.pk, fault)
    wait = RETRIES[letter.tries - 1] if letter.tries <= len(RETRIES) else None
    Delivery.objects.filter(pk=letter.pk).update(
        state=Delivery.State.WAITING if wait else Delivery.State.FAILED,
        due_at=now + wait * random.uniform(1, 1.2) if wait else letter.due_at,
        error=f"{type(fault).__name__}: {fault}"[:2000],
    )


def give_up_on_the_lost(*, now: datetime) -> int:
    """What has been `sending` for too long was lost with its worker: whether it arrived is unclear."""
    return Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__lt=now).update(
        state=Delivery.State.UNKNOWN, error="The worker stopped while the message was being handed over."
    )
