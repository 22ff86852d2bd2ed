"""Charts say what they show, to eyes and to ears, in the reader's language and time zone."""

import math
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.utils.safestring import SafeString

from opsboard.core import charts
from opsboard.core.charts import Change, Limits, Mark, Series, Signal, Threshold, scales

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SVG = "{http://www.w3.org/2000/svg}"
START = datetime(2026, 11, 2, tzinfo=SHANGHAI)


def daily(values: list[float | None], start: datetime = START) -> Series:
    return Series("Cycle time", [(start + timedelta(days=index), value) for index, value in enumerate(values)])


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def of_class(svg: str, name: str) -> list[ElementTree.Element]:
    return [node for node in ElementTree.fromstring(svg).iter() if name in node.get("class", "").split()]


def every_chart(title: str, desc: str = "") -> dict[str, SafeString]:
    series = daily([50, 52, None, 49, 61, 48])
    limits, signals = Limits(50, 40, 60), [Signal(series.points[4][0], title)]
    return {
        "line": charts.line([series, series], title=title, desc=desc, unit=title, limits=limits, signals=signals, tz=SHANGHAI),
        "sparkline": charts.sparkline(series, title=title, desc=desc, target=50, signals=signals),
        "bar": charts.bar([(title, 3), ("b", None), ("c", -2)], title=title, desc=desc, partial=True),
        "lying bar": charts.bar([(title, 3), ("b", None), ("c", 2)], title=title, desc=desc, horizontal=True),
        "stacked": charts.stacked_bar([title, "b"], [(title, [1, 2]), ("y", [3, None])], title=title, desc=desc),
        "pareto": charts.pareto([(title, 5), ("b", 3)], title=title, desc=desc),
        "heat": charts.heat_map([title, "b"], [title], [[1], [None]], title=title, desc=desc),
        "histogram": charts.histogram([1, 2, 2, 3], title=title, desc=desc, unit=title, marks=[Mark(2, title)]),
    }  # fmt: skip


@pytest.mark.parametrize("kind", every_chart("x"))
def test_every_chart_is_an_image_with_a_title_a_description_and_a_view_box(kind: str) -> None:
    svg = every_chart("订单处理时长（分钟）", "从 11 月 2 日到 7 日")[kind]
    root = ElementTree.fromstring(svg)
    assert isinstance(svg, SafeString)
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "订单处理时长（分钟）"
    assert root[1].tag == f"{SVG}desc"
    assert root[1].text == "从 11 月 2 日到 7 日"
    assert (root.get("viewBox") or "").split()[2:] == [root.get("width"), root.get("height")]


@pytest.mark.parametrize("kind", every_chart("x"))
def test_hostile_words_stay_words(kind: str) -> None:
    svg = every_chart('<script>alert("1")</script>&\x00\x0b', "<b>")[kind]
    root = ElementTree.fromstring(svg)  # well-formed, control characters gone
    assert "<script" not in svg
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("kind", every_chart("x"))
def test_no_chart_needs_a_style_sheet_or_an_id(kind: str) -> None:
    root = ElementTree.fromstring(every_chart("x")[kind])
    coloured = {child for group in root.iter(f"{SVG}g") if "fill" in group.attrib for child in group}
    for node in root.iter():
        assert "style" not in node.attrib
        assert "id" not in node.attrib
        if node.tag in {f"{SVG}rect", f"{SVG}circle", f"{SVG}path", f"{SVG}line", f"{SVG}text"}:
            assert "fill" in node.attrib or "stroke" in node.attrib or node in coloured
        assert "currentColor" not in node.attrib.values()


def test_a_missing_value_leaves_a_gap() -> None:
    svg = charts.line([daily([1, 2, None, 3, math.nan, 4, 5])], title="x", tz=SHANGHAI)
    path = of_class(svg, "chart-s1")[0].get("d") or ""
    assert path.count("M") == 3


def test_a_chart_without_values_says_so() -> None:
    assert "No values yet" in texts(charts.line([daily([None, math.inf])], title="x", tz=SHANGHAI))
    assert "No values yet" in texts(charts.bar([], title="x"))
    assert "No values yet" in texts(charts.heat_map([], [], [], title="x"))
    assert "No values yet" in texts(charts.histogram([], title="x"))
    assert "No values yet" in texts(charts.pareto([("a", 0)], title="x"))
    assert "No values yet" in texts(charts.stacked_bar([], [], title="x"))


def test_one_point_is_drawn_as_a_dot() -> None:
    svg = charts.line([daily([42])], title="x", tz=SHANGHAI)
    assert any("h0" in (node.get("d") or "") for node in of_class(svg, "chart-s1"))


def test_target_threshold_and_limits_are_lines_with_words() -> None:
    svg = charts.line(
        [daily([50, 51, 49, 70])],
        title="x",
        target=45,
        thresholds=[Threshold(65, "Alert at")],
        limits=Limits(50.04, 40, 60),
        tz=SHANGHAI,
        locale="en",
    )
    assert {"Target 45.0", "Alert at 65.0", "Mean 50.0", "Upper 60.0", "Lower 40.0"} <= set(texts(svg))
    assert len(of_class(svg, "chart-limit")) == 2
    assert len(of_class(svg, "chart-target")) == 1


def test_labels_of_close_lines_do_not_cover_each_other() -> None:
    svg = charts.line([daily([50, 51, 49])], title="x", target=50, limits=Limits(50, 49.9, 50.1), tz=SHANGHAI)
    heights = sorted(
        float(node.get("y") or 0)
        for name in ("target", "centre", "limit")
        for node in of_class(svg, f"chart-label-{name}")
    )
    assert len(heights) == 4
    assert all(below - above >= 11 for above, below in pairwise(heights))


def test_limits_may_change_on_the_way() -> None:
    series = daily([50, 51, 49, 30, 31, 29])
    change = series.points[3][0]
    svg = charts.line(
        [series], title="x", limits=[Limits(50, 45, 55, to_at=change), Limits(30, 25, 35, from_at=change)], tz=SHANGHAI
    )
    before, after = of_class(svg, "chart-centre")
    assert before.get("x2") == after.get("x1")


def test_a_signal_sits_on_its_point_and_says_why() -> None:
    series = daily([50, 51, 90, 49])
    svg = charts.line([series], title="x", signals=[Signal(series.points[2][0], "Above the upper limit")], tz=SHANGHAI)
    (dot,) = of_class(svg, "chart-signal")
    assert dot[0].text == "Above the upper limit"


def test_a_period_that_has_not_ended_is_hatched_and_dashed() -> None:
    whole = daily([50, 51, 52])
    part = Series(whole.name, whole.points, partial=True)
    assert not of_class(charts.line([whole], title="x", tz=SHANGHAI), "chart-part")
    svg = charts.line([part], title="x", tz=SHANGHAI)
    assert of_class(svg, "chart-part")
    assert of_class(svg, "chart-hollow")


def test_a_change_is_an_upright_line_with_its_words() -> None:
    series = daily([50, 51, 52, 40])
    svg = charts.line([series], title="x", changes=[Change(series.points[3][0], "取消二次审批")], tz=SHANGHAI)
    (line,) = of_class(svg, "chart-change")
    assert line.get("x1") == line.get("x2")
    assert "取消二次审批" in texts(svg)


def test_numbers_and_days_read_as_the_language_writes_them() -> None:
    series = daily([120_000, 340_000, 560_000])
    english = texts(charts.line([series], title="x", tz=SHANGHAI, locale="en"))
    chinese = texts(charts.line([series], title="x", tz=SHANGHAI, locale="zh-hans"))
    german = texts(charts.line([daily([1.25, 1.5])], title="x", tz=SHANGHAI, locale="de"))
    assert "2 Nov" in english
    assert "400K" in english
    assert "11月2日" in chinese
    assert "40万" in chinese
    assert any("," in text for text in german)


def test_an_unknown_language_reads_as_english() -> None:
    assert "2 Nov" in texts(charts.line([daily([1, 2, 3])], title="x", tz=SHANGHAI, locale="tlh"))


def test_rates_read_as_per_cent() -> None:
    words = texts(charts.line([daily([0.91, 0.95])], title="x", rate=True, target=0.925, tz=SHANGHAI, locale="en"))
    assert "Target 92.5%" in words
    assert any(word == "94%" for word in words)


def test_days_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 1, 16, 30, tzinfo=UTC)  # half past midnight on the 2nd in Shanghai
    stamps = [at for at, _ in scales.time_ticks(late.timestamp(), late.timestamp() + 4 * 86400, 5, SHANGHAI, "en")]
    assert all(datetime.fromtimestamp(at, SHANGHAI).hour == 0 for at in stamps)


def test_day_ticks_stay_at_midnight_over_a_clock_change() -> None:
    first = datetime(2026, 10, 23, tzinfo=BERLIN).timestamp()  # the clocks go back on the 25th
    ticks = scales.time_ticks(first, first + 5 * 86400, 6, BERLIN, "en")
    assert [datetime.fromtimestamp(at, BERLIN).hour for at, _ in ticks] == [0] * len(ticks)
    assert [words for _, words in ticks] == ["23 Oct", "24 Oct", "25 Oct", "26 Oct", "27 Oct"]


def test_moments_under_bars_are_left_out_rather_than_cut() -> None:
    days = [(f"{month}月{day}日", 5.0) for month in (10, 11) for day in (5, 12, 19, 26)]
    assert "…" in "".join(texts(charts.bar(days, title="x", width=390)))
    shown = texts(charts.bar(days, title="x", width=390, in_time=True))
    assert "10月5日" in shown
    assert "10月12日" not in shown
    assert "…" not in "".join(shown)


@pytest.mark.parametrize("span", [1, 40, 3600, 20 * 3600, 86400 * 3, 86400 * 60, 86400 * 800, 86400 * 30000])
def test_every_span_of_time_has_a_few_ticks_inside_it(span: int) -> None:
    first = START.timestamp()
    ticks = scales.time_ticks(first, first + span, 7, SHANGHAI, "en")
    assert 1 <= len(ticks) <= 16
    assert all(first - 1 <= at <= first + span for at, _ in ticks)


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        charts.line([Series("x", [(datetime(2026, 1, 1), 1.0)])], title="x", tz=SHANGHAI)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, [0, 25, 50, 75, 100]),
        (26, 62.6, [20, 30, 40, 50, 60, 70]),
        (0.84, 0.96, [0.8, 0.85, 0.9, 0.95, 1.0]),
        (7, 7, [6, 6.5, 7, 7.5, 8]),
        (0, 0, [-1, -0.5, 0, 0.5, 1]),
        (-3, 8, [-5, 0, 5, 10]),
    ],
)
def test_ticks_are_round_and_cover_the_values(low: float, high: float, ticks: list[float]) -> None:
    found = scales.nice_ticks(low, high)
    assert found[0] <= low <= high <= found[-1]
    assert 3 <= len(found) <= 8
    if low != 7:
        assert found == ticks


def test_thinning_keeps_every_peak_and_the_ends() -> None:
    points = [(float(index), math.sin(index / 50)) for index in range(10_000)]
    points[7_777] = (7_777.0, 99.0)
    points[1_234] = (1_234.0, -99.0)
    kept = scales.thin(points, 600)
    assert len(kept) <= 600 * 4
    assert (7_777.0, 99.0) in kept
    assert (1_234.0, -99.0) in kept
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert list(kept) == sorted(kept)


def test_ten_thousand_points_are_a_small_drawing() -> None:
    series = Series("x", [(START + timedelta(minutes=index), math.sin(index)) for index in range(10_000)])
    assert len(charts.line([series], title="x", tz=SHANGHAI)) < 60_000


def test_a_card_chart_is_drawn_in_a_moment() -> None:
    series = daily([50 + index % 7 for index in range(52)])
    charts.line([series], title="x", tz=SHANGHAI)
    began = time.process_time()
    for _ in range(20):
        charts.line([series], title="x", limits=Limits(53, 45, 60), tz=SHANGHAI)
    assert (time.process_time() - began) / 20 < 0.005  # about 0.5 ms; the rest is room for a busy machine


def test_days_as_categories_are_written_short() -> None:
    assert "11月9日" in texts(charts.bar([(date(2026, 11, 9), 3)], title="x", locale="zh_Hans"))


def test_bars_grow_from_nought_and_a_negative_one_hangs_below() -> None:
    svg = charts.bar([("up", 10), ("down", -5)], title="x")
    up, down = of_class(svg, "chart-f1")
    foot = float(up.get("y") or 0) + float(up.get("height") or 0)
    assert foot == pytest.approx(float(down.get("y") or 0), abs=0.2)


def test_layers_of_a_stack_meet() -> None:
    svg = charts.stacked_bar(["W1"], [("a", [10]), ("b", [5])], title="x")
    (lower,), (upper,) = of_class(svg, "chart-f1")[1], of_class(svg, "chart-f2")[1]
    assert float(upper.get("y") or 0) + float(upper.get("height") or 0) == pytest.approx(
        float(lower.get("y") or 0), abs=0.2
    )


def test_without_a_pointer_what_has_one_colour_is_one_shape() -> None:
    stacked = charts.stacked_bar(["W1", "W2"], [("a", [10, 3]), ("b", [5, 0])], title="x", hover=False)
    heat = charts.heat_map(["a", "b"], ["x", "y", "z"], [[1, 1, 9], [9, 5, 1]], title="x", hover=False)
    shapes = {
        node.get("class", "").split()[0]: (node.get("d") or "").count("z")
        for svg in (stacked, heat)
        for node in ElementTree.fromstring(svg).iter(f"{SVG}path")
    }
    assert shapes == {"chart-f1": 2, "chart-f2": 1, "chart-h-blue-0": 3, "chart-h-blue-3": 1, "chart-h-blue-6": 2}
    assert [node.text for node in ElementTree.fromstring(stacked).iter(f"{SVG}title")] == ["x"]


def test_pareto_ranks_and_gathers_the_rest() -> None:
    svg = charts.pareto([(f"cause {index}", index + 1) for index in range(20)], title="x", most=5, locale="en")
    bars = [node[0].text or "" for node in of_class(svg, "chart-f1")]
    assert [bar.partition(":")[0] for bar in bars] == ["cause 19", "cause 18", "cause 17", "cause 16", "Others"]
    assert bars[-1].endswith("100%")


def test_a_risk_matrix_is_coloured_by_place() -> None:
    svg = charts.heat_map(
        ["high", "low"], ["rare", "often"], [[None, 2], [1, None]], title="x", palette="risk",
        shade=lambda row, column: (1 - row + column) / 2.1,
    )  # fmt: skip
    assert len(of_class(svg, "chart-h-risk-6")) == 1
    assert len(of_class(svg, "chart-h-risk-0")) == 1


def test_cells_without_a_value_are_hatched() -> None:
    svg = charts.heat_map(["a"], ["x", "y"], [[1, None]], title="x")
    assert len(of_class(svg, "chart-part")) == 1


def test_a_histogram_counts_every_value_once() -> None:
    values = [0.1 * index for index in range(101)]
    svg = charts.histogram(values, title="x", locale="en")
    counts = [int((node[0].text or "").rpartition(": ")[2]) for node in of_class(svg, "chart-f1")]
    assert sum(counts) == 101


def test_a_figure_for_exploring_holds_local_times_and_gaps() -> None:
    figure = charts.figure_json(
        [daily([1, None, 3])], title="x", unit="min", limits=Limits(2, 1, 3), changes=[Change(START, "<b>new</b>")],
        tz=SHANGHAI, locale="zh-hans",
    )  # fmt: skip
    assert figure["data"][0]["x"][0] == "2026-11-02 00:00:00"
    assert figure["data"][0]["y"] == [1, None, 3]
    assert figure["data"][0]["connectgaps"] is False
    assert len(figure["layout"]["shapes"]) == 4
    assert figure["layout"]["annotations"][0]["text"] == "&lt;b&gt;new&lt;/b&gt;"
    assert set(figure["themes"]) == {"light", "dark"}
