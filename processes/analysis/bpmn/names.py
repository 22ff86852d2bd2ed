"""What the standard calls things: namespaces and the kinds of elements."""

from typing import Final

MODEL: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS: Final = "http://www.omg.org/spec/DD/20100524/DC"
POINTS: Final = "http://www.omg.org/spec/DD/20100524/DI"
# Ours: what a step holds beside its name stands in its extensionElements under this namespace.
OURS: Final = "https://opsboard.dev/bpmn"

TASKS: Final = {
    "task": "task",
    "userTask": "user",
    "manualTask": "manual",
    "serviceTask": "service",
    "scriptTask": "script",
    "businessRuleTask": "rule",
    "sendTask": "send",
    "receiveTask": "receive",
    "callActivity": "call",
}
SUB_PROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
GATEWAYS: Final = {
    "exclusiveGateway": "one",
    "eventBasedGateway": "one",
    "parallelGateway": "all",
    "inclusiveGateway": "any",
    "complexGateway": "any",
}
PASSING: Final = frozenset({"intermediateCatchEvent", "intermediateThrowEvent"})
EVENTS: Final = PASSING | {"startEvent", "endEvent", "boundaryEvent"}
NODES: Final = frozenset(TASKS) | SUB_PROCESSES | frozenset(GATEWAYS) | EVENTS
SCOPES: Final = SUB_PROCESSES | {"process"}
PROCESS_PARTS: Final = NODES | {"sequenceFlow", "laneSet", "dataObject", "dataObjectReference", "dataStoreReference"}


def model(tag: str) -> str:
    return f"{{{MODEL}}}{tag}"


def ours(tag: str) -> str:
    return f"{{{OURS}}}{tag}"


def di(tag: str) -> str:
    return f"{{{DI}}}{tag}"


def bounds(tag: str) -> str:
    return f"{{{BOUNDS}}}{tag}"


def points(tag: str) -> str:
    return f"{{{POINTS}}}{tag}"
