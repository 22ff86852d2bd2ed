"""Verbs about people and workspaces."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from opsboard.core.models import ApiToken, Membership, Role, User, Workspace

TOKEN_LIFE = timedelta(days=365)


@transaction.atomic
def create_workspace(
    *,
    name: str,
    by: User | None = None,
    slug: str = "",
    timezone: str = "UTC",
    language: str = "en",
    currency: str = "CNY",
) -> Workspace:
    """A new workspace with its maker as admin; raises ValidationError with a sentence per field."""
    base = slug or slugify(name) or "workspace"
    chosen, number = base, 1
    while not slug and Workspace.objects.filter(slug=chosen).exists():
        number += 1
        chosen = f"{base}-{number}"
    workspace = Workspace(name=name.strip(), slug=chosen, timezone=timezone, language=language, currency=currency)
    workspace.full_clean()
    workspace.save()
    if by is not None:
        add_member(workspace=workspace, user=by, role=Role.ADMIN)
    return workspace


@transaction.atomic
def add_member(*, workspace: Workspace, user: User, role: Role) -> Membership:
    """Make a person a member, or change the role that they have."""
    membership, _created = Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
    return membership


@transaction.atomic
def create_admin(*, email: str, password: str, name: str = "", language: str = "en", timezone: str = "UTC") -> User:
    """The first person of an installation: admin of each workspace that exists, and of the emergency exit."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_superuser(
            username=email, email=email, password=password, name=name, language=language, timezone=timezone
        )
    for workspace in Workspace.objects.all():
        add_member(workspace=workspace, user=user, role=Role.ADMIN)
    return user


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret of 256 random bits; no salt is needed for those."""
    return hashlib.sha256(secret.encode()).hexdigest()


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
        raise ValidationError({"expires_at": _("A token lives two years at most.")})
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
