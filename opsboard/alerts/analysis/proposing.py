"""Limits that a number's own past proposes, and how noisy a watch is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median
from typing import Any, Final, Literal

from opsboard.core.analysis.apart import Apart
from opsboard.core.analysis.season import learn_season
from opsboard.core.analysis.spc import NotEnough, xmr

LATEST: Final = 300  # values that XmR limits are taken from
LEAST: Final = 12
SPREADS: Final = 3.0
BRIEF: Final = timedelta(minutes=10)
ENOUGH: Final = 5  # alerts before anybody may call a watch noisy
NOISY: Final = 50


@dataclass(frozen=True, slots=True)
class Proposal:
    """Limits of routine variation, and how far from what is usual at this time of the week a value is no routine any more."""

    lower: float | None = None
    upper: float | None = None
    around: float | None = None
    seasonal: bool = False


def propose(
    times: Sequence[datetime], told: Sequence[float], zone: tzinfo, apart: Apart | None = None, seconds: int = 0
) -> Proposal:
    """XmR limits of the latest values, screened of single outliers; hour-of-week limits of the last weeks.

    Buckets of so many `seconds` that are `apart` are left out.
    """
    known = [
        (at, one) for at, one in zip(times, told, strict=True) if apart is None or not apart.says_nothing(at, seconds)
    ]
    times, values = [at for at, _one in known], [one for _at, one in known]
    lower = upper = around = None
    seasonal = False
    if len(values) >= LEAST:
        try:
            chart = xmr(values[-LATEST:], screened=True)
            lower, upper = _rounded(chart.lower[-1], values), _rounded(chart.upper[-1], values)
        except NotEnough:
            pass
    try:
        season = learn_season(times, values, zone, worked=apart.worked if apart else None)
        spread = [float(one) for one in season.spread if one == one]
        seasonal = season.is_seasonal
        around = _rounded(SPREADS * median(spread), values) if spread and median(spread) > 0 else None
    except NotEnough:
        pass
    return Proposal(lower, upper, around, seasonal)


def joined(found: Sequence[Proposal]) -> Proposal:
    """Limits that fit several label sets at once: the widest of all."""
    return Proposal(
        min((one.lower for one in found if one.lower is not None), default=None),
        max((one.upper for one in found if one.upper is not None), default=None),
        max((one.around for one in found if one.around is not None), default=None),
        any(one.seasonal for one in found),
    )


def _rounded(limit: float, values: Sequence[float]) -> float:
    """Three digits of what the values vary by are enough."""
    span = max(values) - min(values) or abs(limit) or 1.0
    digits = 0
    while span < 100 and digits < 8:
        span, digits = span * 10, digits + 1
    return round(float(limit), digits)


@dataclass(frozen=True, slots=True)
class Noise:
    """How much of what a watch told in the last weeks nobody needed: 0 to 100, and what would help."""

    fired: int
    score: int
    advice: Literal["", "longer", "clear", "threshold"]

    @property
    def is_noisy(self) -> bool:
        return self.fired >= ENOUGH and self.score >= NOISY


def noise(rule: Any, fired: int, brief: int, unheeded: int) -> Noise:
    """Alerts that ended within minutes and that nobody took up are noise; so are those that nobody ever takes up."""
    if not fired:
        return Noise(0, 0, "")
    score = round(100 * max(brief / fired, 0.8 * unheeded / fired))
    if fired < ENOUGH or score < NOISY:
        return Noise(fired, score, "")
    if 2 * brief >= fired:
        return Noise(fired, score, "longer" if not rule.for_seconds else "clear" if rule.clear is None else "threshold")
    return Noise(fired, score, "threshold")
