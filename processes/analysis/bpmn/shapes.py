"""The shapes of a diagram: laid out anew where their places are ours, else placed beside what stands already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree

from processes.analysis.bpmn.document import Document, Element, local, tag_of
from processes.analysis.bpmn.names import BOUNDS, DI, MODEL, POINTS, SUB_PROCESSES, bounds, di, model, ours, points
from processes.analysis.lane_plan import Plan, plan_of
from processes.analysis.lanes import SIZES, Layout

HEAD: Final = 30.0  # the strip with the name of a pool or lane
LEFT: Final = 160.0
TOP: Final = 80.0
_ARTIFACTS: Final = ("dataObjectReference", "dataStoreReference", "textAnnotation")


def lay_out(document: Document) -> None:
    """Draw everything anew: one plane for the processes, one for each sub-process that holds something."""
    for diagram in list(document.root.findall(di("BPMNDiagram"))):
        document.root.remove(diagram)
    document.root.set(ours("layout"), "auto")
    processes = document.processes()
    if not processes:
        return
    talks = document.root.find(model("collaboration"))
    about = talks if talks is not None and document.participants() else processes[0]
    _draw(document, about, plan_of(document, through=False))
    for element in document.nodes.values():
        if tag_of(element) in SUB_PROCESSES and any(child.get("id") in document.nodes for child in element):
            _draw(document, element, plan_of(document, within=element, through=False), lanes=False)
    document.forget()


def _draw(document: Document, about: Element, plan: Plan, *, lanes: bool = True) -> None:
    named = lanes and any(lane.pool or lane.lane for lane in plan.lanes)
    layout = plan.laid_out(header=2 * HEAD if named else 10.0)
    diagram = etree.SubElement(document.root, di("BPMNDiagram"), nsmap={"bpmndi": DI, "dc": BOUNDS, "di": POINTS})
    diagram.set("id", document.fresh("BPMNDiagram"))
    plane = etree.SubElement(diagram, di("BPMNPlane"))
    plane.set("id", document.fresh("BPMNPlane"))
    plane.set("bpmnElement", about.get("id"))
    if named:
        _bands(document, plane, plan, layout)
    for key, box in layout.boxes.items():
        shape = new_shape(document, plane, key, LEFT + box.x, TOP + box.y, box.width, box.height)
        tag = tag_of(document.nodes[key])
        if tag in SUB_PROCESSES:
            shape.set("isExpanded", "false")
        if tag == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
    for line in layout.lines:
        new_edge(document, plane, line.id, [(LEFT + x, TOP + y) for x, y in line.points])
    _artifacts(document, plane, layout, about)


def _bands(document: Document, plane: Element, plan: Plan, layout: Layout) -> None:
    pools: dict[str, tuple[float, float]] = {}
    for lane, band in zip(plan.lanes, layout.bands, strict=True):
        if lane.pool:
            low, high = pools.get(lane.pool, (band.y, band.y))
            pools[lane.pool] = (min(low, band.y), max(high, band.y + band.height))
    for key, (low, high) in pools.items():
        flat(new_shape(document, plane, key, LEFT, TOP + low, layout.width, high - low))
    for lane, band in zip(plan.lanes, layout.bands, strict=True):
        if lane.lane:
            shape = new_shape(document, plane, lane.lane, LEFT + HEAD, TOP + band.y, layout.width - HEAD, band.height)
            flat(shape)
    # Lanes that hold lanes, around theirs.
    for outer in document.root.iter(model("lane")):
        inner = [lane.get("id") for lane in outer.iter(model("lane")) if lane is not outer]
        held = [band for lane, band in zip(plan.lanes, layout.bands, strict=True) if lane.lane in inner]
        if held:
            low, high = held[0].y, held[-1].y + held[-1].height
            flat(new_shape(document, plane, outer.get("id"), LEFT + HEAD, TOP + low, layout.width - HEAD, high - low))


def flat(shape: Element) -> None:
    shape.set("isHorizontal", "true")


def new_shape(document: Document, plane: Element, key: str, x: float, y: float, width: float, height: float) -> Element:
    shape = etree.SubElement(plane, di("BPMNShape"), nsmap={"bpmndi": DI, "dc": BOUNDS, "di": POINTS})
    shape.set("id", f"{key}_di" if f"{key}_di" not in document.by_id else document.fresh("Shape"))
    shape.set("bpmnElement", key)
    box = etree.SubElement(shape, bounds("Bounds"), nsmap={"dc": BOUNDS})
    for name, value in (("x", x), ("y", y), ("width", width), ("height", height)):
        box.set(name, f"{value:.6g}" if value < 1e5 else f"{value:.0f}")
    return shape


def new_edge(document: Document, plane: Element, key: str, way: Iterable[tuple[float, float]]) -> Element:
    edge = etree.SubElement(plane, di("BPMNEdge"), nsmap={"bpmndi": DI, "dc": BOUNDS, "di": POINTS})
    edge.set("id", f"{key}_di" if f"{key}_di" not in document.by_id else document.fresh("Edge"))
    edge.set("bpmnElement", key)
    _set_way(edge, way)
    return edge


def _set_way(edge: Element, way: Iterable[tuple[float, float]]) -> None:
    for old in edge.findall(points("waypoint")):
        edge.remove(old)
    for index, (x, y) in enumerate(way):
        point = etree.Element(points("waypoint"), nsmap={"di": POINTS})
        point.set("x", f"{x:.6g}")
        point.set("y", f"{y:.6g}")
        edge.insert(index, point)


def _artifacts(document: Document, plane: Element, layout: Layout, about: Element) -> None:
    """Documents and notes in a row under the lanes, so that they are there to be moved."""
    inside = about if tag_of(about) in SUB_PROCESSES else None
    x, y = LEFT, TOP + layout.height + 40
    for element in document.root.iter(f"{{{MODEL}}}*"):
        if tag_of(element) not in _ARTIFACTS or not element.get("id"):
            continue
        if (inside is None) == (tag_of(element.getparent()) in SUB_PROCESSES) or (
            inside is not None and element.getparent() is not inside
        ):
            continue
        width, height = (100.0, 40.0) if tag_of(element) == "textAnnotation" else (36.0, 50.0)
        new_shape(document, plane, element.get("id"), x, y, width, height)
        x += width + 60


# A diagram that somebody drew


def settle(document: Document, *, made: list[str], rerouted: set[str], moved: list[str]) -> None:
    """Let the diagram show what was changed: drawn anew where its places are ours, else with as little moved as can be."""
    if document.ours:
        lay_out(document)
        return
    if _lanes_without_shape(document) and not _has_lane_shapes(document):
        lay_out(document)
        return
    canvas = _Canvas(document)
    canvas.new_lanes()
    for key in made:
        canvas.add(key)
    for key in moved:
        if key not in made:
            canvas.into_lane(key)
    touched = {*made, *moved}
    for key, flow in document.flows.items():
        ends = {flow.get("sourceRef"), flow.get("targetRef")}
        if key in rerouted or ends & touched or key not in canvas.edges:
            canvas.connect(key, flow)


def _has_lane_shapes(document: Document) -> bool:
    shaped = {shape.get("bpmnElement") for shape in document.root.iter(di("BPMNShape"))}
    return any(lane.get("id") in shaped for lane in document.root.iter(model("lane")))


def _lanes_without_shape(document: Document) -> list[Element]:
    shaped = {shape.get("bpmnElement") for shape in document.root.iter(di("BPMNShape"))}
    return [lane for lane in document.root.iter(model("lane")) if lane.get("id") not in shaped]


class _Canvas:
    """The shapes of a diagram by their element, and room made among them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.shapes = {shape.get("bpmnElement"): shape for shape in document.root.iter(di("BPMNShape"))}
        self.edges = {edge.get("bpmnElement"): edge for edge in document.root.iter(di("BPMNEdge"))}
        self.planes = list(document.root.iter(di("BPMNPlane")))

    def box(self, key: str) -> tuple[float, float, float, float] | None:
        found = self.shapes[key].find(bounds("Bounds")) if key in self.shapes else None
        if found is None:
            return None
        try:
            x, y, width, height = (float(found.get(name, "0")) for name in ("x", "y", "width", "height"))
        except ValueError:
            return None
        return x, y, width, height

    def plane_of(self, key: str) -> Element:
        """The plane on which a node's neighbours stand."""
        scope = self.document.scope(key).get("id")
        for plane in self.planes:
            if plane.get("bpmnElement") == scope:
                return plane
        for other, element in self.document.nodes.items():
            if element.getparent() is self.document.scope(key) and other in self.shapes:
                return self.shapes[other].getparent()
        return self.planes[0]

    def add(self, key: str) -> None:
        """A new node to the right of what leads to it; all that stands further right makes room."""
        kind = self.document.kind(key)
        width, height = SIZES["step" if kind in {"task", "sub"} else kind]
        before = self._neighbour(key)
        around = self.box(before) if before else None
        plane = self.plane_of(key)
        if around is None:
            x, y = self._corner(plane)
        else:
            x = around[0] + around[2] + 50
            y = around[1] + around[3] / 2 - height / 2
            self._make_room(plane, around[0] + around[2] + 1, width + 50)
        middle = self._lane_middle(key)
        if middle is not None:
            lane = self.box(self._lane_key(key))
            if lane is not None and not lane[1] <= y + height / 2 <= lane[1] + lane[3]:
                y = middle - height / 2
        self.shapes[key] = new_shape(self.document, plane, key, x, y, width, height)
        self.document.forget()

    def _neighbour(self, key: str) -> str:
        seen, queue = {key}, [key]
        while queue:
            for flow in self.document.incoming[queue.pop(0)]:
                source = flow.get("sourceRef")
                if source in self.shapes:
                    return str(source)
                if source not in seen:
                    seen.add(source)
                    queue.append(source)
        return ""

    def _corner(self, plane: Element) -> tuple[float, float]:
        boxes = [box for key, shape in self.shapes.items() if shape.getparent() is plane and (box := self.box(key))]
        if not boxes:
            return LEFT, TOP
        return min(box[0] for box in boxes), max(box[1] + box[3] for box in boxes) + 40

    def _make_room(self, plane: Element, right_of: float, by: float) -> None:
        for key, shape in self.shapes.items():
            box = self.box(key)
            if shape.getparent() is not plane or box is None:
                continue
            spot = shape.find(bounds("Bounds"))
            if box[0] >= right_of:
                spot.set("x", f"{box[0] + by:.6g}")
                for label in shape.iterfind(f"{di('BPMNLabel')}/{bounds('Bounds')}"):
                    label.set("x", f"{float(label.get('x', '0')) + by:.6g}")
            elif box[0] + box[2] > right_of and not self._is_small(key):
                spot.set("width", f"{box[2] + by:.6g}")
        for edge in self.edges.values():
            if edge.getparent() is not plane:
                continue
            for point in edge.iter(points("waypoint"), bounds("Bounds")):
                if float(point.get("x", "0")) >= right_of:
                    point.set("x", f"{float(point.get('x')) + by:.6g}")

    def _is_small(self, key: str) -> bool:
        return key in self.document.nodes and tag_of(self.document.nodes[key]) not in SUB_PROCESSES

    def _lane_key(self, key: str) -> str:
        lane = self.document.lane_of.get(key)
        return lane.get("id") if lane is not None else ""

    def _lane_middle(self, key: str) -> float | None:
        box = self.box(self._lane_key(key))
        return box[1] + box[3] / 2 if box else None

    def into_lane(self, key: str) -> None:
        middle, box = self._lane_middle(key), self.box(key)
        if middle is None or box is None:
            return
        self.shapes[key].find(bounds("Bounds")).set("y", f"{middle - box[3] / 2:.6g}")
        for event in self.document.boundary.get(key, ()):
            if (riding := self.box(event)) is not None:
                y = riding[1] + middle - box[3] / 2 - box[1]
                self.shapes[event].find(bounds("Bounds")).set("y", f"{y:.6g}")

    def new_lanes(self) -> None:
        """Lanes that have no shape yet come below the last one of their process; what stands below makes room."""
        for lane in _lanes_without_shape(self.document):
            others = [
                (box[1] + box[3], box, other.get("id"))
                for other in lane.getparent().iter(model("lane"))
                if (box := self.box(other.get("id"))) is not None
            ]
            if not others:
                continue
            bottom, box, last = max(others)
            plane = self.shapes[last].getparent()
            tall = 120.0
            process = lane.getparent()
            while tag_of(process) != "process":
                process = process.getparent()
            pool = next(
                (
                    one.get("id")
                    for one in self.document.participants()
                    if local(one.get("processRef")) == process.get("id")
                ),
                "",
            )
            self._make_room_below(plane, bottom - 0.5, tall, pool)
            shape = new_shape(self.document, plane, lane.get("id"), box[0], bottom, box[2], tall)
            flat(shape)
            self.shapes[lane.get("id")] = shape
            self.document.forget()

    def _make_room_below(self, plane: Element, below: float, by: float, pool: str) -> None:
        for key, shape in self.shapes.items():
            box = self.box(key)
            if shape.getparent() is not plane or box is None:
                continue
            spot = shape.find(bounds("Bounds"))
            if key == pool:
                spot.set("height", f"{box[3] + by:.6g}")
            elif box[1] >= below:
                spot.set("y", f"{box[1] + by:.6g}")
                for label in shape.iterfind(f"{di('BPMNLabel')}/{bounds('Bounds')}"):
                    label.set("y", f"{float(label.get('y', '0')) + by:.6g}")
        for edge in self.edges.values():
            for point in edge.iter(points("waypoint"), bounds("Bounds")):
                if edge.getparent() is plane and float(point.get("y", "0")) >= below:
                    point.set("y", f"{float(point.get('y')) + by:.6g}")

    def connect(self, key: str, flow: Element) -> None:
        """A line of three parts, or round below where the target stands further left."""
        one, other = self.box(flow.get("sourceRef")), self.box(flow.get("targetRef"))
        if one is None or other is None:
            return
        begin = (one[0] + one[2], one[1] + one[3] / 2)
        end = (other[0], other[1] + other[3] / 2)
        if end[0] >= begin[0] + 10:
            middle = (begin[0] + end[0]) / 2
            way = [begin, end] if abs(begin[1] - end[1]) < 1 else [begin, (middle, begin[1]), (middle, end[1]), end]
        else:
            low = max(one[1] + one[3], other[1] + other[3]) + 25
            under, over = one[0] + one[2] / 2, other[0] + other[2] / 2
            way = [(under, one[1] + one[3]), (under, low), (over, low), (over, other[1] + other[3])]
        if key in self.edges:
            _set_way(self.edges[key], way)
            for label in self.edges[key].findall(di("BPMNLabel")):
                self.edges[key].remove(label)
        else:
            self.edges[key] = new_edge(self.document, self.shapes[flow.get("targetRef")].getparent(), key, way)
            self.document.forget()


__all__ = ["lay_out", "new_edge", "new_shape", "settle"]
