"""Why work waits: each wait is parted into causes that add up to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from processes.analysis.bottlenecks import bottlenecks, structure
from processes.analysis.simulation.events import Events, read_events
from processes.analysis.waiting import CAUSES, Waits, waits_of

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
type Row = tuple[str, str, str, float, float]  # case, step, person, from hour to hour


def events(*rows: Row) -> Events:
    return read_events(
        pl.DataFrame(
            {
                "case": [row[0] for row in rows],
                "activity": [row[1] for row in rows],
                "resource": [row[2] or None for row in rows],
                "start": [MONDAY + timedelta(hours=row[3]) for row in rows],
                "end": [MONDAY + timedelta(hours=row[4]) for row in rows],
                "order": list(range(len(rows))),
            },
            schema_overrides={"resource": pl.String},
        )
    )


def hours_of(log: Events, waits: Waits, case: int) -> dict[str, float]:
    """The hours of one case's waits by cause, without those that are none."""
    mine = log.case[waits.event] == case
    return {
        cause: round(float(waits.causes[cause][mine].sum()) / 3600, 6)
        for cause in CAUSES
        if waits.causes[cause][mine].sum()
    }


def registered(*ends: float) -> Sequence[Row]:
    return [(f"c{number}", "register", f"reg{number}", end - 0.5, end) for number, end in enumerate(ends)]


def test_who_waits_while_everybody_works_waits_for_busy_people() -> None:
    log = events(*registered(9, 9), ("c0", "check", "Ann", 9, 10), ("c1", "check", "Ann", 10, 11))
    assert hours_of(log, waits_of(log), 1) == {"busy": 1}


def test_who_waits_while_somebody_is_there_and_idle_waits_for_something_outside() -> None:
    log = events(*registered(9), ("c0", "check", "Ann", 12, 13))
    assert hours_of(log, waits_of(log), 0) == {"outside": 3}


def test_who_is_overtaken_by_a_later_case_waits_for_priority() -> None:
    log = events(
        *registered(8.5, 9, 9.25),
        ("c0", "check", "Ann", 8.5, 9.5), ("c2", "check", "Ann", 9.5, 10), ("c1", "check", "Ann", 10, 11),
    )  # fmt: skip
    assert hours_of(log, waits_of(log), 1) == {"busy": 0.5, "priority": 0.5}


def test_what_is_gathered_and_then_done_at_one_go_waits_for_its_batch() -> None:
    done = [(f"c{number}", "check", "Ann", 12 + number * 0.2, 12.2 + number * 0.2) for number in range(4)]
    log = events(*registered(9, 10, 11, 12), *done)
    waits = waits_of(log)
    assert hours_of(log, waits, 0) == {"batching": 3}
    assert hours_of(log, waits, 3) == {"busy": 0.6}


def test_without_names_or_starts_the_cause_is_unknown() -> None:
    nameless = events(("c0", "register", "", 8, 9), ("c0", "check", "", 12, 13))
    assert hours_of(nameless, waits_of(nameless), 0) == {"unknown": 3}
    frame = pl.DataFrame(
        {"case": ["a", "a"], "activity": ["x", "y"], "resource": ["Ann", "Ben"], "order": [0, 1]}
    ).with_columns(
        start=pl.lit(None, pl.Datetime("us", "UTC")), end=pl.Series([MONDAY, MONDAY + timedelta(hours=2)])
    )  # fmt: skip
    only_ends = read_events(frame)
    assert hours_of(only_ends, waits_of(only_ends), 0) == {"unknown": 2}


def test_nights_are_told_from_queues() -> None:
    """Two hundred cases of an office from nine to five: what comes in the evening waits for the morning."""
    chance = np.random.default_rng(1)
    rows: list[Row] = []
    for day in range(60):
        if day % 7 >= 5:
            continue
        for slot in range(8):
            begin = day * 24 + 9 + slot + float(chance.uniform(0, 0.2))
            late = slot == 0  # came in at eight the evening before
            came = begin - 13 if late else begin
            rows += [
                (f"{day}-{slot}", "register", "web", came - 0.1, came),
                (f"{day}-{slot}", "check", "Ann", begin, begin + 0.75),
            ]
    log = events(*rows)
    waits = waits_of(log)
    (one,) = bottlenecks(log, waits)
    assert one.activity == "check"
    assert one.causes["off_duty"] == pytest.approx(1, abs=0.02)


def test_the_causes_add_up_to_each_wait() -> None:
    chance = np.random.default_rng(4)
    rows: list[Row] = []
    for case in range(150):
        at = float(chance.uniform(0, 300))
        for step in ("register", "check", "approve", "pay"):
            at += float(chance.exponential(3))
            length = float(chance.exponential(1))
            rows.append((f"c{case}", step, f"{step}_{chance.integers(3)}", at, at + length))
            at += length
    log = events(*rows)
    waits = waits_of(log)
    total = sum(waits.causes[cause] for cause in CAUSES)
    assert np.allclose(total, waits.seconds)
    assert all((waits.causes[cause] >= -1e-9).all() for cause in CAUSES)
    assert {name for name, _members in waits.roles} == {"register", "check", "approve", "pay"}


def test_bottlenecks_are_ranked_and_say_who_how_long_and_what_it_costs() -> None:
    log = events(
        *registered(9, 9, 9), ("c0", "check", "Ann", 9, 10), ("c1", "check", "Ann", 10, 11), ("c2", "check", "Ann", 11, 12),
        ("c0", "pay", "Bob", 10.5, 11),
    )  # fmt: skip
    waits = waits_of(log)
    first, second = bottlenecks(log, waits)
    assert (first.activity, first.count, first.cases, first.waiting, first.main_cause) == (
        "check",
        3,
        3,
        3 * 3600,
        "busy",
    )
    assert (second.activity, second.waiting, second.main_cause) == ("pay", 1800, "outside")
    assert first.share + second.share == pytest.approx(1)
    assert first.from_steps == (("register", 3),)
    priced = bottlenecks(log, waits, cost_an_hour={first.role: 30.0})[0]
    assert priced.cost == pytest.approx(priced.work / 3600 * 30)


def test_structure_shows_ping_pong_lonely_steps_and_approvals_by_several() -> None:
    rows: list[Row] = []
    for case in range(12):
        at = case * 10.0
        for step, person in (
            ("register", "desk_1"), ("approve by sales", "sales_1"), ("check", "desk_2"), ("approve by finance", "finance_1"),
            ("check", "desk_1"),
        ):  # fmt: skip
            rows.append((f"c{case}", step, person, at, at + 1))
            at += 1
    log = events(*rows)
    waits = waits_of(log)
    found = structure(log, waits)
    assert found.handovers_a_case == 4
    assert found.handovers[0].back == 12
    assert {one.activity for one in found.alone} == {"register", "approve by sales", "approve by finance"}
    assert [(one.activity, one.cases, one.again) for one in found.repeated] == [("check", 12, 12)]
    assert found.approvals is not None
    assert (set(found.approvals.steps), found.approvals.roles, found.approvals.cases) == (
        {"approve by sales", "approve by finance"}, 2, 12,
    )  # fmt: skip


def loan(shared: Path, name: str) -> Events:
    frame = pl.read_csv(shared / "data" / "processes" / "what-if" / name, infer_schema_length=0)
    return read_events(
        frame.select(
            pl.col("case_id").alias("case"), "activity", "resource",
            pl.col("start_time").str.to_datetime(time_zone="UTC").alias("start"),
            pl.col("end_time").str.to_datetime(time_zone="UTC").alias("end"),
        )
    )  # fmt: skip


def test_delays_that_were_planted_are_found_and_where_none_were_none_is(shared: Path) -> None:
    clean = loan(shared, "loan-application.csv.gz")
    waits = waits_of(clean)
    assert waits.causes["outside"].sum() < 0.005 * waits.seconds.sum()
    planted = loan(shared, "loan-application-5-timers.csv.gz")
    waits = waits_of(planted)
    by_step = {one.activity: one.causes["outside"] * one.waiting for one in bottlenecks(planted, waits)}
    five = {
        "Approve application": 3_869_736, "Applicant completes form": 3_735_276, "Assess loan risk": 2_967_432,
        "Reject application": 677_504, "Cancel application": 562_929,
    }  # fmt: skip
    assert sum(by_step[name] for name in five) > 0.97 * sum(by_step.values())
    for name, truth in five.items():
        assert 0.35 * truth < by_step[name] < 1.15 * truth  # what lies within a queue cannot be seen
    assert bottlenecks(planted, waits)[0].activity == "Appraise property"
