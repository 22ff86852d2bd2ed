"""What workers run for the hall."""

from datetime import datetime

from celery import current_app, shared_task
from django.core.cache import cache
from django.utils import timezone

from opsboard.core import deliveries, events, jobs, search, snapshots
from opsboard.core.channels import failures, handing_over
from opsboard.core.models import Workspace
from opsboard.core.services import calendar


@shared_task
def deliver_occurrences() -> int:
    return events.deliver_waiting(now=timezone.now())


@shared_task
def send_deliveries(at_most: int = 100) -> int:
    deliveries.give_up_on_the_lost(now=timezone.now())
    sent = 0
    while sent < at_most and (letter := deliveries.claim(now=timezone.now())):
        deliveries.send(letter, now=timezone.now())
        sent += 1
    failures.follow_up(now=timezone.now())
    return sent


SEND_CARDS = "opsboard.core.tasks.send_cards"
COMES_BACK = "core.send_cards.comes_back"


@shared_task(name=SEND_CARDS)
def send_cards(at_most: int = 100) -> int:
    """Hand over what may be said now; come back when the next robot may speak again: one that comes back is enough."""
    cache.delete(COMES_BACK)
    handing_over.recover(now=timezone.now())
    sent, later = 0, dict[int, datetime]()
    while sent < at_most and (found := handing_over.claim(now=timezone.now(), but=later)):
        if isinstance(found, handing_over.Later):
            later[found.channel] = found.at
            continue
        handing_over.send(found, now=timezone.now())
        sent += 1
    failures.follow_up(now=timezone.now())
    wait = min(((at - timezone.now()).total_seconds() for at in later.values()), default=60)
    if wait < 9 and cache.add(COMES_BACK, True, timeout=15):  # after that the beat comes anyway
        current_app.send_task(SEND_CARDS, countdown=max(0.1, wait), expires=30)
    return sent


@shared_task
def recover_jobs() -> int:
    return jobs.recover(now=timezone.now())


@shared_task
def take_snapshots() -> int:
    return snapshots.take_all(now=timezone.now())


@shared_task
def index_everything() -> int:
    return sum(search.index_all(workspace=workspace) for workspace in Workspace.objects.all())


@shared_task
def keep_calendars() -> None:
    calendar.keep_all(now=timezone.now())


@shared_task
def forget_deliveries() -> int:
    return deliveries.forget_old(now=timezone.now())


@shared_task
def heartbeat() -> None:
    """The worker says that it is alive; `/readyz` listens."""
    jobs.say_alive()
