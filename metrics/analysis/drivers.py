"""Why did it move? Which elements of which dimensions, pairs and triples explain the change of a sum or a rate.

A change that has one cause shows itself in a simple way: inside the cause all cells move alike, outside nothing moves
(Sun et al., HotSpot, IEEE Access 2018, call it the ripple effect). So each candidate is asked two questions in the same
currency, the log-likelihood ratio of Kulldorff's scan statistic (Communications in Statistics 26, 1997, 1481-1496):

* how much evidence is there *inside* that it moved, if all of it moved by one factor?
* how much evidence is *left outside* that the rest moved too, if the candidate were the cause?

The score is inside - ``LEFT`` x outside, a little less for each further dimension and each further element. Shares of the
change are shown, but nobody is ranked by them: the largest element has the largest share of anything. Surprise is Adtributor's
(Bhagwan et al., NSDI 2014). Rates are split into rate and mix by Kitagawa's midpoints (JASA 50, 1955, 1168-1194).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import erfc, nan, sqrt
from typing import Any, Final, Literal

from metrics.analysis.cells import Array, Cells, Labels, Part, split, surprise
from opsboard.core.lazy import numpy as np

type Kind = Literal["sum", "rate", "mean"]

# A cell's expected rate is drawn toward the rate of all, as if so many more had been seen in it.
PRIOR: Final = 30.0
# What a candidate leaves unexplained counts so many times what it explains.
LEFT: Final = 3.0
# A further dimension must explain this much more; a further element beside the first one also (as a factor).
SIMPLER: Final = 0.05
TOGETHER: Final = 0.7
MOST_TOGETHER: Final = 3
DEEPEST: Final = 3
# Pairs and triples are looked for among the dimensions that surprise most.
MOST_DIMENSIONS: Final = 7
KEPT: Final = 6  # candidates of each combination of dimensions
# An element that was never there before gets this share of what is there now, so that its logarithm is finite.
NEW: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Driver:
    """One explanation: one set of labels, or several that moved together.

    ``actual`` and ``expected`` are amounts for sums, rates or means else. ``share`` of the whole change; ``surprise`` in
    nats; ``confidence`` 0 … 1: how much of the evidence it explains, less what chance would do. ``count`` is the number of
    values for sums, else the weight. For rates ``rate_effect`` + ``mix_effect`` is its part of the change.
    """

    sets: tuple[Labels, ...]
    actual: float
    expected: float
    share: float
    surprise: float
    confidence: float
    count: float
    score: float
    rate_effect: float | None = None
    mix_effect: float | None = None

    @property
    def change(self) -> float:
        return self.actual - self.expected


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension on its own: its elements, the most telling first, and its part of the change as rate and mix."""

    name: str
    surprise: float
    elements: tuple[Driver, ...]
    rate_effect: float | None = None
    mix_effect: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What moved: the whole, the ranked drivers, and each dimension alone (the most surprising first)."""

    actual: float
    expected: float
    drivers: tuple[Driver, ...]
    dimensions: tuple[Dimension, ...]
    rate_effect: float | None = None
    mix_effect: float | None = None
    mixed_by: str = ""

    @property
    def change(self) -> float:
        return self.actual - self.expected


def spread_of(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """How much single values vary where nobody said how many cases stand behind them: all weigh one. None where the
    weights say more, where values are cases themselves (0 or 1), or where there are too few to tell.

    A file with a rate for each shop and day is such a case: taken as seven cases, a week of rates would prove nothing."""
    if any(row.get("squares") is None or abs(row["weights"] - row["points"]) > 1e-9 for row in rows):
        return None
    if all(abs(row["squares"] - row["total"]) <= 1e-9 * max(row["points"], 1) for row in rows):
        return None
    free = sum(row["points"] - 1 for row in rows)
    if free < 5:
        return None
    around = sum(max(row["squares"] - row["total"] ** 2 / row["points"], 0.0) for row in rows if row["points"])
    typical = sum(abs(row["total"]) for row in rows) / sum(row["points"] for row in rows)
    return float(max(sqrt(around / free), 1e-3 * typical, 1e-12))


def explain(cells: Cells, *, kind: Kind, most: int = 10, elements: int = 8, spread: float | None = None) -> Explanation:
    """Rank what explains the change. ``kind`` is ``rate`` where all values lie between 0 and 1, ``mean`` for other
    quotients, ``sum`` for amounts. ``spread`` is how much single values vary, where their weights say nothing."""
    measure = _Measure.of(cells, kind, spread)
    alone = list(_dimensions(cells, measure, elements))
    dims = sorted((one for one in alone if cells.parts(one.name)), key=lambda one: -one.surprise)[:MOST_DIMENSIONS]
    best: list[tuple[_Candidate, Cells, _Measure]] = []
    tried = 0
    for part, looked, combinations in [
        (cells, measure, _combinations([one.name for one in dims])),
        *((part, _Measure.of(part, kind, spread), iter([(name,)])) for name, part in cells.aside.items()),
    ]:
        if part is not cells:
            alone += _dimensions(part, looked, elements)
        for combination in combinations:
            found, count = _candidates(part, looked, combination)
            best += [(one, part, looked) for one in found]
            tried += count
    alone.sort(key=lambda one: -one.surprise)
    best.sort(key=lambda one: (-one[0].score, len(one[0].sets), len(one[0].sets[0])))
    drivers = tuple(looked.driver(part, one, tried) for one, part, looked in best[:most] if one.score > 0)
    mixed = max(alone, key=lambda one: abs(one.mix_effect or 0.0), default=None)
    return Explanation(
        actual=measure.actual, expected=measure.before, drivers=drivers, dimensions=tuple(alone),
        rate_effect=mixed.rate_effect if mixed and kind != "sum" else None,
        mix_effect=mixed.mix_effect if mixed and kind != "sum" else None,
        mixed_by=mixed.name if mixed and kind != "sum" else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Candidate:
    sets: tuple[Labels, ...]
    score: float
    inside: float
    outside: float


@dataclass(slots=True)
class _Measure:
    """The currency: how surprising an amount is where another was expected."""

    kind: Kind
    a: Array
    e: Array
    n: Array
    size: Array
    sign: float
    total: tuple[float, float, float, float]
    actual: float
    before: float
    smallest: float
    points: float
    change: float
    signed: bool
    spread: float | None
    each: Array = field(init=False)
    there: Array = field(init=False)
    all_of_them: float = field(init=False)
    cells: int = field(init=False)

    def __post_init__(self) -> None:
        self.each = self.evidence(self.a, self.e, self.n, self.size)
        self.there = (self.e > 0) | (self.a != 0)
        self.all_of_them, self.cells = float(self.each.sum()), int(self.there.sum())

    @classmethod
    def of(cls, cells: Cells, kind: Kind, spread: float | None = None) -> _Measure:
        a, n = cells.top, cells.bottom
        if kind == "sum":
            a_sum, e_sum = float(a.sum()), float(cells.top_before.sum())
            e = cells.top_before
            if e_sum > 0 and a_sum > 0:
                e = (1 - NEW) * e + NEW * a * (e_sum / a_sum)
            signed = bool((a < 0).any() or (e < 0).any())
            actual, before = a_sum, e_sum
        else:
            whole = float(cells.bottom_before.sum())
            rate = float(cells.top_before.sum()) / whole if whole > 0 else 0.0
            prior = PRIOR if spread is None else 1.0
            e = n * (cells.top_before + prior * rate) / (cells.bottom_before + prior)
            signed = False
            actual = float(a.sum() / n.sum()) if n.sum() > 0 else nan
            before = rate if whole > 0 else nan
        size = (np.abs(a) + np.abs(e)) / 2
        total = (float(a.sum()), float(e.sum()), float(n.sum()), float(size.sum()))
        counted = float(cells.points.sum())
        wholes = kind == "rate" or bool(np.all(a == np.round(a)))
        smallest = 1.0 if wholes else float(np.abs(a).sum()) / max(counted, 1.0)
        if spread is not None:  # what was expected is itself only known as well as its own values say
            smallest = 1.0 + float(n.sum()) / max(float(cells.bottom_before.sum()), 1.0)
        return cls(
            kind=kind, a=a, e=e, n=n, size=size, sign=1.0 if total[0] >= total[1] else -1.0, total=total, actual=actual,
            before=before, smallest=smallest, points=counted, change=actual - before, signed=signed, spread=spread,
        )  # fmt: skip

    def evidence(self, a: Any, e: Any, n: Any, size: Any) -> Any:
        """The log-likelihood ratio of ``a`` against ``e``, never negative. Means and amounts that may be below nought are
        taken as normal, with a variance that grows with the weight."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.spread is not None:
                found = (a - e) ** 2 / (2 * np.maximum(n, 1e-12) * self.spread**2)
            elif self.kind == "rate":
                p = np.clip(e / np.maximum(n, 1e-12), 1e-6, 1 - 1e-6)
                q = np.clip(a / np.maximum(n, 1e-12), 1e-12, 1 - 1e-12)
                found = n * (q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))
            elif self.kind == "mean":
                found = (a - e) ** 2 / (2 * np.maximum(n, 1e-12))
            elif self.signed:
                found = (a - e) ** 2 / (2 * np.maximum(size, 1e-12))
            else:
                low = np.maximum(e, 1e-12)
                found = np.where(a > 0, a * np.log(np.maximum(a, 1e-300) / low), 0.0) - (a - e)
        return np.maximum(np.nan_to_num(found), 0.0)

    def rest(self, a: Any, e: Any, n: Any, size: Any) -> Any:
        """The evidence that everything else moved."""
        whole = self.total
        return self.evidence(*(np.maximum(w - part, 0.0) if not self.signed or place else w - part
                               for place, (w, part) in enumerate(zip(whole, (a, e, n, size), strict=True))))  # fmt: skip

    def driver(self, cells: Cells, one: _Candidate, tried: int) -> Driver:
        inside = cells.having(one.sets)
        return self.of_mask(cells, inside, one.sets, one.score, one.inside, one.outside, tried)

    def of_mask(
        self, cells: Cells, inside: Array, sets: tuple[Labels, ...], score: float, proof: float, left: float, tried: int
    ) -> Driver:
        a, e = float(self.a[inside].sum()), float(self.e[inside].sum())
        fit = proof / (proof + left) if proof + left > 0 else 0.0
        chance = erfc(sqrt(proof / self.noise(inside))) * max(tried, 1)
        more: dict[str, Any] = {}
        if self.kind == "sum":
            expected = float(cells.top_before[inside].sum())
            actual, count = a, float(cells.points[inside].sum())
            share = (actual - expected) / self.change if self.change else 0.0
        else:
            n1, n0 = float(cells.bottom[inside].sum()), float(cells.bottom_before[inside].sum())
            count, actual = n1, a / n1 if n1 > 0 else nan
            expected = float(cells.top_before[inside].sum()) / n0 if n0 > 0 else e / n1 if n1 > 0 else nan
            part = split(
                [actual], [expected], [n1 / max(float(cells.bottom.sum()), 1e-12)],
                [n0 / max(float(cells.bottom_before.sum()), 1e-12)], around=(self.actual + self.before) / 2,
            )[0]  # fmt: skip
            more = {"rate_effect": part.rate, "mix_effect": part.mix}
            share = (part.rate + part.mix) / self.change if self.change else 0.0
        return Driver(
            sets=sets, actual=actual, expected=expected, share=share, count=count, score=score,
            surprise=float(surprise([a / self.total[0] if self.total[0] else 0.0], [e / self.total[1] if self.total[1] else 0.0])[0]),
            confidence=max(0.0, fit * (1 - min(1.0, chance))), **more,
        )  # fmt: skip

    def noise(self, inside: Array) -> float:
        """How much more than by counting the cells outside vary (quasi-likelihood: their mean deviance)."""
        cells = self.cells - int(self.there[inside].sum())
        if cells < 4:
            return self.smallest
        return max(2 * (self.all_of_them - float(self.each[inside].sum())) / cells, self.smallest)


def _combinations(dims: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for count in range(1, min(DEEPEST, len(dims)) + 1):
        yield from itertools.combinations(dims, count)


def _candidates(cells: Cells, measure: _Measure, dims: tuple[str, ...]) -> tuple[list[_Candidate], int]:
    """The best of one combination of dimensions, alone and together; and how many were looked at."""
    place, kinds = _places(cells, dims)
    count = len(kinds)
    if count < 1:
        return [], 0
    known = place >= 0
    at = place[known]
    a, e, n, size = (np.bincount(at, part[known], count) for part in (measure.a, measure.e, measure.n, measure.size))
    moved = measure.evidence(a, e, n, size) * np.where((a - e) * measure.sign > 0, 1.0, -1.0)
    left = measure.rest(a, e, n, size)
    # All there is, is no explanation.
    whole = np.bincount(at, minlength=count) == len(cells)
    scores = np.where(whole, -np.inf, moved - LEFT * left)
    dearer = (1 - SIMPLER) ** (len(dims) - 1)
    found = [
        _Candidate((_labels(cells, dims, kinds[k]),), _dear(float(scores[k]), dearer), float(moved[k]), float(left[k]))
        for k in _top(scores, KEPT)
        if np.isfinite(scores[k])
    ]
    together = [k for k in _top(np.where(whole, -np.inf, moved), MOST_TOGETHER) if moved[k] > 0]
    for several in range(2, len(together) + 1):
        chosen = together[:several]
        if several >= count:
            break
        inside = float(moved[chosen].sum())
        outside = float(measure.rest(a[chosen].sum(), e[chosen].sum(), n[chosen].sum(), size[chosen].sum()))
        score = _dear(inside - LEFT * outside, dearer * TOGETHER ** (several - 1))
        found.append(_Candidate(tuple(_labels(cells, dims, kinds[k]) for k in chosen), score, inside, outside))
    return found, count


def _dear(score: float, factor: float) -> float:
    return score * factor if score > 0 else score


def _top(scores: Array, count: int) -> list[int]:
    if len(scores) > count * 4:
        some = np.argpartition(-scores, count)[:count]
        return [int(k) for k in some[np.argsort(-scores[some], kind="stable")]]
    return [int(k) for k in np.argsort(-scores, kind="stable")[:count]]


def _places(cells: Cells, dims: tuple[str, ...]) -> tuple[Array, Array]:
    """(each cell's group or -1, each group's codes as rows)."""
    key = np.zeros(len(cells), dtype=np.int64)
    known = np.ones(len(cells), dtype=bool)
    for name in dims:
        code = cells.codes[name]
        key = key * max(len(cells.names[name]), 1) + np.maximum(code, 0)
        known &= code >= 0
    sizes = [max(len(cells.names[name]), 1) for name in dims]
    every = int(np.prod(sizes))
    if every > max(4 * len(cells), 1000):
        there, back = np.unique(key[known], return_inverse=True)
        place = np.full(len(cells), -1, dtype=np.int64)
        place[known] = back
    else:
        there = np.arange(every)
        place = np.where(known, key, -1)
    kinds = np.column_stack(np.unravel_index(there, sizes)) if len(there) else np.zeros((0, len(dims)), dtype=np.int64)
    return place, kinds


def _labels(cells: Cells, dims: tuple[str, ...], codes: Array) -> Labels:
    return {name: cells.names[name][int(code)] for name, code in zip(dims, codes, strict=True)}


def _dimensions(cells: Cells, measure: _Measure, most: int) -> Iterator[Dimension]:
    for name in cells.codes:
        place, kinds = _places(cells, (name,))
        count, known = len(kinds), place >= 0
        if not count or not known.any():
            continue
        at = place[known]
        a, e, n, size = (
            np.bincount(at, part[known], count) for part in (measure.a, measure.e, measure.n, measure.size)
        )
        told = surprise(a / (measure.total[0] or 1.0), e / (measure.total[1] or 1.0))
        moved = measure.evidence(a, e, n, size)
        left = measure.rest(a, e, n, size)
        scores = np.where((a - e) * measure.sign > 0, moved, -moved) - LEFT * left
        chosen = sorted(_top(moved, most), key=lambda k: (-scores[k], k))
        elements = tuple(
            measure.of_mask(
                cells, place == k, (_labels(cells, (name,), kinds[k]),), float(scores[k]), float(moved[k]), float(left[k]), count
            )
            for k in chosen
            if a[k] or e[k] or n[k]
        )  # fmt: skip
        rate = mix = None
        if measure.kind != "sum":
            parts = _rates(cells, place, count, around=(measure.actual + measure.before) / 2)
            rate, mix = sum(one.rate for one in parts), sum(one.mix for one in parts)
        yield Dimension(name, float(told.sum()), elements, rate, mix)


def _rates(cells: Cells, place: Array, count: int, around: float) -> list[Part]:
    known = place >= 0
    top, bottom, top_before, bottom_before = (
        np.bincount(place[known], part[known], count)
        for part in (cells.top, cells.bottom, cells.top_before, cells.bottom_before)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        now, then = top / bottom, top_before / bottom_before
    # Where an element is only in one of the two, its rate there stands for both: what it changes is mix.
    now, then = np.where(np.isfinite(now), now, then), np.where(np.isfinite(then), then, now)
    there = np.isfinite(now)
    return split(
        now[there], then[there], (bottom / max(float(bottom.sum()), 1e-12))[there],
        (bottom_before / max(float(bottom_before.sum()), 1e-12))[there], around=around,
    )  # fmt: skip
