import json
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsboard.core.analysis import shifts, spc
from opsboard.core.analysis.nelson import ALL_RULES, Signal, nelson

WORKED = Path(__file__).resolve().parents[3] / "shared" / "data" / "metrics" / "worked"
REVIEWS = WORKED.parents[1] / "reviews"
needs_samples = pytest.mark.skipif(not WORKED.exists(), reason="the shared samples are not here")


def worked(name: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((WORKED / name).read_text())
    return sample


def from_one(chart: spc.Chart, rule: int = 1) -> list[int]:
    """The points with a signal, counted from one as books do."""
    return [signal.index + 1 for signal in chart.signals if signal.rule == rule]


# --- XmR ----------------------------------------------------------------------------------------------------------

FLOW_RATE = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_individuals_of_the_nist_handbook() -> None:
    # NIST/SEMATECH e-Handbook 6.3.2.2, flow rate of ten batches.
    chart = spc.xmr(FLOW_RATE, e2=3 / 1.128)
    assert chart.center[0] == pytest.approx(50.81)
    assert chart.mean_moving_range == pytest.approx(1.8778, abs=1e-4)
    assert chart.upper[0] == pytest.approx(55.8041, abs=5e-4)
    assert chart.lower[0] == pytest.approx(45.8159, abs=5e-4)
    assert chart.signals == ()


def test_one_outlier_does_not_widen_screened_limits() -> None:
    # NHSRplotthedots, vignette "deviations".
    values = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    plain, screened = spc.xmr(values), spc.xmr(values, screened=True)
    assert (round(plain.upper[0], 2), round(plain.lower[0], 2)) == (6.95, -3.06)
    assert (round(screened.upper[0], 2), round(screened.lower[0], 2)) == (4.6, -0.72)
    assert from_one(screened) == [5]


def test_limits_come_from_the_baseline_and_judge_the_rest() -> None:
    chart = spc.xmr([10, 11, 10, 11, 10, 11, 20], baseline=6)
    assert (chart.center[0], chart.mean_moving_range) == (10.5, 1)
    assert chart.upper[-1] == pytest.approx(13.16)
    assert chart.range_limit == pytest.approx(3.268)
    assert chart.moving_ranges[-1] == 9
    assert chart.signals == (Signal(6, 1),)


def test_gaps_are_left_out_and_keep_their_place() -> None:
    whole, gappy = spc.xmr([10, 11, 10, 11, 30]), spc.xmr([10, None, 11, float("nan"), 10, 11, 30])
    assert gappy.center[0] == whole.center[0]
    assert gappy.mean_moving_range == whole.mean_moving_range
    assert gappy.values[1] is None
    assert gappy.moving_ranges == (None, None, 1, None, 1, 1, 19)


def test_a_flat_line_is_silent_until_it_moves() -> None:
    assert spc.xmr([0.1] * 30).signals == ()
    assert from_one(spc.xmr([0.1] * 30 + [0.2], baseline=30)) == [31]


def test_limits_stop_where_the_number_cannot_go() -> None:
    assert spc.xmr([0, 3, 0, 4, 1], floor=0).lower[0] == 0
    assert spc.xmr([0, 3, 0, 4, 1]).lower[0] < 0


def test_new_limits_begin_with_a_confirmed_change() -> None:
    chart = spc.xmr_phases([10, 11, 10, 11, 20, 21, 20, 21], [4])
    assert (chart.center[0], chart.center[-1]) == (10.5, 20.5)
    assert chart.signals == ()
    assert chart.moving_ranges[4] is None
    assert spc.xmr_phases([10, 11, 10, 30], [3]).signals == (Signal(3, 1),)


@pytest.mark.parametrize("values", [[], [1], [None, 2, None]])
def test_two_values_are_the_least(values: list[float | None]) -> None:
    with pytest.raises(spc.NotEnough):
        spc.xmr(values)


@needs_samples
def test_xmr_of_the_worked_examples() -> None:
    for name in ("wheeler_xmr_inventory.json", "nist_individuals_flowrate.json"):
        sample = worked(name)
        e2 = sample["constants"].get("E2", 3 / sample["constants"].get("d2", 1))
        chart = spc.xmr(sample["data"], e2=e2, rules=ALL_RULES)
        got = {
            "mean": chart.center[0],
            "mr_bar": chart.mean_moving_range,
            "unpl": chart.upper[0], "ucl": chart.upper[0],
            "lnpl": chart.lower[0], "lcl": chart.lower[0],
            "url": chart.range_limit,
        }  # fmt: skip
        for key, value in sample["expected"].items():
            assert got[key] == pytest.approx(value, abs=sample["tolerance"]), (name, key)
        assert list(chart.moving_ranges[1:]) == sample.get("moving_ranges", list(chart.moving_ranges[1:]))
        assert [signal for signal in chart.signals if signal.rule == 1] == []


# --- counts -------------------------------------------------------------------------------------------------------


def test_p_chart_with_sizes_that_differ() -> None:
    # p̄ = 30 / 600 = 0.05; limits 0.05 ± 3 √(0.05 · 0.95 / n), worked by hand.
    chart = spc.p_chart([5, 5, 20], [100, 100, 400])
    assert chart.center == (0.05, 0.05, 0.05)
    assert chart.upper[0] == pytest.approx(0.05 + 3 * 0.0217945, abs=1e-6)
    assert chart.upper[2] == pytest.approx(0.05 + 3 * 0.0108972, abs=1e-6)
    assert chart.lower[0] == 0


def test_small_samples_have_exact_limits() -> None:
    # Binomial, n = 10, p = 0.1: P(X > 4) = 0.00163, P(X > 5) = 0.00015, so 0.99865 is passed at 5.
    chart = spc.np_chart([1, 1, 1, 1, 1, 1, 1, 1, 1, 5], [10] * 10, baseline=9, exact=True)
    assert (chart.lower[0], chart.upper[0]) == (0, 5)
    assert chart.signals == ()
    assert from_one(spc.np_chart([1, 1, 1, 1, 1, 1, 1, 1, 1, 5], [10] * 10, baseline=9)) == [10]


def test_a_sample_of_none_is_missing() -> None:
    chart = spc.u_chart([3, 0, 4], [10, 0, 10])
    assert chart.values == (0.3, None, 0.4)
    assert chart.center[0] == pytest.approx(0.35)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="more defective"):
        spc.p_chart([5, 6], [4, 4])
    with pytest.raises(ValueError, match="not negative"):
        spc.c_chart([1, -1])
    with pytest.raises(ValueError, match="its size"):
        spc.u_chart([1, 2], [1])


def test_c_and_u_charts_agree_where_sizes_are_equal() -> None:
    counts = [21, 24, 16, 12, 15, 5, 28, 20, 31, 25]
    c, u = spc.c_chart(counts), spc.u_chart(counts, [100] * 10)
    assert [value * 100 for value in u.upper] == pytest.approx(c.upper)
    assert c.center[0] == pytest.approx(19.7)
    assert c.upper[0] == pytest.approx(19.7 + 3 * 19.7**0.5)
    assert u.signals == c.signals


def check(chart: spc.Chart, expected: dict[str, Any], tolerance: float) -> None:
    assert chart.center[0] == pytest.approx(expected["center"], abs=tolerance)
    assert chart.lower[0] == pytest.approx(expected["lcl"], abs=tolerance)
    assert chart.upper[0] == pytest.approx(expected["ucl"], abs=tolerance)


def without(values: list[float], *places: int) -> list[float]:
    return [value for place, value in enumerate(values, start=1) if place not in places]


@needs_samples
def test_counts_of_the_worked_examples() -> None:
    juice = worked("qcc_orangejuice_p_np.json")
    first, sizes = juice["defects"][: juice["phase1"]], juice["sizes"][: juice["phase1"]]
    check(spc.p_chart(first, sizes), juice["expected"]["p"], juice["tolerance"])
    assert from_one(spc.p_chart(first, sizes)) == juice["expected"]["p"]["out_1based"]
    check(spc.np_chart(first, sizes), juice["expected"]["np"], juice["tolerance"])
    dropped = spc.p_chart(without(first, 15, 23), without(sizes, 15, 23))
    check(dropped, juice["expected"]["drop_15_23"], juice["tolerance"])

    circuit = worked("qcc_circuit_c_u.json")
    first, sizes = circuit["counts"][: circuit["phase1"]], circuit["sizes"][: circuit["phase1"]]
    check(spc.c_chart(first), circuit["expected"]["c"], circuit["tolerance"])
    assert from_one(spc.c_chart(first)) == circuit["expected"]["c"]["out_1based"]
    check(spc.c_chart(without(first, 6, 20)), circuit["expected"]["c_drop_6_20"], circuit["tolerance"])
    check(
        spc.u_chart(without(first, 6, 20), without(sizes, 6, 20)),
        circuit["expected"]["u_drop_6_20"],
        circuit["tolerance"],
    )

    computers = worked("qcc_pcmanufact_u.json")
    check(spc.u_chart(computers["counts"], computers["sizes"]), computers["expected"]["u"], computers["tolerance"])


# --- samples ------------------------------------------------------------------------------------------------------


def test_the_constants_are_those_of_normal_samples() -> None:
    sample = np.random.default_rng(5).standard_normal((200_000, 10))
    for size in (2, 5, 10):
        ranges = np.ptp(sample[:, :size], axis=1)
        assert ranges.mean() == pytest.approx(spc.D2[size - 2], rel=0.005)
        assert ranges.std() == pytest.approx(spc.D3[size - 2], rel=0.01)
        assert sample[:, :size].std(axis=1, ddof=1).mean() == pytest.approx(spc.c4(size), rel=0.005)
    assert (round(spc.c4(5), 4), round(spc.c4(2), 4), round(spc.c4(25), 4)) == (0.9400, 0.7979, 0.9896)
    assert spc.c4(171) == pytest.approx(spc.c4(170), rel=1e-4)


def test_means_and_ranges_of_a_small_example() -> None:
    # Means 2 and 3, ranges 2 and 4: R̄ = 3, A₂(3) = 1.023, D₄(3) = 2.574 (Montgomery 2013, appendix VI).
    means, ranges = spc.xbar_r([[1, 2, 3], [1, 3, 5]])
    assert (means.center[0], ranges.center[0]) == (2.5, 3)
    assert means.upper[0] == pytest.approx(2.5 + 1.023 * 3, abs=0.002)
    assert ranges.upper[0] == pytest.approx(2.574 * 3, abs=0.01)
    assert ranges.lower[0] == 0


def test_samples_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        spc.xbar_r([[1, 2], [1, 2, 3]])
    with pytest.raises(ValueError, match="at most 25"):
        spc.xbar_r([[0.0] * 26, [1.0] * 26])


@needs_samples
def test_piston_rings() -> None:
    rings = worked("qcc_pistonrings_xbar_R_S.json")
    means, ranges = spc.xbar_r(rings["groups"], baseline=rings["phase1"])
    _, deviations = spc.xbar_s(rings["groups"], baseline=rings["phase1"])
    check(means, rings["expected"]["xbar"], rings["tolerance"])
    check(ranges, rings["expected"]["R"], rings["tolerance"])
    check(deviations, rings["expected"]["S"], rings["tolerance"])
    assert means.sigma[0] * 5**0.5 == pytest.approx(rings["expected"]["xbar"]["sigma"], abs=rings["tolerance"])
    assert deviations.center[0] / spc.c4(5) == pytest.approx(rings["expected"]["S"]["sigma"], abs=rings["tolerance"])
    assert from_one(means) == rings["computed"]["beyond_limits_1based"]


# --- small shifts -------------------------------------------------------------------------------------------------


def test_ewma_by_hand() -> None:
    chart = shifts.ewma([52, 47], weight=0.3, center=50, sigma=2)
    assert chart.values == pytest.approx((50.6, 49.52))
    assert chart.upper[0] == pytest.approx(50 + 3 * 2 * 0.3)
    assert chart.upper[1] == pytest.approx(50 + 6 * (0.3 / 1.7 * (1 - 0.7**4)) ** 0.5)


@needs_samples
def test_ewma_of_the_nist_handbook() -> None:
    sample = worked("nist_ewma.json")
    chart = shifts.ewma(
        sample["data"], weight=sample["lambda"], center=sample["ewma0"], sigma=sample["s"], asymptotic=True
    )
    assert chart.values == pytest.approx(sample["expected"]["ewma"][1:], abs=sample["tolerance"]["ewma"])
    assert chart.upper[0] == pytest.approx(sample["expected"]["ucl"], abs=sample["tolerance"]["limits"])
    assert chart.lower[0] == pytest.approx(sample["expected"]["lcl"], abs=sample["tolerance"]["limits"])
    assert chart.signals == ()


def test_cusum_of_the_nist_handbook() -> None:
    # NIST/SEMATECH e-Handbook 6.3.2.3: target 325, k = 0.3175, h = 4.1959 (in units); out of control from group 14 on.
    values = [324.93, 324.68, 324.73, 324.35, 325.35, 325.23, 324.13, 324.53, 325.23, 324.60,
              324.63, 325.15, 328.33, 327.25, 327.83, 328.50, 326.68, 327.78, 326.88, 328.35]  # fmt: skip
    sums = shifts.cusum(values, center=325, sigma=1, slack=0.3175, decision=4.1959)
    assert [signal.index + 1 for signal in sums.signals] == [14, 15, 16, 17, 18, 19, 20]
    assert sums.high[12] == pytest.approx(3.01, abs=0.005)
    assert sums.high[19] == pytest.approx(19.06, abs=0.01)
    assert sums.low[7] == pytest.approx(0.705)  # 0.87 - 0.3175, and then 0.47 - 0.3175 more


def test_ewma_and_cusum_see_a_shift_that_xmr_misses() -> None:
    values = [10, 11] * 15 + [11.2, 12.2] * 5
    assert shifts.ewma(values, baseline=30).signals != ()
    assert shifts.cusum(values, baseline=30).signals != ()
    assert spc.xmr(values, baseline=30, rules=(1,)).signals == ()


# --- rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("z", "signals"),
    [
        ([0.1, -0.2, 3.2, 0.3], [(2, 1)]),
        ([0.1, 3.0, -0.2], []),
        ([0.2] * 9, [(8, 2)]),
        ([0.2] * 11, [(8, 2), (9, 2), (10, 2)]),
        ([0.2] * 4 + [0] + [0.2] * 4, []),
        ([-1.2, -0.8, -0.3, 0.2, 0.6, 0.9], [(5, 3)]),
        ([0.9, 0.6, 0.2, -0.3, -0.8, -1.2], [(5, 3)]),
        ([-1.2, -0.8, -0.8, -0.3, 0.2, 0.6], []),
        ([0.5, -0.5] * 7, [(13, 4)]),
        ([2.1, 0.3, 2.4], [(2, 5)]),
        ([2.1, 2.4, 0.3], [(1, 5)]),
        ([2.1, 0.3, -2.4], []),
        ([1.2, 1.4, 0.3, 1.1, 1.6], [(4, 6)]),
        ([1.2, -1.3, 1.5, -1.1, 1.4, -1.6, 1.2, -1.8], [(7, 8)]),
        ([], []),
        ([inf], [(0, 1)]),
    ],
)
def test_each_rule_speaks_at_the_point_that_completes_it(z: list[float], signals: list[tuple[int, int]]) -> None:
    assert [(signal.index, signal.rule) for signal in nelson(z, ALL_RULES)] == signals


def test_fifteen_near_the_centre_are_too_good() -> None:
    z = [0.2, -0.3, 0.5, -0.1, 0.7, -0.6, 0.1, 0.4, -0.8, 0.3, -0.2, 0.6, -0.5, 0.2, -0.4]
    assert nelson(z, (7,)) == (Signal(14, 7),)
    assert nelson(z[:-1], (7,)) == ()


def test_only_the_chosen_rules_speak() -> None:
    z = [3.5] * 9
    assert {signal.rule for signal in nelson(z)} == {1, 2}
    assert {signal.rule for signal in nelson(z, (2,))} == {2}
    assert nelson(z, ()) == ()
    with pytest.raises(ValueError, match="no such rule"):
        nelson(z, (9,))


@needs_samples
def test_rules_of_the_worked_patterns() -> None:
    for name, case in worked("nelson_rules_patterns.json")["cases"].items():
        found: dict[str, list[int]] = {}
        for signal in nelson(case["z"], ALL_RULES):
            found.setdefault(str(signal.rule), []).append(signal.index + 1)
        assert found == case["expected_rule_to_1based_positions"], name


@pytest.mark.parametrize(
    ("rules", "run", "expected"),
    [((1,), 9, 370.4), ((1, 2, 5, 6), 8, 91.75)],
    ids=["rule 1 alone", "the four Western Electric rules"],
)
def test_false_signals_come_as_rarely_as_published(rules: tuple[int, ...], run: int, expected: float) -> None:
    # Champ and Woodall 1987, Technometrics 29, 393, for a known centre and sigma.
    generator = np.random.default_rng(7)
    lengths: list[int] = []
    while len(lengths) < 4000:
        z = generator.standard_normal(5000)
        begin = 0
        while (found := _first(z[begin : begin + 2500], rules, run)) is not None and begin + 2500 <= len(z):
            lengths.append(found + 1)
            begin += found + 1
    assert np.mean(lengths) == pytest.approx(expected, rel=0.05)


def _first(z: Any, rules: tuple[int, ...], run: int) -> int | None:
    # In steps, since a signal mostly comes early.
    for size in (150, 600, 2500):
        signals = nelson(z[:size], rules, run=run)
        if signals:
            return signals[0].index
    return None


@needs_samples
def test_a_faulty_reactor_is_far_out_of_its_limits() -> None:
    # Tennessee Eastman, XMEAS_1: the fault of d01 starts after sample 160. Neighbouring samples are alike, so the limits
    # come from the standard deviation and not from the moving ranges, which would be too small.
    lines = (WORKED.parent / "tep/d01_te.csv").read_text().splitlines()[1:]
    values = [float(line.split(",")[0]) for line in lines]
    center, sigma = float(np.mean(values[:160])), float(np.std(values[:160], ddof=1))
    signals = nelson([(value - center) / sigma for value in values], (1,))
    assert sum(signal.index < 160 for signal in signals) <= 1
    assert sum(signal.index >= 160 for signal in signals) > 600
