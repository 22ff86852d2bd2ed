"""What workers run for the hall."""

from celery import shared_task
from django.utils import timezone

from opsboard.core import deliveries, events, jobs, search, snapshots
from opsboard.core.models import Workspace


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
def heartbeat() -> None:
    """The worker says that it is alive; `/readyz` listens."""
    jobs.say_alive()
