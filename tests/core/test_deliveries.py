"""The outbox: one letter per key, handed over once, whatever the other side does."""

import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import override_settings

from opsboard.core import deliveries
from opsboard.core.models import Delivery, Workspace
from tests.workers import MailServer

pytestmark = pytest.mark.django_db


def post(workspace: Workspace, now: datetime, **more: Any) -> Delivery | None:
    letter = {
        "recipient": "anna@north.example",
        "subject": "Yield\nfell",
        "body": "To 71%.",
        "unique_as": "a:1",
        **more,
    }
    return deliveries.post(workspace=workspace, now=now, **letter)


def send(now: datetime) -> Delivery:
    letter = deliveries.claim(now=now)
    assert letter is not None
    deliveries.send(letter, now=now)
    letter.refresh_from_db()
    return letter


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        there = {"host": "127.0.0.1", "port": running.port, "timeout": 5}
        backend = "django.core.mail.backends.smtp.EmailBackend"
        with override_settings(MAILERS={"default": {"BACKEND": backend, "OPTIONS": there}}):
            yield running


def test_the_same_key_is_one_letter(workspace: Workspace, now: datetime) -> None:
    assert post(workspace, now) is not None
    assert post(workspace, now, body="again") is None
    assert Delivery.objects.get().body == "To 71%."


def test_long_keys_that_end_differently_are_two_letters(workspace: Workspace, now: datetime) -> None:
    for end in "ab":
        assert post(workspace, now, unique_as="x" * 300 + end) is not None


def test_a_letter_leaves_through_the_mailer_of_the_settings(workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    assert send(now).state == "sent"
    (message,) = mail.outbox
    assert (message.subject, message.to) == ("Yield fell", ["anna@north.example"])


def test_a_letter_goes_over_the_wire_whole(server: MailServer, workspace: Workspace, now: datetime) -> None:
    post(workspace, now, body=".hidden\n.\n良率下降", subject="良率", html="<p>良率</p>")
    assert send(now).state == "sent"
    assert server.taken.total() == 1
    assert b"\r\n..hidden\r\n..\r\n" in server.bodies[0] or b"base64" in server.bodies[0]


def test_two_workers_never_hold_the_same_letter(workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    assert deliveries.claim(now=now) is not None
    assert deliveries.claim(now=now + timedelta(seconds=59)) is None
    assert deliveries.claim(now=now + timedelta(seconds=61)) is not None


def test_a_worker_that_lost_its_lease_sends_nothing(server: MailServer, workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    slow = deliveries.claim(now=now)
    assert slow is not None
    assert send(now + timedelta(seconds=61)).state == "sent"
    deliveries.send(slow, now=now + timedelta(seconds=62))
    assert server.taken.total() == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_a_busy_server_is_asked_again_later(
    command: str, server: MailServer, workspace: Workspace, now: datetime
) -> None:
    post(workspace, now)
    server.refuses = {command: "451 try later"}
    letter = send(now)
    assert (letter.state, letter.tries) == ("waiting", 1)
    assert "try later" in letter.error
    assert deliveries.claim(now=now + timedelta(seconds=29)) is None
    server.refuses = {}
    assert send(now + timedelta(seconds=40)).state == "sent"


def test_an_address_that_is_refused_for_good_is_not_tried_again(
    server: MailServer, workspace: Workspace, now: datetime
) -> None:
    post(workspace, now)
    server.refuses = {"RCPT": "550 no such person"}
    letter = send(now)
    assert letter.state == "failed"
    assert "no such person" in letter.error


def test_four_tries_are_enough(server: MailServer, workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    server.refuses = {"MAIL": "451 try later"}
    states = [send(now + timedelta(hours=hours)).state for hours in range(4)]
    assert states == ["waiting", "waiting", "waiting", "failed"]


def test_a_server_that_cannot_be_reached_is_tried_again(workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    nowhere = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "127.0.0.1", "port": 1}}
    with override_settings(MAILERS={"default": nowhere}):
        assert send(now).state == "waiting"


def test_a_line_that_breaks_after_the_letter_leaves_a_doubt_and_no_second_letter(
    server: MailServer, workspace: Workspace, now: datetime
) -> None:
    post(workspace, now)
    server.hangs_up_after_data = True
    letter = send(now)
    assert (letter.state, server.taken.total()) == ("unknown", 1)
    assert deliveries.claim(now=now + timedelta(days=1)) is None


def test_an_impossible_address_fails_and_blocks_nobody(server: MailServer, workspace: Workspace, now: datetime) -> None:
    post(workspace, now, recipient="not an address")
    assert send(now).state == "failed"


def test_what_a_killed_worker_was_handing_over_is_shown_as_unclear(workspace: Workspace, now: datetime) -> None:
    post(workspace, now)
    Delivery.objects.update(state="sending", lease_until=now)
    assert deliveries.give_up_on_the_lost(now=now + timedelta(seconds=1)) == 1
    assert Delivery.objects.get().state == "unknown"


def test_a_wrong_password_may_be_mended() -> None:
    assert not deliveries._for_good(smtplib.SMTPAuthenticationError(535, b"no"))
    assert deliveries._for_good(smtplib.SMTPResponseException(554, b"no"))


def test_what_was_sent_long_ago_is_forgotten_and_what_failed_stays(workspace: Workspace, now: datetime) -> None:
    for number, (state, days) in enumerate([("sent", 401), ("sent", 399), ("failed", 401), ("unknown", 401)]):
        post(workspace, now, unique_as=f"a:{number}")
        Delivery.objects.filter(unique_as=f"a:{number}").update(state=state, sent_at=now - timedelta(days=days))
    assert deliveries.forget_old(now=now, at_most=1) == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["failed", "sent", "unknown"]
