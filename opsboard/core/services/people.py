"""Verbs about people and workspaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from opsboard.core.cards import every_severity
from opsboard.core.events import emit
from opsboard.core.models import ApiToken, Membership, Role, Team, User, Workspace
from opsboard.core.services import calendar


def keep(row: Model) -> None:
    """Write a new row; where somebody made the same at this very moment, say so as if they had been earlier."""
    row.full_clean()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        row.full_clean()
        raise


# --- workspaces -------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_workspace(
    *,
    name: str,
    by: User | None = None,
    slug: str = "",
    timezone: str = "UTC",
    language: str = "en",
    currency: str = "CNY",
    week_start: str = Workspace.WeekStart.MONDAY,
) -> Workspace:
    """A new workspace with its maker as admin; raises ValidationError with a sentence per field."""
    base = slug or slugify(name)[:50] or "workspace"
    chosen, number = base, 1
    while not slug and _slug_is_taken(chosen):
        number += 1
        chosen = f"{base}-{number}"
    workspace = Workspace(
        name=name.strip(), slug=chosen, timezone=timezone, language=language, currency=currency, week_start=week_start,
        holidays_of=calendar.country_of(timezone),
    )  # fmt: skip
    keep(workspace)
    calendar.keep_soon()
    if by is not None:
        add_member(workspace=workspace, user=by, role=Role.ADMIN)
    return workspace


def _slug_is_taken(slug: str) -> bool:
    field = Workspace._meta.get_field("slug")
    try:
        field.run_validators(slug)
    except ValidationError:
        return True
    return Workspace.objects.filter(slug=slug).exists()


@transaction.atomic
def change_workspace(
    *, workspace: Workspace, name: str, language: str, timezone: str, currency: str, week_start: str
) -> Workspace:
    """Change what a workspace is called and how it counts days and money. Its address stays: links lead there."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    row.name, row.language, row.timezone = name.strip(), language, timezone
    row.currency, row.week_start = currency, week_start
    row.full_clean()
    row.save(update_fields=["name", "language", "timezone", "currency", "week_start"])
    return row


@transaction.atomic
def limit_apps(*, workspace: Workspace, limits: Mapping[str, Collection[int]]) -> Workspace:
    """Say which teams alone may enter an app; an app without teams is open to everybody. Admins see all."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    known = set(Team.objects.filter(workspace=row).values_list("pk", flat=True))
    before = row.app_limits  # a team that is gone keeps what it closed closed, until somebody takes it out
    row.app_limits = {
        label: chosen
        for label, teams in limits.items()
        if (chosen := sorted((known | set(before.get(label, ()))) & {int(team) for team in teams}))
    }
    row.save(update_fields=["app_limits"])
    return row


# --- members ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_member(*, workspace: Workspace, user: User, role: Role) -> Membership:
    """Make a person a member, or change the role that they have.

    Who has not chosen a time zone lives by the clock of the first workspace that they come to.
    """
    membership, joined = Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    not_chosen = user.timezone == User._meta.get_field("timezone").default
    if joined and not_chosen and not Membership.objects.filter(user=user).exclude(pk=membership.pk).exists():
        user.timezone = workspace.timezone
        user.save(update_fields=["timezone"])
    return membership


@transaction.atomic
def create_admin(*, email: str, password: str, name: str = "", language: str = "en", timezone: str = "UTC") -> User:
    """The first person of an installation: admin of each workspace that exists, and of the emergency exit."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_superuser(
            username=email, email=email, password=password, name=name, language=language, timezone=timezone
        )
        # Whoever sets the house up vouches for this address.
        EmailAddress.objects.update_or_create(user=user, email=email, defaults={"primary": True, "verified": True})
    for workspace in Workspace.objects.all():
        add_member(workspace=workspace, user=user, role=Role.ADMIN)
    return user


def _locked(membership: Membership) -> Membership:
    """The membership as it is now; whoever else changes members of this workspace waits."""
    Workspace.objects.select_for_update().get(pk=membership.workspace_id)
    return Membership.objects.select_related("user", "workspace").get(pk=membership.pk)


def _somebody_else_leads(membership: Membership) -> bool:
    admins = Membership.objects.active().filter(workspace_id=membership.workspace_id).at_least(Role.ADMIN)
    return admins.exclude(pk=membership.pk).exists()


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> Membership:
    """Give a member another role; a workspace keeps at least one admin."""
    row = _locked(membership)
    if row.role >= Role.ADMIN > role and not _somebody_else_leads(row):
        raise ValidationError(
            {"role": _("%(name)s is the last admin here. Make somebody else an admin first.") % {"name": row.user}}
        )
    row.role = role
    row.save(update_fields=["role"])
    return row


@transaction.atomic
def remove_member(*, membership: Membership, now: datetime) -> None:
    """Take somebody out of the workspace, its teams and its tokens; what they wrote stays."""
    row = _locked(membership)
    if row.role >= Role.ADMIN and not _somebody_else_leads(row):
        raise ValidationError(
            _("%(name)s is the last admin here and can't be removed. Make somebody else an admin first.")
            % {"name": row.user}
        )
    for team in Team.objects.filter(workspace=row.workspace, members=row.user):
        team.members.remove(row.user)
    for team in Team.objects.filter(workspace=row.workspace, lead=row.user):
        team.lead = None
        team.save(update_fields=["lead"])
    ApiToken.objects.filter(workspace=row.workspace, owner=row.user, revoked_at=None).update(revoked_at=now)
    row.delete()


@transaction.atomic
def change_person(
    *,
    user: User,
    name: str,
    language: str,
    timezone: str,
    theme: str,
    mail_notices: bool,
    mail_severities: Collection[str] | None = None,
) -> User:
    """What a person says about themselves; without `mail_severities` these stay as they are."""
    user.name, user.language, user.timezone, user.theme = name.strip(), language, timezone, theme
    user.mail_notices = mail_notices
    if mail_severities is not None:
        user.mail_severities = [one for one in every_severity() if one in mail_severities]
    user.full_clean(exclude=["password"])
    user.save(update_fields=["name", "language", "timezone", "theme", "mail_notices", "mail_severities"])
    return user


# --- teams ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_team(
    *, workspace: Workspace, name: str, lead: User | None, members: Collection[User], team: Team | None = None
) -> Team:
    """A new team, or a team with a new name, lead and members. All of them are members of the workspace."""
    team = team or Team(workspace=workspace)
    team.name, team.lead = name.strip(), lead
    people = {person.pk for person in members} | ({lead.pk} if lead else set())
    inside = set(Membership.objects.active().of(workspace).filter(user_id__in=people).values_list("user_id", flat=True))
    if people - inside:
        raise ValidationError(_("Only members of this workspace can be in a team."))
    keep(team)
    team.members.set(User.objects.filter(pk__in=people))
    return team


@transaction.atomic
def delete_team(*, team: Team) -> None:
    """Remove a team; apps and objects that only this team could see are seen by nobody but admins until somebody else may."""
    team.delete()


# --- help for those who cannot sign in --------------------------------------------------------------------------------


def why_not_help(*, by: User, user: User) -> str:
    """Why `by` may not hand this person a way into their account, as a sentence; empty when they may.

    A reset link opens the whole account. So an admin may make one only where they are admin of everything that the
    account opens.
    """
    if by.is_superuser:
        return ""
    if user.is_superuser:
        return _("Only an admin of the whole installation can do this for another one.")
    mine = Membership.objects.filter(user=by).at_least(Role.ADMIN).values("workspace_id")
    if Membership.objects.filter(user=user).exclude(workspace_id__in=mine).exists():
        return _("This person is also a member of a workspace where you are not an admin. They reset it by e-mail.")
    return ""


@transaction.atomic
def make_reset_link(*, workspace: Workspace, user: User, by: User, now: datetime) -> str:
    """A link with which a person chooses a new password; signed, works once and for three days at most."""
    if refusal := why_not_help(by=by, user=user):
        raise ValidationError(refusal)
    emit("core.reset_link_made", workspace=workspace, at=now, by=by, person=str(user))
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return f"{settings.SITE_URL}{reverse('account_reset_password_from_key', kwargs=key)}"


@transaction.atomic
def turn_off_second_step(*, workspace: Workspace, user: User, by: User, now: datetime) -> None:
    """For somebody who lost their phone or key: signing in takes the password alone until they set it up again."""
    if refusal := why_not_help(by=by, user=user):
        raise ValidationError(refusal)
    if Authenticator.objects.filter(user=user).delete()[0]:
        emit("core.second_step_turned_off", workspace=workspace, at=now, by=by, person=str(user))


def may_make_workspaces(user: User) -> bool:
    return user.is_superuser or Membership.objects.filter(user=user).at_least(Role.ADMIN).exists()


def known_person(login: str) -> User | None:
    """The person whom a sign-in name means."""
    login = login.strip()
    return User.objects.filter(Q(email=login.lower()) | Q(username__iexact=login)).first() if login else None
