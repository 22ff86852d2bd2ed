"""Proof of effect over the API: of points that are sent along, or of any indicator of the house."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from opsboard.core import registry
from opsboard.core.access import needs
from opsboard.core.analysis.proof import prove_points
from opsboard.core.api import ApiRequest
from opsboard.core.models import Role
from opsboard.core.periods import Period

router = Router()
YEARS = 4


class PointIn(Schema):
    at: datetime | date
    value: float | None = Field(None, allow_inf_nan=False)
    weight: float | None = Field(None, ge=0, allow_inf_nan=False)


class ProofIn(Schema):
    points: list[PointIn] | None = Field(None, max_length=20_000)
    indicator: str = Field("", max_length=200, description="In place of points: the key of an indicator.")
    changed_on: date
    direction: Literal["up", "down"] | None = Field(
        None, description="Where good lies; the indicator's own if left out."
    )
    grain: Literal["hour", "day", "month", ""] = Field("", description="Names the season that may be in the points.")
    control: list[PointIn] | None = Field(None, max_length=20_000, description="An untouched group, at the same times.")
    scope: Literal["same", "changed"] | None = None


class ProofOut(Schema):
    verdict: Literal["moved", "signal", "no_signal", "wrong_way", "not_comparable"]
    reasons: list[str]
    effect: float | None
    interval: tuple[float, float] | None
    relative: float | None
    relative_interval: tuple[float, float] | None
    n_before: int
    n_after: int
    xmr: dict[str, Any] | None
    placebo: dict[str, Any] | None


@router.post(
    "proofs", response=ProofOut, exclude_none=False, summary="Did the number move at a change, and was it that?"
)
@needs(write=Role.VIEWER)
def prove(request: ApiRequest, payload: ProofIn) -> dict[str, Any]:
    if (payload.points is None) == (not payload.indicator):
        raise ValidationError({"points": _("Send points or name an indicator, one of them.")})
    if not 1901 <= payload.changed_on.year < 2199:
        raise ValidationError({"changed_on": _("The time lies outside the years 1900 to 2200.")})
    direction, grain = payload.direction or "up", payload.grain
    if payload.indicator:
        points, own, grain = _of_indicator(request, payload)
        direction = payload.direction or own
    else:
        points = _points(request, payload.points or [])
    control = _points(request, payload.control) if payload.control is not None else None
    proof = prove_points(
        points, payload.changed_on, direction=direction, grain=grain, control=control, scope=payload.scope
    )
    return proof.as_json()


def _points(request: ApiRequest, given: list[PointIn]) -> list[tuple[Any, float | None, float | None]]:
    """Days stay days, unless moments are among them; moments are read by the workspace's clock."""
    zone = request.viewer.workspace.zone
    mixed = any(isinstance(one.at, datetime) for one in given)
    answer: list[tuple[Any, float | None, float | None]] = []
    for one in given:
        at: Any = one.at
        if mixed:
            at = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001 - made aware below
            at = timezone.make_aware(at, zone) if timezone.is_naive(at) else at.astimezone(zone)
        answer.append((at, one.value, one.weight))
    return answer


def _of_indicator(
    request: ApiRequest, payload: ProofIn
) -> tuple[list[tuple[Any, float | None, float | None]], Literal["up", "down"], Any]:
    viewer, now = request.viewer, timezone.now()
    try:
        entry = registry.watchable(viewer, payload.indicator)
    except registry.UnknownKey as unknown:
        raise ValidationError({"indicator": _("There is no such indicator here.")}) from unknown
    zone = viewer.workspace.zone
    period = Period(now - timedelta(days=366 * YEARS), now, "custom")
    found = registry.history(viewer, [payload.indicator], period).get(payload.indicator, [])
    points = [(one.at.astimezone(zone), one.value, None) for one in found if one.at is not None and not one.labels]
    grain = {3600: "hour", 86_400: "day", 2_592_000: "month"}.get(entry.grain_seconds, "")
    return list(points), entry.direction or "up", payload.grain or grain
