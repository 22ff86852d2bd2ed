"""Who hears of an alert: those who are named, who are still here, and who may see it; or else whoever is responsible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from opsboard.alerts.models import Watch
from opsboard.core.access import closed_apps
from opsboard.core.models import Channel, Membership, Role, Team, User, Workspace


@dataclass
class Hearers:
    """The people to tell; `instead` says for whom somebody stands in."""

    people: list[User] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    instead: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Whom a watch or a step of an escalation names."""

    watch: Watch
    people: Collection[User] = ()
    teams: Collection[int] = ()
    channels: Collection[Channel] = ()


def hearers_of(workspace: Workspace, watches: Iterable[Watch]) -> dict[int, Hearers]:
    """Whom each watch tells: its people and teams, or else its owner."""
    rows = Watch.objects.filter(pk__in=[watch.pk for watch in watches]).select_related("owner")
    wanted = {}
    for watch in rows.prefetch_related("people", "teams", "channels"):
        people, teams = list(watch.people.all()), [team.pk for team in watch.teams.all()]
        channels = list(watch.channels.all())
        if not people and not teams and not channels and watch.owner is not None:
            people = [watch.owner]
        wanted[watch.pk] = Wanted(watch, people, teams, channels)
    return find(workspace, wanted)


def find[K](workspace: Workspace, wanted: Mapping[K, Wanted]) -> dict[K, Hearers]:
    """The people behind what is wanted, in three queries however many they are.

    Who has left the company is skipped, and the owner of the watch is told instead, or else the admins. Where nobody is
    left at all, the admins are told: a notice that nobody hears is the one that is missed.
    """
    members = {row.user_id: row for row in Membership.objects.active().of(workspace).select_related("user")}
    teams_of: dict[int, set[int]] = defaultdict(set)
    people_of: dict[int, set[int]] = defaultdict(set)
    for team in Team.objects.filter(workspace=workspace).prefetch_related("members"):
        for pk in {*(member.pk for member in team.members.all()), *([team.lead_id] if team.lead_id else [])}:
            teams_of[pk].add(team.pk)
            people_of[team.pk].add(pk)
    admins = [row.user for row in members.values() if row.role >= Role.ADMIN]

    def may_see(watch: Watch, pk: int) -> bool:
        membership = members.get(pk)
        if membership is None:
            return False
        if membership.role >= Role.ADMIN:
            return True
        closed = closed_apps(workspace, frozenset(teams_of[pk]))
        if "alerts" in closed or watch.indicator.partition(".")[0] in closed:
            return False
        return not watch.limited_to or bool(teams_of[pk] & set(watch.limited_to))

    answer: dict[K, Hearers] = {}
    for key, one in wanted.items():
        named = {person.pk: person for person in one.people}
        from_teams = {pk for team in one.teams for pk in people_of[team]}
        gone = [person for pk, person in named.items() if pk not in members]
        told = Hearers([members[pk].user for pk in sorted({*named, *from_teams}) if may_see(one.watch, pk)])
        told.channels = [channel for channel in one.channels if channel.active and channel.removed_at is None]
        if gone or not (told.people or told.channels):
            owner = one.watch.owner
            stand_ins = [owner] if owner is not None and may_see(one.watch, owner.pk) else admins
            there = {person.pk for person in told.people}
            for person in stand_ins:
                if person.pk not in there:
                    told.people.append(person)
                    told.instead[person.pk] = ", ".join(sorted(map(str, gone)))
        answer[key] = told
    return answer
