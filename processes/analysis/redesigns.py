"""Predicted and real: did the lead time change as it was predicted, once the redesign was live?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from opsboard.core.lazy import numpy as np
from opsboard.core.lazy import polars as pl

type Verdict = Literal["too_early", "as_predicted", "better", "worse"]

FEWEST: Final = 20  # cases before and after
LONGEST: Final = 84 * 86_400 * 1_000_000  # as far back as cases are compared
SAMPLES: Final = 2000
SEED: Final = 20260101


@dataclass(frozen=True, slots=True)
class Real:
    """Mean lead time in seconds of the cases that began before and since, and the change as a share of before.

    `interval` holds 95 of 100 changes that as many cases drawn anew show (bootstrap by percentiles; Efron, Annals of
    Statistics 7, 1979, 1-26); None where there are fewer than twenty cases on either side.
    """

    cases_before: int
    cases_after: int
    before: float | None
    after: float | None
    change: float | None
    interval: tuple[float, float] | None
    verdict: Verdict


def real_change(frame: pl.DataFrame, live_from: datetime, predicted: tuple[float, float]) -> Real:
    """What a stored log shows of a redesign that is live from a moment on.

    Cases count by when they began, as long before as the log reaches after, at most twelve weeks; the last ones that began
    are left out for as long as nine of ten take, because of those only the fast ones have ended yet.
    """
    cases = frame.group_by("number").agg(
        pl.min_horizontal(pl.col("start").min(), pl.col("end").min()).alias("begun"), pl.col("end").max().alias("ended")
    )
    begun, ended = (cases[name].to_physical().to_numpy() for name in ("begun", "ended"))
    live = int(live_from.timestamp() * 1e6)
    if not len(begun):
        return Real(0, 0, None, None, None, None, "too_early")
    lead = (ended - begun) / 1e6
    settled = ended.max() - float(np.quantile(ended - begun, 0.9))
    reach = min(LONGEST, max(settled - live, 0))
    before = lead[(begun < live) & (begun >= live - reach)]
    after = lead[(begun >= live) & (begun <= settled)]
    if len(before) < FEWEST:  # the redesign is young: what came before may reach further back
        before = lead[(begun < live) & (begun >= live - LONGEST)]
    if len(before) < FEWEST or len(after) < FEWEST:
        means = [float(part.mean()) if len(part) else None for part in (before, after)]
        return Real(len(before), len(after), means[0], means[1], None, None, "too_early")
    chance = np.random.default_rng(SEED)
    shares = _means(after, chance) / _means(before, chance) - 1
    low, high = (float(one) for one in np.quantile(shares, (0.025, 0.975)))
    change = float(after.mean() / before.mean() - 1)
    verdict: Verdict = "as_predicted"
    if high < predicted[0]:
        verdict = "better"
    elif low > predicted[1]:
        verdict = "worse"
    return Real(len(before), len(after), float(before.mean()), float(after.mean()), change, (low, high), verdict)


def _means(values: Any, chance: Any) -> Any:
    size = len(values)
    return np.array([values[chance.integers(0, size, size)].mean() for _ in range(SAMPLES)])
