"""Charts that see a small shift which lasts: EWMA and CUSUM.

Sources: NIST/SEMATECH e-Handbook, sections 6.3.2.3 and 6.3.2.4; D. C. Montgomery, Introduction to Statistical Quality
Control (7th ed. 2013), chapter 9.
"""

from dataclasses import dataclass
from math import isfinite, nan, sqrt

from opsboard.core.analysis.nelson import Array, Signal, Values, array_of
from opsboard.core.analysis.spc import D2_OF_TWO, Chart, beyond, given_of, xmr
from opsboard.core.lazy import numpy as np


def ewma(
    values: Values,
    *,
    weight: float = 0.3,
    center: float | None = None,
    sigma: float | None = None,
    baseline: int | None = None,
    width: float = 3.0,
    asymptotic: bool = False,
) -> Chart:
    """The exponentially weighted moving average zᵢ = λ xᵢ + (1 - λ) zᵢ₋₁, z₀ = centre: it sees small shifts.

    Limits: centre ± ``width`` σ √(λ / (2 - λ) (1 - (1 - λ)²ⁱ)); ``asymptotic`` leaves the last factor out. Centre and σ
    come from the XmR chart of the first ``baseline`` values where they aren't given. NIST e-Handbook 6.3.2.4.
    """
    if not 0 < weight <= 1:
        raise ValueError("the weight lies between 0 and 1")
    given = array_of(values)
    center, sigma = _level(given, center, sigma, baseline)
    smooth = np.full(len(given), nan)
    spread = np.full(len(given), nan)
    last, seen = center, 0
    for place, value in enumerate(given):
        if isfinite(value):
            last, seen = weight * value + (1 - weight) * last, seen + 1
            smooth[place] = last
        steps = 1.0 if asymptotic else 1 - (1 - weight) ** (2 * max(seen, 1))
        spread[place] = sigma * sqrt(weight / (2 - weight) * steps)
    lower, upper = center - width * spread, center + width * spread
    out = beyond(smooth, lower, upper)
    return Chart(
        method="ewma",
        values=given_of(smooth),
        center=(center,) * len(given),
        lower=tuple(lower.tolist()),
        upper=tuple(upper.tolist()),
        sigma=tuple(spread.tolist()),
        signals=tuple(Signal(int(place), 0) for place in out),
    )


@dataclass(frozen=True, slots=True)
class Cusum:
    """The sums of deviations upward and downward (both ≥ 0, in the values' unit), and the limit that they may not pass."""

    high: tuple[float | None, ...]
    low: tuple[float | None, ...]
    limit: float
    center: float
    signals: tuple[Signal, ...]


def cusum(
    values: Values,
    *,
    center: float | None = None,
    sigma: float | None = None,
    baseline: int | None = None,
    slack: float = 0.5,
    decision: float = 5.0,
) -> Cusum:
    """Tabular CUSUM: Sₕ = max(0, Sₕ + x - centre - k σ), Sₗ alike downward; a signal when either passes h σ.

    ``slack`` is k and ``decision`` h, in standard deviations: k = 0.5 looks for shifts of one. Montgomery 2013, 9.1;
    NIST e-Handbook 6.3.2.3.
    """
    given = array_of(values)
    center, sigma = _level(given, center, sigma, baseline)
    high: list[float | None] = []
    low: list[float | None] = []
    signals: list[Signal] = []
    up = down = 0.0
    for place, value in enumerate(given):
        if not isfinite(value):
            high.append(None)
            low.append(None)
            continue
        up = max(0.0, up + float(value) - center - slack * sigma)
        down = max(0.0, down + center - slack * sigma - float(value))
        high.append(up)
        low.append(down)
        if max(up, down) > decision * sigma and sigma > 0:
            signals.append(Signal(place, 0))
    return Cusum(tuple(high), tuple(low), decision * sigma, center, tuple(signals))


def _level(given: "Array", center: float | None, sigma: float | None, baseline: int | None) -> tuple[float, float]:
    if center is None or sigma is None:
        chart = xmr(given.tolist(), baseline=baseline, rules=())
        center = chart.center[0] if center is None else center
        sigma = (chart.mean_moving_range or 0.0) / D2_OF_TWO if sigma is None else sigma
    return center, sigma
