"""What explains a change: published examples, and 94 real incidents."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from metrics.analysis import drivers
from metrics.analysis.cells import cells_of, split, surprise
from metrics.analysis.drivers import Explanation, explain, spread_of


def explained(rows: Sequence[Mapping[str, Any]], *, rate: bool = False, mean: bool = False) -> Explanation:
    frame = pl.DataFrame(list(rows))
    dims = [name for name in frame.columns if name not in {"now", "top", "bottom"}]
    kind: drivers.Kind = "rate" if rate else "mean" if mean else "sum"
    return explain(cells_of(frame, dims, sums=kind == "sum"), kind=kind)


def test_adtributor_names_the_device_and_not_the_largest_share(shared: Path) -> None:
    # Bhagwan et al., NSDI 2014: data center X alone explains 94 %, but its share did not change.
    sample = json.loads((shared / "data/metrics/worked/adtributor_revenue.json").read_text())
    found = {}
    for name, dimension in sample["expected"].items():
        elements = dimension["elements"]
        actual = np.array([one["actual"] for one in elements.values()])
        forecast = np.array([one["forecast"] for one in elements.values()])
        each = surprise(actual / actual.sum(), forecast / forecast.sum())
        assert each == pytest.approx([one["surprise_ln"] for one in elements.values()], abs=6e-5), name
        assert each.sum() == pytest.approx(dimension["surprise_total_ln"], abs=1e-4)
        rows = [
            {"now": now, "top": float(one["actual" if now else "forecast"]), name: element}
            for element, one in elements.items()
            for now in (True, False)
        ]
        found[name] = explained(rows)
        shares = {one.sets[0][name]: one.share for one in found[name].dimensions[0].elements}
        assert shares == pytest.approx({element: one["ep"] for element, one in elements.items()})
    ranked = sorted(found, key=lambda name: -found[name].dimensions[0].surprise)
    assert ranked == sample["expected_ranking_by_surprise"]
    best = found[sample["expected_answer"]["dimension"]].drivers[0]
    assert {labels["device"] for labels in best.sets} == set(sample["expected_answer"]["elements"])
    # The loss in Y's proportion is X's as well: whoever is no more surprising than the whole, explains little.
    assert all(one.confidence < best.confidence for one in found["data_center"].dimensions[0].elements)


def test_a_better_rate_everywhere_and_yet_a_worse_one(shared: Path) -> None:
    # Charig et al. 1986; Kitagawa's midpoints.
    sample = json.loads((shared / "data/metrics/worked/ratio_decomposition_kidney_stones.json").read_text())
    names, expected = ("small", "large"), sample["expected"]
    rows = [
        {"now": now, "top": float(group[name][0]), "bottom": float(group[name][1]), "stone": name}
        for now, group in ((True, sample["A"]), (False, sample["B"]))
        for name in names
    ]
    told = explained(rows, rate=True)
    assert (told.actual, told.expected) == pytest.approx((expected["rate_A"], expected["rate_B"]), abs=1e-6)
    assert (told.rate_effect, told.mix_effect) == pytest.approx(
        (expected["rate_effect"], expected["mix_effect"]), abs=1e-6
    )
    assert (told.rate_effect or 0) + (told.mix_effect or 0) == pytest.approx(told.change)
    rates = {
        key: [group[name][0] / group[name][1] for name in names]
        for key, group in (("A", sample["A"]), ("B", sample["B"]))
    }
    weights = {
        key: [group[name][1] / sum(group[each][1] for each in names) for name in names]
        for key, group in (("A", sample["A"]), ("B", sample["B"]))
    }
    for name, part in zip(names, split(rates["A"], rates["B"], weights["A"], weights["B"]), strict=True):
        wanted = expected["by_segment"][name]
        assert (part.rate, part.mix) == pytest.approx((wanted["rate_effect"], wanted["mix_effect"]), abs=1e-6)
    # Around the average rate, more large stones is what made it worse, as each segment by itself says.
    (stones,) = told.dimensions
    assert all((one.mix_effect or 0) < 0 for one in stones.elements)


def test_one_batch_explains_the_rise_and_the_shop_it_went_to_does_not() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for now in (False, True):
        for batch in range(12, 20):
            for shop in ("North", "South", "East"):
                count = float(rng.poisson(4))
                if now and batch == 17:
                    count += 20
                rows.append({"now": now, "top": count, "batch": f"B{batch}", "shop": shop})
    told = explained(rows)
    first = told.drivers[0]
    assert first.sets == ({"batch": "B17"},)
    assert first.share == pytest.approx(first.change / told.change)
    assert 0.7 < first.share < 1.3
    assert first.confidence > 0.8
    assert told.dimensions[0].name == "batch"


def test_what_never_was_there_before_is_found_too() -> None:
    rows = [{"now": now, "top": 50.0, "kind": kind} for now in (False, True) for kind in "abcd"]
    rows.append({"now": True, "top": 60.0, "kind": "e"})
    first = explained(rows).drivers[0]
    assert (first.sets, first.expected) == (({"kind": "e"},), 0)


def test_money_that_is_given_back_and_means_are_explained_as_well() -> None:
    refunds = [
        {"now": now, "top": value - (40.0 if now and shop == "A" else 0), "shop": shop, "way": way}
        for now in (False, True)
        for shop in "ABC"
        for way, value in (("sold", 100.0), ("returned", -30.0))
    ]
    assert explained(refunds).drivers[0].sets == ({"shop": "A"},)
    minutes = [
        {
            "now": now,
            "top": 20.0 * (9.0 if now and desk == "night" else 3.0),
            "bottom": 20.0,
            "desk": desk,
            "agent": agent,
        }
        for now in (False, True)
        for desk in ("day", "night", "late")
        for agent in "xyz"
    ]
    first = explained(minutes, mean=True).drivers[0]
    assert first.sets == ({"desk": "night"},)
    assert (first.expected, first.actual) == (3, 9)


def test_nothing_to_explain_is_said_by_saying_nothing() -> None:
    same = [{"now": now, "top": 10.0, "shop": shop} for now in (False, True) for shop in "AB"]
    assert explained(same).drivers == ()
    assert explained([{"now": True, "top": 10.0}, {"now": False, "top": 5.0}]).drivers == ()
    blank = [{"now": now, "top": 10.0, "shop": None} for now in (False, True)]
    assert explained([*blank, {"now": True, "top": 30.0, "shop": "A"}]).drivers[0].sets == ({"shop": "A"},)


def test_real_incidents_are_explained(shared: Path) -> None:
    # rootcause_rs: 94 incidents with labelled causes; the minute against the four before. 30 lines of pandas: 59.6, 90.4.
    folder = shared / "data" / "metrics" / "rootcause_rs"
    labels = json.loads((folder / "labels.json").read_text())
    text = pl.read_csv(folder / "cases.csv", infer_schema_length=0)
    names = [name for name in text.columns if name not in {"case", "min", "value", "cnt"}]
    frame = text.with_columns(pl.col("value", "cnt").cast(pl.Float64), pl.col("min").cast(pl.Int64))
    cases = {case: part for (case,), part in frame.group_by(["case"])}
    first = three = 0
    for label in labels:
        rows = cases[label["case"]].select(
            *names, (pl.col("min") == label["timestamp"]).alias("now"), (pl.col("cnt") - pl.col("value")).alias("top"),
            pl.col("cnt").alias("bottom"),
        )  # fmt: skip
        told = explain(cells_of(rows, names, sums=False), kind="rate", most=3)
        causes = label["cause"] if isinstance(label["cause"], list) else [label["cause"]]
        wanted = {frozenset((name, str(value)) for name, value in cause.items()) for cause in causes}
        found = [{frozenset(one.items()) for one in driver.sets} for driver in told.drivers]
        first += found[:1] == [wanted]
        three += wanted in found
    assert first / len(labels) >= 0.70
    assert three / len(labels) >= 0.95


def test_rates_of_which_nobody_says_out_of_how_many_are_judged_by_how_they_vary() -> None:
    """A return rate for each shop and day: a week of one shop at 8 % instead of 4 % is no chance, though it is seven values."""
    days = np.array([-0.004, 0.003, 0.001, -0.002, 0.004, -0.003, 0.001])

    def told(*levels: tuple[str, float, float]) -> tuple[float | None, Explanation]:
        values = {
            (shop, now): (after if now else before) + days for shop, before, after in levels for now in (True, False)
        }
        rows = [
            {"shop": shop, "now": now, "total": each.sum(), "weights": 7.0, "points": 7, "squares": (each**2).sum()}
            for (shop, now), each in values.items()
        ]
        frame = pl.DataFrame([{**row, "top": row["total"], "bottom": row["weights"]} for row in rows])
        spread = spread_of(rows)
        return spread, explain(cells_of(frame, ["shop"], sums=False, points="points"), kind="rate", spread=spread)

    spread, found = told(("Nord", 0.042, 0.043), ("Süd", 0.042, 0.08))
    assert spread == pytest.approx(0.00306, abs=1e-5)
    assert found.drivers[0].sets == ({"shop": "Süd"},)
    assert found.drivers[0].confidence > 0.9
    assert found.drivers[0].share == pytest.approx(38 / 39)
    together = told(("Nord", 0.02, 0.04), ("Süd", 0.06, 0.08))[1]
    assert all(one.confidence < 0.7 for one in together.drivers)
    assert all(one.confidence < 0.2 for one in told(("Nord", 0.042, 0.043), ("Süd", 0.042, 0.041))[1].drivers)
    cases = [{"total": 3.0, "squares": 3.0, "weights": 9.0, "points": 9}]  # each of them a case: yes or no
    assert spread_of(cases) is None
    assert spread_of([{"total": 3.0, "squares": 2.0, "weights": 90.0, "points": 9}]) is None
