"""Channels that lead to services on loopback."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from opsboard.core.channels import Card, handing_over
from opsboard.core.channels.handing_over import Errand, Later
from opsboard.core.channels.sealing import seal
from opsboard.core.channels.senders import robot_of
from opsboard.core.models import Channel, Workspace
from tests.channels.services import Service
from tests.conftest import NOW

type Make = Callable[..., Channel]


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Any) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def channel(workspace: Workspace, service: Service) -> Make:
    """Makes a channel of a kind that leads to the fake service."""

    def made(kind: str = "webhook", name: str = "", url: str = "", secret: str = "", **more: Any) -> Channel:
        chosen = {"url": url or service.url(), "secret": secret}
        return Channel.objects.create(
            workspace=workspace, kind=kind, name=name or kind, sealed=seal(chosen), robot=robot_of(kind, chosen),
            created_at=NOW, **more,
        )  # fmt: skip

    return made


def a_card(**more: Any) -> Card:
    return Card(
        **{"title": "Yield fell to 71%", "severity": "warning", "url": "/north-plant/alerts/1/", "at": NOW, **more}
    )


def send_all(now: datetime) -> list[Errand | Later]:
    """What one worker does at this moment."""
    done: list[Errand | Later] = []
    later: dict[int, datetime] = {}
    while found := handing_over.claim(now=now, but=later):
        if isinstance(found, Later):
            later[found.channel] = found.at
        else:
            handing_over.send(found, now=now)
        done.append(found)
    return done
