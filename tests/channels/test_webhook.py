"""Another program hears of it: signed, with a key, and again where nobody knows whether it arrived."""

import hashlib
import hmac
from datetime import datetime, timedelta

import pytest

from opsboard.core import channels
from opsboard.core.channels import handing_over
from opsboard.core.models import Delivery, Workspace
from tests.channels.conftest import Make, a_card, send_all
from tests.channels.services import Service

pytestmark = pytest.mark.django_db


def test_a_card_arrives_once_with_a_signature_and_a_key(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    hook = channel("webhook", secret="a long secret")
    card = a_card(lines=[("Value", "71%")], buttons=[channels.Button("Acknowledge", "/open/ack/1/")])
    letter = channels.send(hook, card, workspace=workspace, unique_as="a:1", now=now)
    assert letter is not None
    assert channels.send(hook, card, workspace=workspace, unique_as="a:1", now=now) is None
    send_all(now)
    (call,) = service.calls
    letter.refresh_from_db()
    assert (letter.state, letter.tries, letter.error) == ("sent", 1, "")
    assert call.body["title"] == "Yield fell to 71%"
    assert call.body["lines"] == [["Value", "71%"]]
    assert call.body["buttons"][0][1].startswith("http")
    at, given = call.headers["X-Opsboard-Signature"].removeprefix("t=").split(",v1=")
    assert given == hmac.new(b"a long secret", at.encode() + b"." + call.raw, hashlib.sha256).hexdigest()
    assert call.headers["Idempotency-Key"] == call.body["id"]


def test_what_may_have_arrived_is_sent_again_with_the_same_key(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    hook = channel("webhook")
    channels.send(hook, a_card(), workspace=workspace, unique_as="a:1", now=now)
    service.answers = [lambda call: None]
    send_all(now)
    assert Delivery.objects.get().state == "waiting"
    send_all(now + timedelta(minutes=1))
    assert Delivery.objects.get().state == "sent"
    assert len({call.headers["Idempotency-Key"] for call in service.calls}) == 1 < len(service.calls)


def test_what_a_killed_worker_was_handing_over_is_sent_again(
    channel: Make, service: Service, workspace: Workspace, now: datetime
) -> None:
    channels.send(channel("webhook"), a_card(), workspace=workspace, unique_as="a:1", now=now)
    Delivery.objects.update(state="sending", lease_until=now)
    handing_over.recover(now=now + timedelta(seconds=1))
    send_all(now + timedelta(seconds=1))
    assert Delivery.objects.get().state == "sent"
