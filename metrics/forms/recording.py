"""What people type to have a value recorded from anywhere in the house."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.forms.values import begun
from metrics.models import Metric
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.forms import NumberField, scaled


class RecordForm(forms.Form):
    metric = forms.ChoiceField(label=gettext_lazy("Metric"))
    value = NumberField(
        label=gettext_lazy("Value"), min_value=-analysis.LARGEST, max_value=analysis.LARGEST,
        help_text=gettext_lazy("A rate in per cent: 95 for 95%."),
    )  # fmt: skip
    at = forms.DateTimeField(
        label=gettext_lazy("Time"), required=False, help_text=gettext_lazy("Left empty: now."),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    weight = NumberField(
        label=gettext_lazy("Weight"), required=False, min_value=0, max_value=analysis.LARGEST,
        help_text=gettext_lazy("Of an average or a rate: how many it was out of."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metrics = {row.key: row for row in Metric.objects.visible_to(viewer).in_use().select_related("workspace")}
        self.fields["metric"].choices = [(key, row.name) for key, row in self.metrics.items()]  # type: ignore[attr-defined]
        if about is not None and about.model == "metrics.metric":
            here = next((key for key, row in self.metrics.items() if row.pk == about.pk), None)
            self.initial.setdefault("metric", here)

    def clean(self) -> dict[str, Any]:
        """The value as the metric keeps it, and the time by its own clock."""
        found: dict[str, Any] = super().clean() or {}
        at, row = found.get("at"), self.metrics.get(found.get("metric", ""))
        if row is not None and row.as_rate:
            found["value"] = scaled(found.get("value"), 0.01)
        if at is not None and row is not None:
            found["at"] = timezone.make_aware(timezone.make_naive(at), row.zone)
            if not 1900 <= at.year < 2200:
                raise ValidationError({"at": _("The time lies outside the years 1900 to 2200.")})
            try:
                found["at"] = begun(row, found["at"], timezone.now())
            except ValidationError as refusal:
                raise ValidationError({"at": refusal}) from refusal
        return found
