"""Who may be told: the people, teams and channels that a form offers."""

from __future__ import annotations

from typing import Any

from opsboard.core.access import Viewer
from opsboard.core.models import Channel, Membership, User


def people_of(viewer: Viewer) -> Any:
    members = Membership.objects.active().of(viewer.workspace).values("user_id")
    return User.objects.filter(pk__in=members).order_by("name", "username")


def channels_of(viewer: Viewer) -> Any:
    return Channel.objects.filter(workspace=viewer.workspace).shared().present()
