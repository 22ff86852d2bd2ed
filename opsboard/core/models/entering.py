"""Who asks, and where: what every request begins with, in one question each."""
# ruff: noqa: S608 - only names of our own tables and columns are put together

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from opsboard.core.models.happenings import Notice
from opsboard.core.models.people import Membership, Team, TeamMember, User, Workspace
from opsboard.core.models.rows import columns, first_row


@dataclass(frozen=True, slots=True)
class Entrance:
    """A membership with its workspace and its person, and the teams that this person leads or belongs to there."""

    membership: Membership
    teams: frozenset[int]


def user_by_id(user_id: int) -> User | None:
    row = first_row(_user_sql(), {"user": user_id})
    return columns(User, "u").made(row) if row else None


@functools.cache
def _user_sql() -> str:
    return f"SELECT {columns(User, 'u').sql} FROM {User._meta.db_table} u WHERE u.id = %(user)s"


def entrance_of(user_id: int, *, slug: str = "", workspace_id: int | None = None) -> Entrance | None:
    """The way into one workspace; None for a stranger, and for somebody whose account is closed."""
    row = first_row(_entrance_sql(), {"user": user_id, "slug": slug, "workspace": workspace_id})
    if row is None:
        return None
    members, workspaces, users = columns(Membership, "m"), columns(Workspace, "w"), columns(User, "u")
    first, second = len(members), len(members) + len(workspaces)
    membership = members.made(row[:first])
    membership.workspace = workspaces.made(row[first:second])
    membership.user = users.made(row[second:-1])
    return Entrance(membership, frozenset(row[-1]))


@functools.cache
def _entrance_sql() -> str:
    return f"""
        SELECT {columns(Membership, "m").sql}, {columns(Workspace, "w").sql}, {columns(User, "u").sql}, ARRAY(
          SELECT t.id FROM {Team._meta.db_table} t WHERE t.workspace_id = w.id AND (
            t.lead_id = m.user_id
            OR EXISTS (SELECT FROM {TeamMember._meta.db_table} x WHERE x.team_id = t.id AND x.user_id = m.user_id)
          )
        )
        FROM {Membership._meta.db_table} m JOIN {Workspace._meta.db_table} w ON w.id = m.workspace_id
        JOIN {User._meta.db_table} u ON u.id = m.user_id
        WHERE m.user_id = %(user)s AND u.is_active AND (w.slug = %(slug)s OR w.id = %(workspace)s)
    """


class Door(NamedTuple):
    """A workspace that somebody may go to, and how many of their notices there are unread."""

    pk: int
    slug: str
    name: str
    unread: int


def doors_of(user_id: int) -> list[Door]:
    """The workspaces of a person by name, for the bar above every page."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT w.id, w.slug, w.name, (
              SELECT count(*) FROM {Notice._meta.db_table} n
              WHERE n.user_id = m.user_id AND n.workspace_id = w.id AND n.read_at IS NULL
            )
            FROM {Membership._meta.db_table} m JOIN {Workspace._meta.db_table} w ON w.id = m.workspace_id
            WHERE m.user_id = %s ORDER BY w.name
            """,
            [user_id],
        )
        return [Door(*row) for row in cursor.fetchall()]
