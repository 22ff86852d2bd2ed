"""Working time between very many moments at once: what ``core.calendars`` does for two, for a whole event log.

A calendar becomes a table of its working spans; then the working time before any moment is one look-up, and between two
moments one subtraction. A million pairs over a year of shifts take about half a second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsboard.core.lazy import numpy as np

type Array = "np.ndarray[Any, np.dtype[np.float64]]"
type Moments = "np.ndarray[Any, Any]"


@dataclass(frozen=True, slots=True, eq=False)
class Worktime:
    """Working spans in order, as seconds since 1970 (float64): ``starts``, ``ends``, and the working time before each.

    Made by ``worktime`` from ``WorkCalendar.spans_between``. Outside the spans nobody works: ask for spans that reach
    from the first moment to the last.
    """

    starts: "Array"
    ends: "Array"
    before: "Array"

    def until(self, moments: "Moments") -> "Array":
        """Working seconds from the first span up to each moment (seconds since 1970, or datetime64 in UTC)."""
        at = seconds(moments)
        if not len(self.starts):
            return np.where(np.isnan(at), np.nan, 0.0)
        place = np.searchsorted(self.starts, at, side="right") - 1
        inside = np.clip(place, 0, None)
        worked = self.before[inside] + np.minimum(at, self.ends[inside]) - self.starts[inside]
        return np.where(np.isnan(at), np.nan, np.where(place < 0, 0.0, worked))

    def between(self, starts: "Moments", ends: "Moments") -> "Array":
        """Working seconds from each start to its end; negative where the end comes first, NaN where one is missing."""
        return self.until(ends) - self.until(starts)

    def after(self, starts: "Moments", work: "Array") -> "Array":
        """When so many working seconds have passed since each start (seconds since 1970); NaN beyond the last span.

        Work that ends with a shift ends there; work of zero ends at the next moment of work.
        """
        target = self.until(starts) + np.asarray(work, dtype=float)
        done = self.before + self.ends - self.starts
        moving = np.asarray(work, dtype=float) > 0
        place = np.where(
            moving, np.searchsorted(done, target, side="left"), np.searchsorted(done, target, side="right")
        )
        known = np.clip(place, 0, max(len(done) - 1, 0))
        if not len(done):
            return np.full(len(target), np.nan)
        reached = self.starts[known] + target - self.before[known]
        # Zero work at a moment within a span ends at that moment, before one at its start.
        reached = np.where(moving, reached, np.maximum(reached, np.maximum(seconds(starts), self.starts[known])))
        return np.where((place >= len(done)) | np.isnan(target), np.nan, reached)


def worktime(spans: Iterable[tuple[datetime, datetime]]) -> Worktime:
    """The table of a calendar's spans: aware datetimes, in order, without overlap (``WorkCalendar.spans_between``)."""
    pairs = [(start.timestamp(), end.timestamp()) for start, end in spans]
    starts = np.array([start for start, _ in pairs], dtype=float)
    ends = np.array([end for _, end in pairs], dtype=float)
    if len(starts) and (bool((ends <= starts).any()) or bool((starts[1:] < ends[:-1]).any())):
        raise ValueError("spans are in order and do not overlap")
    lengths = ends - starts
    return Worktime(starts, ends, np.cumsum(lengths) - lengths)


def seconds(moments: "Moments") -> "Array":
    """Moments as seconds since 1970: numbers as they are, datetime64 (UTC) of any unit turned, NaT as NaN."""
    given = np.asarray(moments)
    if given.dtype.kind == "M":
        whole = given.astype("datetime64[us]")
        return np.where(np.isnat(whole), np.nan, whole.astype(np.int64) / 1e6)
    return given.astype(float)
