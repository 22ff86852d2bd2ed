"""Where work waits, over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from opsboard.core.api import ApiRequest
from processes import charts
from processes.api.logs import found_log

router = Router()


class CausesOut(Schema):
    batching: float
    busy: float
    priority: float
    off_duty: float
    outside: float
    unknown: float


class BottleneckOut(Schema):
    """Durations in seconds, shares 0…1; `cost` a month in the workspace's currency where an hour's cost is known."""

    activity: str
    waiting: float
    share: float
    count: int
    cases: int
    mean: float
    median: float
    p90: float
    causes: CausesOut
    role: str
    people: int
    load: float | None
    cost: dict[str, str] | None
    sentence: str


class StructureOut(Schema):
    handovers: list[dict[str, Any]]
    handovers_a_case: float
    alone: list[dict[str, Any]]
    repeated: list[dict[str, Any]]
    approvals: dict[str, Any] | None


@router.get("logs/{pk}/bottlenecks", response=list[BottleneckOut], summary="Where work waits, the longest first")
def bottlenecks(request: ApiRequest, pk: int) -> list[dict[str, Any]]:
    log = found_log(request, pk)
    costs = {one.role: one for one in log.process.staffing.all() if one.cost_an_hour is not None}
    currency = request.viewer.workspace.currency
    answer = []
    for one in log.facts.get("bottlenecks", ()):
        hourly = costs[one["role"]].cost_an_hour if one["role"] in costs else None
        cost = None if hourly is None else {"amount": f"{one['work'] / 3600 * float(hourly):.2f}", "currency": currency}
        answer.append(one | {"cost": cost, "sentence": " ".join(charts.sentences_of(one))})
    return answer


@router.get("logs/{pk}/structure", response=StructureOut, summary="What a process's build makes slow")
def structure(request: ApiRequest, pk: int) -> dict[str, Any]:
    empty: dict[str, Any] = {"handovers": [], "handovers_a_case": 0.0, "alone": [], "repeated": [], "approvals": None}
    found: dict[str, Any] = found_log(request, pk).facts.get("structure", {})
    return empty | found
