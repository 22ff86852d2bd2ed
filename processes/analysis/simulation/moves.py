"""Changes of a process, each a pure function on the model; refused with a reason where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from processes.analysis.simulation.model import Model, Person, Shape, Wait, fixed

type Kind = Literal[
    "merge", "eliminate", "parallelise", "automate", "reassign", "replace", "resource", "arrival", "duration", "delay"
]
KINDS: Final[tuple[str, ...]] = get_args(Kind.__value__)

type Reason = Literal[
    "unknown_move", "unknown_step", "unknown_role", "no_steps", "one_step", "no_role", "no_factor", "no_change", "nobody_left",
    "nothing_left", "never_adjacent", "decision", "needed", "no_people", "no_times",
]  # fmt: skip

# A step that is followed by another less often than this decides whether the other happens at all.
SURE: Final = 0.98


class Refused(ValueError):
    """A change that cannot be: ``reason`` says why, ``about`` names what it is about."""

    def __init__(self, reason: Reason, *about: str) -> None:
        super().__init__(reason, *about)
        self.reason = reason
        self.about = about


@dataclass(frozen=True, slots=True)
class Move:
    """One change. ``change``: people added; ``factor``: how many times as long (or as often); ``seconds``: working time after
    automating; ``needs``: steps whose output each step needs, from the drawing."""

    move: str
    steps: tuple[str, ...] = ()
    role: str = ""
    change: int = 0
    factor: float | None = None
    seconds: float | None = None


type Needs = dict[str, set[str]]


def apply(model: Model, moves: Iterable[Move], *, needs: Needs | None = None) -> Model:
    """The model after these changes, in their order. ``needs``: step -> the steps whose output it works on."""
    changed = model.copy()
    for move in moves:
        if move.move not in MOVES:
            raise Refused("unknown_move", move.move)
        MOVES[move.move](changed, move, needs or {})
    return changed


def _steps(model: Model, move: Move, *, least: int = 1) -> list[int]:
    found = []
    for name in move.steps:
        number = model.step(name)
        if number is None:
            raise Refused("unknown_step", name)
        found.append(number)
    if not found:
        raise Refused("no_steps")
    if len(set(found)) < least:
        raise Refused("one_step")
    return list(dict.fromkeys(found))


def _role(model: Model, move: Move) -> int:
    if not model.peopled:
        raise Refused("no_people")
    if not move.role:
        raise Refused("no_role")
    number = model.role(move.role)
    if number is None:
        raise Refused("unknown_role", move.role)
    return number


def _factor(move: Move, *, least: float = 0.0) -> float:
    if move.factor is None or not least <= move.factor <= 1000:
        raise Refused("no_factor")
    return move.factor


def _split_waits(model: Model, move: Move) -> tuple[set[str], Move]:
    """Drawn waits named among the steps, and the move with the steps only."""
    by_name = {name.casefold(): one for one, name in model.drawn.items()} | {one.casefold(): one for one in model.drawn}
    named = {by_name[one.casefold()] for one in move.steps if model.step(one) is None and one.casefold() in by_name}
    rest = tuple(one for one in move.steps if model.step(one) is not None or one.casefold() not in by_name)
    return named, Move(move.move, rest, move.role, move.change, move.factor, move.seconds)


def _no_wait(model: Model, number: int) -> int:
    """A wait like this one that takes no time."""
    like = model.waits[number]
    model.waits.append(Wait(like.after, like.step, like.drawn, fixed(0.0)))
    return len(model.waits) - 1


def _drop_waits(model: Model, steps: Sequence[int]) -> None:
    """Waiting that belongs to these steps ends; what is drawn as a wait of its own stays."""
    for wait in model.waits:
        if wait.step in steps and not wait.drawn:
            wait.length = fixed(0.0)


def eliminate(model: Model, move: Move, needs: Needs) -> None:
    drawn, rest = _split_waits(model, move)
    for wait in model.waits:
        if drawn and drawn & set(wait.drawn):
            wait.length = fixed(0.0)
    if drawn and not rest.steps:
        return
    steps = _steps(model, rest)
    names = {model.steps[one].name for one in steps}
    for step, needed in needs.items():
        lost = needed & names
        if lost and step not in names:
            raise Refused("needed", sorted(lost)[0], step)
    gone = set(steps)
    for shape in model.shapes:
        shape.gone = [was or step in gone for was, step in zip(shape.gone, shape.steps, strict=True)]
    if all(all(shape.gone) for shape in model.shapes):
        raise Refused("nothing_left")
    _drop_waits(model, steps)


def automate(model: Model, move: Move, needs: Needs) -> None:
    for number in _steps(model, move):
        step = model.steps[number]
        step.roles = ()
        step.work = step.work.times(move.factor) if move.factor is not None else fixed(move.seconds or 0.0)


def replace(model: Model, move: Move, needs: Needs) -> None:
    """A look-up in a linked table or rule does it: nobody is needed, nothing is waited for."""
    automate(model, move, needs)
    _drop_waits(model, _steps(model, move))


def duration(model: Model, move: Move, needs: Needs) -> None:
    factor = _factor(move)
    drawn, rest = _split_waits(model, move)
    for wait in model.waits:
        if drawn and drawn & set(wait.drawn):
            wait.length = wait.length.times(factor)
    if drawn and not rest.steps:
        return
    if not model.timed:
        raise Refused("no_times")
    for number in _steps(model, rest):
        model.steps[number].work = model.steps[number].work.times(factor)


def delay(model: Model, move: Move, needs: Needs) -> None:
    """Outside waiting before these steps (before all of them where none is named) becomes so many times as long."""
    factor = _factor(move) if move.factor is not None else 0.0
    drawn, rest = _split_waits(model, move)
    steps = set(_steps(model, rest)) if rest.steps else set() if drawn else set(range(len(model.steps)))
    for wait in model.waits:
        if wait.step in steps or drawn & set(wait.drawn):
            wait.length = wait.length.times(factor)


def reassign(model: Model, move: Move, needs: Needs) -> None:
    role = _role(model, move)
    for number in _steps(model, move):
        model.steps[number].roles = (role,)


def resource(model: Model, move: Move, needs: Needs) -> None:
    role = model.roles[_role(model, move)]
    if not move.change:
        raise Refused("no_change")
    if len(role.people) + move.change < 1:
        raise Refused("nobody_left", role.name)
    if move.change > 0:
        for number in range(move.change):
            model.people.append(Person(f"{role.name} +{number + 1}", role.weekly))
            role.people.append(len(model.people) - 1)
    else:
        role.people = role.people[: move.change]


def arrival(model: Model, move: Move, needs: Needs) -> None:
    model.arrivals.factor *= _factor(move, least=0.01)


def _chains(shape: Shape, steps: set[int]) -> list[list[int]]:
    """Places of these steps that follow one another directly, and on nothing else."""
    chains: list[list[int]] = []
    used: set[int] = set()
    for place, step in enumerate(shape.steps):
        if step not in steps or place in used or shape.gone[place]:
            continue
        chain = [place]
        while True:
            following = [
                one
                for one, before in enumerate(shape.before)
                if before == [chain[-1]] and shape.steps[one] in steps and not shape.gone[one] and one not in used
            ]
            fresh = [one for one in following if shape.steps[one] not in {shape.steps[other] for other in chain}]
            if not fresh:
                break
            chain.append(fresh[0])
        used |= set(chain)
        if len(chain) > 1:
            chains.append(chain)
    return chains


def parallelise(model: Model, move: Move, needs: Needs) -> None:
    steps = _steps(model, move, least=2)
    wanted = set(steps)
    names = {model.steps[one].name for one in steps}
    for name in names:
        if lost := needs.get(name, set()) & names:
            raise Refused("needed", sorted(lost)[0], name)
    found = [(shape, _chains(shape, wanted)) for shape in model.shapes]
    met = sum(shape.times * len(chains) for shape, chains in found)
    if not met:
        raise Refused("never_adjacent")
    firsts = {shape.steps[chain[0]] for shape, chains in found for chain in chains}
    for first in firsts:
        seen = sum(shape.times * shape.steps.count(first) for shape in model.shapes)
        led = sum(
            shape.times * sum(shape.steps[one] == first for chain in chains for one in chain) for shape, chains in found
        )
        if led < SURE * seen:
            raise Refused("decision", model.steps[first].name)
    for shape, chains in found:
        for chain in chains:
            group = set(chain)
            begin = list(shape.before[chain[0]])
            for place, before in enumerate(shape.before):
                if place in group:
                    shape.before[place] = list(begin)
                elif group & set(before):
                    shape.before[place] = sorted(group | set(before))


def merge(model: Model, move: Move, needs: Needs) -> None:
    steps = _steps(model, move, least=2)
    role = _role(model, move) if move.role else None
    merged = 0.0
    nothing: dict[int, int] = {}
    for shape in model.shapes:
        for chain in _chains(shape, set(steps)):
            merged += shape.times
            for place in chain[1:]:
                shape.joined[place] = chain[0]
                shape.gone[place] = True
                if not model.waits[shape.waits[place]].drawn:
                    shape.waits[place] = nothing.setdefault(shape.waits[place], _no_wait(model, shape.waits[place]))
    if not merged:
        raise Refused("never_adjacent")
    roles = (role,) if role is not None else model.steps[steps[0]].roles
    for number in steps:
        model.steps[number].roles = roles
    if move.factor is not None:
        for number in steps:
            model.steps[number].work = model.steps[number].work.times(_factor(move))


MOVES: Final[dict[str, Callable[[Model, Move, Needs], None]]] = {
    "merge": merge,
    "eliminate": eliminate,
    "parallelise": parallelise,
    "automate": automate,
    "reassign": reassign,
    "replace": replace,
    "resource": resource,
    "arrival": arrival,
    "duration": duration,
    "delay": delay,
}
