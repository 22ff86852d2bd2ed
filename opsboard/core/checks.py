"""Start-up checks, with ids and hints for the person who hosts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def servers_are_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DATABASE_URL and not settings.DATABASE_URL.startswith(("postgres://", "postgresql://")):
        found.append(
            Error(
                "DATABASE_URL is not a PostgreSQL address.",
                hint="Use postgres://user:password@host:5432/name.",
                id="opsboard.E001",
            )
        )
    if settings.REDIS_URL and not settings.REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        found.append(
            Error("REDIS_URL is not a Redis or Valkey address.", hint="Use redis://host:6379/0.", id="opsboard.E002")
        )
    return found


@register(deploy=True)
def mail_leaves_the_house(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.MAIL_HOST:
        return []
    return [
        Warning(
            "No mail server is set: letters are written to files only.",
            hint="Set EMAIL_HOST (and EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS) to send them.",
            id="opsboard.W001",
        )
    ]
