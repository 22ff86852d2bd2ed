"""The hall's verbs."""

from opsboard.core.services.people import add_member, create_admin, create_workspace
from opsboard.core.services.tokens import issue_token, revoke_token

__all__ = ["add_member", "create_admin", "create_workspace", "issue_token", "revoke_token"]
