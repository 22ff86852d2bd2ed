"""A worker killed with kill -9 while it sends to a chat group: nobody is told twice, nothing is lost, a doubt is shown."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from opsboard.core import channels
from opsboard.core.channels import handing_over
from opsboard.core.models import Delivery, Workspace
from opsboard.core.tasks import send_cards
from tests.channels.conftest import Make
from tests.channels.services import Call, Service
from tests.workers import until, worker

pytestmark = [pytest.mark.waits, pytest.mark.django_db(transaction=True)]
MESSAGES = 40
HERE = ["127.0.0.1"]


def test_forty_messages_and_a_worker_killed_among_them(channel: Make, service: Service, workspace: Workspace) -> None:
    service.usual = (200, {"code": 0, "msg": "success"})
    told: Counter[str] = Counter()

    def hear(call: Call) -> None:
        told[call.body["card"]["header"]["title"]["content"]] += 1
        time.sleep(0.02)  # as long as a service takes: so that some kill falls in between

    service.heard = hear
    robot, chance = channel("feishu"), random.Random(11)
    for place in range(MESSAGES):
        channels.send(
            robot,
            channels.Card(title=f"Alert {place:02d}"),
            workspace=workspace,
            unique_as=f"a:{place}",
            now=timezone.now(),
        )

    def beat() -> None:
        send_cards.apply_async(expires=5)

    with worker(OUTBOUND_ALLOW_PRIVATE=HERE) as running:
        until(lambda: told.total() >= 12, within=60, meanwhile=beat)
        time.sleep(chance.uniform(0, 0.03))
        running.kill()
    # As if the dead worker's lease had run out by now.
    Delivery.objects.filter(state="claimed").update(lease_until=timezone.now() - timedelta(seconds=1))

    def done() -> bool:
        return not Delivery.objects.filter(state__in=["waiting", "claimed"]).exists()

    with worker(OUTBOUND_ALLOW_PRIVATE=HERE) as last:
        until(done, within=60, meanwhile=beat)
        until(lambda: Delivery.objects.filter(state="sending").count() <= 1, meanwhile=beat)
        assert not Delivery.objects.filter(state="failed").exists(), last.words
    handing_over.recover(now=timezone.now() + timedelta(minutes=10))
    states = Counter(Delivery.objects.values_list("state", flat=True))
    assert max(told.values()) == 1
    assert states["sent"] + states["unknown"] == MESSAGES
    assert states["unknown"] <= 1
    sent = set(Delivery.objects.filter(state="sent").values_list("subject", flat=True))
    assert sent <= told.keys(), "what counts as sent has arrived"
    assert set(Delivery.objects.filter(state="unknown").values_list("reason", flat=True)) <= {"unclear"}
