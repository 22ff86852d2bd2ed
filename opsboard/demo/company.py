"""Lakeside Outdoor: a small firm that sells tents online, with a warehouse and an after-sales desk.

All numbers are generated from a fixed seed, so that the same day always tells the same story: after-sales answers grew
slow three weeks ago, one carrier delivers late, and a packing change halved the damages.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from opsboard.core import search, snapshots
from opsboard.core.models import Membership, Role, Team, User, Workspace
from opsboard.core.services import add_member
from opsboard.demo import story


def name() -> str:
    return _("Lakeside Outdoor (demo)")


def is_furnished(workspace: Workspace) -> bool:
    return story.has_numbers(workspace)


@transaction.atomic
def furnish(*, workspace: Workspace, by: User | None, now: datetime) -> None:
    """Furnish an empty workspace. The demo's people cannot sign in: they have no password."""
    people = hire(workspace)
    lead = by or people["operations"]
    if by is not None and not Membership.objects.filter(workspace=workspace, user=by).exists():
        add_member(workspace=workspace, user=by, role=Role.ADMIN)
    story.tell(workspace=workspace, people=people, by=lead, now=now)
    for hours in range(24 * 8, -1, -24):
        snapshots.take(workspace=workspace, now=now - timedelta(hours=hours))
    search.index_all(workspace=workspace)


def hire(workspace: Workspace) -> dict[str, User]:
    """Five people and three teams."""
    staff = {
        "operations": (_("Wang Xiaoming"), Role.ADMIN),
        "service": (_("Li Na"), Role.EDITOR),
        "warehouse": (_("Chen Wei"), Role.EDITOR),
        "shop": (_("Anna Keller"), Role.EDITOR),
        "packing": (_("Zhou Ting"), Role.CONTRIBUTOR),
    }
    people = {}
    for key, (full_name, role) in staff.items():
        username = f"{key}@{workspace.slug}.demo"
        user = User.objects.filter(username=username).first() or User.objects.create_user(
            username, password=None, name=full_name, language=workspace.language, timezone=workspace.timezone
        )
        add_member(workspace=workspace, user=user, role=role)
        people[key] = user
    for title, lead, members in (
        (_("After-sales"), "service", ["service"]),
        (_("Warehouse"), "warehouse", ["warehouse", "packing"]),
        (_("Online shop"), "shop", ["shop", "operations"]),
    ):
        team, _made = Team.objects.get_or_create(workspace=workspace, name=title, defaults={"lead": people[lead]})
        team.members.set([people[member] for member in members])
    return people
