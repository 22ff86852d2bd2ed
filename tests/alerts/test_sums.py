"""The pure decisions about notices: groups, matchers, maintenance windows, escalations."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from opsboard.alerts.analysis import escalating, grouping, maintenance, matching
from opsboard.alerts.analysis.escalating import Stair
from opsboard.alerts.analysis.grouping import Kind, Member, Timing
from opsboard.alerts.analysis.maintenance import Recurrence
from opsboard.core.calendars import WorkCalendar

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
NEW = Member(firing=True)
TOLD = Member(firing=True, told=True)
ENDED = Member(firing=False, told=True)
FORGOTTEN = Member(firing=False)
TIMING = Timing(wait=30, interval=300, repeat=3600)


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("members", "waiting", "told", "kind", "again", "closes"),
    [
        # (1) never told and firing: after group_wait, at its boundary exactly
        ([NEW], 29, None, None, 1, False),
        ([NEW], 30, None, Kind.FIRST, 3600, False),
        ([NEW, NEW, FORGOTTEN], 30, None, Kind.FIRST, 3600, False),
        # resolved before group_wait ended: nothing
        ([FORGOTTEN], 20, None, None, None, True),
        # (2) a firing one that was not in the last notice: after group_interval
        ([TOLD, NEW], 400, 299, None, 1, False),
        ([TOLD, NEW], 400, 300, Kind.MORE, 3600, False),
        # … at once where it must not wait
        ([TOLD, Member(firing=True, pressing=True)], 400, 1, Kind.MORE, 3600, False),
        # (3) all resolved and the last notice had one firing: at once
        ([ENDED], 400, 1, Kind.RESOLVED, None, True),
        ([ENDED, Member(firing=False, told=True, told_end=True)], 400, 1, Kind.RESOLVED, None, True),
        ([Member(firing=False, told=True, told_end=True)], 400, 1, None, None, True),
        # (4) some resolved: with the next change
        ([ENDED, TOLD], 400, 299, None, 1, False),
        ([ENDED, TOLD], 400, 300, Kind.RESOLVED, 3600, False),
        # (5) repeat_interval passed
        ([TOLD], 4000, 3599, None, 1, False),
        ([TOLD], 4000, 3600, Kind.REPEAT, 3600, False),
        ([Member(firing=True, told=True, acknowledged=True)], 4000, 9000, None, None, False),
        ([Member(firing=True, told=True, acknowledged=True), TOLD], 4000, 9000, Kind.REPEAT, 3600, False),
        # silenced: neither told nor repeated, but what was told is told as over
        ([Member(firing=True, muted=True)], 400, None, None, None, False),
        ([Member(firing=True, told=True, muted=True)], 9000, 9000, None, None, False),
        ([Member(firing=False, told=True, muted=True)], 400, 1, Kind.RESOLVED, None, True),
        # (6) nothing
        ([], 400, None, None, None, True),
    ],
)  # fmt: skip
def test_the_order_in_which_a_group_decides(
    members: list[Member], waiting: int, told: int | None, kind: Kind | None, again: int | None, closes: bool
) -> None:
    said = grouping.decide(
        members, TIMING, waiting_since=ago(waiting), told_at=None if told is None else ago(told), now=NOW
    )
    assert (said.kind, said.again_at and int((said.again_at - NOW).total_seconds()), said.closes) == (
        kind,
        again,
        closes,
    )


def test_a_route_may_tell_neither_the_end_nor_again() -> None:
    quiet = Timing(wait=0, interval=300, repeat=0, resolved=False)
    asked: dict[str, Any] = {"waiting_since": ago(9), "told_at": ago(90_000), "now": NOW}
    assert grouping.decide([ENDED], quiet, **asked).kind is None
    assert grouping.decide([ENDED], quiet, **asked).closes
    assert grouping.decide([TOLD], quiet, **asked) == grouping.Decision()


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("shop=North", True), ("shop = North , severity=critical", True), ("shop=South", False), ("shop!=South", True),
        ("channel!=web", True), ("channel=web", False), ("shop~No*", True), ("shop~South|North", True), ("shop~orth", False),
        ("watch=7", True), ("watch=Rework rate", True), ("watch~Rework*", True), ("watch=8", False),
        ("severity!=info\nshop~*", True), ("shop~(N+)+$", False), ("shop~[N]orth", False), ("", False),
    ],
)  # fmt: skip
def test_matchers_say_which_alerts_are_meant(text: str, fits: bool) -> None:
    facts = matching.facts_of({"shop": "North"}, severity="critical", watch=7, title="Rework rate")
    rows = matching.parse(text)
    assert matching.fits(rows, facts) is fits
    assert matching.from_json(matching.as_json(rows)) == rows


@pytest.mark.parametrize("text", ["shop", "=x", "shop>3", "a=" + "x" * 300, "shop=\x00", ", ".join(["a=b"] * 21)])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(matching.MatcherError):
        matching.parse(text)


def test_a_hostile_pattern_takes_no_time() -> None:
    rows = matching.parse("shop~" + "a*" * 60 + "b")
    assert not matching.fits(rows, {"shop": ("a" * 5000,)})


def window(zone: str, starts: str, ends: str, **more: Any) -> Recurrence:
    return Recurrence(
        more.pop("repeats", "daily"), date(2026, 1, 1), time.fromisoformat(starts), time.fromisoformat(ends), zone, **more
    )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "day", "from_", "to"),
    [
        # spring: 02:30 does not exist and runs at 03:00 (01:00 UTC); a window inside the gap keeps its length
        ("Europe/Berlin", "02:30", "04:00", date(2026, 3, 29), "01:00", "02:00"),
        ("Europe/Berlin", "02:15", "02:45", date(2026, 3, 29), "01:00", "01:30"),
        # autumn: 02:30 comes twice; the first pass (00:30 UTC) counts
        ("Europe/Berlin", "02:30", "04:00", date(2026, 10, 25), "00:30", "03:00"),
        ("Europe/Berlin", "02:30", "02:45", date(2026, 10, 25), "00:30", "00:45"),
        ("Europe/Berlin", "02:30", "04:00", date(2026, 7, 1), "00:30", "02:00"),
        ("Asia/Shanghai", "02:30", "04:00", date(2026, 3, 29), "18:30", "20:00"),
        ("Asia/Shanghai", "02:30", "04:00", date(2026, 10, 25), "18:30", "20:00"),
    ],
)  # fmt: skip
def test_windows_on_the_days_on_which_clocks_change(
    zone: str, starts: str, ends: str, day: date, from_: str, to: str
) -> None:
    rule = window(zone, starts, ends)
    start, end = rule.span(day)
    assert (f"{start:%H:%M}", f"{end:%H:%M}") == (from_, to)
    around = list(maintenance.spans(rule, start - timedelta(hours=20), end + timedelta(hours=3)))
    assert around.count((start, end)) == 1, "once"
    assert len(around) == 1


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    rule = window("Asia/Shanghai", "22:00", "06:00", repeats="weekly", weekdays=frozenset({4}))  # Fridays
    start, end = rule.span(date(2026, 11, 20))
    assert (start, end) == (datetime(2026, 11, 20, 14, tzinfo=UTC), datetime(2026, 11, 20, 22, tzinfo=UTC))
    saturday_3_am = datetime(2026, 11, 20, 19, tzinfo=UTC)
    assert maintenance.covers(rule, saturday_3_am) == (start, end)
    assert maintenance.covers(rule, saturday_3_am - timedelta(days=1)) is None, "Friday 03:00 is Thursday's night"
    assert maintenance.covers(rule, end) is None


def test_monthly_and_single_windows() -> None:
    monthly = window("UTC", "01:00", "02:00", repeats="monthly", monthday=31)
    found = maintenance.spans(monthly, datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
    assert [start.date().isoformat() for start, _end in found] == ["2027-01-31", "2027-02-28", "2027-03-31"]
    once = window("UTC", "08:00", "07:00", repeats="once", last_on=date(2026, 1, 9))
    assert maintenance.covers(once, datetime(2026, 1, 9, 6, 59, tzinfo=UTC))
    assert not maintenance.covers(once, datetime(2026, 1, 9, 7, tzinfo=UTC))
    until = window("UTC", "08:00", "09:00", last_on=date(2026, 1, 2))
    assert len(list(maintenance.spans(until, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)))) == 2


def test_an_escalation_over_a_weekend() -> None:
    """Fired on Friday at 17:30 in Shanghai; office hours 9–12 and 13–18."""
    office = WorkCalendar(tz="Asia/Shanghai")
    fired = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    stairs = [Stair(900, working=True), Stair(3600, working=True), Stair(7200)]
    first = escalating.first_due(stairs, fired, office)
    assert first == fired + timedelta(minutes=15)
    second = escalating.next_due(stairs, 0, fired, first, office)
    assert second == datetime(2026, 11, 23, 1, 30, tzinfo=UTC), "half an hour on Friday, half an hour on Monday"
    assert escalating.next_due([Stair(900), Stair(7200)], 0, fired, first, office) == fired + timedelta(hours=2)
    assert escalating.next_due(stairs, 2, fired, second, office) is None


def test_after_an_acknowledgement_ran_out_the_steps_keep_their_distance() -> None:
    stairs = [Stair(60), Stair(600), Stair(1200)]
    assert escalating.next_due(stairs, 0, NOW, NOW + timedelta(hours=8), WorkCalendar()) == NOW + timedelta(
        hours=8, minutes=9
    )
