"""The swim-lane map: nothing runs through a box, two flows never look like one, and it reads on any screen."""

import random
import time
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

from lxml import etree

from processes.analysis.bpmn import END, Step, Way, new_document, read, steps, with_steps
from processes.analysis.flows import problems
from processes.analysis.lane_plan import plan_of
from processes.analysis.lanes import Arc, Layout, Line, Node, Point, lay_out
from processes.charts.lanes import Card, lane_map, wrap


def crossings(layout: Layout) -> list[tuple[str, str]]:
    """Lines that run through a box which is not at their own end."""
    found = []
    for line in layout.lines:
        for (x0, y0), (x1, y1) in pairwise(line.points):
            for box in layout.boxes.values():
                if box.id in {line.source, line.target}:
                    continue
                inside_x = min(x0, x1) < box.x + box.width - 1 and max(x0, x1) > box.x + 1
                inside_y = min(y0, y1) < box.y + box.height - 1 and max(y0, y1) > box.y + 1
                if inside_x and inside_y:
                    found.append((line.id, box.id))
    return found


def overlays(layout: Layout) -> list[tuple[str, str]]:
    """Lines with neither end in common that lie on one another for a stretch."""
    runs: list[tuple[Line, Point, Point]] = []
    for line in layout.lines:
        for first, last in pairwise(line.points):
            runs.append((line, min(first, last), max(first, last)))
    found = []
    for (one, a, b), (other, c, d) in combinations(runs, 2):
        if one.source == other.source or one.target == other.target:
            continue
        flat = a[1] == b[1] == c[1] == d[1] and min(b[0], d[0]) - max(a[0], c[0]) > 2
        steep = a[0] == b[0] == c[0] == d[0] and min(b[1], d[1]) - max(a[1], c[1]) > 2
        if flat or steep:
            found.append((one.id, other.id))
    return found


def boxes_apart(layout: Layout) -> bool:
    return all(
        a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        for a, b in combinations(layout.boxes.values(), 2)
    )


def test_flows_of_real_drawings_run_round_the_boxes(shared: Path) -> None:
    folder = shared / "data" / "processes"
    for path in sorted(folder.glob("**/*.bpmn")):
        layout = plan_of(read(path.read_bytes())).laid_out(header=100)
        assert crossings(layout) == [], path.name
        riding = [key for key, box in layout.boxes.items() if box.width == 26]
        assert riding or boxes_apart(layout), path.name
        for key, box in layout.boxes.items():
            band = layout.bands[box.lane]
            assert band.y <= box.y, (path.name, key)
            assert box.y + box.height <= band.y + band.height + 13, (path.name, key)


def test_a_map_of_any_shape_is_laid_out_at_once() -> None:
    dice = random.Random(7)
    for count, lanes, extra in [(1, 1, 0), (2, 1, 3), (14, 3, 8), (40, 5, 30), (120, 8, 200)]:
        nodes = [Node(f"n{i}", "gateway" if i % 5 == 4 else "step", dice.randrange(lanes)) for i in range(count)]
        pairs = [(i, i + 1) for i in range(count - 1)] + [
            (dice.randrange(count), dice.randrange(count)) for _ in range(extra)
        ]
        arcs = [Arc(f"a{i}", f"n{a}", f"n{b}") for i, (a, b) in enumerate(pairs)]
        begun = time.perf_counter()
        layout = lay_out(nodes, arcs, lanes)
        assert time.perf_counter() - begun < 1.0
        assert crossings(layout) == []
        assert boxes_apart(layout)
        assert len(layout.lines) == len(arcs)
        if count <= 14:
            assert overlays(layout) == []
    assert lay_out([], [], 2).boxes == {}


def test_the_map_is_one_sound_svg_with_links_and_chinese_that_wraps() -> None:
    rows = [
        Step("a", "<b>Take</b> order", "Sales & more", phase="Order", ways=(Way("b", 0.25, "urgent"), Way("c"))),
        Step("b", "核对库存数量并与供应商确认到货时间后通知销售同事", "仓库", phase="Deliver"),
        Step("c", "Ship", "仓库"),
    ]
    document = new_document("Order", rows)
    cards = {row.id: Card(row.name, below="10–20 min", url=f"?step={row.id}", phase=row.phase) for row in rows}
    svg = lane_map(plan_of(document), cards, title="Order <x>", desc="3 steps", say_share=lambda share: f"{share:.0%}")
    root = etree.fromstring(svg)
    words = [one.text for one in root.iter("{*}text")]
    assert [one.get("href") for one in root.iter("{*}a")] == ["?step=a", "?step=b", "?step=c"]
    assert root.get("role") == "group"
    assert {"Sales & more", "仓库", "<b>Take</b> order", "Ship", "urgent 25%", "Order", "Deliver"} <= set(words)
    assert not list(root.iter("{*}b"))
    assert [root.find("{*}title").text, root.find("{*}desc").text] == ["Order <x>", "3 steps"]
    lines = wrap(rows[1].name, 120, 11.5, 3)
    assert len(lines) == 3
    assert "".join(lines).rstrip("…")[:20] == rows[1].name[:20]


def test_whatever_people_type_into_the_table_stays_a_drawing_that_reads_back() -> None:
    dice = random.Random(11)
    document = new_document("Fuzz", [Step("", f"Step {i}", f"Role {i % 3}") for i in range(5)])
    for turn in range(60):
        rows = steps(document)
        here = SimpleNamespace(rows=list(rows))
        what = dice.choice(["add", "remove", "move", "branch", "role", "plain"])
        place = dice.randrange(len(here.rows)) if here.rows else 0
        if what == "add" or not here.rows:
            here.rows.insert(place, Step("", f"New {turn}", f"Role {turn % 4}"))
        elif what == "remove" and len(here.rows) > 3:
            del here.rows[place]
        elif what == "move":
            here.rows.insert(dice.randrange(len(here.rows)), here.rows.pop(place))
        elif what == "branch":
            targets = dice.sample([row.id for row in here.rows] + [END], 2)
            split = dice.choice(["one", "all"])
            here.rows[place] = Step(
                **{**vars(here.rows[place]), "ways": tuple(Way(to) for to in targets), "split": split}
            )
        elif what == "role":
            here.rows[place] = Step(**{**vars(here.rows[place]), "role": f"Role {turn % 5}"})
        else:
            here.rows[place] = Step(**{**vars(here.rows[place]), "ways": None})
        changed = read(with_steps(document, here.rows).xml())
        assert sorted(row.name for row in steps(changed)) == sorted(row.name for row in here.rows), (turn, what)
        for flow in changed.root.iter("{*}sequenceFlow"):
            assert {flow.get("sourceRef"), flow.get("targetRef")} <= set(changed.nodes), (turn, what)
        shaped = {shape.get("bpmnElement") for shape in changed.root.iter("{*}BPMNShape", "{*}BPMNEdge")}
        assert {*changed.nodes, *changed.flows} <= shaped, (turn, what)
        assert crossings(plan_of(changed).laid_out()) == [], (turn, what)
        problems(changed)
        document = changed
