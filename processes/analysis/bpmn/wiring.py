"""Taking flows out of a document and putting new ones in, so that everything else stays as it was drawn."""

from __future__ import annotations

from lxml import etree

from opsboard.core.lazy import networkx as nx
from processes.analysis.bpmn.document import Document, Element, plain, tag_of
from processes.analysis.bpmn.names import GATEWAYS, SUB_PROCESSES, di, model
from processes.analysis.bpmn.shares import say_share
from processes.analysis.bpmn.steps import END, Way, is_step

_BEFORE_FLOWS = ("documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef")
_SINK = "\x00sink"


class Wiring:
    """One change of a document's flows; `tidy()` ends it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.made: list[str] = []  # nodes that have no place in the diagram yet
        self.moved: set[str] = set()  # flows whose ends are others than before
        self._touched: set[str] = set()

    # One flow, one node

    def connect(self, source: str, target: str, *, share: float | None = None, name: str = "") -> Element:
        document = self.document
        document.ready()
        scope = document.scope(source)
        flow = etree.SubElement(scope, model("sequenceFlow"))
        flow.set("id", document.fresh("Flow"))
        if name:
            flow.set("name", name)
        flow.set("sourceRef", source)
        flow.set("targetRef", target)
        say_share(flow, share)
        _before_artifacts(scope, flow)
        _note(document.nodes[source], "outgoing", flow.get("id"))
        _note(document.nodes[target], "incoming", flow.get("id"))
        document.note_flow(flow)
        self.moved.add(flow.get("id"))
        return flow

    def retarget(self, flow: Element, target: str) -> None:
        self.document.ready()
        before = flow.get("targetRef")
        _unnote(self.document.nodes[before], "incoming", flow.get("id"))
        flow.set("targetRef", target)
        _note(self.document.nodes[target], "incoming", flow.get("id"))
        self.document.note_target(flow, before)
        self.moved.add(flow.get("id"))

    def cut(self, flow: Element) -> None:
        """Take a flow out, and what nothing leads to any more: gateways and ends behind it."""
        document = self.document
        target = flow.get("targetRef")
        for end, word in ((flow.get("sourceRef"), "outgoing"), (target, "incoming")):
            if end in document.nodes:
                _unnote(document.nodes[end], word, flow.get("id"))
                self._touched.add(end)
        self.erase(flow)
        if target in document.nodes and not document.incoming[target]:
            element = document.nodes[target]
            if tag_of(element) in GATEWAYS:
                for after in list(document.outgoing[target]):
                    self.cut(after)
                self.erase(element)
            elif tag_of(element) == "endEvent":
                self._touched.add(target)

    def erase(self, element: Element) -> None:
        """Take an element out with its shape and whatever is tied to it."""
        document = self.document
        gone = {one.get("id") for one in element.iter() if isinstance(one.tag, str) and one.get("id")}
        for key in list(gone):
            for event in document.boundary.get(key, ()):
                if event not in gone:
                    for flow in list(document.outgoing[event]):
                        self.cut(flow)
                    self.erase(document.nodes[event])
        element.getparent().remove(element)
        for tied in list(document.root.iter(model("association"), model("messageFlow"), model("sequenceFlow"))):
            if tied.get("sourceRef") in gone or tied.get("targetRef") in gone:
                if tag_of(tied) == "sequenceFlow":
                    for end, word in ((tied.get("sourceRef"), "outgoing"), (tied.get("targetRef"), "incoming")):
                        if end in document.nodes and end not in gone:
                            _unnote(document.nodes[end], word, tied.get("id"))
                gone.add(tied.get("id"))
                tied.getparent().remove(tied)
        for ref in list(document.root.iter(model("flowNodeRef"))):
            if (ref.text or "").strip() in gone:
                ref.getparent().remove(ref)
        for shape in list(document.root.iter(di("BPMNShape"), di("BPMNEdge"))):
            if shape.get("bpmnElement") in gone:
                shape.getparent().remove(shape)
        document.forget()

    def add(self, tag: str, scope: Element, *, key: str = "", name: str = "", beside: str = "") -> str:
        """A new node, in the lane of the one beside it."""
        document = self.document
        document.ready()
        element = etree.SubElement(scope, model(tag))
        element.set("id", key or document.fresh("Step" if tag == "task" else tag[0].upper() + tag[1:]))
        if name:
            element.set("name", name)
        _before_artifacts(scope, element)
        document.note_node(element)
        if beside in document.lane_of:
            put_in_lane(document, element.get("id"), document.lane_of[beside])
        self.made.append(element.get("id"))
        return str(element.get("id"))

    # Ways of a step

    def lead(self, key: str, ways: tuple[Way, ...], split: str) -> None:
        """Let a step go on as said, whatever it did before."""
        document = self.document
        for flow in list(document.outgoing[key]):
            if flow.get("id") in document.flows:
                self.cut(flow)
        if len(ways) <= 1:
            way = ways[0] if ways else Way(END)
            self.connect(key, self.entry(key, way.to), name=way.name)
            return
        tag = {"all": "parallelGateway", "any": "inclusiveGateway"}.get(split, "exclusiveGateway")
        gateway = self.add(tag, document.scope(key), beside=key)
        self.connect(key, gateway)
        for way in ways:
            share = way.share if split == "one" else None
            self.connect(gateway, self.entry(key, way.to), share=share, name=way.name)

    def splice(self, key: str) -> None:
        """Take a step out and let what led to it lead on to what followed it."""
        document = self.document
        after = list(document.outgoing[key])
        before = list(document.incoming[key])
        element = document.nodes[key]
        if len(after) == 1 and after[0].get("targetRef") != key:
            target = after[0].get("targetRef")
            for flow in before:
                if flow.get("sourceRef") != key:
                    self.retarget(flow, target)
        elif len(after) > 1 and before:
            gateway = self.add("parallelGateway", document.scope(key), beside=key)
            for flow in before:
                self.retarget(flow, gateway)
            for flow in after:
                self.connect(gateway, flow.get("targetRef"))
        for flow in (*document.outgoing[key], *document.incoming[key]):
            if flow.get("id") in document.flows:
                end = flow.get("targetRef") if flow.get("sourceRef") == key else flow.get("sourceRef")
                self._touched.add(end)
        target_ids = [flow.get("targetRef") for flow in document.outgoing[key]]
        self.erase(element)
        for target in target_ids:
            if target in document.nodes and tag_of(document.nodes[target]) in GATEWAYS:
                self._touched.add(target)

    def entry(self, source: str, target: str) -> str:
        """Where a flow to a step arrives: at the gateway that gathers the flows to it, if there is one."""
        document = self.document
        if target == END or target not in document.nodes:
            return self._end_for(source)
        into = document.incoming[target]
        if len(into) != 1:
            return target
        gathering: str = into[0].get("sourceRef")
        if tag_of(document.nodes[gathering]) not in GATEWAYS or len(document.outgoing[gathering]) != 1:
            return target
        if len(document.incoming[gathering]) < 2 and gathering not in self._touched:
            return target
        kind = GATEWAYS[tag_of(document.nodes[gathering])]
        if kind == "one" or (kind in {"all", "any"} and self._between(gathering, source)):
            return gathering
        return target

    def _end_for(self, source: str) -> str:
        document = self.document
        scope = document.scope(source)
        ends = [
            key
            for key, element in document.nodes.items()
            if element.getparent() is scope and tag_of(element) == "endEvent"
        ]
        simple = [key for key in ends if not any(tag_of(child).endswith("Definition") for child in document.nodes[key])]
        nameless = [key for key in simple if not plain(document.nodes[key].get("name"))]
        if nameless or len(simple) == 1:
            return (nameless or simple)[0]
        return self.add("endEvent", scope, beside=source)

    def _between(self, join: str, source: str) -> bool:
        """Whether a step lies between a join and the split that it belongs to."""
        net = self._net()
        split = _above(nx.immediate_dominators(_from_start(net, self.document), _SINK), join)
        if split is None or join not in net:
            return False
        behind = nx.descendants(net.subgraph(set(net) - {join}), split) if split in net else set()
        return source in behind

    def _net(self) -> nx.DiGraph:
        net = nx.DiGraph()
        net.add_nodes_from(self.document.nodes)
        net.add_edges_from((flow.get("sourceRef"), flow.get("targetRef")) for flow in self.document.flows.values())
        for key, events in self.document.boundary.items():
            net.add_edges_from((key, event) for event in events)
        return net

    def join_up(self, gateway: str) -> None:
        """Let what a parallel split set going come together again before the first step that all of it leads to."""
        document = self.document
        if gateway not in document.nodes or tag_of(document.nodes[gateway]) != "parallelGateway":
            return
        branches = [flow.get("targetRef") for flow in document.outgoing[gateway]]
        net = self._net()
        after = net.reverse(copy=True)
        for key in document.nodes:
            if not document.outgoing[key]:
                after.add_edge(_SINK, key)
        if _SINK not in after:
            return
        meeting = _above(nx.immediate_dominators(after, _SINK), gateway)
        if meeting is None or meeting == _SINK or meeting not in document.nodes:
            return
        inner = net.subgraph(set(net) - {meeting})
        behind = set().union(*({key, *nx.descendants(inner, key)} for key in branches if key in inner), {gateway})
        arriving = [flow for flow in document.incoming[meeting] if flow.get("sourceRef") in behind]
        if len(arriving) < 2:
            return
        element = document.nodes[meeting]
        if tag_of(element) == "parallelGateway":
            return
        if tag_of(element) in GATEWAYS and len(arriving) == len(document.incoming[meeting]):
            if len(document.outgoing[meeting]) == 1:
                element.tag = model("parallelGateway")
                document.forget()
            return
        join = self.add(
            "parallelGateway", document.scope(gateway), beside=meeting if is_step(document, meeting) else gateway
        )
        for flow in arriving:
            self.retarget(flow, join)
        self.connect(join, meeting)

    def tidy(self) -> None:
        """Take gateways out that neither split nor gather since something beside them was cut."""
        for key in list(self._touched):
            if key not in self.document.nodes:
                continue
            element = self.document.nodes[key]
            if tag_of(element) == "endEvent" and not plain(element.get("name")) and not self.document.incoming[key]:
                self.erase(element)
            if tag_of(element) not in GATEWAYS:
                continue
            into, out = self.document.incoming[key], self.document.outgoing[key]
            if not into:
                for flow in list(out):
                    self.cut(flow)
                if key in self.document.nodes:
                    self.erase(self.document.nodes[key])
            elif len(into) == 1 and len(out) == 1 and into[0].get("sourceRef") != key:
                flow, target, name = into[0], out[0].get("targetRef"), plain(out[0].get("name"))
                self.cut_only(out[0])
                self.retarget(flow, target)
                if name and not plain(flow.get("name")):
                    flow.set("name", name)
                self.erase(self.document.nodes[key])
            elif not out:
                for flow in into:
                    self.retarget(flow, self._end_for(flow.get("sourceRef")))
                self.erase(self.document.nodes[key])
        self.made = [key for key in self.made if key in self.document.nodes]
        self.moved = {key for key in self.moved if key in self.document.flows}

    def prune(self, *, ends: bool) -> None:
        """Take gateways out to which no way leads any more; `ends` as well, where all the steps before them are gone."""
        document = self.document
        reached: set[str] = set()
        stack = [key for key in document.nodes if is_step(document, key) or tag_of(document.nodes[key]) == "startEvent"]
        while stack:
            key = stack.pop()
            if key in reached:
                continue
            reached.add(key)
            stack.extend(flow.get("targetRef") for flow in document.outgoing[key])
            stack.extend(document.boundary.get(key, ()))
        for key in [key for key in document.nodes if key not in reached]:
            tag = tag_of(document.nodes[key]) if key in document.nodes else ""
            if tag in GATEWAYS or (ends and tag == "endEvent"):
                self.erase(document.nodes[key])
        self.made = [key for key in self.made if key in document.nodes]
        self.moved = {key for key in self.moved if key in document.flows}

    def cut_only(self, flow: Element) -> None:
        for end, word in ((flow.get("sourceRef"), "outgoing"), (flow.get("targetRef"), "incoming")):
            _unnote(self.document.nodes[end], word, flow.get("id"))
        self.erase(flow)


def _above(dominators: dict[str, str], key: str) -> str | None:
    above = dominators.get(key)
    return None if above is None or above == key else above


def _from_start(net: nx.DiGraph, document: Document) -> nx.DiGraph:
    """The net with one place before everything that nothing leads to."""
    answer = net.copy()
    answer.add_edges_from((_SINK, key) for key in net if net.in_degree(key) == 0)
    answer.add_node(_SINK)
    return answer


def _note(node: Element, word: str, flow: str) -> None:
    """`incoming` and `outgoing` stand after a node's documentation and extensions, incoming first."""
    noted = etree.Element(model(word))
    noted.text = flow
    place = 0
    for index, child in enumerate(node):
        tag = tag_of(child)
        if tag in _BEFORE_FLOWS or tag == "incoming" or (tag == "outgoing" and word == "outgoing"):
            place = index + 1
    node.insert(place, noted)


def _unnote(node: Element, word: str, flow: str) -> None:
    for noted in node.findall(model(word)):
        if (noted.text or "").strip().rpartition(":")[2] == flow:
            node.remove(noted)


def _before_artifacts(scope: Element, element: Element) -> None:
    """Annotations and associations come last in a process, says the schema."""
    before = element.getprevious()
    while before is not None and tag_of(before) in {"association", "group", "textAnnotation"}:
        before.addprevious(element)
        before = element.getprevious()


def put_in_lane(document: Document, key: str, lane: Element) -> None:
    """Move a node into a lane, out of every other that doesn't hold that lane."""
    document.ready()
    above = [lane, *lane.iterancestors(model("lane"))]
    if (held := document.lane_of.get(key)) is not None:
        for other in (held, *held.iterancestors(model("lane"))):
            for ref in other.findall(model("flowNodeRef")):
                if (ref.text or "").strip() == key and other not in above:
                    other.remove(ref)
    if not any((ref.text or "").strip() == key for ref in lane.findall(model("flowNodeRef"))):
        ref = etree.Element(model("flowNodeRef"))
        ref.text = key
        nested = lane.find(model("childLaneSet"))
        if nested is not None:
            nested.addprevious(ref)
        else:
            lane.append(ref)
    document.lane_of[key] = lane


__all__ = ["SUB_PROCESSES", "Wiring", "put_in_lane"]
