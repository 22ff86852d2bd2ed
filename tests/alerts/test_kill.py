"""A worker killed with kill -9 at any moment: everybody is told exactly once."""

import random
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.models import Alert, EscalationPolicy, Pulse, Told, Transition
from opsboard.alerts.services.locking import LOCK
from opsboard.alerts.tasks import evaluate_all
from opsboard.core.access import Viewer
from opsboard.core.models import Delivery, Notice, Occurrence, User, Workspace
from opsboard.core.tasks import send_deliveries
from tests.alerts.numbers import tell
from tests.workers import MailServer, until, worker

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("numbers")]
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


def beat_anew() -> None:
    """The tick is judged again, so that nobody waits for the next one."""
    Pulse.objects.update(tick=F("tick") - timedelta(seconds=10))
    beat()


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
    with worker(plays=PLAYS, mail_port=mail.port) as last:
        until(lambda: done(mail), meanwhile=beat)
        assert Alert.objects.firing().count() == ALERTS, last.words
    assert Transition.objects.count() == ALERTS
    assert Occurrence.objects.filter(key="alerts.alert_fired").count() == ALERTS
    assert Notice.objects.filter(user=anna).count() == ALERTS
    assert Delivery.objects.count() == ALERTS
    assert max(mail.taken.values()) == 1
    assert len(mail.taken) == ALERTS - in_doubt_and_lost(mail)


def test_a_group_and_each_step_of_its_escalation_speak_once_through_killed_workers(
    editor: Viewer, workspace: Workspace, anna: User, connie: User, adam: User, mail: MailServer
) -> None:
    """Each worker is killed while it judges: the first with the group's notice, the next ones with a step each."""
    chance = random.Random(9)
    watch = services.watch_number(
        viewer=editor, now=timezone.now(), indicator="metrics.value:rework", op=">", value=5, scope="each"
    )
    steps = [services.StepPlan(900, people=[connie]), services.StepPlan(1800, people=[adam])]
    policy = services.save_policy(
        policy=EscalationPolicy(workspace=workspace, title="Upwards"), now=timezone.now(), steps=steps
    )
    services.save_route(
        workspace=workspace, watch=watch, now=timezone.now(), escalation=policy, group_wait=0, repeat_interval=0
    )
    for place in range(20):
        tell("rework", 7.4 + place, shop=f"Shop {place}")
    for told in range(4):  # how many words were said before
        with worker(plays=PLAYS, mail_port=mail.port) as here:
            until(lambda told=told: Notice.objects.count() >= told, meanwhile=beat_anew)  # type: ignore[misc]
            if told == 3:
                until(lambda: not Delivery.objects.filter(state__in=["waiting", "claimed"]).exists(), meanwhile=beat)
                assert Alert.objects.firing().count() == 20, here.words
                break
            if told:  # the next step is due, and the tick is judged again
                Alert.objects.firing().update(escalate_at=timezone.now() - timedelta(seconds=20))
            until(is_judging, meanwhile=beat_anew)
            time.sleep(chance.uniform(0, 0.03))
        Delivery.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))
        beat_anew()
    assert sorted(Notice.objects.values_list("user", flat=True)) == sorted([anna.pk, connie.pk, adam.pk])
    assert sorted(Told.objects.values_list("kind", flat=True)) == ["escalated", "escalated", "first"]
    assert Delivery.objects.count() == 3
    assert max(mail.taken.values()) == 1


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
