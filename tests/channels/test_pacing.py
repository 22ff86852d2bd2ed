"""How a robot's calls are spent: single messages while they last, one digest of the rest."""

from datetime import timedelta

import pytest

from opsboard.core.channels.pacing import GATHER, Call, Limit, Move, next_move
from tests.conftest import NOW

TWENTY = (Limit(20, 60),)


def ago(*seconds: float, digest: bool = False) -> list[Call]:
    return [Call(NOW - timedelta(seconds=one), digest) for one in seconds]


@pytest.mark.parametrize(
    ("calls", "waiting", "since", "move"),
    [
        pytest.param([], 1, 0, 1, id="a single message goes at once"),
        pytest.param([], 200, 0, 1, id="a flood begins with single ones"),
        pytest.param(ago(*range(18)), 182, 0, 1, id="until one call is left"),
        pytest.param(ago(*range(19)), 30, 5, 5, id="the last call waits for company"),
        pytest.param(ago(*range(19)), 30, 10, 30, id="and then names them all"),
        pytest.param(ago(*range(19)), 1, 10, 1, id="or the only one"),
        pytest.param(ago(*range(40, 60)), 5, 0, 1, id="no call is left before the oldest is a minute old"),
        pytest.param(ago(*range(59), digest=True)[:10], 50, 11, 50, id="after a digest the rest goes together again"),
        pytest.param(ago(*range(10), digest=True), 3, 0, 1, id="few messages go singly again"),
        pytest.param(ago(61, 62, 63), 5, 0, 1, id="what is older than a minute counts no more"),
    ],
)  # fmt: skip
def test_moves(calls: list[Call], waiting: int, since: float, move: int) -> None:
    now, oldest = NOW, NOW - timedelta(seconds=since)
    found = next_move(limits=TWENTY, calls=calls, waiting=waiting, oldest=oldest, per_digest=300, now=now)
    if len(calls) == 20:
        assert found == Move(wait_until=min(call.at for call in calls) + timedelta(seconds=60))
    elif calls and len(calls) == 19 and since == 5:
        assert found == Move(wait_until=oldest + GATHER)
    else:
        assert found == Move(count=move)


def test_a_small_digest_keeps_more_calls_back() -> None:
    """60 lines fit: 182 left over need four digests."""
    single = next_move(limits=TWENTY, calls=ago(*range(15)), waiting=183, oldest=NOW, per_digest=60, now=NOW)
    assert single == Move(count=1)
    many = next_move(limits=TWENTY, calls=ago(*range(16)), waiting=183, oldest=NOW, per_digest=60, now=NOW)
    assert many == Move(count=60)


def test_a_limit_of_a_second_only_sets_the_pace() -> None:
    slack = (Limit(1, 1), Limit(40, 60))
    assert next_move(limits=slack, calls=[], waiting=9, oldest=NOW, per_digest=300, now=NOW) == Move(count=1)
    wait = next_move(limits=slack, calls=ago(0.4), waiting=9, oldest=NOW, per_digest=300, now=NOW)
    assert wait == Move(wait_until=NOW + timedelta(seconds=0.6))


def test_a_program_gets_each_message_by_itself() -> None:
    assert next_move(limits=(Limit(20, 1),), calls=[], waiting=500, oldest=NOW, per_digest=0, now=NOW) == Move(count=1)
