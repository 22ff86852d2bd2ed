"""Which cases wait longer: what is real is suggested, what is chance is not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from processes.analysis import logs
from processes.analysis.segments import segments

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def returns(*, slow: bool, shuffled: int = 0) -> pl.DataFrame:
    """Three hundred returns; those of the warehouse in Ningbo wait twice as long for their check where `slow`."""
    chance = np.random.default_rng(3)
    rows = []
    places = [("Ningbo", "Hangzhou", "Suzhou")[number % 3] for number in range(300)]
    if shuffled:
        np.random.default_rng(shuffled).shuffle(places)
    for number in range(300):
        at = MONDAY + timedelta(hours=2.5 * number)
        usual = 8.0 if slow and number % 3 == 0 else 4.0
        begin = at + timedelta(hours=1 + float(chance.exponential(usual)))
        rows += [
            (f"R-{number}", "Register", f"Web {number % 4}", at, at + timedelta(hours=1), places[number]),
            (f"R-{number}", "Check", f"Ann {chance.integers(4)}", begin, begin + timedelta(hours=1), places[number]),
        ]
    columns = ["case", "activity", "resource", "start", "end", "case:warehouse"]
    return logs.log_from(pl.DataFrame(rows, schema=columns, orient="row")).steps


def test_the_part_that_waits_longer_is_suggested_with_its_size() -> None:
    (found,) = segments(returns(slow=True), "Check", zone="UTC")
    assert (found.kind, found.value, found.count) == ("case:warehouse", "Ningbo", 100)
    assert 1.5 < found.mean / found.other < 2.6
    assert 0.2 < found.effect < 0.5
    assert found.extra == (found.mean - found.other) * 100
    assert found.p < 0.01


def test_nothing_is_suggested_where_labels_say_nothing() -> None:
    assert segments(returns(slow=False), "Check", zone="UTC") == []
    assert all(not segments(returns(slow=True, shuffled=seed), "Check", zone="UTC") for seed in range(1, 21))


def test_too_few_waits_say_nothing() -> None:
    assert segments(returns(slow=True).head(20), "Check", zone="UTC") == []
    assert segments(returns(slow=True), "No such step", zone="UTC") == []
