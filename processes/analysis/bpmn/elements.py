"""What a document contains, counted."""

from typing import TypedDict

from processes.analysis.bpmn.document import Document, tag_of
from processes.analysis.bpmn.names import DI, EVENTS, GATEWAYS, MODEL, SUB_PROCESSES, TASKS


class Elements(TypedDict):
    """Counts of the elements of the standard's own namespace; call activities are tasks."""

    tasks: int
    sub_processes: int
    events: int
    gateways: int
    sequence_flows: int
    message_flows: int
    pools: int
    lanes: int
    processes: int
    data_objects: int
    text_annotations: int
    shapes: int
    edges: int
    task_names: list[str]


def elements(document: Document) -> Elements:
    counts: dict[str, int] = {}
    names: list[str] = []
    for element in document.root.iter(f"{{{MODEL}}}*", f"{{{DI}}}*"):
        tag = tag_of(element) or element.tag.rpartition("}")[2]
        counts[tag] = counts.get(tag, 0) + 1
        if tag in TASKS and tag_of(element):
            names.append((element.get("name") or "").replace("\n", " ").strip())

    def total(*tags: str) -> int:
        return sum(counts.get(tag, 0) for tag in tags)

    return Elements(
        tasks=total(*TASKS),
        sub_processes=total(*SUB_PROCESSES),
        events=total(*EVENTS),
        gateways=total(*GATEWAYS),
        sequence_flows=total("sequenceFlow"),
        message_flows=total("messageFlow"),
        pools=total("participant"),
        lanes=total("lane"),
        processes=total("process"),
        data_objects=total("dataObject", "dataObjectReference"),
        text_annotations=total("textAnnotation"),
        shapes=total("BPMNShape"),
        edges=total("BPMNEdge"),
        task_names=sorted(names),
    )
