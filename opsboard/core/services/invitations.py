"""Verbs about invitations: a link by which somebody becomes a member."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import deliveries, notices
from opsboard.core.models import Invitation, Membership, Role, Team, User, Workspace
from opsboard.core.services.people import add_member, keep
from opsboard.core.services.tokens import hash_secret

INVITATION_LIFE = timedelta(days=14)


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
    keep(user)
    accept_invitation(invitation=invitation, user=user, now=now)
    return user
