"""Predictions over the API: what a change would bring, simulated before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from opsboard.core.api import ApiRequest, JobStarted
from processes import services
from processes.api.logs import found_log
from processes.api.processes import Paging, found_process
from processes.models import Simulation

router = Router()

type Kind = Literal[
    "merge", "eliminate", "parallelise", "automate", "reassign", "replace", "resource", "arrival", "duration", "delay"
]


class MoveIn(Schema):
    move: Kind = Field(
        description="`merge`, `eliminate`, `parallelise`, `automate`, `replace` (by a look-up) and `duration` name steps; "
        "`reassign` steps and a role; `resource` a role and how many people more; `arrival` how many times as many cases; "
        "`delay` changes outside waiting before the steps, of all where none is named. `eliminate`, `duration` and `delay` "
        "take the ids or names of drawn timers as steps, too."
    )
    steps: list[str] = Field(default_factory=list, max_length=200)
    role: str = Field("", max_length=200)
    change: int = Field(0, ge=-1000, le=1000, description="People added; fewer where negative.")
    factor: float | None = Field(
        None, ge=0, le=1000, description="Times as long, or as many; `delay`: 0 where left out."
    )
    seconds: float | None = Field(
        None, ge=0, le=1e9, description="`automate`, `replace`: working time afterwards, else none."
    )


class SimulationIn(Schema):
    moves: list[MoveIn] = Field(default_factory=list, max_length=30, description="In the order in which they are made.")
    cases: int | None = Field(None, ge=1, le=20_000, description="In one run; left out, as many as the log has.")
    replications: int | None = Field(None, ge=2, le=200)


class EstimateIn(SimulationIn):
    a_month: float | None = Field(
        None, gt=0, le=1e6, description="Cases a month; left out, what is typed on the drawing."
    )


class SimulationOut(Schema):
    id: int
    process: int
    log: int | None
    moves: list[dict[str, Any]]
    cases: int | None
    replications: int | None
    job: int | None
    result: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None


class SimulationPage(Schema):
    items: list[SimulationOut]
    next: str | None


def told(row: Simulation) -> dict[str, Any]:
    return {
        "id": row.pk, "process": row.process_id, "log": row.log_id, "moves": row.moves, "cases": row.cases,
        "replications": row.replications, "job": row.job_id, "result": row.result, "created_at": row.created_at,
        "finished_at": row.finished_at,
    }  # fmt: skip


@router.post("logs/{pk}/simulations", response={202: JobStarted}, summary="Predict what changes would bring")
def simulate_log(request: ApiRequest, pk: int, payload: SimulationIn) -> Status[dict[str, Any]]:
    """The process as it is and with the changes, simulated by the same chances from this log and the drawing. The job's result:
    `as_is` and `to_be` (lead time, cost, load by role, each with the interval in which one further run would lie 95 times of
    100), `change` of the mean lead time as a share, and `backtest_error`: how far the model, learnt from the first 70 % of the
    cases, was from the mean lead time of the rest."""
    log = found_log(request, pk)
    row = services.order_simulation(
        process=log.process, log=log, moves=[one.dict() for one in payload.moves], by=request.viewer.user,
        now=timezone.now(), cases=payload.cases, replications=payload.replications,
    )  # fmt: skip
    return Status(202, {"job": row.job_id})


@router.post("processes/{pk}/simulations", response={202: JobStarted}, summary="Estimate what changes would bring")
def simulate_drawing(request: ApiRequest, pk: int, payload: EstimateIn) -> Status[dict[str, Any]]:
    """From the drawing alone: typed working and waiting times, roles, and so many cases a month. Every figure is an estimate."""
    row = services.order_simulation(
        process=found_process(request, pk), log=None, moves=[one.dict() for one in payload.moves],
        by=request.viewer.user, now=timezone.now(), cases=payload.cases, replications=payload.replications,
        a_month=payload.a_month,
    )  # fmt: skip
    return Status(202, {"job": row.job_id})


@router.get("processes/{pk}/simulations", response=SimulationPage, summary="Predictions of a process")
def list_simulations(request: ApiRequest, pk: int, asked: Query[Paging]) -> dict[str, Any]:
    rows = Simulation.objects.visible_to(request.viewer).filter(process=found_process(request, pk)).order_by("-pk")
    if asked.cursor.isdecimal() and len(asked.cursor) < 19:
        rows = rows.filter(pk__lt=int(asked.cursor))
    found = list(rows[: asked.limit + 1])
    shown = found[: asked.limit]
    return {"items": [told(row) for row in shown], "next": str(shown[-1].pk) if len(found) > asked.limit else None}


@router.get("simulations/{pk}", response=SimulationOut, summary="One prediction")
def simulation(request: ApiRequest, pk: int) -> dict[str, Any]:
    rows = Simulation.objects.visible_to(request.viewer)
    return told(get_object_or_404(rows, pk=pk if 0 < pk < 2**63 else 0))
