"""Sources over the API: set one up, see how they fare, have one read now."""

from __future__ import annotations

import json
from datetime import UTC, time
from typing import Any, Literal

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from metrics import services
from metrics.models import Source
from metrics.services import POINTS
from opsboard.core import imports
from opsboard.core.api import ApiRequest, JobStarted

router = Router()
KIND = Literal["http", "sql", "prometheus", "feishu", "indicator", "dataset"]


class SourceIn(Schema):
    name: str = Field(min_length=1, max_length=200)
    kind: KIND
    every: Literal[300, 900, 1800, 3600, 21600, 86400] = Field(86400, description="Seconds between two readings.")
    at_time: time = Field(time(6), description="For once a day: by the workspace's clock.")
    asks: dict[str, Any] = Field(
        description="http: `url`, `path`, `next`; sql: `database`, `host`, `port`, `db`, `user`, `query`; prometheus: `url`, "
        "`query`, `step`; feishu: `app`, `table`, `app_id`; indicator: `indicator`; dataset: `dataset`."
    )
    secret: dict[str, Any] = Field(
        default_factory=dict,
        description='`{"headers": {…}}`, `{"password": …}` or `{"app_secret": …}`; stored encrypted and never answered.',
    )
    mapping: dict[str, Any] = Field(
        description="As for `POST imports/metrics`: which column is what, and into which metric."
    )


class SourceOut(Schema):
    id: int
    name: str
    kind: str
    every: int
    owner: int | None
    paused: bool
    metrics: list[int]
    next_at: Any
    went_well_at: Any
    failures: int
    error: str
    url: str


class SourcePage(Schema):
    items: list[SourceOut]
    next: str | None


class Paging(Schema):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


@router.get("sources", response=SourcePage, summary="The sources and how they fare")
def sources(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    after = paging.cursor
    if after and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise ValidationError({"cursor": _("This is not a cursor that this list gave.")})
    rows = Source.objects.visible_to(request.viewer).select_related("workspace", "turn").filter(pk__gt=int(after or 0))
    found = list(rows.order_by("pk")[: paging.limit + 1])
    items = found[: paging.limit]
    return {"items": [_out(row) for row in items], "next": str(items[-1].pk) if len(found) > paging.limit else None}


@router.post(
    "sources", response={201: SourceOut}, summary="Set a source up; it is read at once and then on its schedule"
)
def create_source(request: ApiRequest, payload: SourceIn) -> Status[dict[str, Any]]:
    if request.viewer.user is None:
        raise PermissionDenied
    given = payload.dict()
    plan = imports.plan_of(json.dumps(given.pop("mapping")), POINTS.fields, settings=POINTS.settings)
    if not plan.has("at"):
        raise ValidationError({"mapping": _("Say which column is “%(role)s”.") % {"role": _("Time")}})
    services.POINTS.check(plan)  # type: ignore[misc]
    plan = services.import_settings(plan, request.viewer)
    row = services.create_source(
        workspace=request.viewer.workspace, by=request.viewer.user, now=timezone.now(), mapping=plan.packed(), **given
    )
    return Status(201, _out(Source.objects.select_related("workspace", "turn").get(pk=row.pk)))


@router.post("sources/{int:id}/run", response={202: JobStarted}, summary="Have a source read now")
def run_source(request: ApiRequest, id: int) -> Status[dict[str, Any]]:
    row = (
        Source.objects.visible_to(request.viewer).select_related("workspace").filter(pk=id if id < 2**63 else 0).first()
    )
    if row is None:
        raise Http404
    if not row.mapping:
        raise ValidationError({"mapping": _("It is not read yet: nobody has said what its columns are.")})
    pull = services.start_pull(source=row, by=request.viewer.user, now=timezone.now())
    if pull is None:
        raise ValidationError({"source": _("It is being read already.")})
    return Status(202, {"job": pull.job_id})


def _out(row: Source) -> dict[str, Any]:
    turn = row.turn
    return {
        "id": row.pk, "name": row.name, "kind": row.kind, "every": row.every, "owner": row.owner_id,
        "paused": row.paused_at is not None, "metrics": turn.metrics, "failures": turn.failures, "error": turn.error,
        "next_at": turn.next_at.astimezone(UTC) if turn.next_at else None,
        "went_well_at": turn.went_well_at.astimezone(UTC) if turn.went_well_at else None, "url": row.get_absolute_url(),
    }  # fmt: skip
