"""Effects that others may ask of metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import services
from metrics.models import Metric
from opsboard.core import access
from opsboard.core.contract import Outcome, Ref
from opsboard.core.models import User, Workspace


def record_point(
    *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any
) -> Outcome:
    """One value into a metric: `metric` (its key, or else the metric that it is about), `value`, `at` (else now),
    `weight`, `labels`."""
    viewer = access.person_in(workspace, by) if by else access.the_house(workspace)
    if viewer is None:
        raise ValidationError(_("Only members of the workspace may write to its metrics."))
    rows = Metric.objects.visible_to(viewer).in_use().select_related("workspace")
    key = settings.get("metric")
    if key:
        row = rows.filter(key=key).first()
    else:
        row = rows.filter(pk=about.pk).first() if about is not None and about.model == "metrics.metric" else None
    if row is None:
        raise ValidationError({"metric": _("There is no metric “%(name)s” here.") % {"name": key or ""}})
    written = services.add_value(
        metric=row, at=settings.get("at") or now, value=float(settings["value"]), by=by, now=now,
        weight=1.0 if settings.get("weight") is None else float(settings["weight"]), labels=settings.get("labels"),
    )  # fmt: skip
    return Outcome(Ref.to(row), gettext_lazy("The value is in."), written.as_dict())
