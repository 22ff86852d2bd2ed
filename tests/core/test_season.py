"""What is usual at this hour of the week."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from opsboard.core.analysis.season import Season, learn_season
from opsboard.core.analysis.spc import NotEnough

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 9, 28, tzinfo=SHANGHAI)


def hours(count: int, start: datetime = MONDAY) -> list[datetime]:
    return [start + timedelta(hours=number) for number in range(count)]


def busy_saturdays(times: list[datetime]) -> list[float]:
    """10 an hour, 30 on Saturday from 20 to 22 h, and a little up and down from week to week."""
    return [
        (30.0 if at.weekday() == 5 and at.hour in {20, 21} else 10.0) + (at - MONDAY).days // 7 % 3 - 1 for at in times
    ]


def test_the_baseline_knows_the_hour_of_the_week() -> None:
    times = hours(24 * 42)
    season = learn_season(times, busy_saturdays(times), SHANGHAI)
    assert season.kind == "hour_of_week"
    saturday = datetime(2026, 11, 14, 20, 30, tzinfo=SHANGHAI)
    assert season.expected(saturday) == season.expected(saturday.astimezone(UTC)) == 30
    assert season.expected(saturday - timedelta(days=1)) == 10
    low, high = season.limits(saturday, k=3) or (0, 0)
    # By hand: six values 1 apart in threes, |x - 30| has the median 1, times 1.4826 and 1.2; a new value: √(1 + π / 12).
    assert (low + high) / 2 == 30
    assert 3 * 1.4826 * 1.0 < high - 30 < 3 * 1.4826 * 1.25 * np.sqrt(1 + np.pi / 12)


def test_one_breakdown_does_not_become_the_expectation() -> None:
    times = hours(24 * 42)
    values = busy_saturdays(times)
    values[24 * 5 + 20] = 500.0
    season = learn_season(times, values, SHANGHAI)
    assert season.expected(datetime(2026, 11, 14, 20, tzinfo=SHANGHAI)) in {30, 30.5}


def test_the_clock_on_the_wall_is_kept_when_clocks_change() -> None:
    # Berlin goes to winter time on 25 October 2026: 18 h stays 18 h.
    start = datetime(2026, 9, 28, tzinfo=BERLIN)
    times = [start.astimezone(UTC) + timedelta(hours=number) for number in range(24 * 42)]
    values = [50.0 if at.astimezone(BERLIN).hour == 18 else 5.0 for at in times]
    season = learn_season(times, values, BERLIN)
    assert season.expected(datetime(2026, 11, 20, 18, tzinfo=BERLIN)) == 50
    assert season.expected(datetime(2026, 11, 20, 17, tzinfo=BERLIN)) == 5
    assert season.strength > 0.99


def test_daily_values_have_days_of_the_week_and_holidays_teach_nothing() -> None:
    days = [MONDAY + timedelta(days=number) for number in range(56)]
    values = [20.0 if at.weekday() >= 5 else 100.0 + at.weekday() for at in days]
    holiday = date(2026, 11, 11)
    values[(holiday - MONDAY.date()).days] = 900.0
    season = learn_season(days, values, SHANGHAI, holidays={holiday, date(2026, 11, 25)})
    assert season.kind == "day_of_week"
    assert season.is_seasonal
    assert season.expected(datetime(2026, 12, 2, 12, tzinfo=SHANGHAI)) == 102  # a Wednesday
    assert season.limits(datetime(2026, 12, 2, tzinfo=SHANGHAI)) == (102, 102)
    assert season.expected(datetime(2026, 11, 25, tzinfo=SHANGHAI)) is None  # a Wednesday and a holiday


def test_excluded_spans_and_old_weeks_are_not_looked_at() -> None:
    times = hours(24 * 84)
    values = [99.0 if at < times[-1] - timedelta(weeks=8) else 1.0 + at.hour for at in times]
    bad = (times[-1] - timedelta(days=3), times[-1] - timedelta(days=2))
    values = [777.0 if bad[0] <= at < bad[1] else value for at, value in zip(times, values, strict=True)]
    season = learn_season(times, values, SHANGHAI, excluded=[bad])
    assert 7.9 < season.weeks < 8
    assert [season.expected(at) for at in hours(24, times[-1] + timedelta(hours=1))] == [
        1.0 + hour for hour in range(24)
    ]


def test_noise_is_not_seasonal_and_its_limits_hold_what_comes() -> None:
    rng = np.random.default_rng(7)
    strengths, beyond = [], []
    start = MONDAY.timestamp()
    for _ in range(60):
        noise = rng.normal(size=56)
        strengths.append(learn_season(start + 86_400 * np.arange(28, dtype=np.float64), noise[:28], SHANGHAI).strength)
        values = rng.normal(size=24 * 63)
        times = start + 3600 * np.arange(len(values), dtype=np.float64)
        season = learn_season(times[: 24 * 56], values[: 24 * 56], SHANGHAI)
        strengths.append(season.strength)
        later = times[24 * 56 :]
        beyond.append(np.mean(np.abs(values[24 * 56 :] - season.expected_all(later)) > 3 * season.spread_all(later)))
    assert max(strengths) < 0.4
    assert np.mean(beyond) < 0.01


def test_counts_vary_at_least_as_chance_does() -> None:
    times = hours(24 * 35)
    season = learn_season(times, [4.0] * len(times), SHANGHAI, counts=True)
    _low, high = season.limits(times[0]) or (0, 0)
    assert high - 4 > 3 * 2
    assert learn_season(times, [4.0] * len(times), SHANGHAI).limits(times[0]) == (4, 4)


@pytest.mark.parametrize(
    ("times", "values"),
    [
        ([], []),
        (hours(30), [1.0] * 30),
        ([MONDAY + timedelta(weeks=number) for number in range(60)], [1.0] * 60),
        (hours(24 * 42), [None] * 24 * 42),
        ([MONDAY + timedelta(days=number) for number in range(20)], [1.0] * 20),
    ],
)
def test_too_little_makes_no_season(times: list[datetime], values: list[float | None]) -> None:
    with pytest.raises(NotEnough):
        learn_season(times, values, SHANGHAI)


def test_real_series_say_whether_they_are_seasonal(shared: Path) -> None:
    strengths = {}
    for name in ("nyc_taxi", "art_daily_small_noise", "art_flatline", "machine_temperature_system_failure"):
        frame = pl.read_csv(shared / "data" / "metrics" / "nab" / f"{name}.csv", try_parse_dates=True)
        times = frame["timestamp"].dt.epoch("s").to_numpy().astype(float)
        season: Season = learn_season(times, frame["value"].to_list(), UTC)
        strengths[name] = season.is_seasonal
    assert strengths == {
        "nyc_taxi": True, "art_daily_small_noise": True, "art_flatline": False, "machine_temperature_system_failure": False,
    }  # fmt: skip
