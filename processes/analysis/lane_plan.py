"""What of a document stands in its swim-lane map: lanes, nodes and arcs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from processes.analysis.bpmn.document import Document, Element, local, plain, tag_of
from processes.analysis.bpmn.names import GATEWAYS, SUB_PROCESSES, model
from processes.analysis.bpmn.shares import stated_share
from processes.analysis.bpmn.steps import in_order, starts
from processes.analysis.lanes import Arc, Kind, Layout, Node, lay_out


@dataclass(frozen=True)
class Lane:
    """A lane of the map: of a lane, of a pool without lanes, or of a process without either (no ids then)."""

    name: str
    lane: str = ""
    pool: str = ""
    pool_name: str = ""


@dataclass(frozen=True)
class Flowing:
    """What an arc says: the name of its flow, the share that was stated for it."""

    name: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Plan:
    lanes: tuple[Lane, ...]
    nodes: tuple[Node, ...]
    arcs: tuple[Arc, ...]
    said: dict[str, Flowing]

    def laid_out(
        self, *, header: float = 0.0, top: float = 0.0, width: Callable[[Flowing], float] | None = None
    ) -> Layout:
        """`width` says how wide the words of a flow are written."""
        arcs = [replace(arc, words=width(self.said[arc.id])) for arc in self.arcs] if width else self.arcs
        return lay_out(self.nodes, arcs, len(self.lanes), header=header, top=top)


def plan_of(document: Document, *, within: Element | None = None, through: bool = True) -> Plan:
    """The map of all processes, or of what is within a sub-process; `through` looks into sub-processes."""
    scopes = [within] if within is not None else document.processes()
    lanes: list[Lane] = []
    place: dict[str, int] = {}
    for scope in scopes:
        _lanes_of(document, scope, lanes, place)
    if within is None:
        known = {scope.get("id") for scope in scopes}
        lanes.extend(
            Lane(plain(pool.get("name")), pool=pool.get("id", ""), pool_name=plain(pool.get("name")))
            for pool in document.participants()
            if local(pool.get("processRef")) not in known
        )
    shown = {
        key for key, element in document.nodes.items() if (through and within is None) or element.getparent() in scopes
    }
    opened = {
        key for key in shown if through and tag_of(document.nodes[key]) in SUB_PROCESSES and _inside(document, key)
    }
    dropped = opened | {
        key
        for key in shown
        if through
        and tag_of(document.scope(key)) in SUB_PROCESSES
        and document.scope(key) is not within
        and tag_of(document.nodes[key]) in {"startEvent", "endEvent"}
    }
    order = [key for key in in_order(document) if key in shown]
    rank = {key: index for index, key in enumerate(order)}
    nodes = [
        Node(
            key,
            _kind(document, key),
            _lane(document, key, place),
            on=_host(document, key, shown - dropped),
            named=_named(document, key),
        )
        for key in sorted(shown - dropped, key=lambda key: rank.get(key, -1))
    ]
    arcs, said = _arcs(document, shown, dropped, opened)
    return Plan(tuple(lanes) or (Lane(""),), tuple(nodes), tuple(arcs), said)


def _inside(document: Document, key: str) -> bool:
    return any(child.get("id") in document.nodes for child in document.nodes[key])


def _kind(document: Document, key: str) -> Kind:
    tag = tag_of(document.nodes[key])
    if tag in GATEWAYS:
        return "gateway"
    return "event" if tag.endswith("Event") else "step"


def _named(document: Document, key: str) -> bool:
    return _kind(document, key) != "step" and bool(plain(document.nodes[key].get("name")))


def _host(document: Document, key: str, standing: set[str]) -> str:
    host = document.nodes[key].get("attachedToRef") or ""
    return host if tag_of(document.nodes[key]) == "boundaryEvent" and host in standing else ""


def _lanes_of(document: Document, scope: Element, lanes: list[Lane], place: dict[str, int]) -> None:
    """The lanes of a process that hold no further ones; one for what stands in none of them."""
    pool = document.pool_of(scope)
    pool_id = pool.get("id", "") if pool is not None else ""
    name = document.name_of_pool(scope)
    begun = len(lanes)
    for lane in scope.iter(model("lane")):
        if lane.find(f"{model('childLaneSet')}/{model('lane')}") is None:
            place[lane.get("id")] = len(lanes)
            lanes.append(Lane(document.name_of_lane(lane), lane.get("id"), pool_id, name))
    loose = any(
        element.getparent() is scope and (key not in document.lane_of or document.lane_of[key].get("id") not in place)
        for key, element in document.nodes.items()
        if tag_of(element) != "boundaryEvent"
    )
    if loose or len(lanes) == begun:
        place[scope.get("id")] = len(lanes)
        lanes.append(Lane(name if len(lanes) == begun else "", "", pool_id, name))


def _lane(document: Document, key: str, place: dict[str, int]) -> int:
    while True:
        if key in document.lane_of and document.lane_of[key].get("id") in place:
            return place[document.lane_of[key].get("id")]
        element = document.nodes[key]
        host = element.get("attachedToRef")
        if host in document.nodes and host != key and tag_of(element) == "boundaryEvent":
            key = host
            continue
        scope: str = element.getparent().get("id", "")
        if scope in place:
            return place[scope]
        if scope not in document.nodes:
            return 0
        key = scope


def _arcs(
    document: Document, shown: set[str], dropped: set[str], opened: set[str]
) -> tuple[list[Arc], dict[str, Flowing]]:
    arcs: list[Arc] = []
    said: dict[str, Flowing] = {}
    for key, flow in document.flows.items():
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if source not in shown or target not in shown:
            continue
        sources = _last_inside(document, source, dropped, opened)
        targets = _first_inside(document, target, dropped, opened)
        for one in sources:
            for other in targets:
                name = key if not arcs or f"{key}" not in said else f"{key}~{len(arcs)}"
                arcs.append(Arc(name, one, other))
                said[name] = Flowing(plain(flow.get("name")), stated_share(flow))
    for message in document.root.iter(model("messageFlow")):
        source, target = message.get("sourceRef"), message.get("targetRef")
        if source in shown - dropped and target in shown - dropped:
            arcs.append(Arc(message.get("id", f"message{len(arcs)}"), source, target, loose=True))
            said[arcs[-1].id] = Flowing(plain(message.get("name")))
    return arcs, said


def _first_inside(document: Document, key: str, dropped: set[str], opened: set[str]) -> list[str]:
    """Where a flow to a node arrives once sub-processes are looked into."""
    if key not in dropped:
        return [key]
    if key in opened:
        found = [
            one
            for start in starts(document, document.nodes[key])
            for one in _first_inside(document, start, dropped, opened)
        ]
        return list(dict.fromkeys(found))
    if tag_of(document.nodes[key]) == "startEvent":
        return [
            one
            for flow in document.outgoing[key]
            for one in _first_inside(document, flow.get("targetRef"), dropped, opened)
        ]
    return []  # an end within: what follows is told by the flows out of the sub-process


def _last_inside(document: Document, key: str, dropped: set[str], opened: set[str]) -> list[str]:
    if key not in dropped:
        return [key]
    if key in opened:
        inside = [child.get("id") for child in document.nodes[key] if child.get("id") in document.nodes]
        found: list[str] = []
        for last in inside:
            if document.outgoing[last]:
                continue
            if last in dropped and last not in opened:
                before = [flow.get("sourceRef") for flow in document.incoming[last]]
                found.extend(one for source in before for one in _last_inside(document, source, dropped, opened))
            else:
                found.extend(_last_inside(document, last, dropped, opened))
        return list(dict.fromkeys(found))
    return []


__all__ = ["Flowing", "Lane", "Plan", "plan_of"]
