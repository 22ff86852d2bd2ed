"""Predictions: as-is beside to-be, each with an interval over many runs, and how far the model was from what then came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.engine import Outcome, Program, draw, program, run
from processes.analysis.simulation.fitting import fit
from processes.analysis.simulation.model import Model
from processes.analysis.simulation.moves import Move, Needs, apply

if TYPE_CHECKING:
    from processes.analysis.simulation.events import Events
    from processes.analysis.simulation.replay import Map

type Array = "np.ndarray[Any, np.dtype[Any]]"
type Interval = tuple[float, float]

# Student's t, 97.5 %, by degrees of freedom; beyond the last the normal's.
T975: Final = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10,
               2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04)  # fmt: skip
LATE: Final = 0.7  # the share of the cases that the back test learns from


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one process: lead time in seconds, its interval, cost a case (none where no cost is known), load by role (0 … 1)."""

    mean: float
    p50: float
    p90: float
    interval: Interval
    cost: float | None
    cost_interval: Interval | None
    load: dict[str, float]
    load_interval: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class Prediction:
    """``change``: of the mean lead time, as a share of as-is (-0.3: 30 % shorter)."""

    as_is: Figures
    to_be: Figures
    change: float
    change_interval: Interval
    cases: int
    replications: int


def spread(values: Sequence[float]) -> Interval:
    """Where one further run would lie, 95 times of 100."""
    if len(values) < 2:
        return (values[0], values[0])
    t = T975[len(values) - 2] if len(values) - 2 < len(T975) else 1.96
    mean, half = float(np.mean(values)), t * float(np.std(values, ddof=1)) * (1 + 1 / len(values)) ** 0.5
    return (mean - half, mean + half)


@dataclass(slots=True)
class _Seen:
    mean: list[float]
    p50: list[float]
    p90: list[float]
    cost: list[float]
    load: list[dict[str, float]]

    def add(self, laid: Program, outcome: Outcome) -> None:
        self.mean.append(float(outcome.lead.mean()))
        middle, high = np.quantile(outcome.lead, [0.5, 0.9])
        self.p50.append(float(middle))
        self.p90.append(float(high))
        self.load.append(load(laid.model, outcome))
        paid = cost(laid.model, outcome)
        if paid is not None:
            self.cost.append(paid)

    def figures(self) -> Figures:
        roles = {name: [one[name] for one in self.load] for name in self.load[0]}
        return Figures(
            mean=float(np.mean(self.mean)), p50=float(np.mean(self.p50)), p90=float(np.mean(self.p90)),
            interval=_positive(spread(self.mean)),
            cost=float(np.mean(self.cost)) if self.cost else None,
            cost_interval=_positive(spread(self.cost)) if self.cost else None,
            load={name: float(np.mean(values)) for name, values in roles.items()},
            load_interval={name: _positive(spread(values)) for name, values in roles.items()},
        )  # fmt: skip


def _positive(interval: Interval) -> Interval:
    return (max(0.0, interval[0]), interval[1])


def load(model: Model, outcome: Outcome) -> dict[str, float]:
    """The share of their hours that the people of each role work, from the first arrival to the last."""
    last = outcome.arrived
    busy = outcome.busy_until
    shares = {}
    for role in model.roles:
        hours = sum(
            model.people[one].places
            * float(np.diff(outcome.clocks[model.people[one].weekly].work(np.array([outcome.first, last])))[0])
            for one in role.people
        )
        shares[role.name] = float(sum(busy[one] for one in role.people)) / hours if hours else 0.0
    return shares


def cost(model: Model, outcome: Outcome) -> float | None:
    """Cost a case: of the steps each time, and of the people's hours; none where no cost is known."""
    hourly = {one: role.cost_per_hour for role in model.roles if role.cost_per_hour for one in role.people}
    if not hourly and not any(step.cost for step in model.steps):
        return None
    each = np.array([step.cost for step in model.steps])
    paid = float(each[outcome.step[outcome.shown]].sum())
    paid += sum(float(outcome.busy[one]) / 3600 * rate for one, rate in hourly.items())
    return paid / len(outcome.lead)


def predict(
    model: Model, moves: Iterable[Move] = (), *, cases: int | None = None, replications: int = 30, seed: int = 1,
    needs: Needs | None = None, told: Callable[[float], None] | None = None,
) -> Prediction:  # fmt: skip
    """As-is and to-be by the same chances, so often. ``told`` hears how far it is, 0 … 1, and may stop it by raising."""
    moves = list(moves)
    now = program(model)
    then = program(apply(model, moves, needs=needs), like=now)
    cases = cases or model.cases
    before, after = _Seen([], [], [], [], []), _Seen([], [], [], [], [])
    for number in range(replications):
        chances = draw(now, cases, seed * 1_000_003 + number)
        before.add(now, run(now, chances))
        if moves:
            after.add(then, run(then, chances))
        if told:
            told((number + 1) / replications)
    if not moves:
        after = before
    changes = [new / old - 1 if old else 0.0 for new, old in zip(after.mean, before.mean, strict=True)]
    overall = float(np.mean(after.mean)) / float(np.mean(before.mean)) - 1 if np.mean(before.mean) else 0.0
    return Prediction(before.figures(), after.figures(), overall, spread(changes), cases, replications)


@dataclass(frozen=True, slots=True)
class Backtest:
    """The mean lead time of the log's last cases, as it was and as it would have been predicted."""

    real: float
    predicted: float
    cases: int

    @property
    def error(self) -> float:
        return abs(self.predicted - self.real) / self.real if self.real else 0.0


def backtest(
    events: Events, drawn: Map | None = None, *, roles: Mapping[str, str] | None = None, replications: int = 10,
    seed: int = 7,
) -> Backtest | None:  # fmt: skip
    """Learns from the first 70 % of the cases and predicts the rest; none where a log is too short to be parted."""
    known = int(events.cases * LATE)
    if known < 20 or events.cases - known < 10:
        return None
    early = events.of_cases(known)
    laid = program(fit(early, drawn, roles=roles, until=float(events.arrivals()[known])))
    late = [
        float(run(laid, draw(laid, events.cases, seed * 1_000_003 + number)).lead[known:].mean())
        for number in range(replications)
    ]
    return Backtest(float(events.leads()[known:].mean()), float(np.mean(late)), events.cases - known)
