"""Prediction: people with hours, outside waiting told from busy people, and changes that came true elsewhere."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from processes.analysis import queues
from processes.analysis.bpmn import read
from processes.analysis.durations import Estimate
from processes.analysis.simulation import (
    Events,
    Model,
    Move,
    Refused,
    Staff,
    Typed,
    apply,
    backtest,
    drawn_map,
    estimate,
    fit,
    predict,
    read_events,
)
from processes.analysis.simulation.calendars import ALWAYS, DAY, WEEK, Clock, learn_weekly, office
from processes.analysis.simulation.engine import arrive, draw, program, run
from processes.analysis.simulation.model import Arrivals, Person, Role, Sample, Shape, Step, Wait, fixed
from processes.analysis.simulation.replay import AND, END, START, TASK, WAIT, XOR, Map, Node, Player
from processes.analysis.simulation.waits import most_likely

HOUR = 3600.0
WHAT_IF = "data/processes/what-if"

# The redesigns of the truth file, as they are asked for.
PACK = ("Prepare acceptance pack", "Approve and send acceptance pack")
REDESIGNS: dict[str, Move] = {
    "no-delays": Move("delay"),
    "halve-heaviest": Move("duration", ("Applicant completes form",), factor=0.5),
    "eliminate-heaviest": Move("eliminate", ("Applicant completes form",)),
    "parallelise": Move("parallelise", PACK),
    "merge": Move("merge", PACK),
    "add-person-1": Move("resource", role="Appraiser", change=1),
    "add-person-2": Move("resource", role="Clerk", change=1),
}


def log_of(path: Path, zone: str) -> Events:
    names = {"case_id": "case", "start_time": "start", "end_time": "end"}
    moments = [pl.col(name).str.to_datetime(time_zone="UTC", time_unit="us") for name in ("start", "end")]
    return read_events(pl.read_csv(path).rename(names, strict=False).with_columns(moments), zone=zone)


def loan_log(shared: Path, name: str = "loan-application-5-timers.as-is", zone: str = "UTC") -> Events:
    return log_of(shared / WHAT_IF / f"{name}.csv.gz", zone)


def loan_map(shared: Path, name: str = "loan-application-5-timers") -> Map:
    return drawn_map(read((shared / WHAT_IF / f"{name}.bpmn").read_bytes()))


def line(*names: str) -> Map:
    """Steps one after the other."""
    ids = ["start", *names, "end"]
    nodes = {one: Node(one, TASK, one, "Desk") for one in names}
    nodes |= {"start": Node("start", START), "end": Node("end", END)}
    return Map(nodes, {f"{one}>{two}": (one, two) for one, two in itertools.pairwise(ids)})


def desk(people: int = 1, *, every: float = HOUR, works: float = 0.5 * HOUR, hours: object = ALWAYS) -> Model:
    """Two steps by one role, arrivals at even distances in its hours."""
    weekly = hours if hours is not ALWAYS else ALWAYS
    assert isinstance(weekly, type(ALWAYS))
    clock = Clock(weekly, 5)
    moments = clock.wall(np.arange(0, clock.work(np.array([4.0 * WEEK]))[0], every))
    days = [moments[(moments >= day * DAY) & (moments < (day + 1) * DAY)] - day * DAY for day in range(28)]
    steps = [Step("Check", fixed(works), (0,)), Step("Send", fixed(works), (0,))]
    return Model(
        steps, [Role("Desk", list(range(people)), weekly)], [Person(f"P{one}", weekly) for one in range(people)],
        [Shape([0, 1], [[], [0]], [0, 1])], [Wait(-1, 0, (), fixed(0)), Wait(0, 1, (), fixed(0))],
        Arrivals(days, 0, weekly), 100,
    )  # fmt: skip


def mean_lead(model: Model, cases: int = 100) -> float:
    laid = program(model)
    return float(run(laid, draw(laid, cases, 1)).lead.mean())


@pytest.mark.parametrize(
    ("people", "load", "cases"), [(1, 0.5, 250_000), (2, 0.6, 250_000), (5, 0.7, 250_000), (10, 0.8, 700_000)]
)
def test_a_line_before_people_waits_as_erlang_says(people: int, load: float, cases: int) -> None:
    expected = queues.queue(arrivals_a_second=load * people / 100, service=100, people=people)
    rng = np.random.default_rng(people)
    # Arrivals and working times are what they should be on average: what is left to chance is the waiting.
    gaps, work = rng.exponential(1, cases), rng.exponential(1, cases)
    times = np.cumsum(gaps / gaps.mean() * (100 / (load * people)))
    values = np.sort(work / work.mean() * 100)
    model = Model(
        [Step("Serve", Sample(values, 0), (0,))], [Role("Desk", list(range(people)), ALWAYS)],
        [Person(str(one), ALWAYS) for one in range(people)], [Shape([0], [[]], [0])], [Wait(-1, 0, (), fixed(0))],
        Arrivals([times], 0, ALWAYS), cases,
    )  # fmt: skip
    laid = program(model)
    chances = draw(laid, 10, 1)
    order = (rng.permutation(cases) + 0.5) / cases
    chances = replace(chances, arrivals=times, shape=np.zeros(cases, dtype=np.int64), work=order, wait=np.zeros(cases))
    outcome = run(laid, chances)
    assert float((outcome.end - times).mean()) == pytest.approx(expected.time_in_system, rel=0.01)
    assert float(outcome.busy_until.sum() / times[-1] / people) == pytest.approx(load, rel=0.01)


def test_the_published_sums_of_queues() -> None:
    # Gross et al., example 2.2: a clinic with three doctors, 6 patients an hour, 20 minutes each.
    clinic = queues.queue(arrivals_a_second=6 / 3600, service=1200, people=3)
    assert clinic.line == pytest.approx(0.889, abs=1e-3)
    assert clinic.time_in_system / 60 == pytest.approx(28.9, abs=0.05)
    assert clinic.share_waiting == pytest.approx(0.444, abs=1e-3)
    assert clinic.share_longer(0) == clinic.share_waiting
    # M/M/1: the line is load² / (1 - load). Erlang's B for 10 lines and 5 erlang is 0.0184.
    assert queues.queue(arrivals_a_second=0.8, service=1, people=1).line == pytest.approx(3.2)
    assert queues.erlang_b(10, 5) == pytest.approx(0.01838, abs=1e-5)
    with pytest.raises(queues.Overloaded):
        queues.queue(arrivals_a_second=3 / 1200, service=1200, people=3)
    with pytest.raises(ValueError, match="positive"):
        queues.queue(arrivals_a_second=1, service=1, people=0)


def test_work_stops_in_the_evening_and_goes_on_in_the_morning() -> None:
    model = desk(works=6 * HOUR, every=8 * HOUR, hours=office())
    # The first arrives on Monday at nine: six hours of work until three, two more, and four on Tuesday until one.
    laid = program(model)
    outcome = run(laid, draw(laid, 1, 1))
    assert outcome.lead[0] == pytest.approx(28 * HOUR, abs=1)
    # Friday's work ends after the weekend.
    clock = Clock(office(), 3)
    friday = np.array([4 * DAY + 16 * HOUR])
    assert clock.wall(clock.work(friday) + 2 * HOUR) == pytest.approx([7 * DAY + 10 * HOUR])
    assert clock.wall(clock.work(friday) + HOUR, early=True) == pytest.approx([4 * DAY + 17 * HOUR])


def test_hours_are_learnt_from_when_work_begins_and_ends() -> None:
    rng = np.random.default_rng(3)
    days = np.repeat(np.arange(60), 40)
    days = days[days % 7 < 5]
    clock = 8.5 * HOUR + rng.random(len(days)) * 9 * HOUR
    lunch = (clock > 12 * HOUR) & (clock < 13 * HOUR)
    learnt = learn_weekly((days * DAY + clock)[~lunch])
    assert learnt is not None
    assert learnt.hours == pytest.approx(40, abs=1.5)
    slots = np.array(learnt.on).reshape(7, -1)
    assert not slots[5:].any()
    assert not slots[:5, 12 * 12 : 13 * 12].any()
    night = learn_weekly(days * DAY + 22 * HOUR + rng.random(len(days)) * 8 * HOUR)
    assert night is not None
    assert night.hours == pytest.approx(40, abs=1)
    assert np.array(night.on)[5 * 288 : 5 * 288 + 60].all()  # Friday's ends on Saturday morning
    assert learn_weekly(rng.random(3000) * 8 * WEEK) == ALWAYS
    assert learn_weekly(rng.random(20) * WEEK) is None


def test_a_case_is_played_on_the_map() -> None:
    kinds = {
        "s": START,
        "a": TASK,
        "and": AND,
        "b": TASK,
        "c": TASK,
        "join": AND,
        "x": XOR,
        "d": TASK,
        "t": WAIT,
        "e": END,
    }
    flows = ["s>a", "a>and", "and>b", "and>c", "b>join", "c>join", "join>x", "x>d", "d>t", "t>a", "x>e"]
    drawn = Map(
        {one: Node(one, kind, one.upper()) for one, kind in kinds.items()},
        {one: (one.split(">")[0], one.split(">")[1]) for one in flows},
    )
    player = Player(drawn, ["A", "B", "C", "D", "Unplanned"])
    run = player.play([0, 2, 1, 3, 0, 1, 2])
    assert run.before == ((), (0,), (0,), (1, 2), (3,), (4,), (4,))
    assert run.waits[4] == ("t",)
    assert (run.share, run.ended) == (1.0, True)
    # One step missing (passed over), one that nobody drew (after what came before it).
    odd = player.play([0, 1, 3, 4])
    assert odd.before == ((), (0,), (0, 1), (2,)) or odd.before[2] == (1,)
    assert (odd.share, odd.ended) == (0.5, False)


def test_outside_waiting_is_found_although_evenings_hide_it() -> None:
    rng = np.random.default_rng(5)
    true = rng.exponential(5 * HOUR, 3000)
    hidden = rng.random(3000) < 0.5
    least, most = np.where(hidden, true * rng.random(3000), true), np.where(hidden, true * (1 + rng.random(3000)), true)
    found = most_likely(least, most)
    assert found.mean == pytest.approx(true.mean(), rel=0.12)
    assert most_likely(np.zeros(50), np.zeros(50)).mean == 0


@pytest.mark.parametrize("name", ["loan-application-1-timer", "loan-application-5-timers", "loan-application"])
def test_planted_waiting_is_told_from_busy_people(shared: Path, name: str) -> None:
    truth = json.loads((shared / WHAT_IF / f"{name}.truth.json").read_text())["planted_extraneous_delay"]
    model = fit(loan_log(shared, name), loan_map(shared, name))
    assert model.fits == 1
    total: dict[str, float] = {}
    for shape in model.shapes:
        for step, wait in zip(shape.steps, shape.waits, strict=True):
            total[model.steps[step].name] = (
                total.get(model.steps[step].name, 0) + shape.times * model.waits[wait].length.mean
            )
    planted = {step: one["sum_s"] for step, one in truth["by_activity"].items()}
    assert {step: total[step] for step in planted} == pytest.approx(planted, rel=0.06)
    # Where nothing was planted, next to nothing is found.
    everything = sum(loan_log(shared, name).leads())
    assert sum(found for step, found in total.items() if step not in planted) < 0.002 * everything


def test_changes_come_out_as_they_did(shared: Path) -> None:
    truth = {
        one["id"]: one
        for one in json.loads((shared / WHAT_IF / "loan-application-5-timers.whatif.json").read_text())["scenarios"]
    }
    as_is = truth["as-is"]["lead_time_mean_s"]
    # Whatever the zone: there these hours reach over midnight, and from Friday to Saturday.
    model = fit(loan_log(shared, zone="Asia/Shanghai"), loan_map(shared))
    assert {role.name: len(role.people) for role in model.roles} == {
        "AML Investigator": 4, "Applicant": 20, "Appraiser": 2, "Clerk": 9, "Loan Officer": 9, "Senior Officer": 3,
    }  # fmt: skip
    assert [round(role.weekly.hours) for role in model.roles] == [40, 168, 40, 40, 40, 40]
    errors = {}
    for name, move in REDESIGNS.items():
        found = predict(model, [move], cases=1000, replications=5)
        real = truth[name]["lead_time_mean_s"] / as_is - 1
        errors[name] = abs(found.change - real)
        unsure = np.hypot(truth[name]["ci95_half_width_s"], truth["as-is"]["ci95_half_width_s"]) / as_is
        if abs(real) > unsure:
            assert np.sign(found.change) == np.sign(real), name
        assert found.as_is.mean == pytest.approx(as_is, rel=0.1)
        assert found.as_is.interval[0] < found.as_is.mean < found.as_is.interval[1]
    assert max(errors.values()) < 0.1, errors
    assert np.mean(list(errors.values())) < 0.04, errors
    assert found.as_is.load["Appraiser"] > 0.95 > found.as_is.load["Senior Officer"]


def test_the_end_of_the_log_is_predicted_from_its_beginning(shared: Path) -> None:
    found = backtest(loan_log(shared), loan_map(shared), replications=4)
    assert found is not None
    assert found.cases == 300
    assert found.error < 0.1
    assert backtest(loan_log(shared).of_cases(20)) is None


def test_without_a_map_the_log_says_what_goes_side_by_side(shared: Path) -> None:
    events = loan_log(shared)
    drawn, own = fit(events, loan_map(shared)), fit(events)
    steps = {name: number for number, name in enumerate(events.activities)}
    checks = {steps["AML Check"], steps["Appraise property"], steps["Check credit history"]}
    found = []
    for model in (drawn, own):
        shape = max(model.shapes, key=lambda one: one.times)
        last = shape.steps.index(steps["Assess loan risk"])
        found.append({shape.steps[one] for one in shape.before[last]})
    # The appraisers' line is so long that the log hardly shows the credit check to be free of them.
    assert found[0] == checks
    assert found[1] == {steps["AML Check"], steps["Appraise property"]}
    assert mean_lead(own, 1000) == pytest.approx(mean_lead(drawn, 1000), rel=0.1)


def test_each_move_does_what_it_says() -> None:
    alone = mean_lead(desk())
    assert alone == pytest.approx(HOUR)
    table = {
        Move("merge", ("Check", "Send")): HOUR,
        Move("eliminate", ("Check",)): 0.5 * HOUR,
        Move("automate", ("Send",)): 0.5 * HOUR,
        Move("automate", ("Send",), seconds=60): 0.5 * HOUR + 60,
        Move("replace", ("Check",)): 0.5 * HOUR,
        Move("duration", ("Check", "Send"), factor=0.5): 0.5 * HOUR,
        Move("arrival", factor=0.5): HOUR,
    }
    for move, expected in table.items():
        assert mean_lead(apply(desk(), [move])) == pytest.approx(expected, abs=2), move
    # Two people do in parallel what one does in turn; one alone gains nothing.
    side = Move("parallelise", ("check", " Send"))
    assert mean_lead(apply(desk(2), [side])) == pytest.approx(0.5 * HOUR)
    assert mean_lead(apply(desk(1), [side])) == pytest.approx(HOUR)
    # Half as many arrivals again are more than one can do; a second person helps; the order of moves counts.
    busy = apply(desk(), [Move("arrival", factor=1.5)])
    assert mean_lead(busy) > 5 * HOUR
    assert mean_lead(apply(busy, [Move("resource", role="desk", change=1)])) == pytest.approx(HOUR, rel=0.1)
    assert (
        len(apply(busy, [Move("resource", role="Desk", change=2), Move("resource", role="Desk", change=-1)]).people)
        == 3
    )
    # Outside waiting goes with its step, unless it is drawn as a wait of its own.
    for drawn, left in (((), 0.5 * HOUR), (("Answer",), 5.5 * HOUR)):
        slow = desk()
        slow.drawn = {"Answer": "Customer answers"}
        slow.waits[1] = Wait(0, 1, drawn, fixed(5 * HOUR))
        assert mean_lead(slow) == pytest.approx(6 * HOUR)
        end = apply(slow, [Move("eliminate", ("Send",))])
        end_lead = float(run(program(end), draw(program(end), 5, 1)).lead.mean())
        assert end_lead == pytest.approx(0.5 * HOUR)
        assert mean_lead(apply(slow, [Move("replace", ("Send",))])) == pytest.approx(left)
    assert mean_lead(apply(slow, [Move("eliminate", ("customer answers",))])) == pytest.approx(HOUR)
    assert mean_lead(apply(slow, [Move("delay", factor=0.5)])) == pytest.approx(3.5 * HOUR)
    # A person in two roles is one person.
    two = desk(2)
    two.roles.append(Role("Post", [1], ALWAYS))
    both = apply(two, [Move("reassign", ("Send",), role="Post"), Move("arrival", factor=2)])
    assert program(both).pools == [(0, 1), (1,)]
    assert mean_lead(both) < 2 * HOUR


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (Move("explode"), "unknown_move"),
        (Move("eliminate", ("Nothing",)), "unknown_step"),
        (Move("eliminate"), "no_steps"),
        (Move("eliminate", ("Check", "Send", "Wrap")), "nothing_left"),
        (Move("merge", ("Check", "Check")), "one_step"),
        (Move("merge", ("Send", "Wrap")), "never_adjacent"),
        (Move("parallelise", ("Check", "Wrap")), "decision"),
        (Move("parallelise", ("Check", "Send")), "needed"),
        (Move("eliminate", ("Check",)), "needed"),
        (Move("reassign", ("Check",), role="Nobody"), "unknown_role"),
        (Move("reassign", ("Check",)), "no_role"),
        (Move("resource", role="Desk"), "no_change"),
        (Move("resource", role="Desk", change=-2), "nobody_left"),
        (Move("duration", ("Check",)), "no_factor"),
        (Move("arrival", factor=0), "no_factor"),
        (Move("delay", factor=-1), "no_factor"),
    ],
)
def test_a_move_that_cannot_be_is_refused_with_its_reason(move: Move, reason: str) -> None:
    model = desk()
    model.steps.append(Step("Wrap", fixed(60), (0,)))
    model.shapes.append(Shape([0, 2], [[], [0]], [0, 1], times=2))
    with pytest.raises(Refused) as refused:
        apply(model, [move], needs={"Send": {"Check"}})
    assert refused.value.reason == reason
    # The model that was asked about is as it was.
    assert [shape.gone for shape in model.shapes] == [[False, False]] * 2
    assert len(model.people) == 1


def test_the_same_chances_make_a_change_sure() -> None:
    model = desk(works=0.4 * HOUR)
    model.steps[0].work = Sample(np.sort(np.random.default_rng(1).exponential(0.4 * HOUR, 500)), 500)
    found = predict(model, [Move("duration", ("Send",), factor=0.5)], replications=10)
    again = predict(model, [Move("duration", ("Send",), factor=0.5)], replications=10)
    assert found == again
    wide = found.as_is.interval[1] / found.as_is.mean - found.as_is.interval[0] / found.as_is.mean
    assert found.change_interval[1] - found.change_interval[0] < wide
    assert found.change < found.change_interval[1] < 0
    assert found.as_is.cost is None
    model.roles[0].cost_per_hour, model.steps[1].cost = 30.0, 2.0
    paid = predict(model, [Move("automate", ("Send",))], replications=3)
    assert paid.as_is.cost == pytest.approx(2 + 30 * 0.8, rel=0.1)
    assert paid.to_be.cost == pytest.approx(2 + 30 * 0.4, rel=0.15)


def test_typed_numbers_are_enough_to_predict() -> None:
    drawn = line("Check", "Send")
    typed = {
        "Check": Typed(Estimate.of(0.25 * HOUR, 0.5 * HOUR, 0.75 * HOUR)),
        "Send": Typed(Estimate.of(600.0), Estimate.of(2 * HOUR)),
    }
    model = estimate(drawn, typed, a_month=100, staff={"Desk": Staff(2, cost_per_hour=30, hours=ALWAYS)})
    assert model.estimate
    found = predict(model, [Move("eliminate", ("Send",))], cases=300, replications=3)
    assert found.as_is.mean >= 0.5 * HOUR + 600 + 2 * HOUR
    assert found.to_be.mean == pytest.approx(0.5 * HOUR, rel=0.1)
    assert found.as_is.cost == pytest.approx(30 * (0.5 + 1 / 6), rel=0.05)
    assert found.as_is.load["Desk"] == pytest.approx(100 * (0.5 + 1 / 6) / 2 / (168 * 52 / 12), rel=0.2)


def test_logs_that_say_little_are_simulated_with_what_they_say() -> None:
    moment = pl.datetime_range(pl.datetime(2026, 1, 5), pl.datetime(2026, 2, 5), "1h", time_zone="UTC", eager=True)
    ends = pl.DataFrame(
        {
            "case": [str(number // 2) for number in range(len(moment))],
            "activity": ["Ask", "Answer"] * (len(moment) // 2) + ["Ask"],
            "start": pl.Series([None] * len(moment), dtype=pl.Datetime("us", "UTC")),
            "end": moment,
            "resource": pl.Series([None] * len(moment), dtype=pl.String),
        }
    )
    events = read_events(ends)
    model = fit(events)
    assert not model.timed
    assert mean_lead(model, 50) == pytest.approx(HOUR)
    for move, reason in (
        (Move("resource", role="Desk", change=1), "no_people"),
        (Move("duration", ("Ask",), factor=1), "no_times"),
    ):
        with pytest.raises(Refused) as refused:
            apply(model, [move])
        assert refused.value.reason == reason
    for tiny in (ends.head(1), ends.head(2)):
        one = fit(read_events(tiny))
        assert predict(one, replications=2).as_is.mean == pytest.approx(HOUR * (len(tiny) - 1))
    # Another zone moves the hours, not the durations.
    assert fit(read_events(ends, zone="Asia/Shanghai")).arrivals.first_day == model.arrivals.first_day
    assert mean_lead(fit(read_events(ends, zone="Asia/Shanghai")), 50) == pytest.approx(HOUR)


def test_arrivals_follow_the_weekdays_of_the_log() -> None:
    model = desk(every=2 * HOUR, hours=office())
    times = arrive(model.arrivals, 200, np.random.default_rng(1))
    assert len(times) == 200
    assert ((times // DAY) % 7 < 5).all()
    assert (np.diff(times) > 0).all()
