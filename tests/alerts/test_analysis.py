"""What one input at one tick does to one instance: one line of data each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsboard.alerts.analysis import (
    Health,
    Heard,
    Memory,
    Rule,
    State,
    Step,
    clears_on_the_right_side,
    close,
    judge,
    tick_of,
)

START = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
ABOVE_5 = Rule(">", 5)
FOR_30_S = Rule(">", 5, for_seconds=30)
CLEARS_AT_4 = Rule(">", 5, clear=4)
QUIET_FOR_20_S = Rule(">", 5, clear=4, keep_seconds=20)
DAILY = Rule("<", 100, grain_seconds=86_400)
MINUTELY = Rule(">", 5, for_seconds=300, grain_seconds=60)

type Input = float | str | None


def heard(one: Input) -> Heard:
    if one == "error":
        return Heard.of("error", None, None)
    return Heard.of("ok", one if isinstance(one, float | int) else None, None)


def run(rule: Rule, inputs: list[Input], step: int = 10, memory: Memory | None = None) -> tuple[Memory, list[Step]]:
    """Judge one input after the other, a tick apart; answers the last memory and the steps that were taken."""
    memory, steps = memory or Memory(), []
    for place, one in enumerate(inputs):
        memory, turn = judge(rule, memory, heard(one), START + timedelta(seconds=step * place))
        if turn:
            steps.append(turn.step)
    return memory, steps


P, C, F, R, A, D = Step.PENDING, Step.CANCELLED, Step.FIRED, Step.RECOVERING, Step.AGAIN, Step.RESOLVED


@pytest.mark.parametrize(
    ("name", "rule", "inputs", "state", "steps"),
    [
        ("1 fires at once without a for", ABOVE_5, [4, 6], State.FIRING, [F]),
        ("2 waits with a for", FOR_30_S, [4, 6], State.PENDING, [P]),
        ("3 fires when the for is reached, to the tick", FOR_30_S, [6, 6, 6, 6], State.FIRING, [P, F]),
        ("3 does not fire one tick before", FOR_30_S, [6, 6, 6], State.PENDING, [P]),
        ("4 one good sample and the wait begins anew", FOR_30_S, [6, 6, 6, 4, 6, 6, 6], State.PENDING, [P, C, P]),
        ("5 goes on firing", ABOVE_5, [6, 7, 8], State.FIRING, [F]),
        ("6 resolves", ABOVE_5, [6, 4], State.OK, [F, D]),
        ("6 a band of hysteresis gives one alert", CLEARS_AT_4, [6, 4.5, 5.5, 4.2, 6, 4], State.OK, [F, D]),
        ("6 at the clear threshold it does not hold", CLEARS_AT_4, [6, 4], State.OK, [F, D]),
        ("7 recovers slowly with a quiet time", QUIET_FOR_20_S, [6, 3], State.RECOVERING, [F, R]),
        ("8 a relapse is the same episode", QUIET_FOR_20_S, [6, 3, 6], State.FIRING, [F, R, A]),
        ("9 quiet for long enough, to the tick", QUIET_FOR_20_S, [6, 3, 3, 3], State.OK, [F, R, D]),
        ("9 not one tick before", QUIET_FOR_20_S, [6, 3, 3], State.RECOVERING, [F, R]),
        ("10 a waiting one does not fire on a gap", FOR_30_S, [6, 6, 6, None], State.PENDING, [P]),
        ("10 but on the next value", FOR_30_S, [6, 6, 6, None, 6], State.FIRING, [P, F]),
        ("11 a gap never resolves", ABOVE_5, [6, *[None] * 500], State.FIRING, [F]),
        ("15 an error never resolves", ABOVE_5, [6, *["error"] * 50], State.FIRING, [F]),
        ("15 an error never fires", FOR_30_S, [6, 6, 6, "error"], State.PENDING, [P]),
        ("a for that is shorter than the interval", Rule(">", 5, for_seconds=3), [6, 6], State.FIRING, [P, F]),
        ("not a number is a gap", ABOVE_5, [6, float("nan"), float("inf"), float("-inf")], State.FIRING, [F]),
        ("nothing at all fires nothing", ABOVE_5, [None, None, None], State.OK, []),
        ("equal is not above", ABOVE_5, [5], State.OK, []),
        ("equal is at or above", Rule(">=", 5), [5], State.FIRING, [F]),
        ("equal is not below", Rule("<", 5), [5], State.OK, []),
        ("equal is at or below", Rule("<=", 5), [5], State.FIRING, [F]),
        ("equal to the threshold ends what was above it", ABOVE_5, [6, 5], State.OK, [F, D]),
        ("equal to the threshold goes on where at or above was asked", Rule(">=", 5), [6, 5], State.FIRING, [F]),
        ("below, with a clear threshold above", Rule("<", 5, clear=6), [4, 5.5, 6], State.OK, [F, D]),
    ],
)
def test_transition(name: str, rule: Rule, inputs: list[Input], state: State, steps: list[Step]) -> None:
    memory, taken = run(rule, inputs)
    assert (memory.state, taken) == (state, steps)


def test_an_episode_has_a_number_a_beginning_and_a_peak() -> None:
    memory, _steps = run(FOR_30_S, [4, 6, 7, 9, 8])
    assert (memory.episode, memory.active_at, memory.fired_at, memory.peak) == (
        1, START + timedelta(seconds=10), START + timedelta(seconds=40), 9,
    )  # fmt: skip
    assert run(ABOVE_5, [6, 4, 6, 4, 6])[0].episode == 3


def test_the_peak_of_a_number_that_must_not_fall_is_its_lowest() -> None:
    assert run(Rule("<", 5), [4, 1, 3])[0].peak == 1


def test_a_gap_is_counted_and_a_value_ends_it() -> None:
    memory, _steps = run(ABOVE_5, [6, None])
    assert (memory.missing, memory.health) == (1, Health.OK)
    memory, _steps = run(ABOVE_5, [6, None, None])
    assert (memory.missing, memory.health, memory.missing_since) == (2, Health.MISSING, START + timedelta(seconds=10))
    memory, _steps = run(ABOVE_5, [6, None, None, 6])
    assert (memory.missing, memory.health, memory.missing_since) == (0, Health.OK, None)


def test_one_missing_day_is_enough_for_a_daily_series() -> None:
    assert run(DAILY, [None])[0].health is Health.MISSING


def test_an_error_shows_as_bad_health_until_a_value_comes() -> None:
    assert run(ABOVE_5, [6, "error"])[0].health is Health.ERROR
    assert run(ABOVE_5, [6, "error", 6])[0].health is Health.OK


def test_the_first_to_judge_a_tick_wins() -> None:
    memory, _turn = judge(ABOVE_5, Memory(), heard(6), START)
    assert judge(ABOVE_5, memory, heard(4), START) == (memory, None)


@pytest.mark.parametrize("back", [timedelta(seconds=10), timedelta(hours=1)])
def test_a_tick_out_of_order_or_a_clock_put_back_changes_nothing(back: timedelta) -> None:
    memory, _turn = judge(ABOVE_5, Memory(), heard(6), START)
    assert judge(ABOVE_5, memory, heard(4), START - back) == (memory, None)


def test_after_a_pause_of_the_evaluator_a_waiting_one_waits_anew() -> None:
    memory, _steps = run(FOR_30_S, [6, 6])
    later = START + timedelta(seconds=40)
    memory, turn = judge(FOR_30_S, memory, heard(6), later)
    assert (memory.state, memory.active_at, turn) == (State.PENDING, later, None)
    memory, turn = judge(FOR_30_S, memory, heard(6), later + timedelta(seconds=20))
    assert turn is None
    memory, turn = judge(FOR_30_S, memory, heard(6), later + timedelta(seconds=30))
    assert turn is not None
    assert turn.step is F


def test_a_pause_of_exactly_two_intervals_is_no_pause() -> None:
    memory, _steps = run(FOR_30_S, [6, 6])
    memory, turn = judge(FOR_30_S, memory, heard(6), START + timedelta(seconds=30))
    assert turn is not None


def test_a_firing_one_keeps_firing_through_a_pause_of_the_evaluator() -> None:
    memory, _steps = run(ABOVE_5, [6])
    memory, turn = judge(ABOVE_5, memory, heard(6), START + timedelta(hours=5))
    assert (memory.state, memory.episode, turn) == (State.FIRING, 1, None)


def test_the_same_bucket_again_does_not_begin_the_wait_anew() -> None:
    rule, memory = Rule("<", 100, for_seconds=3600, grain_seconds=86_400), Memory()
    bucket = Heard.of("ok", 80, START - timedelta(days=1))
    for place in range(361):
        memory, turn = judge(rule, memory, bucket, START + timedelta(seconds=10 * place))
    assert memory.active_at == START
    assert turn is not None
    assert turn.step is F


def test_a_series_that_stopped_is_a_gap_and_fires_nothing() -> None:
    memory = Memory()
    bucket = Heard.of("ok", 9, START - timedelta(minutes=1))
    steps = []
    for place in range(200):
        memory, turn = judge(MINUTELY, memory, bucket, START + timedelta(seconds=10 * place))
        steps += [turn.step] if turn else []
    assert (memory.state, steps, memory.health) == (State.PENDING, [P], Health.MISSING)


def test_a_bucket_of_long_ago_is_judged_when_it_is_first_seen() -> None:
    memory, _turn = judge(DAILY, Memory(), Heard.of("ok", 80, START - timedelta(days=4000)), START)
    assert memory.state is State.FIRING


def test_closing_ends_a_firing_one_and_forgets_a_waiting_one() -> None:
    firing, _steps = run(ABOVE_5, [6])
    after, turn = close(firing, START)
    assert turn is not None
    assert (after.state, turn.step, turn.memory.peak, after.episode) == (State.OK, D, 6, 1)
    waiting, _steps = run(FOR_30_S, [6])
    assert close(waiting, START)[1].step is C  # type: ignore[union-attr]
    assert close(Memory(), START) == (Memory(), None)


@pytest.mark.parametrize(
    ("op", "clear", "right"),
    [
        (">", None, True),
        (">", 5, True),
        (">", 4, True),
        (">", 6, False),
        ("<", 6, True),
        ("<", 5, True),
        ("<=", 4, False),
    ],
)
def test_a_clear_threshold_lies_on_the_quiet_side(op: str, clear: float | None, right: bool) -> None:
    assert clears_on_the_right_side(op, 5, clear) is right  # type: ignore[arg-type]


def test_ticks_are_aligned() -> None:
    assert tick_of(START + timedelta(seconds=19.99)) == START + timedelta(seconds=10)


def test_a_beat_that_wavers_around_the_ticks_misses_none() -> None:
    latest, seen = None, []
    for second in (0.01, 10.02, 19.99, 29.98, 40.01, 49.99, 60.0):
        latest = tick_of(START + timedelta(seconds=second), latest)
        seen.append((latest - START).total_seconds())
    assert seen == [0, 10, 20, 30, 40, 50, 60]


def test_a_second_evaluation_in_the_first_half_of_a_tick_changes_nothing() -> None:
    assert tick_of(START + timedelta(seconds=4.9), START) == START


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.just("error"), st.floats(allow_nan=True, allow_infinity=True)), max_size=60),
    st.sampled_from([">", ">=", "<", "<="]),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_whatever_comes_fired_and_resolved_take_turns(inputs: list[Input], op: str, wait: int, keep: int) -> None:
    rule = Rule(op, 5, for_seconds=wait, keep_seconds=keep)  # type: ignore[arg-type]
    memory, steps = run(rule, inputs)
    loud = [step for step in steps if step in (F, D)]
    assert all(one is not other for one, other in pairwise(loud))
    assert not loud or loud[0] is F
    assert memory.episode == loud.count(F)
    assert (memory.state in (State.FIRING, State.RECOVERING)) is (bool(loud) and loud[-1] is F)
    assert (memory.fired_at is None) is (memory.state in (State.OK, State.PENDING))
