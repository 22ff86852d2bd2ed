"""Maps: boxes that do not overlap, arcs that run down where work runs on, and words that can be read."""

import random
import re

import pytest

from processes.analysis.layout import Arc, Layout, Size, fitted, laid_out
from processes.charts import Flow, Step, draw_map

BOX = Size(176, 46)


def overlapping(layout: Layout, sizes: dict[str, Size]) -> list[tuple[str, str]]:
    names = sorted(layout.boxes)
    return [
        (one, other)
        for at, one in enumerate(names)
        for other in names[at + 1 :]
        if abs(layout.boxes[one][0] - layout.boxes[other][0]) < (sizes[one].width + sizes[other].width) / 2
        and abs(layout.boxes[one][1] - layout.boxes[other][1]) < (sizes[one].height + sizes[other].height) / 2
    ]


def test_the_usual_way_runs_down_and_the_way_back_runs_up() -> None:
    arcs = [Arc("a", "b", 90), Arc("b", "c", 80), Arc("c", "b", 10), Arc("c", "d", 80), Arc("b", "b", 5)]
    layout = laid_out(dict.fromkeys("abcd", BOX), arcs, first=["a"], last=["d"])
    heights = [layout.boxes[name][1] for name in "abcd"]
    assert heights == sorted(heights)
    assert layout.backward == {("c", "b")}
    assert ("b", "b") not in layout.routes
    down, up = layout.routes["b", "c"], layout.routes["c", "b"]
    assert down[0][1] < down[-1][1]
    assert up[0][1] > up[-1][1]
    assert layout.boxes["a"][0] == pytest.approx(layout.boxes["b"][0], abs=1)  # one line, straight


def test_no_box_lies_upon_another_however_tangled_the_arcs() -> None:
    chance = random.Random(7)
    names = [f"step {number}" for number in range(60)]
    sizes = {name: Size(120 + chance.random() * 80, 40) for name in names}
    pairs = [chance.sample(names, 2) for _ in range(150)]
    arcs = [Arc(one, other, chance.randint(1, 99)) for one, other in pairs]
    layout = laid_out(sizes, arcs)
    assert not overlapping(layout, sizes)
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in layout.boxes.values())
    for (source, target), route in layout.routes.items():
        (_, y1), (_, y2) = route[0], route[-1]
        assert (y1 > y2) is ((source, target) in layout.backward)


def test_a_crossing_that_need_not_be_is_not_drawn() -> None:
    arcs = [Arc("s", "a"), Arc("s", "b"), Arc("a", "y"), Arc("b", "x"), Arc("x", "e"), Arc("y", "e")]
    boxes = laid_out(dict.fromkeys("sabxye", BOX), arcs, first=["s"], last=["e"]).boxes
    assert (boxes["a"][0] < boxes["b"][0]) is (boxes["y"][0] < boxes["x"][0])


def test_an_arc_to_nowhere_is_refused() -> None:
    with pytest.raises(KeyError):
        laid_out({"a": BOX}, [Arc("a", "b")])
    assert laid_out({}, []).boxes == {}


@pytest.mark.parametrize(
    ("wanted", "weights", "apart", "found"),
    [
        ([0, 10, 20], [1, 1, 1], [5, 5], [0, 10, 20]),  # room enough: each where it wants
        ([0, 0], [1, 1], [10], [-5, 5]),  # both give way
        ([0, 0], [3, 1], [8], [-2, 6]),  # the heavier less
        ([5, 0, 1], [1, 1, 1], [0, 0], [2, 2, 2]),  # order is kept: they are pooled
    ],
)
def test_places_are_the_least_squares_fit_in_order(
    wanted: list[float], weights: list[float], apart: list[float], found: list[float]
) -> None:
    assert fitted(wanted, weights, apart) == pytest.approx(found)


def test_a_map_says_names_and_numbers_and_leads_on() -> None:
    steps = [Step("Confirm <stock>", "3 ×", 1.0, "?step=1&x=2"), Step("订单审批与库存确认由三个部门签字", "4 h", 0.2)]
    flows = [
        Flow(None, "Confirm <stock>", "3"), Flow("Confirm <stock>", "Confirm <stock>", "1"),
        Flow("Confirm <stock>", "订单审批与库存确认由三个部门签字", "2", 0.9, marked=True),
        Flow("订单审批与库存确认由三个部门签字", None, "2"),
    ]  # fmt: skip
    drawn = str(draw_map(steps, flows, title="Real map", desc="What happened"))
    assert "<stock>" not in drawn
    assert 'href="?step=1&amp;x=2"' in drawn
    assert drawn.count('class="map-box') == 2
    assert drawn.count("map-arc-marked") == 1
    assert 'role="group"' in drawn
    words = "".join(re.findall(r'class="map-name"[^>]*>([^<]*)<', drawn))
    assert "订单审批与库存确认由三个部门签字" in words  # on two lines, whole
