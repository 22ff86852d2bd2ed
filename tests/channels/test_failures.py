"""When a channel fails for good: the fallback says it once, those who look after it hear of it once, nothing is lost."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from opsboard.core import channels, deliveries, notices
from opsboard.core.channels import failures, handing_over
from opsboard.core.channels.sealing import seal, settings_of
from opsboard.core.models import Channel, Delivery, Notice, Team, User, Workspace
from opsboard.core.services import channels as services
from tests.channels.conftest import Make, a_card, send_all
from tests.channels.services import Service

pytestmark = pytest.mark.django_db
REFUSED = (200, {"errcode": 300005, "errmsg": "token is not exist"})


def test_the_fallback_says_it_once_and_the_caretakers_are_told_once(
    channel: Make, service: Service, workspace: Workspace, adam: User, anna: User, now: datetime
) -> None:
    second = channel("webhook", name="Second", url=service.url("/second"))
    first = channel("dingtalk", name="First", fallback=second, owner=anna)
    service.usual = REFUSED
    service.answers = [REFUSED, REFUSED, REFUSED]
    for n in range(3):
        channels.send(first, a_card(title=f"Alert {n}"), workspace=workspace, unique_as=f"a:{n}", now=now)
    send_all(now)
    assert failures.follow_up(now=now) == 3
    service.usual = (200, "")
    send_all(now)
    failures.follow_up(now=now)
    replaced = Delivery.objects.filter(channel_to=second)
    assert {row.instead_of.recipient for row in replaced} == {"First"}
    assert [call.body["title"] for call in service.calls if call.path == "/second"] == [f"Alert {n}" for n in range(3)]
    assert service.calls[-1].body["lines"][-1][0] == "Sent here because"
    assert set(Notice.objects.values_list("user__name", flat=True)) == {"Adam", "Anna"}
    assert Notice.objects.count() == 2


def test_a_fallback_that_fails_too_asks_nobody_further(
    channel: Make, service: Service, workspace: Workspace, adam: User, now: datetime
) -> None:
    one, two = (
        channel("dingtalk", name="One"),
        channel("dingtalk", name="Two", url=service.url("/send?access_token=two")),
    )
    Channel.objects.filter(pk=one.pk).update(fallback=two)
    Channel.objects.filter(pk=two.pk).update(fallback=one)
    one.refresh_from_db()
    service.usual = REFUSED
    channels.send(one, a_card(), workspace=workspace, unique_as="a", now=now)
    for _ in range(4):
        send_all(now)
        failures.follow_up(now=now)
    assert Delivery.objects.filter(channel="dingtalk").count() == 2
    assert len(service.calls) == 2


def test_four_tries_with_growing_pauses_then_it_has_failed(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    service.usual = (503, "later")
    channels.send(channel("slack"), a_card(), workspace=workspace, unique_as="a", now=now)
    waits = []
    for hour in range(4):
        moment = now + timedelta(hours=hour)
        send_all(moment)
        letter = Delivery.objects.get()
        waits.append(round((letter.due_at - moment).total_seconds() / 60))
    assert waits[:3] == pytest.approx([0.5, 2, 10], rel=0.3, abs=1)
    assert (letter.state, letter.tries, letter.reason) == ("failed", 4, "server")
    send_all(now + timedelta(days=1))
    assert len(service.calls) == 4


def test_a_doubt_is_shown_and_only_a_person_sends_again(
    channel: Make, service: Service, workspace: Workspace, adam: User, now: datetime
) -> None:
    service.answers = [lambda call: None]
    robot = channel("wecom")
    channels.send(robot, a_card(), workspace=workspace, unique_as="a", now=now)
    send_all(now)
    failures.follow_up(now=now)
    letter = Delivery.objects.get(channel="wecom")
    assert letter.state == "unknown"
    assert Notice.objects.get().user == adam
    send_all(now + timedelta(days=2))
    assert len(service.calls) == 1
    services.send_again(delivery=letter, now=now + timedelta(days=2))
    send_all(now + timedelta(days=2))
    assert Delivery.objects.get(channel="wecom").state == "sent"


def test_a_service_that_cannot_be_reached_is_left_alone_for_a_while(
    channel: Make, service: Service, workspace: Workspace, settings: Any, now: datetime
) -> None:
    dead = channel("slack", url="http://127.0.0.1:1/x")
    for n in range(5):
        channels.send(dead, a_card(), workspace=workspace, unique_as=f"a:{n}", now=now)
    assert len(send_all(now)) == 1
    settings.OUTBOUND_ALLOW_PRIVATE = []
    send_all(now + timedelta(minutes=2))
    dead.refresh_from_db()
    assert dead.last_reason == "private"
    assert "private network" in dead.last_words


def test_settings_that_cannot_be_read_any_more_say_so(channel: Make, workspace: Workspace, now: datetime) -> None:
    robot = channel("dingtalk")
    Channel.objects.update(sealed="nonsense")
    channels.send(robot, a_card(), workspace=workspace, unique_as="a", now=now)
    send_all(now)
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("failed", "settings")


def test_mail_and_notices_in_the_app_are_channels_too(
    workspace: Workspace, anna: User, wang: User, now: datetime
) -> None:
    team = Team.objects.get(name="Warehouse")
    letters = Channel.objects.create(
        workspace=workspace, kind="email", name="Mail", created_at=now, language="zh-hans",
        sealed=seal({"addresses": ["boss@north.example", "night@north.example"]}),
    )  # fmt: skip
    inside = Channel.objects.create(
        workspace=workspace, kind="in_app", name="Inside", created_at=now,
        sealed=seal({"people": [anna.pk], "teams": [team.pk]}),
    )  # fmt: skip
    card = a_card(buttons=[channels.Button("Take over", "/open/x/")], lines=[("Value", "<b>71%</b>")])
    for one in (letters, inside):
        assert channels.send(one, card, workspace=workspace, unique_as=f"a:{one.pk}", now=now) is not None
        assert channels.send(one, card, workspace=workspace, unique_as=f"a:{one.pk}", now=now) is None
    while letter := deliveries.claim(now=now):
        deliveries.send(letter, now=now)
    sent: dict[str, Any] = {message.to[0]: message for message in mail.outbox}
    assert {"boss@north.example", "night@north.example"} <= sent.keys()
    html = str(sent["boss@north.example"].alternatives[0][0])
    assert "&lt;b&gt;71%&lt;/b&gt;" in html
    assert "/open/x/" in html
    assert "详情" in html
    assert set(Notice.objects.values_list("user", flat=True)) == {anna.pk, wang.pk}
    letters.refresh_from_db()
    assert letters.last_state == "sent"


def test_people_choose_by_which_way_they_hear(
    channel: Make, service: Service, workspace: Workspace, anna: User, now: datetime
) -> None:
    anna.mail_severities = ["critical"]
    anna.save()
    channel("webhook", name="Anna's own", person=anna, severities=["warning", "critical"])
    for severity in ("info", "warning", "critical", "odd"):
        notices.tell(
            [anna], f"It is {severity}", "/x/", workspace=workspace, now=now, unique_as=severity, severity=severity
        )
    send_all(now)
    assert Notice.objects.filter(user=anna).count() == 4
    assert list(Delivery.objects.filter(channel="email").values_list("subject", flat=True)) == ["It is critical"]
    assert [call.body["severity"] for call in service.calls] == ["critical", "warning"]


def test_a_removed_channel_forgets_its_secrets_and_sends_nothing(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    robot = channel("dingtalk")
    channels.send(robot, a_card(), workspace=workspace, unique_as="a", now=now)
    services.remove_channel(channel=robot, now=now)
    send_all(now)
    robot.refresh_from_db()
    assert (service.calls, settings_of(robot)) == ([], {})
    assert Delivery.objects.get().reason == "taken_away"
    assert channels.send(robot, a_card(), workspace=workspace, unique_as="b", now=now) is None
    assert handing_over.claim(now=now) is None
