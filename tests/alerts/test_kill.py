"""A worker killed with kill -9 at any moment: everybody is told exactly once."""

import random
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.models import Alert, Transition
from opsboard.alerts.services.locking import LOCK
from opsboard.alerts.tasks import evaluate_all
from opsboard.core.access import Viewer
from opsboard.core.models import Delivery, Notice, Occurrence, User
from opsboard.core.tasks import send_deliveries
from tests.alerts.numbers import tell
from tests.workers import MailServer, Worker, until, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("numbers")]
ALERTS = 40
PLAYS = "tests.alerts.numbers"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def is_judging() -> bool:
    """Whether some evaluator is inside its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", [LOCK])
        return cursor.fetchone() is not None


def beat() -> None:
    evaluate_all.apply_async(expires=5)
    send_deliveries.apply_async(expires=5)


def test_every_alert_is_told_once_through_three_killed_workers(editor: Viewer, anna: User, mail: MailServer) -> None:
    chance = random.Random(7)
    for place in range(ALERTS):
        services.watch_number(
            viewer=editor, now=timezone.now(), indicator="metrics.value:rework", op=">", value=5 - place / 100
        )
    tell("rework", 7.4)
    with worker(plays=PLAYS, mail_port=mail.port):
        until(is_judging, meanwhile=beat)
        time.sleep(chance.uniform(0, 0.05))
    for _ in range(2):
        with worker(plays=PLAYS, mail_port=mail.port):
            told = mail.taken.total()
            until(lambda told=told: mail.taken.total() > told or done(mail), meanwhile=beat)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.15))
        # As if the dead worker's lease had run out by now.
        Delivery.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))
    last: Worker
    with worker(plays=PLAYS, mail_port=mail.port) as last:
        until(lambda: done(mail), meanwhile=beat)
        assert Alert.objects.firing().count() == ALERTS, last.words
    assert Transition.objects.count() == ALERTS
    assert Occurrence.objects.filter(key="alerts.alert_fired").count() == ALERTS
    assert Notice.objects.filter(user=anna).count() == ALERTS
    assert Delivery.objects.count() == ALERTS
    assert max(mail.taken.values()) == 1
    assert len(mail.taken) == ALERTS - in_doubt_and_lost(mail)


def done(mail: MailServer) -> bool:
    """Whether every letter has been handed over, or hangs where a killed worker left it."""
    return (
        Delivery.objects.count() == ALERTS
        and not Delivery.objects.filter(state__in=["waiting", "claimed"]).exists()
        and mail.taken.total() + Delivery.objects.filter(state="sending").count() >= ALERTS
    )


def in_doubt_and_lost(mail: MailServer) -> int:
    """Letters that a worker took into its death before a byte of them was sent: at most one per kill, never resent."""
    sent = Delivery.objects.filter(state="sent").count()
    doubtful = Delivery.objects.filter(state="sending").count()
    assert doubtful <= 2
    return doubtful - (len(mail.taken) - sent)
