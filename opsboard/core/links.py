"""Signed links that expire: invitations, unsubscribing, surveys, files for people without an account.

A link says what it is for (its purpose is part of the signature, so that an unsubscribe link opens no invitation), until
when it holds, and a few facts such as an id. It can be read by everybody who holds it: it is signed, not secret.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.core import signing

_SALT: Final = "opsboard.links."
_UNTIL: Final = "until"


class LinkError(Exception):
    """A link that opens nothing."""


class LinkBroken(LinkError):
    """The link was changed, cut off, made for something else, or signed with a key that is no longer known."""


class LinkExpired(LinkError):
    """The link was good once. ``expired_at`` says until when."""

    def __init__(self, expired_at: datetime) -> None:
        self.expired_at = expired_at
        super().__init__(f"expired at {expired_at.isoformat()}")


def make(purpose: str, *, expires_at: datetime | None, **facts: Any) -> str:
    """A token for an address. ``facts`` must be JSON; ``expires_at`` (aware) None means that it never expires."""
    if _UNTIL in facts:
        raise ValueError(f"{_UNTIL!r} is a word of the link itself")
    until = None if expires_at is None else int(expires_at.timestamp())
    return signing.Signer(salt=_SALT + purpose).sign_object({**facts, _UNTIL: until}, compress=True)


def read(token: str, purpose: str, *, now: datetime) -> dict[str, Any]:
    """The facts of a token made for ``purpose``. Raises ``LinkBroken`` or ``LinkExpired``."""
    try:
        facts: Any = signing.Signer(salt=_SALT + purpose).unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise LinkBroken(purpose) from error
    if not isinstance(facts, dict) or _UNTIL not in facts:
        raise LinkBroken(purpose)
    until = facts.pop(_UNTIL)
    if until is not None and now.timestamp() >= until:
        raise LinkExpired(datetime.fromtimestamp(until, UTC))
    return facts
