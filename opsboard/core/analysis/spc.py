"""Control charts: is it a signal, or routine variation?

Every chart gives a centre and limits for each point, and the points at which a Nelson rule is complete. A missing value
(None or NaN) is left out of every sum; the points beside it count as neighbours.

Sources: W. A. Shewhart, Economic Control of Quality (1931); D. J. Wheeler, Understanding Variation (2nd ed. 2000) for XmR;
D. C. Montgomery, Introduction to Statistical Quality Control (7th ed. 2013) for the others and their constants;
NIST/SEMATECH e-Handbook, section 6.3.2.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import gamma, inf, nan, sqrt
from typing import Any, Final

from opsboard.core.analysis.nelson import DEFAULT_RULES, RUN, Array, Signal, Values, array_of, nelson
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import scipy_special as special

# XmR: limits at mean ± 2.66 mean moving ranges (3 / d2 with d2 = 1.128), the range's at 3.268 (D4). Wheeler 2000.
E2: Final = 2.66
D4: Final = 3.268
D2_OF_TWO: Final = 1.128
# Ranges above this many mean ranges are left out when limits are screened. (NHSRplotthedots, Nelson 1982: 3.267.)
SCREEN: Final = 3.267
TAIL: Final = 0.00135  # beyond three standard deviations, on one side

# Mean and standard deviation of the range of n standard normal values, n = 2 … 25. Montgomery 2013, appendix VI.
D2: Final = (
    1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.970, 3.078, 3.173, 3.258, 3.336,
    3.407, 3.472, 3.532, 3.588, 3.640, 3.689, 3.735, 3.778, 3.819, 3.858, 3.895, 3.931,
)  # fmt: skip
D3: Final = (
    0.853, 0.888, 0.880, 0.864, 0.848, 0.833, 0.820, 0.808, 0.797, 0.787, 0.778, 0.770,
    0.763, 0.756, 0.750, 0.744, 0.739, 0.734, 0.729, 0.724, 0.720, 0.716, 0.712, 0.708,
)  # fmt: skip


class NotEnough(ValueError):
    """Too few values for limits."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A control chart. ``values``, ``center``, ``lower``, ``upper`` and ``sigma`` are as long as what was given.

    ``values`` are what is drawn (for p and u charts the rates, for EWMA the smoothed values); missing ones are None.
    ``sigma`` is the standard deviation of one drawn point. XmR charts also have ``moving_ranges`` (None at the first
    value and at gaps), their mean, and the upper limit of the ranges.
    """

    method: str
    values: tuple[float | None, ...]
    center: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    sigma: tuple[float, ...]
    signals: tuple[Signal, ...] = ()
    moving_ranges: tuple[float | None, ...] = ()
    mean_moving_range: float | None = None
    range_limit: float | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def signal_indexes(self) -> frozenset[int]:
        """The points that have at least one signal."""
        return frozenset(signal.index for signal in self.signals)


def xmr(
    values: Values,
    *,
    baseline: int | None = None,
    screened: bool = False,
    rules: Collection[int] = DEFAULT_RULES,
    floor: float | None = None,
    ceiling: float | None = None,
    e2: float = E2,
    run: int = RUN,
) -> Chart:
    """Individual values and moving ranges.

    The limits come from the first ``baseline`` values (all, if None): mean ± ``e2`` mean moving ranges. ``screened`` leaves
    ranges above 3.267 mean ranges out, once, so that a single outlier doesn't widen the limits. ``floor`` and ``ceiling``
    are bounds that the number can't pass (0 for counts): limits beyond them are drawn at them.
    Raises ``NotEnough`` for fewer than two values.
    """
    given = array_of(values)
    there = np.flatnonzero(np.isfinite(given))
    known = given[there]
    base = known if baseline is None else known[there < baseline]
    if len(base) < 2:
        raise NotEnough("limits need at least two values")
    ranges = np.abs(np.diff(known))
    base_ranges = ranges[: len(base) - 1]
    mean_range = float(base_ranges.mean())
    if screened:
        kept = base_ranges[base_ranges <= SCREEN * mean_range]
        mean_range = float(kept.mean()) if len(kept) else mean_range
    center, sigma = float(base.mean()), e2 * mean_range / 3
    chart = _chart("xmr", given, center, sigma, rules, run, floor, ceiling)
    moving: list[float | None] = [None] * len(given)
    for place, value in zip(there[1:], ranges, strict=True):
        moving[int(place)] = float(value)
    return replace(chart, moving_ranges=tuple(moving), mean_moving_range=mean_range, range_limit=D4 * mean_range)


def xmr_phases(
    values: Values, starts: Collection[int], *, rules: Collection[int] = DEFAULT_RULES, floor: float | None = None
) -> Chart:
    """XmR with new limits from each index in ``starts`` on: after a change that people have confirmed.

    No range and no run reaches over a start. A phase with fewer than two values keeps the limits of the phase before.
    ``mean_moving_range`` and ``range_limit`` are the last phase's.
    """
    given = array_of(values)
    cuts = sorted({start for start in starts if 0 < start < len(given)})
    parts: list[Chart] = []
    signals: list[Signal] = []
    for begin, end in zip([0, *cuts], [*cuts, len(given)], strict=True):
        phase = given[begin:end]
        try:
            part = xmr(phase.tolist(), rules=rules, floor=floor)
        except NotEnough:
            if not parts:
                raise
            last = parts[-1]
            part = replace(
                _chart("xmr", phase, last.center[-1], last.sigma[-1], rules, RUN, floor, None),
                moving_ranges=(None,) * len(phase),
                mean_moving_range=last.mean_moving_range,
                range_limit=last.range_limit,
            )
        parts.append(part)
        signals += [Signal(signal.index + begin, signal.rule) for signal in part.signals]
    return Chart(
        method="xmr",
        values=sum((part.values for part in parts), ()),
        center=sum((part.center for part in parts), ()),
        lower=sum((part.lower for part in parts), ()),
        upper=sum((part.upper for part in parts), ()),
        sigma=sum((part.sigma for part in parts), ()),
        signals=tuple(signals),
        moving_ranges=sum((part.moving_ranges for part in parts), ()),
        mean_moving_range=parts[-1].mean_moving_range,
        range_limit=parts[-1].range_limit,
    )


def p_chart(
    defective: Values,
    sizes: Values,
    *,
    baseline: int | None = None,
    rules: Collection[int] = DEFAULT_RULES,
    exact: bool = False,
    run: int = RUN,
) -> Chart:
    """The share of defective units (0 … 1) in samples of different sizes: p̄ ± 3 √(p̄ (1 - p̄) / nᵢ).

    ``exact`` takes the limits from the binomial distribution (0.135 % on each side): for small samples, where the
    normal one is wrong. A sample of size 0 is missing.
    """
    count, size = _counts(defective, sizes)
    center = _pooled(count, size, baseline)
    if center > 1:
        raise ValueError("more defective units than units")
    chart = _chart("p", count / size, center, np.sqrt(center * (1 - center) / size), rules, run, 0.0, 1.0)
    return _exact(chart, size, center, per_unit=True, rules=rules) if exact else chart


def np_chart(
    defective: Values,
    sizes: Values,
    *,
    baseline: int | None = None,
    rules: Collection[int] = DEFAULT_RULES,
    exact: bool = False,
    run: int = RUN,
) -> Chart:
    """The number of defective units: n p̄ ± 3 √(n p̄ (1 - p̄)); centre and limits follow the size of the sample."""
    count, size = _counts(defective, sizes)
    share = _pooled(count, size, baseline)
    if share > 1:
        raise ValueError("more defective units than units")
    chart = _chart("np", count, size * share, np.sqrt(size * share * (1 - share)), rules, run, 0.0, None)
    return _exact(chart, size, share, per_unit=False, rules=rules) if exact else chart


def c_chart(
    counts: Values,
    *,
    baseline: int | None = None,
    rules: Collection[int] = DEFAULT_RULES,
    exact: bool = False,
    run: int = RUN,
) -> Chart:
    """The number of events in equal areas of chance: c̄ ± 3 √c̄. ``exact`` takes the limits from the Poisson distribution
    (0.135 % on each side): for what is rare, where the normal one calls each event a signal."""
    count = array_of(counts)
    center = _pooled(count, np.ones(len(count)), baseline)
    chart = _chart("c", count, center, sqrt(center), rules, run, 0.0, None)
    if not exact:
        return chart
    ends = [np.full(len(count), _poisson(tail, center)) for tail in (TAIL, 1 - TAIL)]
    return _limited(chart, ends[0], ends[1], rules)


def u_chart(
    counts: Values,
    sizes: Values,
    *,
    baseline: int | None = None,
    rules: Collection[int] = DEFAULT_RULES,
    run: int = RUN,
) -> Chart:
    """Events per unit in areas of chance of different sizes: ū ± 3 √(ū / nᵢ)."""
    count, size = _counts(counts, sizes)
    center = _pooled(count, size, baseline)
    return _chart("u", count / size, center, np.sqrt(center / size), rules, run, 0.0, None)


def xbar_r(
    groups: Sequence[Sequence[float]], *, baseline: int | None = None, rules: Collection[int] = DEFAULT_RULES
) -> tuple[Chart, Chart]:
    """(means, ranges) of samples of one size from 2 to 25. σ is the mean range over d₂; x̿ ± 3 σ / √n; R̄ ± 3 d₃ σ."""
    sample = _groups(groups)
    size = sample.shape[1]
    if size > len(D2) + 1:
        raise ValueError("ranges are for samples of at most 25: take the chart of standard deviations")
    ranges = sample.max(axis=1) - sample.min(axis=1)
    mean_range = float(ranges[:baseline].mean())
    sigma = mean_range / D2[size - 2]
    means = sample.mean(axis=1)
    grand = float(means[:baseline].mean())
    return (
        _chart("xbar", means, grand, sigma / sqrt(size), rules, RUN, None, None),
        _chart("r", ranges, mean_range, D3[size - 2] * sigma, rules, RUN, 0.0, None),
    )


def xbar_s(
    groups: Sequence[Sequence[float]], *, baseline: int | None = None, rules: Collection[int] = DEFAULT_RULES
) -> tuple[Chart, Chart]:
    """(means, standard deviations) of samples of one size ≥ 2. σ is s̄ / c₄; s̄ ± 3 σ √(1 - c₄²)."""
    sample = _groups(groups)
    size = sample.shape[1]
    deviations = sample.std(axis=1, ddof=1)
    mean_deviation = float(deviations[:baseline].mean())
    sigma = mean_deviation / c4(size)
    means = sample.mean(axis=1)
    grand = float(means[:baseline].mean())
    return (
        _chart("xbar", means, grand, sigma / sqrt(size), rules, RUN, None, None),
        _chart("s", deviations, mean_deviation, sigma * sqrt(1 - c4(size) ** 2), rules, RUN, 0.0, None),
    )


def c4(size: int) -> float:
    """The mean of the standard deviation of ``size`` standard normal values."""
    if size > 170:
        return 4 * (size - 1) / (4 * size - 3)  # the gamma function overflows; good to six digits here
    return sqrt(2 / (size - 1)) * gamma(size / 2) / gamma((size - 1) / 2)


def _chart(
    method: str,
    given: "Array",
    center: Any,
    sigma: Any,
    rules: Collection[int],
    run: int,
    floor: float | None,
    ceiling: float | None,
) -> Chart:
    centers = np.broadcast_to(np.asarray(center, dtype=float), given.shape)
    sigmas = np.broadcast_to(np.asarray(sigma, dtype=float), given.shape)
    lower = np.clip(centers - 3 * sigmas, -inf if floor is None else floor, None)
    upper = np.clip(centers + 3 * sigmas, None, inf if ceiling is None else ceiling)
    return Chart(
        method=method,
        values=given_of(given),
        center=tuple(centers.tolist()),
        lower=tuple(lower.tolist()),
        upper=tuple(upper.tolist()),
        sigma=tuple(sigmas.tolist()),
        signals=nelson(_scores(given, centers, sigmas).tolist(), rules, run=run),
    )


def _scores(given: "Array", center: Any, sigma: Any) -> "Array":
    """Standard deviations from the centre. Where nothing ever varied, any real difference is infinitely far."""
    away = given - center
    # A flat line's mean differs from it in the last digit; that is not a difference.
    away = np.where(np.abs(away) <= 1e-9 * np.maximum(1.0, np.abs(center)), 0.0, away)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores: Array = np.where(away == 0, 0.0, away / sigma)
    scores = np.where(np.isnan(given), nan, scores)
    return scores


def _exact(chart: Chart, size: "Array", share: float, *, per_unit: bool, rules: Collection[int]) -> Chart:
    """Binomial limits in place of the normal ones; rule 1 is asked of them."""
    whole = np.where(np.isfinite(size), size, 1).astype(int)
    lower, upper = _binomial(TAIL, whole, share), _binomial(1 - TAIL, whole, share)
    if per_unit:
        lower, upper = lower / whole, upper / whole
    return _limited(chart, lower, upper, rules)


def _limited(chart: Chart, lower: "Array", upper: "Array", rules: Collection[int]) -> Chart:
    """A chart with other limits; rule 1 is asked of them."""
    drawn = array_of(chart.values)
    others = [signal for signal in chart.signals if signal.rule != 1]
    outside = [Signal(int(place), 1) for place in beyond(drawn, lower, upper)] if 1 in rules else []
    return replace(
        chart,
        lower=tuple(lower.tolist()),
        upper=tuple(upper.tolist()),
        signals=tuple(sorted([*others, *outside])),
    )


def _binomial(below: float, size: "Array", share: float) -> "Array":
    """The smallest count that so much of the distribution lies at or below."""
    count = np.clip(np.ceil(special.bdtrik(below, size, share)), 0, size)
    one_less = np.maximum(count - 1, 0)
    # The inverse is a hair off where it is a whole number.
    found: Array = np.where(special.bdtr(one_less, size, share) >= below, one_less, count)
    return found


def _poisson(below: float, mean: float) -> float:
    """The smallest count that so much of the distribution lies at or below."""
    count = max(float(np.ceil(special.pdtrik(below, mean))), 0.0)
    return count - 1 if count >= 1 and special.pdtr(count - 1, mean) >= below else count


def beyond(values: "Array", lower: "Array", upper: "Array") -> Any:
    edge = 1e-9 * np.maximum(1.0, np.abs(values))
    return np.flatnonzero((values > upper + edge) | (values < lower - edge))


def _pooled(count: "Array", size: "Array", baseline: int | None) -> float:
    """Events over units in the baseline, over the samples that have both."""
    count, size = count[:baseline], size[:baseline]
    there = np.isfinite(count) & np.isfinite(size)
    if not there.any():
        raise NotEnough("limits need at least one sample")
    if (count[there] < 0).any():
        raise ValueError("counts are not negative")
    return float(count[there].sum() / size[there].sum())


def _counts(counts: Values, sizes: Values) -> "tuple[Array, Array]":
    count, size = array_of(counts), array_of(sizes)
    if len(count) != len(size):
        raise ValueError("each count needs its size")
    return count, np.where(size > 0, size, nan)


def _groups(groups: Sequence[Sequence[float]]) -> "Array":
    if len(groups) < 2:
        raise NotEnough("limits need at least two samples")
    if len({len(group) for group in groups}) != 1 or len(groups[0]) < 2:
        raise ValueError("samples have one size, at least two")
    return np.asarray(groups, dtype=float)


def given_of(values: "Array") -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
