"""Flow charts of draw.io as BPMN: boxes are steps, diamonds gateways, circles events, swim lanes roles.

draw.io knows only shapes and lines; what they mean is read from their style, and from what leads to them and on.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from lxml import etree

from processes.analysis.bpmn.document import BpmnError, Document, Element, plain, read
from processes.analysis.bpmn.names import MODEL, OURS
from processes.analysis.bpmn.roles import lane_named, new_lane
from processes.analysis.bpmn.shapes import lay_out
from processes.analysis.bpmn.wiring import Wiring, put_in_lane

MOST_UNPACKED: Final = 20 * 2**20
_TAG: Final = re.compile(r"<[^>]*>")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_STEPS: Final = ("text;", "shape=note", "edgeLabel", "image=", "shape=image", "shape=callout", "group")
_EMPTY: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:ops="{OURS}" id="Definitions_1" targetNamespace="{OURS}" exporter="Opsboard"
 ops:layout="auto"><bpmn:process id="Process_1" isExecutable="false"/></bpmn:definitions>"""


@dataclass
class Cell:
    id: str
    label: str
    style: str
    parent: str
    source: str = ""
    target: str = ""
    edge: bool = False
    vertex: bool = False

    @property
    def lane(self) -> bool:
        return "swimlane" in self.style or "mxgraph.bpmn.pool" in self.style or "mxgraph.bpmn.lane" in self.style

    @property
    def kind(self) -> str:
        style = self.style.lower()
        if "rhombus" in style or "gateway" in style or "flowchart.decision" in style:
            return "gateway"
        if "bpmn.event" in style or style.startswith("ellipse") or ";ellipse" in style or "flowchart.start" in style:
            return "event"
        return "end" if "flowchart.terminator" in style else "step"

    @property
    def parallel(self) -> bool:
        return "parallel" in self.style.lower() or self.label.strip() == "+"


def from_drawio(xml: bytes) -> Document:
    """The first page of a draw.io file. Raises `BpmnError` where nothing on it is joined by lines."""
    cells = _cells(_model(xml))
    lines = [cell for cell in cells.values() if cell.edge and cell.source in cells and cell.target in cells]
    ends = {key for line in lines for key in (line.source, line.target)}
    nodes = [
        cell
        for cell in cells.values()
        if cell.vertex and not cell.lane and (cell.id in ends or (cell.label and cell.kind == "step"))
        and not any(word in cell.style for word in _NO_STEPS)
    ]  # fmt: skip
    if not lines or not nodes:
        raise BpmnError("drawio_empty")
    return _drawn(cells, nodes, lines)


def _model(xml: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
        if root.tag == "mxGraphModel":
            return root
        page = root.find(".//diagram")
        if page is None:
            raise BpmnError("drawio_empty")
        if (found := page.find("mxGraphModel")) is not None:
            return found
        return etree.fromstring(_unpacked((page.text or "").strip()), parser)
    except (etree.XMLSyntaxError, ValueError, binascii.Error, zlib.error) as error:
        if isinstance(error, BpmnError):
            raise
        raise BpmnError("drawio") from error


def _unpacked(text: str) -> bytes:
    """Pages are packed: percent-encoded, deflated, in base 64."""
    unpacker = zlib.decompressobj(-15)
    unpacked = unpacker.decompress(base64.b64decode(text), MOST_UNPACKED)
    if unpacker.unconsumed_tail:
        raise BpmnError("large", str(MOST_UNPACKED // 2**20))
    return unquote(unpacked.decode()).encode()


def _cells(graph: Element) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for element in graph.iter("mxCell"):
        holder = element.getparent()
        wrapped = holder is not None and holder.tag in {"object", "UserObject"}
        key = (holder.get("id") if wrapped else element.get("id")) or ""
        label = (holder.get("label") if wrapped else element.get("value")) or ""
        cell = Cell(
            key, _words(label), element.get("style") or "", element.get("parent") or "", element.get("source") or "",
            element.get("target") or "", element.get("edge") == "1", element.get("vertex") == "1",
        )  # fmt: skip
        if key:
            cells[key] = cell
    for cell in cells.values():  # what is written on a line is a cell of its own
        line = cells.get(cell.parent)
        if line is not None and line.edge and cell.label and not line.label:
            line.label = cell.label
    return cells


def _words(label: str) -> str:
    return plain(html.unescape(_NOT_XML.sub("", _TAG.sub(" ", label))))


def _drawn(cells: dict[str, Cell], nodes: list[Cell], lines: list[Cell]) -> Document:
    document = read(_EMPTY.encode())
    process = document.processes()[0]
    wiring = Wiring(document)
    leaving, arriving = {line.source for line in lines}, {line.target for line in lines}
    made: dict[str, str] = {}
    for cell in nodes:
        made[cell.id] = wiring.add(_tag(cell, cell.id in arriving, cell.id in leaving), process, name=cell.label)
    for line in lines:
        if line.source in made and line.target in made:
            wiring.connect(made[line.source], made[line.target], name=line.label)
    _ends(document, wiring, process)
    for cell in nodes:
        role = _role(cells, cell)
        if role:
            lane = lane_named(document, process, role)
            put_in_lane(document, made[cell.id], new_lane(document, process, role) if lane is None else lane)
    document.forget()
    lay_out(document)
    return document


def _tag(cell: Cell, arrives: bool, leaves: bool) -> str:
    if cell.kind == "gateway":
        return "parallelGateway" if cell.parallel else "exclusiveGateway"
    if cell.kind in {"event", "end"}:
        if not arrives:
            return "startEvent"
        if not leaves:
            return "endEvent"
        return "task" if cell.kind == "end" else "intermediateThrowEvent"
    return "task"


def _ends(document: Document, wiring: Wiring, process: Element) -> None:
    """A start before what nothing leads to and an end after what nothing follows, where none is drawn."""
    for key in list(document.nodes):
        tag = document.kind(key)
        if tag != "event" and not document.incoming[key]:
            wiring.connect(wiring.add("startEvent", process), key)
        if tag != "event" and not document.outgoing[key]:
            wiring.connect(key, wiring.add("endEvent", process))


def _role(cells: dict[str, Cell], cell: Cell) -> str:
    """The innermost lane around a shape that has a name."""
    seen: set[str] = set()
    above = cells.get(cell.parent)
    while above is not None and above.id not in seen:
        seen.add(above.id)
        if above.lane and above.label:
            return above.label
        above = cells.get(above.parent)
    return ""


__all__ = ["from_drawio"]
