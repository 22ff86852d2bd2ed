"""The only place that opens connections to the outside.

People type addresses here (webhooks, feeds, sign-in servers), so an address may be meant to reach what only this server
can reach. Hence: only http and https; the name is resolved once, every address it gives is checked, and the connection
goes to the checked address, so that a second answer of the DNS changes nothing; each redirect is checked the same way; and
no answer takes longer or grows larger than the caller allows.

Who runs Opsboard beside their own systems names these in ``OUTBOUND_ALLOW_PRIVATE``: host names (``erp.example.lan``,
``.example.lan`` for all below), addresses or networks (``10.1.2.3``, ``10.0.0.0/8``), or ``*``.
"""

from opsboard.core.net.client import (
    MAX_BYTES,
    Answer,
    BadAddress,
    BadAnswer,
    OutboundError,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
    addresses,
    check_url,
    fetch,
    post,
    send,
    shown,
)
from opsboard.core.net.permitted import is_public

__all__ = [
    "MAX_BYTES",
    "Answer",
    "BadAddress",
    "BadAnswer",
    "OutboundError",
    "Refused",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "addresses",
    "check_url",
    "fetch",
    "is_public",
    "post",
    "send",
    "shown",
]
