"""Places over the API: which label value lives by which clock."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from ninja import Field, Router, Schema

from metrics import services
from metrics.models import Place
from opsboard.core.api import ApiRequest

router = Router()


class PlaceSchema(Schema):
    label: str = Field(min_length=1, max_length=80, description="The label's name, such as `shop`.")
    value: str = Field(min_length=1, max_length=200, description="Its value, such as `Berlin`.")
    timezone: str = Field(
        max_length=64, description="IANA name. Days, weeks and months of values with this label are cut by this clock."
    )


@router.get("places", response=list[PlaceSchema], summary="Shops and sites with a time zone of their own")
def places(request: ApiRequest) -> list[dict[str, Any]]:
    return [_out(row) for row in Place.objects.visible_to(request.viewer).order_by("dimension", "value")]


@router.put("places", response=PlaceSchema, summary="Say in which time zone a shop or site lies")
def set_place(request: ApiRequest, payload: PlaceSchema) -> dict[str, Any]:
    row = services.set_place(
        workspace=request.viewer.workspace, dimension=payload.label, value=payload.value, timezone=payload.timezone,
        now=timezone.now(),
    )  # fmt: skip
    return _out(row)


def _out(row: Place) -> dict[str, Any]:
    return {"label": row.dimension, "value": row.value, "timezone": row.timezone}
