"""BPMN documents: nothing of them is lost, and their steps can be edited as rows."""

import base64
import json
import zipfile
import zlib
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree

from processes.analysis import flows
from processes.analysis.bpmn import (
    END,
    BpmnError,
    Document,
    Step,
    Way,
    elements,
    from_drawio,
    new_document,
    read,
    steps,
    with_steps,
)
from processes.analysis.durations import WORKING_DAY, DurationError, Estimate, parse
from tests.conftest import SHARED

PROCESSES = SHARED / "data" / "processes"
TRUTH = json.loads(found.read_text())["files"] if (found := PROCESSES / "bpmn.truth.json").exists() else {}
CALLS = Step("call", "Call customer", "Sales", working=Estimate.of(600.0, 1200.0, 2700.0), output="Order, “signed”")
LINE = [CALLS, Step("pick", "拣货", "Warehouse"), Step("pack", "Pack & ship", "Warehouse", system="WMS", cost="12.50")]


def everything(xml: bytes) -> Counter[tuple[str, str, frozenset[tuple[str, str]]]]:
    """Each element with its text and attributes."""
    return Counter(
        (str(one.tag), (one.text or "").strip(), frozenset(one.attrib.items())) for one in etree.fromstring(xml).iter()
    )


def told(document: Document) -> list[str]:
    """Each step with where it goes on: the numbers of rows, 0 for the end."""
    rows = steps(document)
    number = {row.id: index + 1 for index, row in enumerate(rows)}
    return [
        row.name + ("" if row.ways is None else f" → {[number.get(way.to, 0) for way in row.ways]} {row.split}")
        for row in rows
    ]


@pytest.mark.parametrize("name", TRUTH)
def test_a_reference_drawing_is_counted_as_its_truth_says_and_survives_editing(name: str) -> None:
    xml = (PROCESSES / name).read_bytes()
    document = read(xml)
    truth = {key: value for key, value in TRUTH[name].items() if key not in {"root_ok", "exporter"}}
    assert elements(document) == truth
    assert everything(document.xml()) == everything(xml)
    rows = steps(document)
    assert everything(with_steps(document, rows).xml()) == everything(xml), "rows as they are change nothing"
    renamed = with_steps(document, [replace(row, name=row.name and f"{row.name} 新", output="Letter") for row in rows])
    before, after = everything(xml), everything(renamed.xml())
    lost = [tag for tag, _, attributes in before - after if dict(attributes).get("name") is None]
    assert not lost, "only names are others"
    assert [row.output for row in steps(renamed)] == ["Letter"] * len(rows)
    assert {**elements(renamed), "task_names": []} == {**truth, "task_names": []}
    first = next(row for row in rows if row.kind != "sub")
    here = rows.index(first) + 1
    longer = with_steps(
        renamed, [*steps(renamed)[:here], Step("", "Check it twice", first.role), *steps(renamed)[here:]]
    )
    assert elements(longer)["tasks"] == truth["tasks"] + 1
    assert elements(longer)["shapes"] == truth["shapes"] + 1
    assert elements(longer)["edges"] == elements(longer)["sequence_flows"] + truth["edges"] - truth["sequence_flows"]
    flows_there = {flow.get("id") for flow in longer.flows.values()}
    for key in longer.nodes:
        noted = [
            (one.text or "").strip().split(":")[-1]
            for one in longer.nodes[key]
            if one.tag.endswith(("incoming", "outgoing"))
        ]
        assert set(noted) <= flows_there, "no node names a flow that is gone"


def test_a_list_of_steps_becomes_a_drawing_and_reads_back_the_same() -> None:
    document = new_document("Order fulfilment", LINE)
    rows = steps(read(document.xml()))
    assert [replace(row, scope="") for row in rows] == LINE
    assert elements(document) | {"task_names": []} == {
        "tasks": 3, "sub_processes": 0, "events": 2, "gateways": 0, "sequence_flows": 4, "message_flows": 0, "pools": 1,
        "lanes": 2, "processes": 1, "data_objects": 0, "text_annotations": 0, "shapes": 8, "edges": 4, "task_names": [],
    }  # fmt: skip
    assert flows.problems(document) == []
    assert told(new_document("Empty")) == []
    assert told(with_steps(new_document("Empty"), LINE)) == ["Call customer", "拣货", "Pack & ship"]
    assert elements(with_steps(document, []))["sequence_flows"] == 1, "a start leads to an end again"


def test_rows_are_added_moved_and_removed_where_they_stand() -> None:
    document = new_document("Order fulfilment", LINE)
    call, pick, pack = steps(document)
    assert told(with_steps(document, [pick, call, pack])) == ["拣货", "Call customer", "Pack & ship"]
    assert told(with_steps(document, [call, pack])) == ["Call customer", "Pack & ship"]
    assert told(with_steps(document, [Step("", "Greet"), call, pick, pack]))[0] == "Greet"
    last = with_steps(document, [call, pick, pack, Step("", "Thank", "Sales")])
    assert told(last)[-1] == "Thank"
    assert elements(last)["events"] == 2
    sold = with_steps(document, [replace(row, role="Sales 销售") for row in steps(document)])
    assert [lane.get("name") for lane in sold.root.iter("{*}lane")] == ["Sales 销售"], "empty lanes are gone"
    assert {row.role for row in steps(sold)} == {"Sales 销售"}
    assert steps(with_steps(document, [replace(call, role=""), pick, pack]))[0].role == ""


def test_ways_part_come_together_and_lead_back() -> None:
    choice = [
        Step("take", "Take order", ways=(Way("pick", 0.7, "in stock"), Way("buy", 0.3, "missing"))),
        Step("pick", "Pick"),
        Step("pack", "Pack", ways=(Way(END),)),
        Step("buy", "Buy goods", ways=(Way("take"),)),
    ]
    document = new_document("Choice", choice)
    assert told(document) == ["Take order → [2, 4] one", "Pick", "Pack → [0] one", "Buy goods → [1] one"]
    rows = steps(document)
    assert rows[0].ways == choice[0].ways
    shifted = with_steps(
        document, [replace(rows[0], ways=(Way("pick", 0.9, "in stock"), Way("buy", 0.1, "gone"))), *rows[1:]]
    )
    assert [(way.share, way.name) for way in steps(shifted)[0].ways or ()] == [(0.9, "in stock"), (0.1, "gone")]
    assert set(document.flows) == set(shifted.flows), "the same flows say another share"
    without = with_steps(document, [rows[0], rows[2], rows[3]])
    assert told(without) == ["Take order → [2, 3] one", "Pack → [0] one", "Buy goods → [1] one"]
    both = [
        Step("take", "Take order", ways=(Way("pick"), Way("bill")), split="all"),
        Step("pick", "Pick", ways=(Way("ship"),)),
        Step("bill", "Bill", ways=(Way("ship"),)),
        Step("ship", "Ship"),
    ]
    document = new_document("Both", both)
    assert elements(document)["gateways"] == 2
    assert flows.problems(document) == []
    rows = steps(document)
    longer = with_steps(document, [rows[0], rows[1], Step("n", "Weigh", ways=(Way("ship"),)), *rows[2:]])
    longer = with_steps(
        longer, [replace(row, ways=(Way("n"),)) if row.name == "Pick" else row for row in steps(longer)]
    )
    assert flows.problems(longer) == [], "a step put into a branch waits at the same join"
    alone = with_steps(document, [replace(rows[0], ways=(Way("pick"),)), rows[1], rows[3]])
    assert (told(alone), elements(alone)["gateways"]) == (["Take order", "Pick", "Ship"], 0)


def test_what_is_wrong_with_a_flow_is_found() -> None:
    document = new_document("Both", [
        Step("take", "Take", ways=(Way("pick"), Way("bill")), split="one"),
        Step("pick", "Pick", "Store", ways=(Way("ship"),)),
        Step("bill", "Bill", "Store", ways=(Way("ship"),)),
        Step("ship", "Ship", "Store"),
    ])  # fmt: skip
    assert [(one.code, one.about) for one in flows.problems(document)] == [("no_role", "Take")]
    for key, element in document.nodes.items():
        if key == "ship":
            element.tag = element.tag.replace("task", "parallelGateway")
    document.forget()
    assert ("deadlock", "ship") in {(one.code, one.node) for one in flows.problems(document)}
    rows = [Step("take", "Take"), Step("lost", "Lost", ways=(Way("ship"),)), Step("ship", "Ship")]
    skipped = new_document("Skipped", [replace(rows[0], ways=(Way("ship"),)), *rows[1:]])
    assert [(one.code, one.about) for one in flows.problems(skipped)] == [("no_way_in", "Lost")]
    net = flows.graph(new_document("Shares", [
        Step("a", "A", ways=(Way("b", 0.25), Way("c"), Way(END))), Step("b", "B", ways=(Way(END),)), Step("c", "C"),
    ]))  # fmt: skip
    gateway = next(key for key, held in net.nodes(data=True) if held["kind"] == "gateway")
    assert sorted(held["share"] for _, _, held in net.out_edges(gateway, data=True)) == [0.25, 0.375, 0.375]


REFUSED = {
    "empty": b"  \n", "html": b"<!DOCTYPE html><html><body>Sign in</body></html>", "json": b'{"bpmn": 1}', "text": b"a;b\n1;2",
    "drawio": b'<mxfile host="app.diagrams.net"><diagram/></mxfile>', "picture": b"%PDF-1.7 ...", "xml": b"<definitions><a>",
    "other": b"<a xmlns='b'/>", "visio": b"\xd0\xcf\x11\xe0\xa1\xb1", "log": b"<log xes.version='1.0'/>",
    "doctype": b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>',
}  # fmt: skip


def test_what_is_no_drawing_is_refused_by_what_it_is() -> None:
    for code, xml in REFUSED.items():
        with pytest.raises(BpmnError) as refused:
            read(xml)
        assert refused.value.code == code
    with pytest.raises(BpmnError, match="doctype"):
        read('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d [<!ENTITY x "y">]><d/>'.encode("utf-16"))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("visio/document.xml", "")
    with pytest.raises(BpmnError, match="visio"):
        read(packed.getvalue())
    deep = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
        + b"<a>" * 240
        + b"</a>" * 240
        + b"</definitions>"
    )
    with pytest.raises(BpmnError, match="deep"):
        read(deep)


CHART = """<mxfile><diagram name="P"><mxGraphModel><root><mxCell id="0"/><mxCell id="1" parent="0"/>
<mxCell id="p" value="" style="swimlane;" vertex="1" parent="1"/>
<mxCell id="s" value="Sales" style="swimlane;horizontal=0" vertex="1" parent="p"/>
<mxCell id="w" value="&lt;b&gt;仓库&lt;/b&gt;" style="swimlane;horizontal=0" vertex="1" parent="p"/>
<mxCell id="go" value="" style="ellipse;" vertex="1" parent="s"/>
<mxCell id="a" value="Take&lt;br&gt;order" style="rounded=1;" vertex="1" parent="s"/>
<mxCell id="q" value="In stock?" style="rhombus;" vertex="1" parent="w"/>
<object id="b" label="Pick"><mxCell style="rounded=0;" vertex="1" parent="w"/></object>
<mxCell id="c" value="Order goods" style="rounded=0;" vertex="1" parent="w"/>
<mxCell id="t" value="A title" style="text;html=1" vertex="1" parent="1"/>
<mxCell id="1e" edge="1" parent="1" source="go" target="a"/><mxCell id="2e" edge="1" parent="1" source="a" target="q"/>
<mxCell id="3e" value="yes 80 %" edge="1" parent="1" source="q" target="b"/><mxCell id="4e" edge="1" parent="1" source="q" target="c"/>
<mxCell id="5e" value="no" style="edgeLabel" vertex="1" parent="4e"/><mxCell id="6e" edge="1" parent="1" source="c" target="q"/>
</root></mxGraphModel></diagram></mxfile>"""


def test_a_flow_chart_of_draw_io_arrives_as_bpmn_packed_or_not() -> None:
    inner = CHART[CHART.index("<mxGraphModel>") : CHART.index("</diagram>")]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(quote(inner).encode()) + deflate.flush()).decode()
    for xml in (CHART, inner, f"<mxfile><diagram>{packed}</diagram></mxfile>"):
        document = from_drawio(xml.encode())
        assert told(document) == ["Take order → [2, 3] one", "Pick → [0] one", "Order goods → [2, 3] one"]
        assert [row.role for row in steps(document)] == ["Sales", "仓库", "仓库"]
        assert (steps(document)[0].ways or ())[0].share == 0.8
        assert flows.problems(document) == []
        assert elements(document)["shapes"] == 9
    for code, page in {"drawio_empty": "<mxGraphModel/>", "drawio": "???"}.items():
        with pytest.raises(BpmnError, match=code):
            from_drawio(f"<mxfile><diagram>{page}</diagram></mxfile>".encode())


def test_a_drawing_without_a_diagram_gets_one_and_hostile_names_stay_names(tmp_path: Path) -> None:
    bare = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"><startEvent/><task id="a"
    name="&lt;script&gt;"/><sequenceFlow id="f" sourceRef="a" targetRef="nowhere"/></process></definitions>"""
    document = read(bare)
    assert [row.name for row in steps(document)] == ["<script>"]
    drawn = with_steps(document, [*steps(document), Step("", "Next\x00\x1b one")])
    assert (elements(drawn)["shapes"], [row.name for row in steps(drawn)]) == (4, ["<script>", "Next one"])
    with pytest.raises(BpmnError, match="no_process"):
        with_steps(read(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>'), [Step("", "A")])


def test_durations_are_read_as_people_type_them() -> None:
    typed = {
        "30": (1800, 1800, 1800), "10–20–45": (600, 1200, 2700), "2 h": (7200,) * 3, "1.5 天": (43_200,) * 3, "1h30": (5400,) * 3,
        "1-2 h": (3600, 5400, 7200), "1:30": (5400,) * 3, "半小时": (1800,) * 3, "2小时30分": (9000,) * 3, "1,5 h": (5400,) * 3,
        "10 到 20 分钟": (600, 900, 1200), "５～１０分钟": (300, 450, 600), "90 s": (90,) * 3, "5 min – 1 h": (300, 1950, 3600),
    }  # fmt: skip
    for text, seconds in typed.items():
        assert parse(text, day=WORKING_DAY) == Estimate(*map(float, seconds)), text
    assert parse("1 day") == Estimate.of(86_400.0)
    assert parse("  ") is None
    refused = {
        "abc": "number",
        "10 20": "number",
        "30 parsecs": "unit",
        "20-10": "order",
        "1-2-3-4": "many",
        "-5": "number",
    }
    for text, code in refused.items():
        with pytest.raises(DurationError, match=code):
            parse(text)
