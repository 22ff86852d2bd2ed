"""A BPMN 2.0 document: read safely, asked by id, written back with everything that was in it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cached_property
from io import BytesIO
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from lxml import etree

from processes.analysis.bpmn.names import GATEWAYS, MODEL, NODES, SCOPES, SUB_PROCESSES, TASKS, di, model, ours

type Element = Any  # lxml's elements are not typed

MOST_BYTES: Final = 20 * 2**20
MOST_ELEMENTS: Final = 200_000
MOST_DEPTH: Final = 200
_DOCTYPE: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")


class BpmnError(ValueError):
    """Why a file is no drawing: a code, and what the sentence about it needs."""

    def __init__(self, code: str, *facts: str) -> None:
        super().__init__(code, *facts)
        self.code, self.facts = code, facts


def tag_of(element: Element) -> str:
    """The local name of an element of BPMN's own namespace; nothing for all others."""
    tag = element.tag
    if isinstance(tag, str) and tag.startswith(f"{{{MODEL}}}"):
        return tag[len(MODEL) + 2 :]
    return ""


def plain(text: str | None) -> str:
    """A name in one line."""
    return _SPACE.sub(" ", text or "").strip()


class Document:
    """The tree, and where things are in it. Whoever changes the tree calls `forget()`."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.root: Element = tree.getroot()
        self._last: dict[str, int] = {}

    def copy(self) -> Document:
        return Document(copy.deepcopy(self.tree))

    def xml(self) -> bytes:
        return bytes(etree.tostring(self.tree, xml_declaration=True, encoding="UTF-8"))

    def changed_since(self, xml: bytes) -> bool:
        """Whether it says something else than a text of it; how attributes are quoted is nothing."""
        return self.xml() != read(xml).xml()

    def forget(self) -> None:
        for name in ("by_id", "nodes", "flows", "outgoing", "incoming", "lane_of", "boundary"):
            self.__dict__.pop(name, None)

    @cached_property
    def by_id(self) -> dict[str, Element]:
        return {found: element for element in self.root.iter(f"{{{MODEL}}}*") if (found := element.get("id"))}

    @cached_property
    def nodes(self) -> dict[str, Element]:
        """Tasks, sub-processes, gateways and events of all processes, in the order of the file."""
        return {
            element.get("id"): element
            for element in self.root.iter(f"{{{MODEL}}}*")
            if tag_of(element) in NODES and tag_of(element.getparent()) in SCOPES
        }

    @cached_property
    def flows(self) -> dict[str, Element]:
        """The sequence flows whose two ends are there."""
        nodes = self.nodes
        return {
            element.get("id"): element
            for element in self.root.iter(model("sequenceFlow"))
            if element.get("sourceRef") in nodes and element.get("targetRef") in nodes
        }

    @cached_property
    def outgoing(self) -> dict[str, list[Element]]:
        return self._by("sourceRef")

    @cached_property
    def incoming(self) -> dict[str, list[Element]]:
        return self._by("targetRef")

    def _by(self, end: str) -> dict[str, list[Element]]:
        answer: dict[str, list[Element]] = {key: [] for key in self.nodes}
        for flow in self.flows.values():
            answer[flow.get(end)].append(flow)
        return answer

    @cached_property
    def boundary(self) -> dict[str, list[str]]:
        """The events on the edge of each step."""
        answer: dict[str, list[str]] = {}
        for key, element in self.nodes.items():
            if tag_of(element) == "boundaryEvent":
                answer.setdefault(element.get("attachedToRef", ""), []).append(key)
        return answer

    @cached_property
    def lane_of(self) -> dict[str, Element]:
        """The innermost lane of each node that a lane names."""
        answer: dict[str, tuple[int, Element]] = {}
        for lane in self.root.iter(model("lane")):
            depth = sum(1 for _ in lane.iterancestors(model("lane")))
            for ref in lane.findall(model("flowNodeRef")):
                key = (ref.text or "").strip()
                if key and (key not in answer or answer[key][0] < depth):
                    answer[key] = (depth, lane)
        return {key: lane for key, (_, lane) in answer.items()}

    def kind(self, key: str) -> str:
        """`task`, `sub`, `gateway` or `event`."""
        tag = tag_of(self.nodes[key])
        if tag in TASKS:
            return "task"
        if tag in SUB_PROCESSES:
            return "sub"
        return "gateway" if tag in GATEWAYS else "event"

    def scope(self, key: str) -> Element:
        """The process or sub-process that a node lies in."""
        return self.nodes[key].getparent()

    def process(self, key: str) -> Element:
        scope = self.scope(key)
        while tag_of(scope) in SUB_PROCESSES:
            scope = scope.getparent()
        return scope

    def processes(self) -> list[Element]:
        return list(self.root.findall(model("process")))

    def participants(self) -> list[Element]:
        return list(self.root.iter(model("participant")))

    def pool_of(self, process: Element) -> Element | None:
        key = process.get("id")
        return next((one for one in self.participants() if key and local(one.get("processRef")) == key), None)

    def name_of_lane(self, lane: Element) -> str:
        """A lane's name; a lane without one speaks for its pool or process."""
        if name := plain(lane.get("name")):
            return name
        parent = lane.getparent()
        while parent is not None and tag_of(parent) != "process":
            if tag_of(parent) == "lane" and plain(parent.get("name")):
                return plain(parent.get("name"))
            parent = parent.getparent()
        return self.name_of_pool(parent) if parent is not None else ""

    def name_of_pool(self, process: Element) -> str:
        pool = self.pool_of(process)
        return plain(pool.get("name")) if pool is not None and pool.get(ours("frame")) != "true" else ""

    def role_of(self, key: str) -> str:
        """Who does it: the lane; inside a sub-process that of the sub-process; without lanes the pool."""
        while key in self.nodes:
            if key in self.lane_of:
                return self.name_of_lane(self.lane_of[key])
            scope = self.scope(key)
            if tag_of(scope) not in SUB_PROCESSES:
                return "" if scope.find(f"{model('laneSet')}/{model('lane')}") is not None else self.name_of_pool(scope)
            key = scope.get("id", "")
        return ""

    @property
    def ours(self) -> bool:
        """Whether the shapes' places are ours to choose: nobody has moved one by hand, here or elsewhere."""
        return self.root.get(ours("layout")) == "auto" or self.root.find(di("BPMNDiagram")) is None

    @property
    def shaped(self) -> bool:
        return self.root.find(f"{di('BPMNDiagram')}/{di('BPMNPlane')}/{di('BPMNShape')}") is not None

    def keep_places(self) -> None:
        """Shapes stand from now on where somebody put them."""
        self.root.attrib.pop(ours("layout"), None)

    @cached_property
    def ids(self) -> set[str]:
        """All that are taken; those of elements that are gone as well."""
        return {found for element in self.root.iter() if isinstance(element.tag, str) and (found := element.get("id"))}

    def fresh(self, start: str) -> str:
        """An id that nobody has."""
        number = self._last.get(start, 0)
        while f"{start}_{(number := number + 1)}" in self.ids:
            pass
        self._last[start] = number
        self.ids.add(f"{start}_{number}")
        return f"{start}_{number}"

    # Small changes that need no look at the whole tree: `ready()` before, a note of it after

    def ready(self) -> None:
        _ = (self.ids, self.by_id, self.nodes, self.flows, self.outgoing, self.incoming, self.lane_of)

    def note_node(self, element: Element) -> None:
        """A new node, which no flow and no lane names yet."""
        key = element.get("id")
        self.ids.add(key)
        self.nodes[key] = self.by_id[key] = element
        self.outgoing[key], self.incoming[key] = [], []

    def note_flow(self, flow: Element) -> None:
        self.flows[flow.get("id")] = self.by_id[flow.get("id")] = flow
        self.outgoing[flow.get("sourceRef")].append(flow)
        self.incoming[flow.get("targetRef")].append(flow)

    def note_target(self, flow: Element, before: str) -> None:
        self.incoming[before].remove(flow)
        self.incoming[flow.get("targetRef")].append(flow)


def local(name: str | None) -> str:
    """A reference without its prefix: some tools write `tns:Process_1`."""
    return (name or "").rpartition(":")[2]


def read(xml: bytes) -> Document:
    """The document in a file; a `BpmnError` says why there is none. Entities and DTDs are never resolved."""
    if len(xml) > MOST_BYTES:
        raise BpmnError("large", str(MOST_BYTES // 2**20))
    _refuse_other_files(xml)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
    )
    try:
        tree = etree.ElementTree(etree.fromstring(xml, parser))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BpmnError("xml", str(getattr(error, "msg", None) or error)[:200]) from error
    document = Document(tree)
    _refuse_other_xml(document.root)
    _refuse_excess(document.root)
    _name_what_has_no_id(document)
    return document


def _refuse_other_files(xml: bytes) -> None:
    head = xml[:4096].lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    if not head:
        raise BpmnError("empty")
    if head.startswith(b"PK\x03\x04"):
        raise BpmnError(*_zip_of(xml))
    if head.startswith((b"\xd0\xcf\x11\xe0", b"VCLMTRF")):
        raise BpmnError("visio")
    if head.startswith(b"%PDF") or head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise BpmnError("picture")
    low = head[:512].lower()
    if low.startswith((b"<!doctype html", b"<html")):
        raise BpmnError("html")
    if low.startswith((b"{", b"[")):
        raise BpmnError("json")
    if not low.startswith(b"<") and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BpmnError("text")
    # Also in UTF-16, where every second byte is a zero.
    if _DOCTYPE.search(xml.replace(b"\x00", b"")):
        raise BpmnError("doctype")


def _zip_of(xml: bytes) -> tuple[str, ...]:
    try:
        with ZipFile(BytesIO(xml)) as archive:
            names = archive.namelist()[:2000]
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return ("zip",)
    if any(name.startswith("visio/") for name in names):
        return ("visio",)
    if any(name.startswith("xl/") for name in names):
        return ("table",)
    return ("zip",)


def _refuse_other_xml(root: Element) -> None:
    tag = etree.QName(root)
    name = tag.localname
    if name == "definitions" and tag.namespace == MODEL:
        return
    if name in {"mxfile", "mxGraphModel", "mxlibrary"}:
        raise BpmnError("drawio")
    if name == "VisioDocument":
        raise BpmnError("visio")
    if name.lower() == "html":
        raise BpmnError("html")
    if name == "svg":
        raise BpmnError("picture")
    if name == "definitions" and "bpmn" in (tag.namespace or "").lower():
        raise BpmnError("old", tag.namespace or "")
    if name in {"log", "Package", "definitions"}:
        raise BpmnError({"log": "log", "Package": "xpdl"}.get(name, "other"), f"<{name}>")
    raise BpmnError("other", f"<{name[:60]}>")


def _refuse_excess(root: Element) -> None:
    depth = count = 0
    for happening, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if happening == "start" else -1
        count += happening == "start"
        if depth > MOST_DEPTH or count > MOST_ELEMENTS:
            raise BpmnError("deep" if depth > MOST_DEPTH else "many", str(MOST_ELEMENTS))
    seen: set[str] = set()
    for element in root.iter(f"{{{MODEL}}}*"):
        if (tag := tag_of(element)) in NODES or tag in {"sequenceFlow", "lane", "process"}:
            key = element.get("id")
            if key in seen:
                raise BpmnError("twice", key[:80])
            if key:
                seen.add(key)


def _name_what_has_no_id(document: Document) -> None:
    """The standard lets ids be absent; nothing can point at such a node, and we must."""
    nameless = [
        element
        for element in document.root.iter(f"{{{MODEL}}}*")
        if not element.get("id")
        and (tag_of(element) in NODES or tag_of(element) in {"sequenceFlow", "lane", "process"})
    ]
    for element in nameless:
        element.set("id", document.fresh(f"{tag_of(element).capitalize()}"))
    document.forget()


def children(element: Element, tags: frozenset[str] | set[str]) -> Iterator[Element]:
    return (child for child in element if tag_of(child) in tags)


__all__ = ["BpmnError", "Document", "Element", "children", "local", "plain", "read", "tag_of"]
