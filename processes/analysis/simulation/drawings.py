"""A drawing as the map that cases are played on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from processes.analysis.flows import graph
from processes.analysis.simulation.replay import AND, END, OR, PASS, START, TASK, WAIT, XOR, Map, Node

if TYPE_CHECKING:
    from processes.analysis.bpmn import Document

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
