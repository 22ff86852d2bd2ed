"""Tracks for lines that run side by side between the rows and columns of a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Segment:
    """What one trunk takes of a channel, from low to high, and where lines come in from the left and leave to the right."""

    who: str
    low: float
    high: float
    left: set[float] = field(default_factory=set)
    right: set[float] = field(default_factory=set)
    track: int = 0


class Channel:
    """Lines of the same trunk share a track; others that overlap stand apart.

    A line that comes in from the left at some height must turn before the place where another one leaves to the right at
    that height, or the two would look like one.
    """

    def __init__(self) -> None:
        self.trunks: dict[str, Segment] = {}
        self.tracks = 0

    def claim(
        self, who: str, one: float, other: float, left: Iterable[float] = (), right: Iterable[float] = ()
    ) -> Segment:
        low, high = sorted((one, other))
        trunk = self.trunks.get(who)
        if trunk is None:
            trunk = self.trunks[who] = Segment(who, low, high)
        trunk.low, trunk.high = min(trunk.low, low), max(trunk.high, high)
        trunk.left.update(left)
        trunk.right.update(right)
        return trunk

    def settle(self) -> None:
        """Give each trunk a track."""
        placed: list[Segment] = []
        for trunk in self._in_order():
            track = 0
            for other in placed:
                if _must_follow(trunk, other):
                    track = max(track, other.track + 1)
            while any(other.track == track and _overlap(other, trunk) for other in placed):
                track += 1
            trunk.track = track
            placed.append(trunk)
        self.tracks = 1 + max((trunk.track for trunk in placed), default=-1)

    def _in_order(self) -> list[Segment]:
        """Trunks after those that they must follow; where these demands run in a circle, the shorter first."""
        waiting = sorted(self.trunks.values(), key=lambda trunk: (trunk.high - trunk.low, trunk.low))
        answer: list[Segment] = []
        while waiting:
            free = [
                trunk
                for trunk in waiting
                if not any(_must_follow(trunk, other) for other in waiting if other is not trunk)
            ]
            trunk = free[0] if free else waiting[0]
            answer.append(trunk)
            waiting.remove(trunk)
        return answer


def _must_follow(trunk: Segment, other: Segment) -> bool:
    return bool(trunk.right & other.left)


def _overlap(one: Segment, other: Segment) -> bool:
    return one.low <= other.high and other.low <= one.high
