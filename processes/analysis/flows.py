"""The flow of a drawing as a graph, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from opsboard.core.lazy import networkx as nx
from processes.analysis.bpmn.document import Document, Element, plain, tag_of
from processes.analysis.bpmn.names import GATEWAYS, SUB_PROCESSES, model
from processes.analysis.bpmn.shares import resolved_shares, stated_share
from processes.analysis.bpmn.steps import in_order, is_step, starts, steps

if TYPE_CHECKING:
    import networkx

type Graph = "networkx.DiGraph[str]"
type Code = Literal["no_start", "no_way_in", "no_way_out", "unreached", "deadlock", "twice", "no_role", "no_name"]

# What comes out of a sub-process is a node of its own, so that work can be followed through it.
LEAVING: Final = "/end"
MOST_STATES: Final = 4000


@dataclass(frozen=True)
class Problem:
    """What is wrong with a step or gateway. `about` names what it is about: the step, or the one before a gateway."""

    code: Code
    node: str
    about: str = ""


def graph(document: Document) -> Graph:
    """Steps, gateways and events with the flows between them; sub-processes are entered and left.

    Nodes hold `kind` (`step`, `gateway`, `event`, `leaving`), `name`, `role`, `tag`, `split` (gateways: `one`, `all`,
    `any`) and `step` (a `Step`, for steps). Edges hold `share` (0…1 of the work at that node that goes this way; 1 where
    all ways are taken), `stated` (somebody said that share), `name`, and `flows` (ids). Edges out of an event on a
    step's edge, and to it, have the share 0 unless said.
    """
    answer = nx.DiGraph()
    rows = {step.id: step for step in steps(document)}
    for key, element in document.nodes.items():
        tag = tag_of(element)
        kind = "step" if is_step(document, key) else "gateway" if tag in GATEWAYS else "event"
        name, role = plain(element.get("name")), document.role_of(key)
        answer.add_node(key, kind=kind, name=name, role=role, tag=tag, split=GATEWAYS.get(tag, ""), step=rows.get(key))
        if _is_open(document, key):
            answer.add_node(key + LEAVING, kind="leaving", name=name, role=role, tag=tag, split="", step=None)
    for key in document.nodes:
        _lead_on(document, answer, key)
    return answer


def _is_open(document: Document, key: str) -> bool:
    """Whether a node is a sub-process with something in it."""
    element = document.nodes[key]
    return tag_of(element) in SUB_PROCESSES and any(child.get("id") in document.nodes for child in element)


def _lead_on(document: Document, answer: Graph, key: str) -> None:
    element = document.nodes[key]
    source = key
    if _is_open(document, key):
        source = key + LEAVING
        for begun in starts(document, element):
            _join(answer, key, begun, share=1.0)
        inside = [child.get("id") for child in element if child.get("id") in document.nodes]
        for last in inside:
            if not document.outgoing[last]:
                _join(answer, last, source, share=1.0)
    for event in document.boundary.get(key, ()):
        _join(answer, key, event, share=0.0)
    flows = document.outgoing[key]
    tag = tag_of(element)
    chosen = GATEWAYS.get(tag) == "one" or any(stated_share(flow) is not None for flow in flows)
    shares = resolved_shares(flows) if chosen else [1.0] * len(flows)
    for flow, share in zip(flows, shares, strict=True):
        stated = stated_share(flow) is not None
        _join(answer, source, flow.get("targetRef"), share=share, stated=stated, flow=flow)


def _join(
    answer: Graph, source: str, target: str, *, share: float, stated: bool = False, flow: Element | None = None
) -> None:
    name = plain(flow.get("name")) if flow is not None else ""
    flows = (flow.get("id"),) if flow is not None else ()
    if answer.has_edge(source, target):
        held: dict[str, Any] = answer.edges[source, target]
        held["share"], held["flows"] = min(1.0, held["share"] + share), held["flows"] + flows
        held["stated"] = held["stated"] or stated
        held["name"] = " / ".join(dict.fromkeys(word for word in (held["name"], name) if word))
        return
    answer.add_edge(source, target, share=share, stated=stated, name=name, flows=flows)


def problems(document: Document) -> list[Problem]:
    """What to mend before anything is computed from a drawing; in the order of its steps."""
    answer: list[Problem] = []
    reached = _reached(document)
    for scope in (*document.processes(), *(el for el in document.nodes.values() if tag_of(el) in SUB_PROCESSES)):
        inside = [key for key, element in document.nodes.items() if element.getparent() is scope]
        tags = {tag_of(document.nodes[key]) for key in inside}
        if inside and not starts(document, scope):
            answer.append(Problem("no_start", scope.get("id", ""), plain(scope.get("name"))))
        answer.extend(_loose_ends(document, inside, tags, reached))
    if any(document.role_of(key) for key in document.nodes):
        answer.extend(
            Problem("no_role", key, plain(document.nodes[key].get("name")))
            for key in in_order(document)
            if document.kind(key) == "task" and not document.role_of(key)
        )
    for scope in document.processes():
        answer.extend(stuck(document, scope))
    place = {key: index for index, key in enumerate(in_order(document))}
    return sorted(answer, key=lambda problem: place.get(problem.node, -1))


def _reached(document: Document) -> set[str]:
    seen: set[str] = set()
    stack = [key for scope in document.processes() for key in starts(document, scope)]
    while stack:
        key = stack.pop()
        if key in seen:
            continue
        seen.add(key)
        stack.extend(flow.get("targetRef") for flow in document.outgoing[key])
        stack.extend(document.boundary.get(key, ()))
        if tag_of(document.nodes[key]) in SUB_PROCESSES:
            stack.extend(starts(document, document.nodes[key]))
    return seen


def _loose_ends(document: Document, inside: list[str], tags: set[str], reached: set[str]) -> list[Problem]:
    answer = []
    for key in inside:
        element = document.nodes[key]
        tag = tag_of(element)
        about = plain(element.get("name")) or name_before(document, key)
        if not is_step(document, key) and tag not in GATEWAYS:
            continue
        if element.get("isForCompensation") == "true" or element.get("triggeredByEvent") == "true":
            continue
        if "startEvent" in tags and not document.incoming[key]:
            answer.append(Problem("no_way_in", key, about))
        elif key not in reached:
            answer.append(Problem("unreached", key, about))
        if "endEvent" in tags and not document.outgoing[key]:
            answer.append(Problem("no_way_out", key, about))
        if document.kind(key) == "task" and not plain(element.get("name")):
            answer.append(Problem("no_name", key, about))
    return answer


def name_before(document: Document, key: str) -> str:
    """What people call a gateway without a name: by the nearest step before it."""
    seen = {key}
    stack = [key]
    while stack:
        for flow in document.incoming[stack.pop(0)]:
            source = flow.get("sourceRef")
            if name := plain(document.nodes[source].get("name")):
                return name
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return ""


def stuck(document: Document, scope: Element) -> list[Problem]:
    """Joins that wait for ever and flows that work takes twice, found by moving tokens through all choices.

    Only choices branch: whatever can move without one moves first, since it takes nothing from anybody else
    (Valmari's stubborn sets; the nets are free-choice). So a drawing with many parallel steps has few states.
    """
    inside = {key for key, element in document.nodes.items() if element.getparent() is scope}
    begun = starts(document, scope)
    found: dict[tuple[Code, str], Problem] = {}
    pending: list[tuple[tuple[str, int], ...]] = []
    for start in begun:
        tokens: Counter[str] = Counter(flow.get("id") for flow in document.outgoing[start])
        pending.append(tuple(sorted(tokens.items())))
    seen: set[tuple[tuple[str, int], ...]] = set()
    net = _Net(document, inside)
    while pending and len(seen) < MOST_STATES:
        state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        tokens = Counter(dict(state))
        for flow, count in state:
            if count > 1:
                target = document.flows[flow].get("targetRef")
                about = plain(document.nodes[target].get("name")) or name_before(document, target)
                found.setdefault(("twice", target), Problem("twice", target, about))
                tokens[flow] = 1
        following = net.moves(tokens)
        if following is None:
            for node in net.waiting(tokens):
                found.setdefault(("deadlock", node), Problem("deadlock", node, name_before(document, node)))
            continue
        pending.extend(tuple(sorted(item for item in after.items() if item[1] > 0)) for after in following)
    return list(found.values())


class _Net:
    """How tokens on flows move."""

    def __init__(self, document: Document, inside: set[str]) -> None:
        self.nodes = {
            key: (
                GATEWAYS.get(tag_of(document.nodes[key]), ""),
                [flow.get("id") for flow in document.incoming[key]],
                [flow.get("id") for flow in document.outgoing[key]],
            )
            for key in inside
        }
        self.target = {key: flow.get("targetRef") for key, flow in document.flows.items()}
        self.conditional = {
            key
            for key in inside
            if any(flow.find(model("conditionExpression")) is not None for flow in document.outgoing[key])
        }
        self._ahead: dict[str, set[str]] = {}

    def moves(self, tokens: Counter[str]) -> list[Counter[str]] | None:
        """What follows a state: one state, or one for each side of a choice; none where nothing moves but tokens wait."""
        choice: list[Counter[str]] | None = None
        any_tokens = False
        for flow, count in tokens.items():
            if count <= 0:
                continue
            any_tokens = True
            key = self.target[flow]
            kind, incoming, outgoing = self.nodes[key]
            if kind == "all" and len(incoming) > 1:
                if all(tokens[one] > 0 for one in incoming):
                    return [self._moved(tokens, incoming, outgoing)]
                continue
            if kind == "any" and len(incoming) > 1:
                here = [one for one in incoming if tokens[one] > 0]
                if any(tokens[one] > 0 and one not in here and key in self._before(one, key) for one in tokens):
                    continue
                taken = here
            else:
                taken = [flow]
            if len(outgoing) < 2 or kind == "all" or (not kind and key not in self.conditional):
                return [self._moved(tokens, taken, outgoing)]
            if choice is None:
                choice = [self._moved(tokens, taken, [one]) for one in outgoing]
                if kind == "any" or not kind:
                    choice.append(self._moved(tokens, taken, outgoing))
        if choice is not None:
            return choice
        return None if any_tokens else []

    def waiting(self, tokens: Counter[str]) -> list[str]:
        return list(dict.fromkeys(self.target[flow] for flow, count in tokens.items() if count > 0))

    def _moved(self, tokens: Counter[str], taken: list[str], given: list[str]) -> Counter[str]:
        after = Counter(tokens)
        after.subtract(taken)
        after.update(given)
        return after

    def _before(self, flow: str, join: str) -> set[str]:
        """The joins that a token on a flow may still come to."""
        if flow not in self._ahead:
            seen: set[str] = set()
            stack = [self.target[flow]]
            while stack:
                key = stack.pop()
                if key not in seen:
                    seen.add(key)
                    stack.extend(self.target[one] for one in self.nodes[key][2])
            self._ahead[flow] = seen
        return self._ahead[flow]
