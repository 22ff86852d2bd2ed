"""Secrets that are shown once and kept as a hash: API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from opsboard.core.models import ApiToken, Membership, Role, User, Workspace

TOKEN_LIFE = timedelta(days=365)


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
