"""The long tail goes through the same door: no private addresses, no files, no programs of this server."""

import sys
from pathlib import Path
from typing import Any

import pytest

from opsboard.core import net
from opsboard.core.channels import long_tail
from opsboard.core.channels.answers import NotTaken, Unclear
from tests.channels.services import Service
from tests.channels.test_senders import FULL, way


def test_a_message_goes_out_through_our_door(service: Service) -> None:
    service.usual = (200, {})
    long_tail.deliver(FULL, way(service.url("/inbox").replace("http://", "json://")))
    (call,) = service.calls
    assert call.body["title"] == FULL.title
    assert FULL.buttons[0].url in call.body["message"]


def test_private_addresses_are_refused_there_too(settings: Any, service: Service) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = []
    with pytest.raises(net.Refused):
        long_tail.deliver(FULL, way(service.url("/inbox").replace("http://", "json://")))
    assert service.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "syslog://", "rsyslog://127.0.0.1", "dbus://", "gnome://", "macosx://", "windows://",
        "mailto://a:b@mail.example", "mqtt://broker.example/x", "growl://127.0.0.1", "irc://chat.example/x",
        "xmpp://u:p@chat.example", "amqp://u:p@host.example/x", "fcm://p/k?keyfile=/etc/passwd",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "json://a.example?attach=/etc/passwd",
        "nosuch://x", "no address at all", "json://", "json://a.example/\n",
    ],
)  # fmt: skip
def test_what_reaches_this_server_itself_is_not_available(url: str) -> None:
    with pytest.raises(long_tail.NotAService):
        long_tail.plugin(url)


def test_no_plugin_can_open_a_file_or_a_session(tmp_path: Path) -> None:
    service = long_tail.plugin("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")
    module: Any = sys.modules[type(service).__module__]
    with pytest.raises(PermissionError):
        module.open(tmp_path / "x")
    with pytest.raises(PermissionError):
        module.requests.Session()
    assert not module.AppriseAttachment().add("/etc/passwd")


@pytest.mark.parametrize(
    ("answer", "fault", "reason"),
    [((429, "slow down"), NotTaken, "busy"), ((500, "oh"), NotTaken, "server"), ((403, "no"), NotTaken, "library")],
)
def test_refusals_are_told(service: Service, answer: Any, fault: type[Exception], reason: str) -> None:
    service.usual = answer
    with pytest.raises(fault) as refusal:
        long_tail.deliver(FULL, way(service.url("/inbox").replace("http://", "json://")))
    assert refusal.value.reason == reason  # type: ignore[attr-defined]


def test_a_line_that_breaks_leaves_a_doubt(service: Service) -> None:
    service.answers = [lambda call: None]
    with pytest.raises((Unclear, net.OutboundError)) as doubt:
        long_tail.deliver(FULL, way(service.url("/inbox").replace("http://", "json://")))
    assert getattr(doubt.value, "unknown", True)
