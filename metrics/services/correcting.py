"""Put single values right: another one in its place, or none."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from metrics.models import Metric, Point, Revision
from metrics.services import deriving, storing, writing
from metrics.services.drivers import bucket_start
from opsboard.core.models import User


@transaction.atomic
def delete_value(*, metric: Metric, label_set: int, at: datetime, by: User | None, now: datetime) -> bool:
    """Take one value out; what it was is kept as a revision. False where there is none."""
    writing.refuse_calculated(metric)
    writing.lock([metric.pk])
    there = Point.objects.filter(label_set_id=label_set, label_set__metric=metric, at=at)
    point = there.first()
    if point is None:
        return False
    opened = storing.open_for(metric=metric, now=now, by=by)
    Revision.objects.create(
        metric=metric, label_set_id=label_set, at=at, bucket=bucket_start(at, metric), value_before=point.value,
        weight_before=point.weight, value=None, weight=None, made_at=now, version=opened.version, by=by,
    )  # fmt: skip
    there.delete()
    deriving.forget(metric.pk, label_set, at, opened.clock)
    opened.lose()
    writing.say_written(metric=metric, result=writing.Written(0, 0, 1), by=by, now=now, first=at, last=at)
    return True
