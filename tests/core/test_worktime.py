from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from opsboard.core.analysis.worktime import seconds, worktime
from opsboard.core.calendars import WorkCalendar, add_working_time, parse_hours, working_seconds_between

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
CALENDARS = {
    "office": WorkCalendar(tz="Asia/Shanghai"),
    "nights over the clock change": WorkCalendar(tz="Europe/Berlin", week=(parse_hours("22:00-06:00"),) * 7),
}


@pytest.mark.parametrize("name", CALENDARS)
def test_many_sums_are_the_same_as_one_by_one(name: str) -> None:
    calendar = CALENDARS[name]
    table = worktime(calendar.spans_between(START, END))
    generator = np.random.default_rng(4)
    starts = START.timestamp() + generator.integers(0, 300 * 86400, 300)
    ends = starts + generator.integers(-86400, 20 * 86400, 300)
    ends = np.maximum(ends, START.timestamp())
    expected = [
        working_seconds_between(calendar, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    assert table.between(starts, ends).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", CALENDARS)
def test_many_ends_are_the_same_as_one_by_one(name: str) -> None:
    calendar = CALENDARS[name]
    table = worktime(calendar.spans_between(START, END))
    generator = np.random.default_rng(5)
    starts = START.timestamp() + generator.integers(0, 300 * 86400, 200)
    work = generator.integers(0, 40 * 3600, 200).astype(float)
    work[:20] = 0
    expected = [
        add_working_time(calendar, datetime.fromtimestamp(start, UTC), length).timestamp()
        for start, length in zip(starts.tolist(), work.tolist(), strict=True)
    ]
    assert table.after(starts, work).tolist() == pytest.approx(expected)


def test_work_beyond_the_last_span_is_not_known() -> None:
    table = worktime([(START, START + timedelta(hours=1))])
    assert table.after(np.array([START.timestamp()]), np.array([3600.0])).tolist() == [START.timestamp() + 3600]
    assert np.isnan(table.after(np.array([START.timestamp()]), np.array([3601.0]))).all()


def test_missing_moments_stay_missing() -> None:
    table = worktime([(START, START + timedelta(hours=1))])
    moments = np.array(["2026-01-01T00:30", "NaT"], dtype="datetime64[ms]")
    assert seconds(moments)[0] == START.timestamp() + 1800
    between = table.between(np.array([START.timestamp()] * 2), seconds(moments))
    assert between[0] == 1800
    assert np.isnan(between[1])


def test_without_spans_nobody_works() -> None:
    table = worktime([])
    assert table.between(np.array([0.0]), np.array([1e9])).tolist() == [0.0]
    assert np.isnan(table.after(np.array([0.0]), np.array([1.0]))).all()


def test_spans_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        worktime([(START, START + timedelta(hours=2)), (START + timedelta(hours=1), START + timedelta(hours=3))])
