"""What people type about what happened."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics.models import Annotation, Metric, Sort
from opsboard.core.access import Viewer


class AnnotationForm(forms.Form):
    on = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(
        label=pgettext_lazy("of several", "Last day"), required=False, help_text=gettext_lazy("Only where it took longer than a day."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    sort = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Sort.choices, initial=Sort.OTHER)
    text = forms.CharField(
        label=pgettext_lazy("on a day", "What happened"),
        max_length=200,
        help_text=gettext_lazy("As it shall stand on the charts."),
    )
    metrics = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Only on these metrics"), queryset=Metric.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=gettext_lazy("None chosen: on all of them."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, annotation: Annotation | None = None, **kwargs: Any) -> None:
        if annotation is not None:
            start = {name: getattr(annotation, name) for name in ("on", "until", "sort", "text")}
            kwargs["initial"] = start | {"metrics": list(annotation.metrics.values_list("pk", flat=True))}
        super().__init__(*args, **kwargs)
        seen = Metric.objects.visible_to(viewer)
        self.fields["metrics"].queryset = seen.in_use()  # type: ignore[attr-defined]
        # What this person may not see or choose stays as it is.
        self.kept = list(annotation.metrics.exclude(pk__in=seen.in_use())) if annotation else []

    def given(self) -> dict[str, Any]:
        return {**self.cleaned_data, "metrics": [*self.cleaned_data["metrics"], *self.kept]}
