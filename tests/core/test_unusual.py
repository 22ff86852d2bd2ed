"""Unusual stretches of series with a season, and new levels of series without one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from opsboard.core.analysis.levels import new_levels
from opsboard.core.analysis.unusual import Found, find_unusual

MONDAY = datetime(2026, 8, 3, tzinfo=UTC)


def judged(shared: Path, name: str) -> Found:
    frame = pl.read_csv(shared / "data" / "metrics" / "nab" / name, try_parse_dates=True)
    times = frame["timestamp"].dt.epoch("s").to_numpy().astype(float)
    return find_unusual(times, frame["value"].to_list(), UTC)


def test_the_taxis_of_new_york_have_five_events(shared: Path) -> None:
    # NAB nyc_taxi: marathon, Thanksgiving, Christmas, New Year, blizzard. What else stands out are the other holidays.
    found = judged(shared, "nyc_taxi.csv")
    labels = json.loads((shared / "data/metrics/nab/labels.json").read_text())["nyc_taxi.csv"]
    windows = [tuple(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in pair) for pair in labels["windows"]]
    hit = [[one for one in found.episodes if one.start <= end and one.last >= start] for start, end in windows]
    assert all(hit)
    false = [one for one in found.episodes if not any(one in several for several in hit)]
    assert len(false) <= 6
    assert [one.peak.date().isoformat() for one in found.episodes if one.distance < -8] == [
        "2014-12-25", "2015-01-27",
    ]  # fmt: skip


def test_quiet_series_stay_quiet_and_a_jump_is_heard(shared: Path) -> None:
    assert judged(shared, "art_daily_small_noise.csv").episodes == ()
    assert judged(shared, "art_flatline.csv").episodes == ()
    for name, day in (("art_daily_jumpsup.csv", 11), ("art_daily_flatmiddle.csv", 11)):
        assert {one.start.day for one in judged(shared, name).episodes} == {day}, name


def test_daily_values_with_a_week_are_judged_by_their_weekday() -> None:
    rng = np.random.default_rng(4)
    days = [MONDAY + timedelta(days=number) for number in range(84)]
    values = [(20.0 if at.weekday() >= 5 else 100.0) + rng.normal() * 4 for at in days]
    values[75] = 100.0  # a Saturday as busy as a weekday: nothing unusual to a chart without a season
    found = find_unusual(days, values, UTC)
    assert found.method == "season"
    assert [one.start for one in found.episodes] == [days[75]]
    assert 15 < found.episodes[0].expected < 25


def test_without_a_season_the_chart_speaks_and_confirmed_levels_are_kept_apart() -> None:
    rng = np.random.default_rng(9)
    days = [MONDAY + timedelta(days=number) for number in range(60)]
    values = [(50.0 if number < 40 else 80.0) + rng.normal() for number in range(60)]
    found = find_unusual(days, values, UTC)
    assert (found.method, bool(found.episodes)) == ("xmr", True)
    rebased = find_unusual(days, values, UTC, starts=[days[40]])
    assert rebased.episodes == ()
    assert abs(rebased.center[0] - 50) < 1 < 29 < rebased.center[-1] - rebased.center[0] < 31
    assert find_unusual(days[:5], values[:5], UTC).method == "none"
    assert find_unusual([], [], UTC).episodes == ()


def test_a_new_level_is_found_where_it_began_and_noise_has_none() -> None:
    rng = np.random.default_rng(1)
    false = found = 0
    for _ in range(60):
        noise = rng.normal(size=120)
        false += bool(new_levels(noise.tolist()))
        shifted = noise + np.where(np.arange(120) >= 70, 2.5, 0.0)
        levels = new_levels(shifted.tolist())
        found += len(levels) == 1 and abs(levels[0].index - 70) <= 2
    assert false <= 1
    assert found >= 56
    assert new_levels([5.0] * 60) == new_levels([]) == ()
    (step,) = new_levels([1.0] * 30 + [4.0] * 30)
    assert (step.index, step.before, step.after) == (30, 1, 4)


def test_a_faulty_reactor_comes_to_another_level_and_a_sound_one_does_not(shared: Path) -> None:
    # Tennessee Eastman, XMEAS_1: the fault of d01 starts after sample 160.
    first = {}
    for name in ("d00", "d01"):
        values = pl.read_csv(shared / "data" / "metrics" / "tep" / f"{name}_te.csv")["XMEAS_1"].to_list()
        first[name] = [level.index for level in new_levels(values)]
    assert first["d00"] == []
    assert 160 <= first["d01"][0] <= 200
