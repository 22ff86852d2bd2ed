"""A drawing as the map that cases are played on."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from processes.analysis.bpmn import steps
from processes.analysis.flows import graph
from processes.analysis.simulation.estimates import Typed
from processes.analysis.simulation.replay import AND, END, OR, PASS, START, TASK, WAIT, XOR, Map, Node, plain_name

if TYPE_CHECKING:
    from processes.analysis.bpmn import Document
    from processes.analysis.simulation.events import Events

SPLITS: Final = {"one": XOR, "all": AND, "any": OR}
# At these events time passes until something happens elsewhere.
WAITS: Final = frozenset({"timer", "message", "signal", "conditional"})
CHOICE: Final = "/choice"


def drawn_map(document: Document) -> Map:
    """Steps, gateways, waits and flows. A step that is followed by a choice (or an event on its edge) gets a gateway."""
    drawn = graph(document)
    nodes: dict[str, Node] = {}
    flows: dict[str, tuple[str, str]] = {}
    shares: dict[str, float] = {}
    for key, held in drawn.nodes(data=True):
        opened = any(kind == "leaving" and one == f"{key}/end" for one, kind in drawn.nodes(data="kind"))
        nodes[key] = Node(key, _kind(held, opened=opened), held["name"], held["role"])
    for key in list(nodes):
        out = list(drawn.out_edges(key, data=True))
        chosen = len(out) > 1 and any(held["share"] < 1 for _, _, held in out)
        source = key
        if chosen and nodes[key].kind not in (XOR, OR):
            source = key + CHOICE
            nodes[source] = Node(source, XOR)
            flows[f"{key}>{source}"] = (key, source)
        for _, target, held in out:
            flow = f"{source}>{target}"
            flows[flow] = (source, target)
            shares[flow] = float(held["share"])
    return Map(nodes, flows, shares)


def roles_of_people(events: Events, drawn: Map) -> dict[str, str]:
    """Person -> role, where the drawing has role lanes: the lane of the steps that somebody does most."""
    lane = {plain_name(node.name): node.role for node in drawn.tasks() if node.role}
    counts: dict[str, Counter[str]] = {}
    for step, person in zip(events.activity.tolist(), events.resource.tolist(), strict=True):
        role = lane.get(plain_name(events.activities[step]))
        if role and person >= 0:
            counts.setdefault(events.resources[person], Counter())[role] += 1
    return {person: roles.most_common(1)[0][0] for person, roles in counts.items()}


def needs_of(document: Document) -> dict[str, set[str]]:
    """Step -> the steps whose output it works on: those whose typed output its own name speaks of."""
    rows = steps(document)
    needs: dict[str, set[str]] = {}
    for row in rows:
        output = plain_name(row.output)
        for other in rows:
            if len(output) >= 2 and other.id != row.id and output in plain_name(other.name):
                needs.setdefault(other.name, set()).add(row.name)
    return needs


def typed_of(document: Document) -> dict[str, Typed]:
    """What is typed about each step, by its id."""
    return {row.id: Typed(row.working, row.waiting, amount(row.cost)) for row in steps(document)}


def volume_of(document: Document) -> float | None:
    """How many cases a month somebody typed: at the step that most of them pass."""
    return max((row.volume for row in steps(document) if row.volume), default=None)


def amount(text: str) -> float:
    """The number in a typed cost; 0 where there is none."""
    found = re.search(r"\d+(?:[ ,]\d{3})*(?:\.\d+)?", text)
    return float(re.sub(r"[ ,]", "", found.group())) if found else 0.0


def _kind(held: dict[str, object], *, opened: bool) -> str:
    if held["kind"] == "gateway":
        return SPLITS[str(held["split"])]
    if held["kind"] == "leaving" or opened:
        return PASS
    step = held["step"]
    tag = str(held["tag"])
    if tag == "startEvent":
        return START
    if tag == "endEvent":
        return END
    if tag.endswith("Event"):
        return WAIT if getattr(step, "kind", "") in WAITS else PASS
    return TASK
