"""Without a log: a model from what people typed on the drawing. Everything that comes of it is an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opsboard.core.lazy import numpy as np
from processes.analysis.simulation.calendars import Weekly, office
from processes.analysis.simulation.model import Arrivals, Model, Person, Role, Sample, Shape, Step, Wait, fixed
from processes.analysis.simulation.replay import AND, OR, TASK, WAIT, XOR, Map

if TYPE_CHECKING:
    from processes.analysis.durations import Estimate

type Array = "np.ndarray[Any, np.dtype[Any]]"

# So many cases are walked through the drawing to learn its ways; each may take so many turns.
WALKS: Final = 500
LONGEST: Final = 400
POINTS: Final = 400


@dataclass(frozen=True, slots=True)
class Typed:
    """What is typed about a step: durations in seconds, cost a time."""

    working: Estimate | None = None
    waiting: Estimate | None = None
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Staff:
    """What is typed about a role."""

    people: int = 1
    cost_per_hour: float | None = None
    hours: Weekly | None = None


class Stuck(ValueError):
    """Work does not reach an end on this drawing."""


def pert(estimate: Estimate | None) -> Sample:
    """Low, likely, high as a distribution in which the likely value weighs four times (PERT: Malcolm et al. 1959)."""
    if estimate is None:
        return fixed(0.0)
    low, likely, high = estimate.low, estimate.likely, estimate.high
    if high <= low:
        return fixed(likely)
    rng = np.random.default_rng(1)
    one, other = 1 + 4 * (likely - low) / (high - low), 1 + 4 * (high - likely) / (high - low)
    drawn = np.sort(rng.beta(one, other, POINTS * 50)).reshape(POINTS, 50).mean(axis=1)
    return Sample(low + drawn * (high - low), 0)


def walk(drawn: Map, rng: np.random.Generator) -> tuple[list[str], list[list[int]], list[list[str]]]:
    """One case through the drawing: its steps, the places before each, the drawn waits on the way to each."""
    tokens: list[tuple[str, frozenset[int], tuple[str, ...]]] = [(flow, frozenset(), ()) for flow in drawn.starts()]
    steps: list[str] = []
    before: list[list[int]] = []
    waits: list[list[str]] = []
    for _ in range(LONGEST * 10):
        if not tokens or len(steps) > LONGEST:
            break
        ready = _ready(drawn, [flow for flow, _, _ in tokens])
        if ready is None:
            raise Stuck
        node, places = ready
        taken = [tokens[place] for place in places]
        tokens = [one for place, one in enumerate(tokens) if place not in set(places)]
        after = frozenset().union(*(one[1] for one in taken))
        passed = tuple(dict.fromkeys(name for one in taken for name in one[2]))
        kind, out = drawn.nodes[node].kind, drawn.outgoing[node]
        if kind == TASK:
            steps.append(node)
            before.append(sorted(after))
            waits.append(list(passed))
            after, passed = frozenset([len(steps) - 1]), ()
        elif kind == WAIT:
            passed = (*passed, node)
        tokens += [(flow, after, passed) for flow in _chosen(drawn, node, out, rng)]
    else:
        raise Stuck
    if len(steps) > LONGEST:
        raise Stuck
    return steps, before, waits


def _ready(drawn: Map, held: Sequence[str]) -> tuple[str, list[int]] | None:
    """A node that may go on, and the places of the tokens that it takes; joins of several ways wait for the others."""
    last: tuple[str, list[int]] | None = None
    for place, flow in enumerate(held):
        node = drawn.flows[flow][1]
        kind, into = drawn.nodes[node].kind, drawn.incoming[node]
        if kind not in (AND, OR) or len(into) < 2:
            return node, [place]
        first = [held.index(one) for one in into if one in held]
        if len(first) == len(into):
            return node, first
        if kind == OR:
            last = node, first
    return last


def _chosen(drawn: Map, node: str, out: Sequence[str], rng: np.random.Generator) -> list[str]:
    kind = drawn.nodes[node].kind
    if kind not in (XOR, OR) or len(out) < 2:
        return list(out)
    share = np.array([max(0.0, drawn.shares.get(flow, 0.0)) for flow in out])
    if share.sum() <= 0:
        share = np.full(len(out), 1 / len(out))
    if kind == OR and share.sum() > 1.001:
        picked = [flow for flow, one in zip(out, share, strict=True) if rng.random() < one]
        if picked:
            return picked
    return [out[int(rng.choice(len(out), p=share / share.sum()))]]


def estimate(
    drawn: Map, typed: Mapping[str, Typed], *, a_month: float, staff: Mapping[str, Staff] | None = None,
    hours: Weekly | None = None, cases: int = 1000, seed: int = 1,
) -> Model:  # fmt: skip
    """A model of a drawing. ``typed``: by node id; ``a_month``: cases that arrive; ``hours``: where a role says none."""
    staff, hours = staff or {}, hours or office()
    tasks = [node for node in drawn.nodes.values() if node.kind == TASK]
    if not tasks:
        raise Stuck
    number = {node.id: place for place, node in enumerate(tasks)}
    names = list(dict.fromkeys(node.role for node in tasks if node.role))
    people: list[Person] = []
    roles: list[Role] = []
    for name in names:
        said = staff.get(name, Staff())
        weekly = said.hours or hours
        members = list(range(len(people), len(people) + said.people))
        people += [Person(f"{name} {one + 1}", weekly) for one in range(said.people)]
        roles.append(Role(name, members, weekly, said.cost_per_hour))
    steps = []
    for node in tasks:
        said_of = typed.get(node.id, Typed())
        steps.append(
            Step(
                node.name or node.id,
                pert(said_of.working),
                (names.index(node.role),) if node.role else (),
                said_of.cost,
            )
        )
    waits: list[Wait] = []
    kinds: dict[tuple[int, tuple[str, ...]], int] = {}

    def wait_of(step: int, passed: tuple[str, ...]) -> int:
        key = (step, passed)
        if key not in kinds:
            lengths = [pert(typed[one].waiting) for one in (*passed, tasks[step].id) if one in typed]
            together = [one for one in lengths if one.mean > 0]
            length = fixed(0.0) if not together else together[0]
            for other in together[1:]:
                length = Sample(np.sort(length.at(np.linspace(0, 0.999, POINTS)) + other.mean), 0)
            kinds[key] = len(waits)
            waits.append(Wait(-2, step, passed, length))
        return kinds[key]

    rng = np.random.default_rng(seed)
    seen: dict[tuple[Any, ...], Shape] = {}
    for _ in range(WALKS):
        walked, before, passed = walk(drawn, rng)
        if not walked:
            continue
        mine = [number[one] for one in walked]
        key = (tuple(mine), tuple(map(tuple, before)), tuple(map(tuple, passed)))
        if key in seen:
            seen[key].times += 1
        else:
            kind = [wait_of(step, tuple(names)) for step, names in zip(mine, passed, strict=True)]
            seen[key] = Shape(mine, before, kind)
    if not seen:
        raise Stuck
    return Model(
        steps, roles, people, list(seen.values()), waits, _arrivals(a_month, hours, rng), cases,
        timed=True, peopled=bool(roles), estimate=True,
        drawn={node.id: node.name or node.id for node in drawn.nodes.values() if node.kind == WAIT},
    )  # fmt: skip


def _arrivals(a_month: float, hours: Weekly, rng: np.random.Generator) -> Arrivals:
    """Twelve weeks of arrivals by chance within the hours of work."""
    slots = np.array(hours.on).reshape(7, -1)
    working = [day for day in range(7) if slots[day].any()]
    each = a_month * 12 / (52 * len(working))
    days = []
    for day in range(7 * 12):
        if day % 7 not in working:
            days.append(np.array([]))
            continue
        on = np.flatnonzero(slots[day % 7]) * 300.0
        count = int(rng.poisson(each))
        days.append(np.sort(rng.choice(on, count) + rng.random(count) * 300.0))
    if not any(len(one) for one in days):
        days[working[0]] = np.array([12 * 3600.0])
    return Arrivals(days, 0, hours)
