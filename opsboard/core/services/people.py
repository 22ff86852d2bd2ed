"""Verbs about people and workspaces."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.urls import reverse
from django.utils import translation
from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import deliveries, notices
from opsboard.core.cards import every_severity
from opsboard.core.events import emit
from opsboard.core.models import ApiToken, Invitation, Membership, Role, Team, User, Workspace
from opsboard.core.services import calendar

TOKEN_LIFE = timedelta(days=365)
INVITATION_LIFE = timedelta(days=14)


def _keep(row: Model) -> None:
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
    _keep(workspace)
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
    """Make a person a member, or change the role that they have."""
    membership, _created = Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
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
    _keep(team)
    team.members.set(User.objects.filter(pk__in=people))
    return team


@transaction.atomic
def delete_team(*, team: Team) -> None:
    """Remove a team; apps and objects that only this team could see are seen by nobody but admins until somebody else may."""
    team.delete()


# --- invitations ------------------------------------------------------------------------------------------------------


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret of 256 random bits; no salt is needed for those."""
    return hashlib.sha256(secret.encode()).hexdigest()


def join_url(secret: str) -> str:
    return f"{settings.SITE_URL}{reverse('core:join', kwargs={'secret': secret})}"


@transaction.atomic
def invite(
    *,
    workspace: Workspace,
    by: User | None,
    role: Role,
    now: datetime,
    email: str = "",
    name: str = "",
    team: Team | None = None,
    life: timedelta = INVITATION_LIFE,
) -> tuple[Invitation, str]:
    """An invitation and its link, which is shown once. With an e-mail, the link also goes there."""
    if not timedelta(0) < life <= timedelta(days=90):
        raise ValidationError({"days": _("An invitation is open for 90 days at most.")})
    if team is not None and team.workspace_id != workspace.pk:
        raise ValidationError({"team": _("This team is not of this workspace.")})
    email = email.strip().lower()
    if email and Membership.objects.of(workspace).filter(user__email=email).exists():
        raise ValidationError({"email": _("Somebody with this e-mail is a member already.")})
    if email:  # a newer invitation replaces the older one
        for older in Invitation.objects.filter(workspace=workspace, email=email).open_at(now):
            withdraw_invitation(invitation=older, now=now)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        workspace=workspace, email=email, name=name.strip(), role=role, team=team, secret_hash=hash_secret(secret),
        invited_by=by, created_at=now, expires_at=now + life,
    )  # fmt: skip
    invitation.full_clean()
    invitation.save()
    link = join_url(secret)
    _send_invitation(invitation, link, now=now)
    return invitation, link


@transaction.atomic
def renew_invitation(*, invitation: Invitation, now: datetime, life: timedelta = INVITATION_LIFE) -> str:
    """A new link for an invitation that was not used; the old link stops working."""
    row = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("workspace", "invited_by")
        .get(pk=invitation.pk)
    )
    if row.accepted_at or row.withdrawn_at:
        raise ValidationError(_("This invitation was used or withdrawn. Make a new one."))
    secret = secrets.token_urlsafe(32)
    row.secret_hash, row.expires_at = hash_secret(secret), now + life
    row.save(update_fields=["secret_hash", "expires_at"])
    link = join_url(secret)
    _send_invitation(row, link, now=now)
    return link


def _send_invitation(invitation: Invitation, link: str, *, now: datetime) -> None:
    if not invitation.email:
        return
    reader = User.objects.filter(email=invitation.email).first()
    with translation.override(reader.language if reader else invitation.workspace.language):
        words = {
            "who": invitation.invited_by or _("An admin"),
            "workspace": invitation.workspace.name,
            "name": invitation.name or invitation.email,
            "role": invitation.get_role_display(),
            "day": invitation.expires_at.astimezone(invitation.workspace.zone).date().isoformat(),
            "link": link,
        }
        deliveries.post(
            workspace=invitation.workspace,
            recipient=invitation.email,
            subject=_("%(who)s invites you to %(workspace)s") % words,
            body=_(
                "Hello %(name)s,\n\n"
                "%(who)s invites you to the workspace %(workspace)s in Opsboard, as: %(role)s.\n\n"
                "Open this link to join. It works once, until %(day)s:\n\n"
                "%(link)s\n\n"
                "If you did not expect this, do nothing: without you nothing happens."
            )
            % words,
            unique_as=f"invitation:{invitation.pk}:{invitation.secret_hash[:16]}",
            now=now,
        )


def open_invitation(secret: str, *, now: datetime) -> Invitation | None:
    """The invitation behind a link, while it is open."""
    return (
        Invitation.objects.open_at(now)
        .filter(secret_hash=hash_secret(secret))
        .select_related("workspace", "team", "invited_by")
        .first()
    )


def withdraw_invitation(*, invitation: Invitation, now: datetime) -> None:
    Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)


INVITATION_IS_OVER = gettext_lazy("This invitation was used, withdrawn or is too old. Ask for a new one.")


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User, now: datetime) -> Membership:
    """Become a member through an invitation. It works once; a role that somebody has is never lowered by it."""
    taken = Invitation.objects.open_at(now).filter(pk=invitation.pk).update(accepted_at=now, accepted_by=user)
    if not taken:
        raise ValidationError(INVITATION_IS_OVER)
    workspace = invitation.workspace
    earlier = Membership.objects.of(workspace).filter(user=user).first()
    role = Role(max(invitation.role, earlier.role if earlier else Role.VIEWER))
    membership = add_member(workspace=workspace, user=user, role=role)
    if invitation.team is not None:
        invitation.team.members.add(user)
    if invitation.invited_by is not None and invitation.invited_by_id != user.pk:
        notices.tell(
            [invitation.invited_by],
            format_lazy(JOINED, name=str(user), workspace=workspace.name),
            reverse("core:member_list", kwargs={"workspace": workspace.slug}),
            workspace=workspace,
            now=now,
            unique_as=f"invitation:{invitation.pk}:accepted",
        )
    return membership


JOINED = gettext_lazy("{name} joined {workspace}")


@transaction.atomic
def join_with_new_account(
    *,
    invitation: Invitation,
    name: str,
    password: str | None,
    now: datetime,
    username: str = "",
    email: str = "",
    language: str = "",
) -> User:
    """A new person out of an invitation; raises ValidationError with a sentence per field.

    `password` None is for those who sign in through single sign-on.
    """
    email = (email or invitation.email).strip().lower()
    username = username.strip() or email
    workspace = invitation.workspace
    user = User(
        username=username, email=email or None, name=name.strip(), timezone=workspace.timezone,
        language=language or workspace.language,
    )  # fmt: skip
    user.set_password(password)
    user.full_clean(exclude=["password"])
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as weak:
            raise ValidationError({"password": weak.messages}) from weak
    _keep(user)
    accept_invitation(invitation=invitation, user=user, now=now)
    return user


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


# --- tokens -----------------------------------------------------------------------------------------------------------


def issue_token(
    *, workspace: Workspace, owner: User, role: Role, name: str, now: datetime, life: timedelta = TOKEN_LIFE
) -> tuple[ApiToken, str]:
    """A new API token and its secret, which is shown once and never stored. Its role is at most the owner's."""
    membership = Membership.objects.active().of(workspace).filter(user=owner).first()
    if membership is None:
        raise ValidationError(_("Only members of the workspace can have a token."))
    if role > membership.role:
        raise ValidationError({"role": _("A token cannot do more than you may do yourself.")})
    if not timedelta(0) < life <= timedelta(days=730):
        raise ValidationError({"days": _("A token lives two years at most.")})
    secret = f"ops_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        workspace=workspace, owner=owner, role=role, name=name, token_hash=hash_secret(secret), hint=secret[:8],
        created_at=now, expires_at=now + life,
    )  # fmt: skip
    token.full_clean()
    token.save()
    return token, secret


def revoke_token(*, token: ApiToken, now: datetime) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
