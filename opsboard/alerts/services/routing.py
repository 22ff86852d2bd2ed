"""How a watch speaks, or all of a workspace's that say nothing of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Coalesce

from opsboard.alerts.models import NoticeGroup, Route, Watch
from opsboard.alerts.services.locking import lock
from opsboard.core import live
from opsboard.core.models import Channel, Workspace

ROUTE = ("group_by", "group_wait", "group_interval", "repeat_interval", "resolved", "escalation")


def route_of(workspace: Workspace, watch: Watch | None) -> Route:
    found: Route | None = Route.objects.filter(workspace=workspace, watch=watch).first()
    return found or Route(workspace=workspace, watch=watch)


def save_route(
    *,
    workspace: Workspace,
    watch: Watch | None,
    now: datetime,
    channels: Iterable[Channel] | None = None,
    **changes: Any,
) -> Route:
    """Save how a watch speaks (`watch` None: the workspace's own way). What is open now follows the new way."""
    if unknown := set(changes) - set(ROUTE):
        raise TypeError(f"a route has no {sorted(unknown)}")
    with transaction.atomic():
        lock(workspace)
        route = route_of(workspace, watch)
        for name, value in changes.items():
            setattr(route, name, value)
        route.full_clean(exclude=["workspace", "watch", "escalation"])
        route.version += route.pk is not None
        route.save()
        if watch is not None and channels is not None:
            watch.channels.set(Channel.objects.filter(workspace=workspace, pk__in=[one.pk for one in channels]))
        groups = NoticeGroup.objects.filter(watch__workspace=workspace, waiting_since__isnull=False)
        (groups.filter(watch=watch) if watch is not None else groups).update(
            due_at=Coalesce("due_at", models.Value(now))
        )
        live.changed(workspace, "alerts")
    return route
