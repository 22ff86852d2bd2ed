"""Least squares for a series whose neighbours are alike: what the noise is, and what the coefficients then are.

Restricted maximum likelihood chooses between independent noise, a first-order autoregression, and a local level (a random
walk plus noise). Sources: D. A. Harville, JASA 72, 1977, 320-338; A. C. Harvey, Forecasting, Structural Time Series Models
and the Kalman Filter (1989), section 2.2 for the local level.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt
from typing import Any, Final, Literal

from opsboard.core.lazy import numpy as np

type Array = "np.ndarray[Any, np.dtype[np.float64]]"

# Below so many points the likeness of neighbours can't be estimated; they are taken as independent.
LEAST_FOR_LIKENESS: Final = 12
# The local level needs this much more log-likelihood than the autoregression.
CLEARLY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Noise:
    """How alike neighbours are: ``strength`` is the autocorrelation, or the log ratio of the level's variance to the noise's.

    Both kinds can be whitened without a matrix of their own, so that nothing here grows with the cube of the length.
    """

    kind: Literal["independent", "ar1", "local_level"]
    strength: float = 0.0

    def whitened(self, columns: "Array") -> "tuple[Array, float]":
        """(the columns turned so that the noise in them is independent, log determinant of its covariance)."""
        count = len(columns)
        if self.kind == "independent":
            return columns, 0.0
        if self.kind == "ar1":
            rest = 1 - self.strength**2
            turned = np.concatenate([columns[:1], (columns[1:] - self.strength * columns[:-1]) / sqrt(rest)])
            return turned, (count - 1) * log(rest)
        values, vectors = _walk(count)
        weights = 1 + exp(self.strength) * values
        return (vectors.T @ columns) / np.sqrt(weights)[:, None], float(np.log(weights).sum())


@lru_cache(maxsize=64)
def _walk(count: int) -> "tuple[Array, Array]":
    """Eigenvalues and eigenvectors of min(i, j), the covariance of a random walk. (Its inverse is tridiagonal: Fortiana
    and Cuadras, Linear Algebra and its Applications 264, 1997, 91-107.)"""
    places = np.arange(1, count + 1)
    angles = (2 * places - 1) * np.pi / (2 * count + 1)
    vectors = np.sin(np.outer(places, angles)) * 2 / sqrt(2 * count + 1)
    return 1 / (4 * np.sin(angles / 2) ** 2), vectors


def likeness(target: "Array", design: "Array") -> Noise:
    """The noise that REML prefers."""
    count = len(target)
    if count < LEAST_FOR_LIKENESS or count - design.shape[1] < 6:
        return Noise("independent")

    def score(kind: Literal["ar1", "local_level"]) -> Callable[[float], float]:
        return lambda strength: _likelihood(target, design, Noise(kind, strength))

    rho, likely = _search(score("ar1"), -0.3, 0.98)
    ratio, likelier = _search(score("local_level"), -12.0, 4.0)
    return Noise("local_level", ratio) if likelier > likely + CLEARLY else Noise("ar1", rho)


def _search(score: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """(place, height) of the highest point: a grid, since there may be two hills, then golden sections."""
    grid = np.linspace(low, high, 21)
    heights = [score(float(place)) for place in grid]
    top = int(np.argmax(heights))
    left, right = float(grid[max(top - 1, 0)]), float(grid[min(top + 1, len(grid) - 1)])
    golden = (sqrt(5) - 1) / 2
    inner, outer = right - golden * (right - left), left + golden * (right - left)
    at_inner, at_outer = score(inner), score(outer)
    for _step in range(12):
        if at_inner > at_outer:
            right, outer, at_outer = outer, inner, at_inner
            inner = right - golden * (right - left)
            at_inner = score(inner)
        else:
            left, inner, at_inner = inner, outer, at_outer
            outer = left + golden * (right - left)
            at_outer = score(outer)
    best, height = (inner, at_inner) if at_inner > at_outer else (outer, at_outer)
    return (best, height) if height > heights[top] else (float(grid[top]), heights[top])


def _likelihood(target: "Array", design: "Array", noise: Noise) -> float:
    _, _, variance, logs = least_squares(target, design, noise)
    if variance <= 0:
        return 0.0
    return float(-0.5 * ((len(target) - design.shape[1]) * log(variance) + logs))


def least_squares(target: "Array", design: "Array", noise: Noise) -> "tuple[Array, Array, float, float]":
    """(coefficients, their covariance, variance of the noise, log determinants of REML). Harville 1977."""
    white, logs = noise.whitened(np.column_stack([target, design]))
    y, x = white[:, 0], white[:, 1:]
    # A pseudo-inverse, since a covariate may be constant, or a season's place have no points left.
    inverse = np.linalg.pinv(x.T @ x, hermitian=True)
    beta = inverse @ (x.T @ y)
    rest = y - x @ beta
    variance = float(rest @ rest) / max(len(y) - x.shape[1], 1)
    if variance <= 1e-24 * max(float(y @ y), 1e-300):
        variance = 0.0
    return beta, variance * inverse, variance, logs + float(np.linalg.slogdet(x.T @ x)[1])
