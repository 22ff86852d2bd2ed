"""The steps of a drawing as rows of a table."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from processes.analysis.bpmn.document import Document, Element, plain, tag_of
from processes.analysis.bpmn.names import GATEWAYS, PASSING, SUB_PROCESSES, TASKS, model, ours
from processes.analysis.bpmn.shares import resolved_shares, stated_share
from processes.analysis.durations import Estimate

type Split = Literal["one", "all", "any", "mixed"]

# Where a way ends instead of at a step.
END: Final = ""
LONGEST_PATH: Final = 400


@dataclass(frozen=True)
class Way:
    """One way on from a step: to a step (its id) or to the end (`END`), with the share that goes there where it is said."""

    to: str
    share: float | None = None
    name: str = ""


@dataclass(frozen=True)
class Step:
    """One row. Durations are seconds; `volume` is how often a month; `cost` is an amount a time, as typed.

    `ways` is where it goes on: nothing said (`None`) is the next row, and the end after the last one. `split` says
    whether one of several ways is taken or all at once; `any` and `mixed` come from drawings only. `scope` is the
    process or sub-process that it lies in; a new row that says none lies in that of the row before.
    """

    id: str
    name: str
    role: str = ""
    kind: str = "task"
    working: Estimate | None = None
    waiting: Estimate | None = None
    output: str = ""
    volume: float | None = None
    system: str = ""
    cost: str = ""
    phase: str = ""
    ways: tuple[Way, ...] | None = None
    split: Split = "one"
    scope: str = ""


PROPERTIES: Final = ("output", "system", "cost", "phase")
SPANS: Final = ("working", "waiting")


def is_step(document: Document, key: str) -> bool:
    """Tasks, calls, sub-processes, and the events on the way, where something is waited for or sent."""
    tag = tag_of(document.nodes[key])
    return tag in TASKS or tag in SUB_PROCESSES or tag in PASSING


def steps(document: Document) -> list[Step]:
    """All steps in the order in which work passes them; what no flow reaches comes after that."""
    order = in_order(document)
    answer = []
    for key in order:
        ways, split = ways_of(document, key)
        answer.append(_step(document, key, ways or (Way(END),), split))
    return [
        replace(step, ways=None) if step.ways == (Way(follower(answer, index)),) else step
        for index, step in enumerate(answer)
    ]


def follower(rows: Sequence[Step], index: int) -> str:
    """The id of the next row of the same process or sub-process; the end after the last."""
    scope = rows[index].scope
    return next((row.id for row in rows[index + 1 :] if row.scope == scope), END)


def _step(document: Document, key: str, ways: tuple[Way, ...], split: Split) -> Step:
    element = document.nodes[key]
    held = held_by(element)
    tag = tag_of(element)
    return Step(
        id=key,
        name=plain(element.get("name")),
        role=document.role_of(key),
        kind=TASKS.get(tag) or ("sub" if tag in SUB_PROCESSES else _event_kind(element)),
        working=_estimate(held, "working"),
        waiting=_estimate(held, "waiting"),
        output=held.get("output", ""),
        volume=_number(held.get("volume")),
        system=held.get("system", ""),
        cost=held.get("cost", ""),
        phase=held.get("phase", ""),
        ways=ways,
        split=split,
        scope=document.scope(key).get("id", ""),
    )


def _event_kind(element: Element) -> str:
    for child in element:
        if (tag := tag_of(child)).endswith("EventDefinition"):
            return tag.removesuffix("EventDefinition")
    return "event"


def held_by(element: Element) -> dict[str, str]:
    """What our own extension element of a step says."""
    found = element.find(f"{model('extensionElements')}/{ours('step')}")
    return dict(found.attrib) if found is not None else {}


def _estimate(held: dict[str, str], name: str) -> Estimate | None:
    likely = _number(held.get(name))
    if likely is None:
        return None
    low, high = _number(held.get(f"{name}Low")), _number(held.get(f"{name}High"))
    found = Estimate(likely if low is None else low, likely, likely if high is None else high)
    return found if found.low <= found.likely <= found.high else Estimate.of(likely)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None


def ways_of(document: Document, key: str) -> tuple[tuple[Way, ...], Split]:
    """The steps that follow one, past gateways; `END` where the work ends there."""
    return ways_along(document, document.outgoing[key], first="" if len(document.outgoing[key]) < 2 else "all")


def ways_along(document: Document, flows: list[Element], *, first: str) -> tuple[tuple[Way, ...], Split]:
    found: dict[str, Way] = {}
    splits: list[str] = []
    if first and any(flow.find(model("conditionExpression")) is not None for flow in flows):
        first = "one"
    if first:
        splits.append(first)
    shares = dict(zip(flows, resolved_shares(flows), strict=True)) if first == "one" else {}
    waiting: deque[tuple[Element, float, bool, str, frozenset[str]]] = deque(
        (flow, shares.get(flow, 1.0), stated_share(flow) is not None, plain(flow.get("name")), frozenset())
        for flow in flows
    )
    while waiting and len(found) < LONGEST_PATH:
        flow, share, stated, name, seen = waiting.popleft()
        target = flow.get("targetRef")
        tag = tag_of(document.nodes[target])
        if tag not in GATEWAYS:
            _add(found, Way(target if is_step(document, target) else END, share if stated else None, name))
            continue
        if target in seen:
            continue
        after = document.outgoing[target]
        if not after:
            _add(found, Way(END, share if stated else None, name))
        kind = GATEWAYS[tag]
        if len(after) > 1:
            splits.append(kind)
        parts = resolved_shares(after) if kind == "one" else [1.0] * len(after)
        for leaving, part in zip(after, parts, strict=True):
            told = stated or (kind == "one" and len(after) > 1 and stated_share(leaving) is not None)
            label = plain(leaving.get("name"))
            words = name if not label or label == name else label if not name else f"{name} · {label}"
            waiting.append((leaving, share * part, told, words, seen | {target}))
    split: Split = "one" if not splits else splits[0] if len(set(splits)) == 1 else "mixed"  # type: ignore[assignment]
    return tuple(found.values()), split


def _add(found: dict[str, Way], way: Way) -> None:
    before = found.get(way.to)
    if before is None:
        found[way.to] = way
        return
    share = None if before.share is None or way.share is None else min(1.0, before.share + way.share)
    names = [name for name in (before.name, way.name) if name]
    found[way.to] = Way(way.to, share, " / ".join(dict.fromkeys(names)))


def starts(document: Document, scope: Element) -> list[str]:
    """Where work begins in a process or sub-process: its start events, else what nothing leads to."""
    inside = [key for key, element in document.nodes.items() if element.getparent() is scope]
    begun = [key for key in inside if tag_of(document.nodes[key]) == "startEvent"]
    if begun:
        return begun
    return [key for key in inside if not document.incoming[key] and tag_of(document.nodes[key]) != "boundaryEvent"]


def in_order(document: Document) -> list[str]:
    """The ids of the steps as work passes them: a step comes after all that lead to it, as far as loops allow."""
    answer: list[str] = []
    scopes = [*document.processes()]
    for scope in scopes:
        answer.extend(_order_inside(document, scope))
    return answer


def _order_inside(document: Document, scope: Element) -> list[str]:
    inside = [key for key, element in document.nodes.items() if element.getparent() is scope]
    place = {key: index for index, key in enumerate(inside)}
    forward = _without_loops(document, inside, [*starts(document, scope), *inside])
    waiting_for = dict.fromkeys(inside, 0)
    for key in inside:
        for target in forward[key]:
            waiting_for[target] += 1
    # Depth first: a branch is told to its end before the next one, as people write procedures down.
    stack = [key for key in reversed(inside) if waiting_for[key] == 0]
    begun = set(starts(document, scope))
    stack.sort(key=lambda key: (key in begun, -place[key]))
    answer: list[str] = []
    while stack:
        key = stack.pop()
        if is_step(document, key):
            answer.append(key)
        if tag_of(document.nodes[key]) in SUB_PROCESSES:
            answer.extend(_order_inside(document, document.nodes[key]))
        for target in reversed(forward[key]):
            waiting_for[target] -= 1
            if waiting_for[target] == 0:
                stack.append(target)
    return answer


def _without_loops(document: Document, inside: list[str], roots: list[str]) -> dict[str, list[str]]:
    """The flows of a scope less those that lead back, found by going into the depth from the starts."""
    known = set(inside)
    forward: dict[str, list[str]] = {key: [] for key in inside}
    state: dict[str, int] = {}
    for root in roots:
        if root in state or root not in known:
            continue
        state[root] = 1
        stack = [(root, iter(followers(document, root)))]
        while stack:
            key, targets = stack[-1]
            for target in targets:
                if target not in known or state.get(target) == 1:
                    continue
                if target not in forward[key]:
                    forward[key].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(followers(document, target))))
                    break
            else:
                state[key] = 2
                stack.pop()
    return forward


def followers(document: Document, key: str) -> list[str]:
    """What comes directly after a node: along its flows, and out of the events on its edge."""
    return [*(flow.get("targetRef") for flow in document.outgoing[key]), *document.boundary.get(key, ())]
