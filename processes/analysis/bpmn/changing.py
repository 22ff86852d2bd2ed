"""A drawing changed as the rows of its step table say; whatever the rows don't speak of stays as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from processes.analysis.bpmn import roles, shapes
from processes.analysis.bpmn.document import BpmnError, Document, Element, plain, read, tag_of
from processes.analysis.bpmn.names import MODEL, OURS, SUB_PROCESSES, TASKS, model, ours
from processes.analysis.bpmn.shares import say_share, stated_share
from processes.analysis.bpmn.steps import (
    END,
    PROPERTIES,
    SPANS,
    Step,
    Way,
    follower,
    is_step,
    starts,
    steps,
    ways_along,
    ways_of,
)
from processes.analysis.bpmn.wiring import Wiring
from processes.analysis.durations import Estimate

MOST_STEPS: Final = 1000
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME: Final = re.compile(r"[A-Za-z_][\w.-]{0,100}", re.ASCII)
_TAGS: Final = {kind: tag for tag, kind in TASKS.items()}
_EMPTY: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:ops="{OURS}" id="Definitions_1" targetNamespace="{OURS}"
 exporter="Opsboard" ops:layout="auto"><bpmn:process id="Process_1" isExecutable="false"><bpmn:startEvent
 id="StartEvent_1"><bpmn:outgoing>Flow_1</bpmn:outgoing></bpmn:startEvent><bpmn:endEvent id="EndEvent_1"><bpmn:incoming
 >Flow_1</bpmn:incoming></bpmn:endEvent><bpmn:sequenceFlow id="Flow_1" sourceRef="StartEvent_1" targetRef="EndEvent_1"
 /></bpmn:process></bpmn:definitions>"""


def clean(text: str) -> str:
    """What XML can hold of a text."""
    return plain(_NOT_XML.sub("", text))


def new_document(name: str, rows: Sequence[Step] = ()) -> Document:
    """A drawing of a plain list of steps."""
    document = read(_EMPTY.encode())
    process = document.processes()[0]
    process.set("name", clean(name))
    return with_steps(document, rows) if rows else _placed(document)


def _placed(document: Document) -> Document:
    shapes.lay_out(document)
    return document


def with_steps(document: Document, rows: Sequence[Step]) -> Document:
    """The document with these steps: renamed, added, removed, moved between lanes and led on as the rows say.

    Rows of steps that the document has carry their ids; a row with an unknown id or none is a new step, and ways may
    name its id. A step that no row names is taken out.
    """
    if len(rows) > MOST_STEPS:
        raise BpmnError("too_many_steps", str(MOST_STEPS))
    answer = document.copy()
    before = steps(answer)
    change = _Change(answer, before, rows)
    change.run()
    return answer


class _Change:
    def __init__(self, document: Document, before: Sequence[Step], rows: Sequence[Step]) -> None:
        self.document, self.before = document, before
        self.held = {row.id: (index, row) for index, row in enumerate(before)}
        self.wiring = Wiring(document)
        self.rows = self._settled(rows)
        self.kept = {row.id for row in self.rows}
        self.lanes = roles.with_steps_in(document)
        # Where nothing leads on from a step, work ends there, and nobody needs to draw an end for it.
        self.ended = {row.id for row in before if not document.outgoing[row.id]}

    def run(self) -> None:
        document, wiring = self.document, self.wiring
        firsts = self._firsts(self.before)
        gone = [row.id for row in self.before if row.id not in self.kept]
        for key in gone:
            if key in document.nodes:
                wiring.splice(key)
        fresh = [row for row in self.rows if row.id not in self.held]
        for row in fresh:
            wiring.add(_TAGS.get(row.kind, "task"), self._scope(row.scope), key=row.id, name=clean(row.name))
        for row in self.rows:
            self._hold(row)
        moved = self._move_roles()
        splits = self._lead(firsts)
        for key in splits:
            wiring.join_up(key)
        wiring.tidy()
        if gone:
            wiring.prune(ends=not any(row.id in self.held for row in self.rows))
        roles.end_empty_lanes(document, self.lanes)
        roles.gather(document, everything=document.ours)
        shapes.settle(document, made=wiring.made, rerouted=wiring.moved, moved=moved)

    # Rows

    def _settled(self, rows: Sequence[Step]) -> list[Step]:
        """Rows with an id and a scope each, none twice."""
        document = self.document
        first = document.processes()[0] if document.processes() else None
        if first is None:
            raise BpmnError("no_process")
        scope = rows[0].scope if rows and rows[0].scope else first.get("id")
        renamed: dict[str, str] = {}
        answer: list[Step] = []
        taken = {element.get("id") for element in document.root.iter() if isinstance(element.tag, str)}
        for row in rows:
            key = row.id
            if key in {one.id for one in answer}:
                raise BpmnError("step_twice", row.name)
            if key not in self.held and (not _NAME.fullmatch(key) or key in taken):
                key = next(name for n in range(1, 10_000) if (name := f"Step_{n}") not in taken)
            taken.add(key)
            if row.id:
                renamed[row.id] = key
            scope = self.held[key][1].scope if key in self.held else row.scope or scope
            answer.append(replace(row, id=key, scope=scope))
        return [
            replace(row, ways=tuple(replace(way, to=renamed.get(way.to, way.to)) for way in row.ways))
            if row.ways is not None
            else row
            for row in answer
        ]

    def _scope(self, key: str) -> Element:
        found = self.document.by_id.get(key)
        if found is None or tag_of(found) not in SUB_PROCESSES | {"process"}:
            raise BpmnError("inside", key)
        return found

    def _hold(self, row: Step) -> None:
        element = self.document.nodes.get(row.id)
        if element is None:
            raise BpmnError("inside", row.name)
        if plain(element.get("name")) != clean(row.name):
            element.set("name", clean(row.name))
        tag = _TAGS.get(row.kind)
        if tag and tag_of(element) in TASKS and tag != tag_of(element) and "callActivity" not in {tag, tag_of(element)}:
            element.tag = model(tag)
            self.document.forget()
        before = self.held[row.id][1] if row.id in self.held else Step(row.id, "")
        if any(getattr(before, name) != getattr(row, name) for name in (*PROPERTIES, *SPANS, "volume")):
            hold(element, row)

    # Roles

    def _move_roles(self) -> list[str]:
        moved = []
        for row in self.rows:
            if tag_of(self.document.scope(row.id)) in SUB_PROCESSES and not row.role:
                continue
            if clean(row.role).casefold() != self.document.role_of(row.id).casefold():
                roles.move(self.document, row.id, clean(row.role))
                moved.append(row.id)
        return moved

    # Ways

    def _firsts(self, rows: Sequence[Step]) -> dict[str, str]:
        answer: dict[str, str] = {}
        for row in rows:
            answer.setdefault(row.scope, row.id)
        return answer

    def _lead(self, firsts: Mapping[str, str]) -> list[str]:
        """Let every step go on as its row says; the parallel splits that came of it or that it touched."""
        document, wiring = self.document, self.wiring
        now = self._firsts(self.rows)
        splits: set[str] = set()
        for scope, first in now.items():
            self._begin(scope, first, firsts.get(scope, END))
        for index, row in enumerate(self.rows):
            wanted = self._wanted(index)
            split = row.split if len(wanted) > 1 else "one"
            ways, drawn = ways_of(document, row.id)
            if not ways and wanted == (Way(END),) and row.id in self.ended:
                continue
            if _alike(ways, drawn, wanted, split) or self._only_words(row.id, ways, drawn, wanted, split):
                continue
            wiring.lead(row.id, wanted, split)
            splits |= {key for key, el in document.nodes.items() if tag_of(el) == "parallelGateway"}
        return [key for key in splits if len(document.outgoing.get(key, ())) > 1]

    def _begin(self, scope: str, first: str, before: str) -> None:
        """The start leads to the first row, where it led to the first row before."""
        document = self.document
        element = self._scope(scope)
        begun = [key for key in starts(document, element) if tag_of(document.nodes[key]) == "startEvent"]
        if len(begun) != 1:
            return None
        ways, _ = ways_of(document, begun[0])
        if not any(row.id in self.held for row in self.rows if row.scope == scope):
            return self.wiring.lead(begun[0], (Way(first),), "one")
        past = {END, before, *(way.to for way in self._expanded(before, frozenset()))}
        if len(ways) <= 1 and (not ways or ways[0].to in past) and (not ways or ways[0].to != first):
            return self.wiring.lead(begun[0], (Way(first),), "one")
        return None

    def _wanted(self, index: int) -> tuple[Way, ...]:
        row = self.rows[index]
        if row.ways is None:
            after = follower(self.rows, index)
            if row.id in self.held:
                place, was = self.held[row.id]
                follows = follower(self.before, place)
                # A step was taken out behind this one, and nothing was put there: go where that one went.
                if (
                    was.ways is None
                    and follows not in (self.kept | {END})
                    and after == self._next_kept(place, row.scope)
                ):
                    return self._gathered(self._expanded(follows, frozenset()))
            return (Way(after),)
        return self._gathered(
            [
                replace(further, share=_times(way.share, further.share), name=way.name or further.name)
                for way in row.ways
                for further in self._expanded(way.to, frozenset())
            ]
        )

    def _next_kept(self, place: int, scope: str) -> str:
        return next((row.id for row in self.before[place + 1 :] if row.id in self.kept and row.scope == scope), END)

    def _expanded(self, key: str, seen: frozenset[str]) -> list[Way]:
        """Where work went past steps that are taken out."""
        if key == END or key in self.kept or key in seen:
            return [Way(key if key in self.kept else END)]
        if key not in self.held:
            raise BpmnError("no_such_step", key)
        place, row = self.held[key]
        ways = row.ways if row.ways is not None else (Way(follower(self.before, place)),)
        return [
            replace(further, share=_times(way.share, further.share), name=way.name)
            for way in ways
            for further in self._expanded(way.to, seen | {key})
        ]

    def _gathered(self, ways: Sequence[Way]) -> tuple[Way, ...]:
        answer: dict[str, Way] = {}
        for way in ways:
            if way.to in answer:
                held = answer[way.to]
                share = None if held.share is None or way.share is None else held.share + way.share
                answer[way.to] = replace(held, share=share)
            else:
                answer[way.to] = way
        return tuple(answer.values()) or (Way(END),)

    def _only_words(self, key: str, ways: tuple[Way, ...], drawn: str, wanted: tuple[Way, ...], split: str) -> bool:
        """Write shares and names on the flows of the one gateway that a step leads to, where nothing else differs."""
        document = self.document
        if drawn != split or {way.to for way in ways} != {way.to for way in wanted} or len(wanted) < 2:
            return False
        flows = document.outgoing[key]
        if len(flows) == 1:
            flows = document.outgoing[flows[0].get("targetRef")]
        by_target: dict[str, Element] = {}
        for flow in flows:
            led, _ = ways_along(document, [flow], first="")
            if len(led) != 1 or led[0].to in by_target:
                return False
            by_target[led[0].to] = flow
        if set(by_target) != {way.to for way in wanted}:
            return False
        for way in wanted:
            flow = by_target[way.to]
            if way.name != plain(flow.get("name")):
                flow.set("name", clean(way.name))
            if split == "one" and _rounded(way.share) != _rounded(stated_share(flow)):
                say_share(flow, way.share)
        return True


def _times(one: float | None, other: float | None) -> float | None:
    if one is None and other is None:
        return None
    return (1.0 if one is None else one) * (1.0 if other is None else other)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _alike(ways: tuple[Way, ...], drawn: str, wanted: tuple[Way, ...], split: str) -> bool:
    if len(ways) <= 1 and len(wanted) <= 1:
        return [way.to for way in ways] == [way.to for way in wanted]
    if drawn != split or len(ways) != len(wanted):
        return False
    return {(way.to, _rounded(way.share), way.name) for way in ways} == {
        (way.to, _rounded(way.share), clean(way.name)) for way in wanted
    }


def hold(element: Element, row: Step) -> None:
    """Write what a step holds beside its name into our own extension element; other tools' stay as they are."""
    extensions = element.find(model("extensionElements"))
    if extensions is None:
        extensions = etree.Element(model("extensionElements"))
        element.insert(1 if len(element) and element[0].tag == model("documentation") else 0, extensions)
    held = extensions.find(ours("step"))
    if held is None:
        held = etree.SubElement(extensions, ours("step"), nsmap={"ops": OURS})
    said: dict[str, str] = {name: clean(getattr(row, name)) for name in PROPERTIES}
    said["volume"] = "" if row.volume is None else f"{row.volume:.12g}"
    for name in SPANS:
        said |= _spans(name, getattr(row, name))
    for name, value in said.items():
        if value:
            held.set(name, value)
        elif name in held.attrib:
            del held.attrib[name]
    if not held.attrib and len(held) == 0:
        extensions.remove(held)
        if len(extensions) == 0:
            element.remove(extensions)


def _spans(name: str, estimate: Estimate | None) -> dict[str, str]:
    if estimate is None:
        return {name: "", f"{name}Low": "", f"{name}High": ""}
    wide = not estimate.exact
    return {
        name: f"{estimate.likely:.12g}",
        f"{name}Low": f"{estimate.low:.12g}" if wide else "",
        f"{name}High": f"{estimate.high:.12g}" if wide else "",
    }


__all__ = ["MOST_STEPS", "clean", "hold", "is_step", "new_document", "with_steps"]
