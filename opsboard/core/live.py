"""Tell open pages that something changed: a topic and a version, never content."""

from __future__ import annotations

import functools
import json
import logging
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
        connection().publish(channel(workspace_id), json.dumps({"topic": topic, "version": version}))
    except redis.RedisError as fault:
        log.warning("live pages could not be told: %s", fault)
