"""A stopped evaluator is announced by a process that is not it, by a way that is not its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from opsboard.alerts import services
from opsboard.alerts.models import Pulse
from opsboard.alerts.tasks import evaluate_all
from opsboard.core.access import Viewer
from opsboard.core.models import Delivery, Notice, User, Workspace
from opsboard.lookout import Lookout
from tests.alerts.numbers import tell
from tests.nursery import Process
from tests.workers import MailServer, mailer, until, worker

PLAYS = "tests.alerts.numbers"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def look_from_outside(mail: MailServer, since: datetime) -> None:
    looking = Process(
        "django", "watch_evaluator", "--once", "--since", since.isoformat(), log=settings.VAR / "looking.log",
        MAIL_HOST="127.0.0.1", MAILERS=mailer(mail.port),
    )  # fmt: skip
    assert looking.ends(60)
    assert not looking.words


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("numbers")
def test_the_admins_hear_of_a_killed_worker_once_and_of_its_return(
    editor: Viewer, adam: User, workspace: Workspace, mail: MailServer
) -> None:
    services.watch_number(viewer=editor, now=timezone.now(), indicator="metrics.value:rework", op=">", value=5)
    tell("rework", 2)
    began = timezone.now() - timedelta(hours=1)
    with worker(plays=PLAYS, mail_port=mail.port):
        until(lambda: Pulse.objects.exclude(tick=None).exists(), meanwhile=lambda: evaluate_all.apply_async(expires=5))
    # The worker is dead; half a minute passes.
    Pulse.objects.update(tick=timezone.now() - timedelta(seconds=40))
    look_from_outside(mail, began)
    look_from_outside(mail, began)
    (letter,) = mail.bodies
    assert b"Nobody watches the numbers" in letter
    assert b"adam@north.example" in letter
    assert not Delivery.objects.exists(), "not by the outbox, which the dead worker would empty"
    assert [notice.user for notice in Notice.objects.all()] == [adam]
    with worker(plays=PLAYS, mail_port=mail.port):
        ill = Pulse.objects.get().tick
        until(lambda: Pulse.objects.get().tick != ill, meanwhile=lambda: evaluate_all.apply_async(expires=5))
        look_from_outside(mail, began)
    assert b"watched again" in mail.bodies[-1]
    assert (len(mail.bodies), Pulse.objects.get().silent_since) == (2, None)


@pytest.mark.django_db
@pytest.mark.usefixtures("numbers")
def test_silence_is_three_intervals_and_counts_from_when_somebody_looks(
    editor: Viewer, adam: User, workspace: Workspace, now: datetime, mailoutbox: list[object]
) -> None:
    watch = services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5)
    services.evaluate(workspace=workspace, now=now)

    def looked(seconds: float, since: float = -3600) -> int:
        return services.look(now=now + timedelta(seconds=seconds), since=now + timedelta(seconds=since))

    assert looked(30) == 0
    assert looked(3600, since=3590) == 0, "just started: nobody knows yet"
    assert looked(31) == 1
    assert looked(50) == 0
    services.evaluate(workspace=workspace, now=now + timedelta(seconds=60))
    assert looked(61) == 1
    assert [notice.severity for notice in Notice.objects.order_by("pk")] == ["critical", "info"]
    services.pause_watch(watch=watch, now=now + timedelta(seconds=70))
    assert looked(7200) == 0, "nothing is watched, so nothing is missed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("numbers")
def test_the_supervisor_looks_closely_only_when_alerts_are_not_judged(editor: Viewer, workspace: Workspace) -> None:
    there = connection.settings_dict
    url = f"postgres://{there['USER']}:{there['PASSWORD']}@{there['HOST']}:{there['PORT']}/{there['NAME']}"
    lookout = Lookout(url)
    lookout.since = timezone.now() - timedelta(hours=1)
    assert not lookout.is_worth_a_look(), "nothing is watched"
    now = timezone.now()
    services.watch_number(viewer=editor, now=now, indicator="metrics.value:rework", op=">", value=5)
    services.evaluate(workspace=workspace, now=now)
    assert not lookout.is_worth_a_look()
    Pulse.objects.update(tick=now - timedelta(seconds=40))
    assert lookout.is_worth_a_look()
    lookout.since = now
    assert not lookout.is_worth_a_look(), "we have only just begun"
    Pulse.objects.update(silent_since=now, tick=now - timedelta(seconds=40))
    assert not lookout.is_worth_a_look(), "announced"
    Pulse.objects.update(tick=now)
    assert lookout.is_worth_a_look(), "back"
    assert not Lookout("postgres://nobody@127.0.0.1:1/none").is_worth_a_look()
