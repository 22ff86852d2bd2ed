"""What moved a number that is put together of others.

A sum's change is the sum of its parts' changes. A product's change is split by logarithms, each factor's share being
L(P₁, P₀) · ln(f₁ / f₀) with the logarithmic mean L: nothing is left over, and no order of the factors is preferred (LMDI;
Ang, "Decomposition analysis for policymaking in energy", Energy Policy 32, 2004).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Branch:
    """One driver before and after. `kind` is adds, multiplies or influences; `sign` −1 where it is taken away or divides."""

    kind: str
    sign: int
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Part:
    """How much of the change above one driver brought, in the unit of the number above, and as a share of it."""

    moved: float
    share: float | None


def parts(before: float | None, after: float | None, branches: Sequence[Branch]) -> list[Part | None]:
    """Each driver's part of the change; None where it is no arithmetic: an influence, a gap, a factor of nought."""
    if before is None or after is None:
        return [None] * len(branches)
    change = after - before
    weight = _logarithmic_mean(before, after)
    answer: list[Part | None] = []
    for branch in branches:
        moved = _moved(branch, weight)
        if moved is None or not math.isfinite(moved):
            answer.append(None)
        else:
            answer.append(Part(moved, moved / change if abs(change) > 1e-12 * max(abs(before), abs(after)) else None))
    return answer


def _moved(branch: Branch, weight: float | None) -> float | None:
    if branch.before is None or branch.after is None:
        return None
    if branch.kind == "adds":
        return branch.sign * (branch.after - branch.before)
    if branch.kind == "multiplies" and weight is not None and branch.before > 0 and branch.after > 0:
        return branch.sign * weight * math.log(branch.after / branch.before)
    return None


def _logarithmic_mean(before: float, after: float) -> float | None:
    if before <= 0 or after <= 0:
        return None
    return before if math.isclose(before, after, rel_tol=1e-12) else (after - before) / math.log(after / before)


def unexplained(before: float | None, after: float | None, found: Sequence[Part | None]) -> float | None:
    """What the parts leave over; None where nothing is known of them."""
    known = [one for one in found if one is not None]
    if before is None or after is None or not known:
        return None
    return after - before - math.fsum(one.moved for one in known)


def way_up(start: int, parents: dict[int, int]) -> list[int]:
    """A metric, the one it works on, and so on to the top; ends where it would go round."""
    way = [start]
    while (above := parents.get(way[-1])) is not None and above not in way:
        way.append(above)
    return way
