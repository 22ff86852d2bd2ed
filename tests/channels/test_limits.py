"""Two hundred alerts in a minute: the robot hears what it can bear, and everything is named."""

from collections import deque
from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.db import connection

from opsboard.core import channels
from opsboard.core.channels import handing_over
from opsboard.core.channels.handing_over import Errand
from opsboard.core.models import Channel, Delivery, RobotCall, Workspace
from tests.channels.conftest import Make, a_card, send_all
from tests.channels.services import Service

ALERTS = 200


def post(channel: Channel, n: int, now: datetime, workspace: Workspace, first: int = 0) -> None:
    for place in range(first, first + n):
        card = a_card(
            title=f"Alert {place:03d}: yield fell below the limit",
            severity="critical" if place % 50 == 49 else "warning",
            at=now,
        )
        channels.send(channel, card, workspace=workspace, unique_as=f"alert:{place}", now=now)


def told(service: Service) -> list[str]:
    """The text of each message that arrived."""
    return [call.raw.decode() for call in service.calls]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "most", "digests"), [("dingtalk", 20, 1), ("wecom", 20, 4)])
def test_two_hundred_at_once_are_twenty_messages(
    kind: str, most: int, digests: int, channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    robot = channel(kind)
    post(robot, ALERTS, now, workspace)
    for seconds in range(0, 60, 6):
        send_all(now + timedelta(seconds=seconds))
    assert not Delivery.objects.exclude(state="sent").exists()
    messages = told(service)
    assert len(messages) <= most
    several = [text for text in messages if text.count("Alert ") > 2]
    assert len(several) == digests
    for place in range(ALERTS):
        assert sum(f"Alert {place:03d}" in text for text in messages) == 1
    assert all("Alert 049" not in text for text in several), "the gravest are not hidden in a digest"
    assert sum(Delivery.objects.filter(together__gt=1).values_list("together", flat=True)[:1]) > 2


@pytest.mark.django_db
def test_two_hundred_over_a_minute_never_pass_the_limit_of_any_minute(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    robot = channel("dingtalk")
    sent_at: list[datetime] = []
    clock = now
    service.heard = lambda call: sent_at.append(clock)
    for second in range(0, 180, 2):
        clock = now + timedelta(seconds=second)
        if second < 50:
            post(robot, 8, clock, workspace, first=4 * second)
        send_all(clock)
    assert not Delivery.objects.exclude(state="sent").exists()
    window: deque[datetime] = deque()
    for moment in sent_at:
        window.append(moment)
        while window[0] <= moment - timedelta(seconds=60):
            window.popleft()
        assert len(window) <= 20
    everything = "\n".join(told(service))
    assert all(f"Alert {place:03d}" in everything for place in range(ALERTS))
    assert len(sent_at) <= 22


@pytest.mark.django_db
def test_two_channels_of_one_robot_share_its_calls(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    one, other = channel("dingtalk", name="One"), channel("dingtalk", name="Other")
    post(one, 30, now, workspace)
    post(other, 30, now, workspace, first=30)
    for seconds in range(0, 59, 3):
        send_all(now + timedelta(seconds=seconds))
    assert len(service.calls) <= 20


@pytest.mark.django_db
def test_a_call_under_way_counts_as_if_it_arrived_last(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    """A worker that died in the middle leaves its call counted for the longest that it may have taken."""
    post(channel("slack"), 2, now, workspace)
    assert isinstance(handing_over.claim(now=now), Errand)  # and the worker dies here
    assert not isinstance(handing_over.claim(now=now + timedelta(seconds=20)), Errand)
    service.usual = (200, "ok")
    send_all(now + timedelta(seconds=62))
    assert len(service.calls) == 1
    assert RobotCall.objects.count() == 2


@pytest.mark.django_db
def test_a_service_that_asks_for_a_pause_gets_it_and_it_costs_no_try(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    service.answers = [(200, {"errcode": 130101, "errmsg": "send too fast"})]
    robot = channel("dingtalk")
    post(robot, 2, now, workspace)
    send_all(now)
    assert set(Delivery.objects.values_list("state", "tries")) == {("waiting", 0)}
    send_all(now + timedelta(seconds=59))
    assert len(service.calls) == 1
    send_all(now + timedelta(seconds=62))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_several_workers_together_keep_the_limit(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    post(channel("dingtalk"), ALERTS, now, workspace)

    def work() -> None:
        try:
            for second in range(0, 15, 3):
                send_all(now + timedelta(seconds=second))
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert len(service.calls) <= 20
    everything = told(service)
    for place in range(ALERTS):
        assert sum(f"Alert {place:03d}" in text for text in everything) <= 1
