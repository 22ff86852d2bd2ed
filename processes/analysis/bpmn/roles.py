"""Lanes: moving steps between them, making and ending them."""

from __future__ import annotations

from lxml import etree

from processes.analysis.bpmn.document import BpmnError, Document, Element, plain, tag_of
from processes.analysis.bpmn.names import NODES, PROCESS_PARTS, SUB_PROCESSES, di, model, ours
from processes.analysis.bpmn.steps import is_step
from processes.analysis.bpmn.wiring import put_in_lane


def move(document: Document, key: str, role: str) -> None:
    """Let a role do a step: its lane of the same process, or a new one."""
    process = document.process(key)
    if not role:
        for ref in list(document.root.iter(model("flowNodeRef"))):
            if (ref.text or "").strip() == key:
                ref.getparent().remove(ref)
        document.forget()
        return
    lane = lane_named(document, process, role)
    if lane is None:
        _refuse_other_pool(document, process, role)
        lane = new_lane(document, process, role)
    put_in_lane(document, key, lane)


def lane_named(document: Document, process: Element, role: str) -> Element | None:
    for lane in process.iter(model("lane")):
        if lane.find(f"{model('childLaneSet')}/{model('lane')}") is None and _same(document.name_of_lane(lane), role):
            return lane
    return None


def _same(one: str, other: str) -> bool:
    return plain(one).casefold() == plain(other).casefold()


def _refuse_other_pool(document: Document, process: Element, role: str) -> None:
    """Work doesn't flow between pools, it is sent; that is drawn in the diagram."""
    for other in document.processes():
        if other is not process and (
            _same(document.name_of_pool(other), role) or lane_named(document, other, role) is not None
        ):
            raise BpmnError("other_pool", role)


def new_lane(document: Document, process: Element, role: str) -> Element:
    lanes = process.find(model("laneSet"))
    if lanes is None:
        lanes = etree.Element(model("laneSet"))
        lanes.set("id", document.fresh("LaneSet"))
        first = next((child for child in process if tag_of(child) in PROCESS_PARTS - {"laneSet"}), None)
        if first is not None:
            first.addprevious(lanes)
        else:
            process.append(lanes)
        pool = document.pool_of(process)
        if pool is None:
            _frame(document, process)
        elif (name := document.name_of_pool(process)) and not _same(name, role):
            # Who was named by the pool so far keeps the name.
            everybody = _lane(document, lanes, name)
            for node in process:
                if tag_of(node) in NODES:
                    put_in_lane(document, node.get("id"), everybody)
    return _lane(document, lanes, role)


def _lane(document: Document, lanes: Element, name: str) -> Element:
    lane = etree.SubElement(lanes, model("lane"))
    lane.set("id", document.fresh("Lane"))
    lane.set("name", name)
    document.forget()
    return lane


def _frame(document: Document, process: Element) -> None:
    """Lanes stand in a pool, say most tools; ours is a frame without meaning."""
    talks = document.root.find(model("collaboration"))
    if talks is None:
        talks = etree.Element(model("collaboration"))
        talks.set("id", document.fresh("Collaboration"))
        process.addprevious(talks)
    pool = etree.SubElement(talks, model("participant"))
    pool.set("id", document.fresh("Participant"))
    if name := process.get("name"):
        pool.set("name", name)
    pool.set("processRef", process.get("id"))
    pool.set(ours("frame"), "true")
    others = [
        child
        for child in talks
        if tag_of(child) != "participant" and tag_of(child) not in {"documentation", "extensionElements"}
    ]
    if others:
        others[0].addprevious(pool)
    plane = document.root.find(f"{di('BPMNDiagram')}/{di('BPMNPlane')}")
    if plane is not None and plane.get("bpmnElement") == process.get("id"):
        plane.set("bpmnElement", talks.get("id"))
    document.forget()


def end_empty_lanes(document: Document, before: set[str]) -> list[str]:
    """Take out the lanes that held steps before and hold none now; what else stood in them follows its step."""
    gone = []
    for lane in list(document.root.iter(model("lane"))):
        key = lane.get("id")
        if key not in before or lane.find(model("childLaneSet")) is not None:
            continue
        held = [ref for ref in refs(lane) if ref in document.nodes]
        if any(is_step(document, ref) for ref in held):
            continue
        gone.append(key)
        parent = lane.getparent()
        parent.remove(lane)
        document.forget()
        for ref in held:
            follow_step(document, ref)
        if len(parent) == 0:
            parent.getparent().remove(parent)
        for shape in list(document.root.iter(di("BPMNShape"))):
            if shape.get("bpmnElement") == key:
                shape.getparent().remove(shape)
    document.forget()
    return gone


def refs(lane: Element) -> list[str]:
    return [(ref.text or "").strip() for ref in lane.findall(model("flowNodeRef"))]


def with_steps_in(document: Document) -> set[str]:
    """The lanes that hold a step."""
    return {
        lane.get("id") for key, lane in document.lane_of.items() if key in document.nodes and is_step(document, key)
    }


def follow_step(document: Document, key: str) -> None:
    """Put a gateway or event into the lane of the nearest step: the one before it, or after it where it begins."""
    if tag_of(document.nodes[key]) == "boundaryEvent":
        return follow_host(document, key)
    for word, end in ((document.incoming, "sourceRef"), (document.outgoing, "targetRef")):
        seen, queue = {key}, [key]
        while queue:
            for flow in word[queue.pop(0)]:
                other = flow.get(end)
                if other in document.lane_of and is_step(document, other):
                    return put_in_lane(document, key, document.lane_of[other])
                if other not in seen and not is_step(document, other):
                    seen.add(other)
                    queue.append(other)
    return None


def follow_host(document: Document, key: str) -> None:
    host = document.nodes[key].get("attachedToRef")
    if host in document.lane_of:
        put_in_lane(document, key, document.lane_of[host])


def gather(document: Document, *, everything: bool) -> None:
    """Every gateway and event stands in a lane where there are lanes; `everything`: in that of its step, wherever it was."""
    for key, element in list(document.nodes.items()):
        if is_step(document, key) or tag_of(element.getparent()) in SUB_PROCESSES:
            continue
        if document.process(key).find(f"{model('laneSet')}/{model('lane')}") is None:
            continue
        if everything or key not in document.lane_of or tag_of(element) == "boundaryEvent":
            follow_step(document, key)
