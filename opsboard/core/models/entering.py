"""Who asks, and where they may go: what every request begins with, in one question."""
# ruff: noqa: S608 - only names of our own tables and columns are put together

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from opsboard.core.models.happenings import Notice
from opsboard.core.models.people import Membership, Team, TeamMember, User, Workspace
from opsboard.core.models.rows import columns, rows_of

MOST_UNREAD = 100  # more are said to be 99+


@dataclass(frozen=True, slots=True)
class Entrance:
    """A membership with its workspace and its person, the teams that this person leads or belongs to there, and how
    many of their notices are unread (no more than `MOST_UNREAD` are counted).
    """

    membership: Membership
    teams: frozenset[int]
    unread: int


class Arrival(NamedTuple):
    """A person, with the ways into their workspaces by the workspaces' addresses, in the order of the workspaces' names."""

    user: User
    entrances: dict[str, Entrance]


def arrival_of(user_id: int) -> Arrival | None:
    rows = rows_of(_arrival_sql(), {"user": user_id})
    if not rows:
        return None
    users = columns(User, "u")
    user = users.made(rows[0][: len(users)])
    found = [_entrance(user, row[len(users) :]) for row in rows if row[len(users)] is not None]
    return Arrival(user, {one.membership.workspace.slug: one for one in found})


def entrance_of(user_id: int, workspace_id: int) -> Entrance | None:
    """The way into one workspace; None for a stranger, and for somebody whose account is closed."""
    arrival = arrival_of(user_id)
    if arrival is None or not arrival.user.is_active:
        return None
    found = (one for one in arrival.entrances.values() if one.membership.workspace_id == workspace_id)
    return next(found, None)


def _entrance(user: User, row: Sequence[Any]) -> Entrance:
    members = columns(Membership, "m")
    membership = members.made(row[: len(members)])
    membership.workspace = columns(Workspace, "w").made(row[len(members) : -2])
    membership.user = user
    return Entrance(membership, frozenset(row[-2]), row[-1])


@functools.cache
def _arrival_sql() -> str:
    return f"""
        SELECT {columns(User, "u").sql}, {columns(Membership, "m").sql}, {columns(Workspace, "w").sql}, ARRAY(
          SELECT t.id FROM {Team._meta.db_table} t WHERE t.workspace_id = w.id AND (
            t.lead_id = m.user_id
            OR EXISTS (SELECT FROM {TeamMember._meta.db_table} x WHERE x.team_id = t.id AND x.user_id = m.user_id)
          )
        ), (
          SELECT count(*) FROM (
            SELECT FROM {Notice._meta.db_table} n
            WHERE n.user_id = m.user_id AND n.workspace_id = w.id AND n.read_at IS NULL LIMIT {MOST_UNREAD}
          ) x
        )
        FROM {User._meta.db_table} u LEFT JOIN {Membership._meta.db_table} m ON m.user_id = u.id
        LEFT JOIN {Workspace._meta.db_table} w ON w.id = m.workspace_id
        WHERE u.id = %(user)s ORDER BY w.name, w.id
    """
