"""All services that the house can speak to, and what each of them can bear."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opsboard.core.cards import Card
from opsboard.core.channels import dingtalk, feishu, long_tail, slack, teams, webhook, wecom
from opsboard.core.channels.answers import Way
from opsboard.core.channels.pacing import Limit
from opsboard.core.models import Channel


@dataclass(frozen=True)
class Sender:
    """One service: how a card is handed over, how often, and how many bytes a digest may have."""

    deliver: Callable[[Card, Way], str]
    limits: tuple[Limit, ...] = ()
    room: int = 0  # 0: never several in one message
    idempotent: bool = False  # the other side recognises what it got twice


# What the services write about themselves; a limit of a minute is also what people in a chat can bear.
SENDERS: dict[str, Sender] = {
    Channel.Kind.FEISHU: Sender(feishu.deliver, (Limit(5, 1), Limit(100, 60)), feishu.ROOM),
    Channel.Kind.DINGTALK: Sender(dingtalk.deliver, (Limit(20, 60),), dingtalk.ROOM),
    Channel.Kind.WECOM: Sender(wecom.deliver, (Limit(20, 60),), wecom.ROOM),
    Channel.Kind.SLACK: Sender(slack.deliver, (Limit(1, 1), Limit(40, 60)), slack.ROOM),
    Channel.Kind.TEAMS: Sender(teams.deliver, (Limit(4, 1), Limit(60, 60)), teams.ROOM),
    Channel.Kind.APPRISE: Sender(long_tail.deliver, (Limit(20, 60),), long_tail.ROOM),
    Channel.Kind.WEBHOOK: Sender(webhook.deliver, (Limit(20, 1),), idempotent=True),
}


def robot_of(kind: str, settings: Mapping[str, Any]) -> str:
    """One mark for all channels that speak through the same robot: its limits are theirs together."""
    return hashlib.sha256(f"{kind}\n{settings.get('url', '')}".encode()).hexdigest()
