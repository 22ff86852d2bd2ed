"""Links that show a dashboard to whoever holds them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import Dashboard, ShareLink
from opsboard.core import access, links
from opsboard.core.access import Viewer
from opsboard.core.events import emit
from opsboard.core.models import Role, User

PURPOSE = "metrics.dashboard"
LONGEST = 366
MOST_OPEN = 50


@transaction.atomic
def share_dashboard(*, dashboard: Dashboard, by: User, now: datetime, days: int, note: str = "") -> ShareLink:
    """A link that ends after `days`."""
    if not 1 <= days <= LONGEST:
        raise ValidationError({"days": _("A link holds for a day at least and a year at most.")})
    if ShareLink.objects.filter(dashboard=dashboard).open(now).count() >= MOST_OPEN:
        raise ValidationError(_("This dashboard has very many open links. Revoke some first."))
    link = ShareLink(
        workspace=dashboard.workspace, dashboard=dashboard, by=by, note=note, created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    link.full_clean()
    link.save(force_insert=True)
    emit("metrics.dashboard_shared", workspace=dashboard.workspace, at=now, by=by, about=dashboard)
    return link


@transaction.atomic
def revoke_link(*, link: ShareLink, by: User | None, now: datetime) -> bool:
    revoked = ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now)
    if revoked:
        emit("metrics.dashboard_unshared", workspace=link.workspace, at=now, by=by, about=link.dashboard)
    return bool(revoked)


def token_of(link: ShareLink) -> str:
    """What stands in the link's address. Signed: nobody can make up another, or a later end."""
    return links.make(PURPOSE, expires_at=link.expires_at, link=link.pk)


def opened_by(token: str, *, now: datetime) -> tuple[ShareLink, Dashboard, Viewer] | None:
    """What a link shows, and as whom: its maker as a viewer, as far as they may see it today. None where it is over."""
    try:
        facts = links.read(token, PURPOSE, now=now)
    except links.LinkError:
        return None
    link = ShareLink.objects.open(now).filter(pk=facts.get("link") or 0).select_related("workspace", "by").first()
    if link is None:
        return None
    person = access.person_in(link.workspace, link.by)
    if person is None or not person.may_enter("metrics"):
        return None
    viewer = Viewer(person.workspace, person.user, Role.VIEWER, person.team_ids, person.closed_apps)
    dashboard = (
        Dashboard.objects.visible_to(viewer).standing().filter(pk=link.dashboard_id).select_related("workspace").first()
    )
    return None if dashboard is None else (link, dashboard, viewer)
