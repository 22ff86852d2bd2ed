"""Proof of effect: did the number move when we changed something, and was it the change?

A claim needs three witnesses that err in different ways:

1. **A model of the series** with a step at the date: generalised least squares by restricted maximum likelihood (REML), in
   which neighbouring points may be alike. The noise is either first-order autoregressive, or a local level (a random walk
   plus noise) where that is clearly likelier; a season gets a term for each of its places, prices and the like enter as
   covariates. A straight trend is never fitted: it understates effects and finds them in untouched groups (Harvey and
   Durbin's rear seats). Sources: A. C. Harvey and J. Durbin, JRSS A 149(3), 1986, 187-227; D. A. Harville, JASA 72, 1977,
   320-338 (REML).
2. **An XmR chart** whose limits come from before the change: a point outside, or eight in a row on one side, after it.
   Source: D. J. Wheeler, Understanding Variation, 2000.
3. **Placebo dates** before the change, at which nothing happened: an effect as large there says that such jumps are usual.
   Source: A. Abadie, A. Diamond and J. Hainmueller, JASA 105, 2010, 493-505.

A control (an untouched group, or several) is subtracted first: difference in differences.

Verdicts: ``moved`` (all three, in the wanted direction), ``wrong_way`` (model and chart, in the other direction: a warning
needs no placebo), ``signal`` (something changed; not enough for a claim), ``no_signal``, ``not_comparable`` (too few points,
or what is counted is no longer the same). In our simulation (26 points before, 12 after, autocorrelation 0, 0.3 and 0.6)
no change is claimed as one in 1 to 4 % of the runs, and a shift of two standard deviations is found in 89 to 97 %.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import exp, expm1, sqrt
from typing import Any, Final, Literal

from opsboard.core.analysis.noise import Noise, least_squares, likeness
from opsboard.core.analysis.witness import ChartView, chart_view, phase_of
from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import scipy_special as special

type Verdict = Literal["moved", "signal", "no_signal", "wrong_way", "not_comparable"]
type Direction = Literal["up", "down"]
type Reason = Literal[
    "too_few", "scope", "interval_includes_zero", "no_chart_signal", "placebo_as_large", "controls_as_different"
]
type Series = Sequence[float | None]
type Array = "np.ndarray[Any, np.dtype[np.float64]]"

# The least that says anything: for a series alone, and beside a control.
LEAST_BEFORE, LEAST_AFTER = 6, 3
LEAST_BESIDE_CONTROL: Final = 3
# Longer series are cut to the points nearest to the change: the noise is that of its own time, and the sums stay short.
MOST_BEFORE, MOST_AFTER = 300, 150
LEAST_PLACEBOS: Final = 5
MOST_PLACEBOS: Final = 40
PLACEBO_SHARE: Final = 0.10
NEARLY: Final = 0.8
# A count that jumps up more than threefold at once, with its variation, counts something else (two sites merged).
SCOPE_JUMP, SCOPE_VARIATION, SCOPE_WEIGHT = 3.0, 2.0, 0.25

SEASONS: Final = {"hour": 24, "day": 7, "month": 12}


@dataclass(frozen=True, slots=True)
class Placebo:
    """Effects where nothing was done: ``tried`` of them, ``beyond`` significant at 5 %, the ``largest`` in size.

    ``share`` of them are at least four fifths as large as the real one. ``over``: earlier dates, or the control groups.
    """

    over: Literal["dates", "controls"]
    tried: int
    beyond: int
    largest: float
    share: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What can be said. ``effect`` and ``interval`` (95 % unless told otherwise) are in the metric's unit, per point after
    the change, against what would have been; ``relative`` is the effect as a share of that (-0.21 for 21 % less)."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    n_before: int
    n_after: int
    effect: float | None = None
    interval: tuple[float, float] | None = None
    relative: float | None = None
    relative_interval: tuple[float, float] | None = None
    p: float | None = None
    noise: Literal["independent", "ar1", "local_level"] | None = None
    scale: Literal["linear", "log"] | None = None
    season: int | None = None
    xmr: ChartView | None = None
    placebo: Placebo | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain dicts and lists, as the API answers."""
        return asdict(self)


def prove_points(
    points: Iterable[tuple[date | datetime, float | None, float | None]],
    changed_on: date | datetime,
    *,
    direction: Direction,
    grain: str = "",
    control: Iterable[tuple[date | datetime, float | None, float | None]] | None = None,
    scope: Literal["same", "changed"] | None = None,
) -> Proof:
    """``prove`` for dated points (at, value, weight), in any order; a point on the day of the change is after it.

    Moments are compared by their own day: give them in the workspace's zone. Points of the control without a partner of
    the same ``at`` are left out, as are points that the control lacks. ``grain`` (hour, day, month) names the season.
    """
    known = sorted((point for point in points if point[1] is not None), key=lambda point: _day_or_moment(point[0]))
    beside: list[float | None] | None = None
    if control is not None:
        partner = {at: value for at, value, _ in control if value is not None}
        known = [point for point in known if point[0] in partner]
        beside = [partner[point[0]] for point in known]
    change = sum(1 for at, _, _ in known if _is_before(at, changed_on))
    weights = [weight for _, _, weight in known]
    return prove(
        [value for _, value, _ in known],
        change,
        direction=direction,
        control=beside,
        weights=None if any(weight is None for weight in weights) else weights,
        season=SEASONS.get(grain),
        scope=scope,
    )


def prove(
    values: Series,
    change: int,
    *,
    direction: Direction,
    control: Series | Sequence[Series] | None = None,
    weights: Series | None = None,
    covariates: Sequence[Series] = (),
    season: int | None = None,
    scope: Literal["same", "changed"] | None = None,
    level: float = 0.95,
) -> Proof:
    """Judge a change between the points ``change - 1`` and ``change`` of an evenly spaced series.

    ``direction`` is where good lies. ``control``, ``weights`` (what each value rests on: attendances, orders) and
    ``covariates`` are as long as ``values``; several controls are averaged and compared among one another. ``season`` is
    its length in points; it is used where two whole seasons lie before the change and it shows. ``scope`` "changed" says
    that what is counted is no longer the same, "same" that it was checked; None looks for a jump that only that explains.
    Raises ``ValueError`` for series of different lengths.
    """
    controls = _controls(control)
    series = _Given.of(values, change, controls, weights, covariates)
    least = (LEAST_BESIDE_CONTROL, LEAST_BESIDE_CONTROL) if controls else (LEAST_BEFORE, LEAST_AFTER)
    after = len(series.y) - series.before
    if series.before < least[0] or after < least[1]:
        return Proof("not_comparable", ("too_few",), series.before, after)
    if scope == "changed" or (scope is None and _other_scope(series, bool(controls))):
        return Proof("not_comparable", ("scope",), series.before, after, xmr=chart_view(series.y, series.before))
    fit = _fit(series, season)
    return _judge(series, fit, direction, level)


@dataclass(frozen=True, slots=True)
class _Given:
    """The points that have everything, cut to the neighbourhood of the change."""

    y: "Array"
    before: int
    controls: "Array | None"
    weights: "Array | None"
    covariates: "list[Array]"
    places: "Array"

    @classmethod
    def of(
        cls, values: Series, change: int, controls: list[Series], weights: Series | None, covariates: Sequence[Series]
    ) -> "_Given":
        rows = [_array(values), *(_array(other) for other in (*controls, *covariates))]
        weight = None if weights is None else _array(weights)
        if len({len(row) for row in rows}) != 1 or (weight is not None and len(weight) != len(rows[0])):
            raise ValueError("all series are of one length")
        if not 0 <= change <= len(rows[0]):
            raise ValueError("the change lies outside the series")
        whole = np.flatnonzero(np.isfinite(np.vstack(rows)).all(axis=0))
        before = int((whole < change).sum())
        kept = whole[max(before - MOST_BEFORE, 0) : before + MOST_AFTER]
        middle = rows[1 : 1 + len(controls)]
        return cls(
            y=rows[0][kept],
            before=min(before, MOST_BEFORE),
            controls=np.vstack([row[kept] for row in middle]) if middle else None,
            weights=None if weight is None else weight[kept],
            covariates=[row[kept] for row in rows[1 + len(controls) :]],
            places=kept.astype(float),
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    """The model with its noise: ``steady`` is the series without season and covariates, on the scale of the sums."""

    target: "Array"
    design: "Array"
    step: int
    beta: "Array"
    spread: "Array"
    noise: Noise
    scale: Literal["linear", "log"]
    season: int | None
    steady: "Array"
    freedom: int


def _fit(series: _Given, season: int | None) -> _Fit:
    seasonal = season if season and season >= 2 and series.before >= 2 * season and _shows(series, season) else None
    rows = [series.y] if series.controls is None else [series.y, *series.controls]
    # Seasons multiply: December is so many per cent above, whatever the level.
    scale: Literal["linear", "log"] = "log" if seasonal and all(bool((row > 0).all()) for row in rows) else "linear"
    turn: Callable[[Array], Array] = np.log if scale == "log" else np.asarray
    target = turn(series.y)
    if series.controls is not None:
        target = target - turn(series.controls).mean(axis=0)
    design = _design(series, series.before, seasonal)
    step = design.shape[1] - 1 - len(series.covariates)
    noise = likeness(target, design)
    beta, spread, _, _ = least_squares(target, design, noise)
    others = np.delete(np.arange(design.shape[1]), step)
    shape = design[:, others] @ beta[others]
    level = float(shape.mean())
    return _Fit(
        target=target, design=design, step=step, beta=beta, spread=spread, noise=noise,
        scale=scale, season=seasonal, steady=target - shape + level if design.shape[1] > 2 else target,
        freedom=len(target) - design.shape[1],
    )  # fmt: skip


def _judge(series: _Given, fit: _Fit, direction: Direction, level: float) -> Proof:
    effect, error = float(fit.beta[fit.step]), sqrt(max(float(fit.spread[fit.step, fit.step]), 0.0))
    if abs(effect) <= 1e-9 * float(np.abs(fit.target).max()):
        effect = 0.0  # a flat line, up to the last digit
    quantile = float(special.stdtrit(fit.freedom, 0.5 + level / 2))
    low, high = effect - quantile * error, effect + quantile * error
    p = float(2 * special.stdtr(fit.freedom, -abs(effect) / error)) if error > 0 else (0.0 if effect else 1.0)
    chart = chart_view(np.exp(fit.steady) if fit.scale == "log" else fit.steady, series.before)
    placebo = _placebo_controls(series, fit, effect) or _placebo_dates(series, fit, effect, quantile)
    sure, speaks = (low > 0 or high < 0), chart.speaks(effect)
    wanted = effect != 0 and (effect > 0) == (direction == "up")
    usual = placebo is not None and placebo.tried >= LEAST_PLACEBOS and placebo.share > PLACEBO_SHARE
    reasons: list[Reason] = []
    if not sure:
        reasons.append("interval_includes_zero")
    if not speaks:
        reasons.append("no_chart_signal")
    if usual and placebo is not None:
        reasons.append("placebo_as_large" if placebo.over == "dates" else "controls_as_different")
    verdict: Verdict
    if sure and speaks and not wanted:
        verdict = "wrong_way"
    elif sure and speaks and not usual:
        verdict = "moved"
    # A chart alone sees signals in any series whose neighbours are alike; it counts where the model at least leans that way.
    elif sure or (speaks and p < 0.2):
        verdict = "signal"
    else:
        verdict = "no_signal"
    shares = _shares(series, fit, effect, low, high)
    return Proof(
        verdict=verdict, reasons=tuple(reasons), n_before=series.before, n_after=len(series.y) - series.before,
        p=p, noise=fit.noise.kind, scale=fit.scale, season=fit.season, xmr=chart, placebo=placebo, **shares,
    )  # fmt: skip


def _shares(series: _Given, fit: _Fit, effect: float, low: float, high: float) -> dict[str, Any]:
    """Effect and interval in the metric's unit, and as shares of what would have been."""
    real = float(series.y[series.before :].mean())
    if fit.scale == "log":
        would_be = real / exp(effect)
        turned = [expm1(value) for value in (effect, low, high)]
        return {
            "effect": would_be * turned[0],
            "interval": (would_be * turned[1], would_be * turned[2]),
            "relative": turned[0],
            "relative_interval": (turned[1], turned[2]),
        }
    alone = fit.design.shape[1] == 2 and series.controls is None and fit.noise.kind != "local_level"
    would_be = float(series.y[: series.before].mean()) if alone else real - effect
    scale = abs(would_be)
    # Next to nothing has no per cent.
    share = bool(scale > 1e-9 * max(float(np.abs(series.y).max()), 1e-300))
    return {
        "effect": effect,
        "interval": (low, high),
        "relative": effect / scale if share else None,
        "relative_interval": (low / scale, high / scale) if share else None,
    }


def _design(series: _Given, change: int, season: int | None) -> "Array":
    """Level or season, the step, the covariates, one column each."""
    count = len(series.y)
    step = (np.arange(count) >= change).astype(float)
    if season is None:
        level = [np.ones(count)]
    else:
        places = series.places.astype(int) % season
        level = [(places == place).astype(float) for place in range(season) if (places == place).any()]
    return np.column_stack([*level, step, *series.covariates])


def _shows(series: _Given, season: int) -> bool:
    """Whether the season shows before the change: an F test of its places on the differences, at 1 %."""
    y = series.y[: series.before]
    places = (series.places[: series.before].astype(int) % season)[1:]
    moves = np.diff(y)
    groups = [moves[places == place] for place in range(season)]
    if min(len(group) for group in groups) < 1 or len(moves) <= season:
        return False
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    between = sum(len(group) * float(group.mean() - moves.mean()) ** 2 for group in groups)
    if within <= 0:
        return between > 0
    ratio = (between / (season - 1)) / (within / (len(moves) - season))
    return bool(special.fdtrc(season - 1, len(moves) - season, ratio) < 0.01)


def _placebo_dates(series: _Given, fit: _Fit, effect: float, quantile: float) -> Placebo | None:
    """The same model at dates before the change, with the noise that was found, on the points before it."""
    after = min(len(series.y) - series.before, max(series.before // 3, LEAST_AFTER))
    first, last = max(LEAST_BEFORE, series.before // 4), series.before - after
    if last <= first:
        return None
    dates = np.unique(np.linspace(first, last, min(MOST_PLACEBOS, last - first + 1)).astype(int))
    effects, beyond = [], 0
    for place in dates:
        # As many points after the invented date as there are after the real one.
        end = min(int(place) + len(series.y) - series.before, series.before)
        design = fit.design[:end].copy()
        design[:, fit.step] = np.arange(end) >= place
        if end - design.shape[1] < 2:
            continue
        beta, spread, _, _ = least_squares(fit.target[:end], design, fit.noise)
        size, error = float(beta[fit.step]), sqrt(max(float(spread[fit.step, fit.step]), 0.0))
        effects.append(abs(size))
        beyond += error > 0 and abs(size) > quantile * error
    if not effects:
        return None
    share = sum(size >= NEARLY * abs(effect) for size in effects) / len(effects)
    return Placebo("dates", len(effects), beyond, max(effects), share)


def _placebo_controls(series: _Given, fit: _Fit, effect: float) -> Placebo | None:
    """Each control against the others, as if it had been changed."""
    if series.controls is None or len(series.controls) < LEAST_PLACEBOS:
        return None
    rows = np.log(series.controls) if fit.scale == "log" else series.controls
    moved = rows[:, series.before :].mean(axis=1) - rows[:, : series.before].mean(axis=1)
    others = (moved.sum() - moved) / (len(moved) - 1)
    sizes = np.abs(moved - others)
    spread = float((moved - others).std(ddof=1))
    beyond = int((sizes > 1.96 * spread).sum())
    return Placebo("controls", len(sizes), beyond, float(sizes.max()), float((sizes >= NEARLY * abs(effect)).mean()))


def _other_scope(series: _Given, controlled: bool) -> bool:
    """Whether the jump is one that only a change of what is counted explains (two sites were merged).

    With weights: every weight after the change lies beyond the limits of those before, on one side, and a quarter away.
    Without: the values jump up more than threefold at once, their variation more than twofold, with no overlap.
    """
    before, after = series.y[: series.before], series.y[series.before :]
    if series.weights is not None:
        ahead, behind = series.weights[: series.before], series.weights[series.before :]
        ahead, behind = ahead[np.isfinite(ahead)], behind[np.isfinite(behind)]
        phase = phase_of(ahead)
        if phase is not None and len(behind) and phase.mean > 0:
            beyond = bool((behind > phase.upper).all() or (behind < phase.lower).all())
            if beyond and abs(float(behind.mean()) / phase.mean - 1) > SCOPE_WEIGHT:
                return True
    first, second = phase_of(before), phase_of(after)
    if controlled or first is None or second is None or first.mean <= 0 or float(before.min()) < 0:
        return False
    return (
        float(after.min()) > float(before.max())
        and second.mean > SCOPE_JUMP * first.mean
        and first.mean_moving_range > 0
        and second.mean_moving_range > SCOPE_VARIATION * first.mean_moving_range
    )


def _controls(control: Series | Sequence[Series] | None) -> list[Series]:
    if control is None or not len(control):
        return []
    if isinstance(control[0], Sequence):
        return [one for one in control if isinstance(one, Sequence)]
    return [[value if isinstance(value, int | float) else None for value in control]]


def _array(values: Series) -> "Array":
    given = np.asarray([np.nan if value is None else value for value in values], dtype=float)
    return np.where(np.isfinite(given), given, np.nan)


def _day_or_moment(at: date | datetime) -> tuple[float, ...]:
    if isinstance(at, datetime):
        return (at.timestamp(),)
    return (float(at.toordinal()),)


def _is_before(at: date | datetime, change: date | datetime) -> bool:
    if isinstance(change, datetime):
        if isinstance(at, datetime):
            return at < change
        return at < change.date()
    return (at.date() if isinstance(at, datetime) else at) < change
