"""When a robot may speak next, and how much it says at once. Pure: no clock, no database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

GATHER = timedelta(seconds=10)  # how long the last free call of a minute waits for company
ROOMY = 10  # a limit of so many calls keeps its last one for a digest; a smaller one only sets the pace
LEAST_LINE = 60  # bytes that name one message in a digest


@dataclass(frozen=True)
class Limit:
    """So many calls in so many seconds, in any window of this length."""

    calls: int
    seconds: float


@dataclass(frozen=True)
class Call:
    at: datetime
    digest: bool = False


@dataclass(frozen=True)
class Move:
    """Say `count` messages now (several: as one digest), or nothing before `wait_until`."""

    count: int = 0
    wait_until: datetime | None = None


def fits(room: int) -> int:
    """How many messages one digest can name in so many bytes."""
    return max(2, (room - 500) // LEAST_LINE)


def next_move(
    *,
    limits: Sequence[Limit],
    calls: Sequence[Call],
    waiting: int,
    oldest: datetime,
    per_digest: int,
    now: datetime,
) -> Move:
    """What to do with `waiting` messages, of which the oldest has been due since `oldest`.

    Single messages go out while the calls last; the last call of a window is kept for one digest of all the rest. Once
    a digest was needed, the calls that become free again are not spent on single messages while more wait than fit.
    `per_digest` 0: the other side wants each message by itself.
    """
    free, gathering = math.inf, False
    for limit in limits:
        window = timedelta(seconds=limit.seconds)
        mine = sorted(call.at for call in calls if call.at > now - window)
        if len(mine) >= limit.calls:
            return Move(wait_until=mine[len(mine) - limit.calls] + window)
        if limit.calls >= ROOMY:
            free = min(free, limit.calls - len(mine))
            gathering = gathering or any(call.digest for call in calls if call.at > now - window)
    if per_digest == 0 or free == math.inf:
        return Move(count=1)
    digests = math.ceil((waiting - 1) / per_digest)  # for what is left when one goes out alone
    if waiting < free or (not gathering and free - 1 >= max(1, digests)):
        return Move(count=1)
    if waiting < per_digest and oldest + GATHER > now:
        return Move(wait_until=oldest + GATHER)
    return Move(count=min(waiting, per_digest))
