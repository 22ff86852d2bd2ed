"""Write down what happened besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from metrics.models import Annotation, Metric
from opsboard.core import live
from opsboard.core.events import emit
from opsboard.core.models import User, Workspace
from opsboard.core.versions import compare_and_set


def _check(annotation: Annotation, metrics: Sequence[Metric]) -> None:
    for name in ("on", "until"):
        day: date | None = getattr(annotation, name)
        if day is not None and not 1900 <= day.year < 2200:
            raise ValidationError({name: _("The day lies outside the years 1900 to 2200.")})
    if annotation.until and annotation.until < annotation.on:
        raise ValidationError({"until": _("The last day must not come before the first.")})
    if not annotation.everywhere and not metrics:
        raise ValidationError({"metrics": _("Choose the metrics that it is about, or all of them.")})
    annotation.full_clean()


@transaction.atomic
def annotate(
    *, workspace: Workspace, by: User | None, now: datetime, metrics: Sequence[Metric] = (), **given: Any
) -> Annotation:
    """Without `metrics` it is about all of them."""
    annotation = Annotation(workspace=workspace, by=by, created_at=now, everywhere=not metrics, **given)
    _check(annotation, metrics)
    annotation.save(force_insert=True)
    annotation.metrics.set(metrics)
    emit("metrics.annotation_written", workspace=workspace, at=now, by=by, about=annotation, text=annotation.text)
    live.changed(workspace, "annotations")
    return annotation


@transaction.atomic
def change_annotation(
    *, annotation: Annotation, by: User | None, now: datetime, version: int, metrics: Sequence[Metric] = (),
    **changes: Any,
) -> Annotation:  # fmt: skip
    changed: Annotation = Annotation.objects.select_related("workspace").get(pk=annotation.pk)
    for field, value in changes.items():
        setattr(changed, field, value)
    changed.everywhere = not metrics
    _check(changed, metrics)
    changed.version = compare_and_set(
        Annotation.objects.all(), annotation.pk, version, everywhere=changed.everywhere, **changes
    )
    changed.metrics.set(metrics)
    emit("metrics.annotation_written", workspace=changed.workspace, at=now, by=by, about=changed, text=changed.text)
    live.changed(changed.workspace, "annotations")
    return changed


@transaction.atomic
def delete_annotation(*, annotation: Annotation, by: User | None, now: datetime) -> None:
    workspace = annotation.workspace
    annotation.delete()
    live.changed(workspace, "annotations")
