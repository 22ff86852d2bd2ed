"""What people type to add one value by hand, or to put one right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.models import Aggregation, Grain, LabelSet, Metric, Point
from metrics.services import bucket_start
from opsboard.core.forms import NumberField, ShareField
from opsboard.core.periods import start_of_day

UNLABELLED = "none"
MOST_SETS = 500


def begun(metric: Metric, at: datetime, now: datetime) -> datetime:
    """The moment, if its day, week or month has begun; raises ValidationError for one that is still to come."""
    if at <= now:
        return at
    if bucket_start(at, metric) > now:
        raise ValidationError(
            _("This time is still to come. A metric holds what happened; what should be is its target.")
        )
    return bucket_start(at, metric) if metric.grain in {Grain.MINUTE, Grain.HOUR} else _today(metric, now)


def _today(metric: Metric, now: datetime) -> datetime:
    return start_of_day(now.astimezone(metric.zone).date(), metric.zone)


class Amount(forms.Form):
    """A value and, where the metric has weights, its weight."""

    value = NumberField(label=gettext_lazy("Value"), min_value=-analysis.LARGEST, max_value=analysis.LARGEST)
    weight = NumberField(label=gettext_lazy("Weight"), required=False, min_value=0, max_value=analysis.LARGEST)

    def __init__(self, *args: Any, metric: Metric, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metric = metric
        if metric.as_rate:
            self.fields["value"] = ShareField(label=_("Value"))
        else:
            self.fields["value"].unit = metric.unit  # type: ignore[attr-defined]
        if metric.aggregation == Aggregation.RATIO:
            self.fields["weight"].label = _("Denominator")
            self.fields["weight"].help_text = _("How many it was out of; it weighs the value.")
        elif metric.aggregation != Aggregation.MEAN:
            del self.fields["weight"]


class CorrectForm(Amount):
    """Another value in the place of one that is there."""

    @classmethod
    def of(cls, point: Point, data: Any = None, *, metric: Metric) -> CorrectForm:
        return cls(data, metric=metric, initial={"value": point.value, "weight": point.weight})

    def given(self, point: Point) -> dict[str, Any]:
        weight = self.cleaned_data.get("weight")
        return {"value": self.cleaned_data["value"], "weight": point.weight if weight is None else weight}


class ValueForm(Amount):
    """One value by hand. Where values carry labels, it says which part it is of: nothing is chosen beforehand."""

    at = forms.CharField(label=gettext_lazy("Time"), max_length=40)
    labels = forms.ChoiceField(label=gettext_lazy("Which part"))

    field_order = ("at", "labels", "value", "weight")

    def __init__(self, *args: Any, metric: Metric, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, metric=metric, **kwargs)
        self.now = now
        by_day = metric.grain in {Grain.DAY, Grain.WEEK, Grain.MONTH}
        field = forms.DateField if by_day else forms.DateTimeField
        kind = "date" if by_day else "datetime-local"
        look = "%Y-%m-%d" if by_day else "%Y-%m-%dT%H:%M"
        local = timezone.localtime(now, metric.zone).replace(tzinfo=None)
        self.fields["at"] = field(
            label=_("Date") if by_day else _("Time"),
            initial=local.strftime(look),
            input_formats=[look, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"] if not by_day else [look],
            widget=forms.DateInput(attrs={"type": kind, "max": local.strftime(look)}, format=look),
        )
        sets = list(LabelSet.objects.filter(metric=metric).order_by("labels", "pk")[:MOST_SETS])
        self.sets: dict[str, Mapping[str, str]] = {str(one.pk): one.labels for one in sets if one.labels}
        if self.sets:
            self.fields["labels"].choices = [  # type: ignore[attr-defined]
                ("", _("Choose the part")),
                *((str(one.pk), str(one)) for one in sets if one.labels),
                (UNLABELLED, _("No label: beside the parts")),
            ]
        else:
            del self.fields["labels"]

    def clean_at(self) -> Any:
        """The moment by the metric's clock."""
        at = self.cleaned_data["at"]
        moment = (
            timezone.make_aware(at.replace(tzinfo=None), self.metric.zone)
            if hasattr(at, "hour")
            else start_of_day(at, self.metric.zone)
        )
        return begun(self.metric, moment, self.now)

    @property
    def chosen(self) -> Mapping[str, str] | None:
        """The labels that were chosen; None where that is still to be said."""
        if not self.sets:
            return {}
        found = self.cleaned_data.get("labels") or None
        return {} if found == UNLABELLED else self.sets.get(found or "")

    def given(self) -> dict[str, Any]:
        found = self.cleaned_data
        weight = found.get("weight")
        return {
            "at": found["at"],
            "value": found["value"],
            "weight": 1.0 if weight is None else weight,
            "labels": dict(self.chosen or {}),
        }
