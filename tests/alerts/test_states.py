"""Levels, gaps, N of M, and the same for thousands at once: one line of data each."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opsboard.alerts.analysis import Health, Heard, Level, Memory, NoData, Rule, State, Step, Why, judge
from opsboard.alerts.analysis.crowds import Crowd, Member, inputs_of, is_settled, number
from opsboard.alerts.analysis.proposing import noise, propose
from opsboard.alerts.analysis.references import references, usual
from opsboard.alerts.analysis.replay import Given, Setting, replay
from opsboard.alerts.analysis.ticks import later, tick_at_or_after
from tests.alerts.test_analysis import START, heard, run

P, C, F, R, A, D = Step.PENDING, Step.CANCELLED, Step.FIRED, Step.RECOVERING, Step.AGAIN, Step.RESOLVED
UP, DOWN, N = Step.RAISED, Step.LOWERED, Step.NODATA
TWO = Rule(">", 5, clear=4, levels=(Level(8, 7),))
THREE = Rule(">=", 5, levels=(Level(8), Level(10, 9)))
TELLS = Rule(">", 5, no_data=NoData.NODATA)
ALERTS = Rule(">", 5, no_data=NoData.ALERTING)
IS_FINE = Rule(">", 5, no_data=NoData.OK)
SOME = Rule(">", 5, need=2, out_of=3)


@pytest.mark.parametrize(
    ("name", "rule", "inputs", "state", "level", "steps"),
    [
        ("fires at the highest level that breached", TWO, [9], State.FIRING, 2, [F]),
        ("goes up", TWO, [6, 9], State.FIRING, 2, [F, UP]),
        ("goes down only below the level's own clear threshold", TWO, [9, 7.5, 7], State.FIRING, 1, [F, DOWN]),
        ("and not where that is not reached", TWO, [9, 7.5, 9], State.FIRING, 2, [F]),
        ("falls through both levels at once", TWO, [9, 3], State.OK, 0, [F, D]),
        ("takes two levels in one step", THREE, [5, 10], State.FIRING, 3, [F, UP]),
        ("at the level is the level", THREE, [8], State.FIRING, 2, [F]),
        ("sinks level by level", THREE, [10, 8.5, 6, 4], State.OK, 0, [F, DOWN, DOWN, D]),
        ("a level waits its own for", Rule(">", 5, for_seconds=20, levels=(Level(8),)), [6, 6, 9, 9], State.FIRING, 1, [P, F]),
        ("and rises after it", Rule(">", 5, for_seconds=20, levels=(Level(8),)), [6, 6, 9, 9, 9], State.FIRING, 2, [P, F, UP]),
        ("a quiet time holds a level, too", Rule(">", 5, keep_seconds=20, levels=(Level(8),)), [9, 6, 6, 6], State.FIRING, 1, [F, DOWN]),
        ("a relapse may come back graver", Rule(">", 5, keep_seconds=30, levels=(Level(8),)), [6, 3, 9], State.FIRING, 2, [F, R, UP]),
        ("below, the levels lie further down", Rule("<", 5, levels=(Level(3),)), [4, 2], State.FIRING, 2, [F, UP]),
        ("12 no data is told once", TELLS, [4, None, None, None, None], State.NODATA, 0, [N]),
        ("12 one gap is none", TELLS, [4, None, 4], State.OK, 0, []),
        ("14 data that come back in order end it", TELLS, [4, None, None, 4], State.OK, 0, [N, D]),
        ("14 that fired and still holds is the same episode", TELLS, [6, None, None, 6], State.FIRING, 1, [F, N, A]),
        ("14 that fired and holds no more ends", TELLS, [6, None, None, 4], State.OK, 0, [F, N, D]),
        ("14 that was well and breaches fires", TELLS, [4, None, None, 6], State.FIRING, 1, [N, F]),
        ("14 that waited waits anew", Rule(">", 5, for_seconds=20, no_data=NoData.NODATA), [6, None, None, 6, 6], State.PENDING, 0, [P, N, P]),
        ("13 a gap as a breach", ALERTS, [4, None, None], State.FIRING, 1, [F]),
        ("13 which a good value ends", ALERTS, [4, None, None, 4], State.OK, 0, [F, D]),
        ("13 a gap as no breach", IS_FINE, [6, None, None], State.OK, 0, [F, D]),
        ("11 a gap that changes nothing", Rule(">", 5), [6, None, None], State.FIRING, 1, [F]),
        ("15 an error is no gap", TELLS, [4, "error", "error", "error"], State.OK, 0, []),
        ("two of three", SOME, [6, 4, 6], State.FIRING, 1, [F]),
        ("one of three is not enough", SOME, [6, 4, 4, 6], State.OK, 0, []),
        ("a gap counts as not breaching", SOME, [6, None, None, 6], State.OK, 0, []),
        ("it holds while two of three do", SOME, [6, 6, 4, 4], State.OK, 0, [F, D]),
    ],
)  # fmt: skip
def test_turn(name: str, rule: Rule, inputs: list[Any], state: State, level: int, steps: list[Step]) -> None:
    memory, taken = run(rule, inputs)
    assert (memory.state, memory.level, taken) == (state, level, steps)


@pytest.mark.parametrize(
    ("policy", "state", "why"),
    [
        (NoData.KEEP_LAST, State.NODATA, Why.SERIES_GONE),
        (NoData.NODATA, State.NODATA, Why.SERIES_GONE),
        (NoData.OK, State.OK, Why.SERIES_GONE),
        (NoData.ALERTING, State.FIRING, None),
    ],
)
def test_16_a_part_that_reports_no_more_while_others_do(policy: NoData, state: State, why: Why | None) -> None:
    rule = Rule(">", 5, no_data=policy)
    memory, _turn = judge(rule, Memory(), heard(6), START)
    for tick in (1, 2):
        memory, turn = judge(rule, memory, Heard("missing", gone=True), START + timedelta(seconds=10 * tick))
    assert (memory.state, turn and turn.why) == (state, why)


def test_a_correction_of_the_bucket_that_fired_ends_it_and_says_so() -> None:
    rule = Rule(">", 5, grain_seconds=3600)
    memory, _turn = judge(rule, Memory(), Heard.of("ok", 9, START), START + timedelta(hours=1))
    memory, turn = judge(rule, memory, Heard.of("ok", 4, START), START + timedelta(hours=5))
    assert turn is not None
    assert (memory.state, turn.step, turn.why) == (State.OK, D, Why.CORRECTED)


def test_what_is_told_of_an_uploaded_past_sets_nothing_off_but_may_end_something() -> None:
    rule = Rule(">", 5, grain_seconds=3600)
    late = Heard("value", 9.0, START, late=True)
    assert judge(rule, Memory(), late, START)[1] is None
    firing, _turn = judge(rule, Memory(), Heard.of("ok", 9, START), START)
    after, turn = judge(
        rule, firing, Heard("value", 3.0, START + timedelta(hours=1), late=True), START + timedelta(hours=2)
    )
    assert turn is not None
    assert after.state is State.OK


def test_missing_buckets_of_a_series_count_as_not_breaching() -> None:
    rule, memory = Rule(">", 5, need=2, out_of=3, grain_seconds=60), Memory()
    for minute, fires in ((0, False), (3, False), (4, True)):
        at = START + timedelta(minutes=minute)
        memory, turn = judge(rule, memory, Heard.of("ok", 6, at), at + timedelta(minutes=1))
        assert (turn is not None) is fires


def anything(chance: random.Random) -> tuple[Rule, Memory, Heard, datetime]:
    grain = chance.choice([0, 60, 86_400])
    rule = Rule(
        chance.choice([">", ">=", "<", "<="]), 5, chance.choice([None, 5]), chance.choice([0, 60]), chance.choice([0, 60]),
        grain, chance.choice([(), ()]), chance.choice(list(NoData)), *chance.choice([(1, 1), (2, 3)]),
    )  # fmt: skip
    memory, tick = Memory(), START
    for _step in range(chance.randrange(1, 8)):
        tick += timedelta(seconds=chance.choice([10, 10, 10, 130]))
        memory, _turn = judge(rule, memory, some_input(chance, grain, tick), tick)
    tick += timedelta(seconds=10)
    return rule, memory, some_input(chance, grain, tick), tick


def some_input(chance: random.Random, grain: int, tick: datetime) -> Heard:
    at = None
    if grain:
        start = int(tick.timestamp()) // grain * grain - grain * chance.choice([1, 1, 1, 2])
        at = datetime.fromtimestamp(start, UTC)
    return Heard.of("ok", chance.choice([3.0, 4.0, 5.0, 6.0, 6.0, float("nan"), None]), at)


def test_whom_the_crowd_leaves_alone_a_judge_would_not_have_changed() -> None:
    chance, quiet = random.Random(11), 0
    for _case in range(6000):
        rule, memory, one, tick = anything(chance)
        value = one.value if one.kind == "value" and one.value is not None else float("nan")
        inputs = inputs_of(
            [(value, number(one.at))], [(float("nan"), float("nan"))], [rule.grain_seconds], [0], tick, UTC
        )
        if Crowd([Member(rule, 0, memory)]).restless(inputs, tick, {}):
            continue
        quiet += 1
        after, turn = judge(rule, memory, one, tick)
        assert turn is None
        assert after._replace(last_tick=memory.last_tick, last_value=memory.last_value) == memory
        assert is_settled(after)
    assert quiet > 300


def as_ticks_go_by(rule: Rule, past: list[Given], setting: Setting, start: datetime, end: datetime) -> list[Any]:
    """The evaluator's way: every ten seconds, the newest bucket that is known."""
    memory, turns, tick = Memory(), [], start
    grain, begins = setting.grain_seconds, not setting.grain_seconds or setting.ages
    while tick < end:
        known = opened = None
        for one in past:
            if (one.at if begins else one.at + timedelta(seconds=grain + setting.late_seconds)) <= tick:
                known = one
            elif one.at <= tick:
                opened = one
        fires = memory.state in (State.FIRING, State.RECOVERING)
        if setting.early and opened and (rule.breach(opened.value) or (fires and rule.hold(opened.value))):
            known = opened
        if known is not None:
            age = max(0.0, (tick - known.at).total_seconds() - grain)
            told = Heard("value", age) if setting.ages else Heard("value", known.value, known.at)
            memory, turn = judge(rule, memory, told, tick)
            turns += [(turn.at, turn.step, turn.value)] if turn else []
        tick += timedelta(seconds=10)
    return turns


def test_a_replay_says_what_the_ticks_would_have_said() -> None:
    chance, events = random.Random(5), 0
    for _case in range(150):
        grain, ages = chance.choice([0, 60, 300]), chance.random() < 0.1
        step, limit = max(grain, 60), 150 if ages else 5
        rule = Rule(
            ">=" if ages else chance.choice([">", ">=", "<", "<="]), limit, None, chance.choice([0, 0, 60, 90, 200]),
            chance.choice([0, 0, 60, 150]), 0 if ages else grain, (), chance.choice(list(NoData)),
            *((1, 1) if ages else chance.choice([(1, 1), (1, 1), (2, 3)])),
        )  # fmt: skip
        past = [
            Given(START + timedelta(seconds=step * (place - 3)), float(chance.choice([3, 4, 5, 6, 7])))
            for place in range(30)
            if chance.random() > 0.15
        ]
        early = bool(grain) and not ages and rule.out_of == 1 and chance.random() < 0.5
        setting = Setting(UTC, chance.choice([0, 0, 30]), early=early, ages=ages, grain_seconds=grain)
        end = START + timedelta(seconds=20 * step)
        said = [(turn.at, turn.step, turn.value) for turn in replay(rule, past, setting, START, end)]
        assert said == as_ticks_go_by(rule, past, setting, START, end)
        events += len(said)
    assert events > 300


@pytest.mark.parametrize(
    ("at", "grain", "compare", "zone", "expected"),
    [
        ("2026-11-18T09:00+00:00", 3600, "previous", "Asia/Shanghai", "2026-11-18T08:00+00:00"),
        ("2026-11-18T09:00+00:00", 3600, "week", "Asia/Shanghai", "2026-11-11T09:00+00:00"),
        ("2026-03-30T06:00+00:00", 3600, "week", "Europe/Berlin", "2026-03-23T07:00+00:00"),
        ("2026-10-26T07:00+00:00", 3600, "week", "Europe/Berlin", "2026-10-19T06:00+00:00"),
        ("2026-03-30T06:00+00:00", 3600, "week", "Asia/Shanghai", "2026-03-23T06:00+00:00"),
        ("2026-03-28T23:00+00:00", 86_400, "previous", "Europe/Berlin", "2026-03-27T23:00+00:00"),
        ("2026-03-29T22:00+00:00", 86_400, "previous", "Europe/Berlin", "2026-03-28T23:00+00:00"),
        ("2028-02-29T00:00+00:00", 86_400, "year", "UTC", "2027-03-02T00:00+00:00"),
        ("2026-12-28T00:00+00:00", 604_800, "year", "UTC", "2025-12-29T00:00+00:00"),
        ("2028-03-01T00:00+00:00", 2_592_000, "previous", "UTC", "2028-02-01T00:00+00:00"),
        ("2028-02-01T00:00+00:00", 2_592_000, "year", "UTC", "2027-02-01T00:00+00:00"),
    ],
)
def test_a_period_is_compared_with_its_like(at: str, grain: int, compare: str, zone: str, expected: str) -> None:
    (found,) = references(datetime.fromisoformat(at), grain, compare, ZoneInfo(zone))
    assert found == datetime.fromisoformat(expected)


def test_what_is_usual_needs_three_weeks() -> None:
    assert len(references(START, 3600, "baseline", UTC)) == 8
    assert usual([4, None, 9], "baseline") is None
    assert usual([4, 8, None, 9], "baseline") == 8
    assert usual([None], "week") is None


def test_buckets_end_by_the_calendar() -> None:
    assert later(datetime(2028, 1, 31, tzinfo=UTC), 2_592_000, 1, UTC) == datetime(2028, 2, 29, tzinfo=UTC)
    assert tick_at_or_after(START + timedelta(microseconds=1)) == START + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("rule", "fired", "brief", "unheeded", "noisy", "advice"),
    [
        (Rule(">", 5), 0, 0, 0, False, ""),
        (Rule(">", 5), 4, 4, 4, False, ""),
        (Rule(">", 5), 10, 8, 8, True, "longer"),
        (Rule(">", 5, for_seconds=60), 10, 8, 8, True, "clear"),
        (Rule(">", 5), 10, 0, 10, True, "threshold"),
        (Rule(">", 5), 10, 1, 2, False, ""),
    ],
)
def test_a_watch_is_noisy_where_nobody_needed_its_alerts(
    rule: Rule, fired: int, brief: int, unheeded: int, noisy: bool, advice: str
) -> None:
    told = noise(rule, fired, brief, unheeded)
    assert (told.is_noisy, told.advice) == (noisy, advice)


def test_the_past_proposes_limits() -> None:
    chance = random.Random(2)
    times = [START + timedelta(hours=place) for place in range(24 * 42)]
    flat = propose(times, [50 + chance.gauss(0, 2) for _at in times], UTC)
    assert flat.upper is not None
    assert 54 < flat.upper < 58
    assert not flat.seasonal
    busy = propose(times, [50 + 30 * (8 <= at.hour < 18) + chance.gauss(0, 2) for at in times], UTC)
    assert busy.seasonal
    assert busy.around is not None
    assert 4 < busy.around < 10
    assert propose([], [], UTC).upper is None


def test_an_instance_that_is_ill_is_never_left_alone() -> None:
    for memory in (Memory(), Memory(last_tick=START, health=Health.ERROR), Memory(last_tick=START, missing=1)):
        assert not is_settled(memory)


def test_the_peak_of_what_is_still_open_is_the_worst_since_it_fired() -> None:
    rule = Rule(">", 5.0, None, 0, 0, 3600, (), NoData.KEEP_LAST, 1, 1)
    past = [Given(START + timedelta(hours=place), value) for place, value in enumerate([4.0, 6.0, 9.0, 7.0])]
    (fired,) = replay(rule, past, Setting(UTC, grain_seconds=3600), START, START + timedelta(hours=6))
    assert (fired.value, fired.memory.peak) == (6.0, 9.0)
