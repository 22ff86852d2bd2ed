"""Tell open pages that something changed: a topic and a version, never content."""

from __future__ import annotations

import functools
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.core import signing

from opsboard.core import soon

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import Workspace

log = logging.getLogger(__name__)
SALT = "opsboard.live"
MAX_AGE = 12 * 3600


@cache
def connection() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL or settings.CELERY_BROKER_URL, socket_timeout=3, socket_connect_timeout=3
    )


def channel(workspace_id: int) -> str:
    return f"opsboard:live:{workspace_id}"


def latest(workspace_id: int) -> str:
    """Where each topic's latest change is kept: what a page missed between its making and its listening."""
    return f"{channel(workspace_id)}/latest"


def missed(told: Mapping[Any, Any], text: str) -> list[bytes]:
    """What changed since a pass was given, as open pages hear it."""
    given = signing.b62_decode(text.rsplit(":", 2)[1])  # in whole seconds
    found = [(topic, *json.loads(entry)) for topic, entry in told.items()]
    return [json.dumps({"topic": topic.decode(), "version": version}).encode() for topic, at, version in found if at >= given]  # fmt: skip


def token(viewer: Viewer) -> str:
    """A signed pass for the stream of one workspace."""
    return signing.dumps({"w": viewer.workspace.pk, "u": viewer.user.pk if viewer.user else None}, salt=SALT)


def read_token(text: str) -> dict[str, Any]:
    """What a pass says; raises `signing.BadSignature` when it is forged or too old."""
    content: dict[str, Any] = signing.loads(text, salt=SALT, max_age=MAX_AGE)
    return content


def changed(workspace: Workspace, *topics: str) -> None:
    """After commit: open pages of the workspace hear that these topics changed. Never fails the change itself."""
    for topic in topics:
        soon.after_commit(("live", workspace.pk, topic), functools.partial(_publish, workspace.pk, topic))


def _publish(workspace_id: int, topic: str) -> None:
    try:
        version = connection().incr(f"{channel(workspace_id)}:{topic}")
        connection().hset(latest(workspace_id), topic, json.dumps([time.time(), version]))
        connection().publish(channel(workspace_id), json.dumps({"topic": topic, "version": version}))
    except redis.RedisError as fault:
        log.warning("live pages could not be told: %s", fault)


def versions(workspace: Workspace, topics: Sequence[str]) -> tuple[str, ...] | None:
    """How often each topic has changed, for a page that wants to know whether it is still true; None where nobody knows.

    The first is a mark of the counters themselves: when they are lost, no page is taken for a newer one.
    """
    names = [f"{channel(workspace.pk)}:{topic}" for topic in topics]
    try:
        store = connection()
        found: list[Any] = store.mget([f"{SALT}.counted", *names])
        if found[0] is None:
            store.set(f"{SALT}.counted", secrets.token_hex(6), nx=True)
            found[0] = store.get(f"{SALT}.counted")
    except redis.RedisError as fault:
        log.warning("the versions of topics could not be read: %s", fault)
        return None
    return tuple((one or b"0").decode() for one in found)
