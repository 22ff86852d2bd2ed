"""The beat: often what is often, soon what is seldom, and a sign of life."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from opsboard.beat import Beat
from opsboard.celery import app
from opsboard.core import registry


@pytest.fixture
def beat(tmp_path: Path) -> Iterator[Beat]:
    before, app.conf.beat_schedule = app.conf.beat_schedule, registry.beat_table()
    yield Beat(app, schedule_filename=str(tmp_path / "beat"))
    app.conf.beat_schedule = before


def test_what_runs_seldom_runs_within_a_minute_of_the_start(beat: Beat) -> None:
    assert len(beat.schedule) > 5
    seldom = [entry for entry in beat.schedule.values() if entry.schedule.run_every > timedelta(hours=1)]
    assert seldom
    for entry in beat.schedule.values():
        assert entry.is_due().next <= 60


def test_after_it_has_run_it_waits_its_time(beat: Beat) -> None:
    entry = max(beat.schedule.values(), key=lambda entry: entry.schedule.run_every)
    again = beat.reserve(entry)
    assert again.is_due().next == pytest.approx(entry.schedule.run_every.total_seconds(), abs=5)


def test_a_file_shows_that_it_beats_and_holds_nothing(beat: Beat, tmp_path: Path) -> None:
    beat._do_sync()
    assert (tmp_path / "beat").read_bytes() == b""
    assert not beat.should_sync()
    Beat(app, lazy=True).sync()  # without a file it just beats
