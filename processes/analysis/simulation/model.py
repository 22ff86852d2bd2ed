"""What is simulated: steps with their working times, people with their hours, ways through the process, outside waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import Weekly

type Array = "np.ndarray[Any, np.dtype[Any]]"

MOST_VALUES: Final = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Seen values in order; a draw is one of them. ``seen``: how many observations stand behind them."""

    values: Array
    seen: int

    @property
    def mean(self) -> float:
        return float(self.values.mean()) if len(self.values) else 0.0

    def at(self, shares: Array) -> Array:
        """The value below which each share lies."""
        return self.values[np.minimum((shares * len(self.values)).astype(np.int64), len(self.values) - 1)]

    def times(self, factor: float) -> Sample:
        return Sample(self.values * factor, self.seen)

    def again(self, rng: np.random.Generator) -> Sample:
        """As it might have been seen in another log of the same length."""
        drawn = max(1, min(self.seen, MOST_VALUES))
        return Sample(np.sort(self.values[rng.integers(0, len(self.values), drawn)]), self.seen)


def sample(values: Array) -> Sample:
    kept = np.sort(np.asarray(values, dtype=float))
    if len(kept) > MOST_VALUES:
        kept = kept[((np.arange(MOST_VALUES) + 0.5) * len(kept) / MOST_VALUES).astype(np.int64)]
    return Sample(kept, len(values))


def fixed(value: float) -> Sample:
    return Sample(np.array([float(value)]), 0)


@dataclass(slots=True)
class Step:
    """A step: its working time (in the hours of those who do it), who does it; no role: nobody is needed."""

    name: str
    work: Sample
    roles: tuple[int, ...] = ()
    cost: float = 0.0  # each time


@dataclass(slots=True)
class Person:
    """Somebody who works, and how many things at once (a system, a group behind one name: more than one)."""

    name: str
    weekly: Weekly
    places: int = 1


@dataclass(slots=True)
class Role:
    name: str
    people: list[int]
    weekly: Weekly
    cost_per_hour: float | None = None


@dataclass(slots=True)
class Shape:
    """A way through the process that cases took, as a graph of its steps; ``times``: how many cases.

    ``waits[i]``: the kind of outside waiting before step ``i`` (a number into ``Model.waits``). ``gone``: removed, takes no
    time and nobody. ``joined[i]``: the place whose work this step became part of, -1 for none.
    """

    steps: list[int]
    before: list[list[int]]
    waits: list[int]
    times: float = 1.0
    gone: list[bool] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gone = self.gone or [False] * len(self.steps)
        self.joined = self.joined or [-1] * len(self.steps)

    def copy(self) -> Shape:
        return Shape(
            list(self.steps), [list(one) for one in self.before], list(self.waits), self.times,
            list(self.gone), list(self.joined),
        )  # fmt: skip


@dataclass(slots=True)
class Wait:
    """Waiting that neither busy people nor hours explain, before a step: after which step, and by which drawn waits."""

    after: int  # a step, -1: the first, -2: several
    step: int
    drawn: tuple[str, ...]
    length: Sample


@dataclass(slots=True)
class Arrivals:
    """How cases arrive: the days of the log with their moments (seconds of the day), in order from ``first_day``."""

    days: list[Array]
    first_day: int  # days since Monday, 5 January 1970
    weekly: Weekly
    factor: float = 1.0


@dataclass(slots=True)
class Model:
    steps: list[Step]
    roles: list[Role]
    people: list[Person]
    shapes: list[Shape]
    waits: list[Wait]
    arrivals: Arrivals
    cases: int
    fits: float = 1.0  # share of the steps of the log that the map explains
    timed: bool = True
    peopled: bool = True
    drawn: dict[str, str] = field(default_factory=dict)  # drawn waits: id -> name
    estimate: bool = False

    def copy(self) -> Model:
        """A model whose lists may be changed without changing this one."""
        return Model(
            [Step(one.name, one.work, one.roles, one.cost) for one in self.steps],
            [Role(one.name, list(one.people), one.weekly, one.cost_per_hour) for one in self.roles],
            [Person(one.name, one.weekly, one.places) for one in self.people],
            [one.copy() for one in self.shapes],
            [Wait(one.after, one.step, one.drawn, one.length) for one in self.waits],
            Arrivals(self.arrivals.days, self.arrivals.first_day, self.arrivals.weekly, self.arrivals.factor),
            self.cases, self.fits, self.timed, self.peopled, self.drawn, self.estimate,
        )  # fmt: skip

    def step(self, name: str) -> int | None:
        return _named([one.name for one in self.steps], name)

    def role(self, name: str) -> int | None:
        return _named([one.name for one in self.roles], name)


def _named(names: Sequence[str], name: str) -> int | None:
    plain = [" ".join(one.split()).casefold() for one in names]
    wanted = " ".join(name.split()).casefold()
    return plain.index(wanted) if wanted in plain else None


def in_order(model: Model) -> list[str]:
    """The steps as cases come to them, by where they stand on average."""
    place, seen = [0.0] * len(model.steps), [0.0] * len(model.steps)
    for shape in model.shapes:
        for number, step in enumerate(shape.steps):
            place[step] += shape.times * (number + 1) / len(shape.steps)
            seen[step] += shape.times
    numbers = sorted(range(len(place)), key=lambda one: place[one] / seen[one] if seen[one] else 2.0)
    return [model.steps[one].name for one in numbers]
