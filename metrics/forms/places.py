"""What people type of a place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics.models import Metric, dimensions_of
from opsboard.core.access import Viewer
from opsboard.core.forms import zones


class PlaceForm(forms.Form):
    dimension = forms.CharField(
        label=gettext_lazy("Label"), max_length=80, help_text=gettext_lazy("As your files and sources name it, such as shop."),
        widget=forms.TextInput({"list": "place-labels", "autocomplete": "off"}),
    )  # fmt: skip
    value = forms.CharField(
        label=pgettext_lazy("of a label", "Value"),
        max_length=200,
        help_text=gettext_lazy("As it stands in that column, such as Berlin."),
        widget=forms.TextInput({"list": "place-values", "autocomplete": "off"}),
    )
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zones)


def known_labels(viewer: Viewer) -> dict[str, list[str]]:
    """`{label: its values}` of all metrics that one may see: to choose from."""
    answer: dict[str, set[str]] = {}
    ids: list[Any] = list(Metric.objects.visible_to(viewer).in_use().values_list("pk", flat=True)[:500])
    for labels in dimensions_of(ids, at_most=50).values():
        for name, values in labels.items():
            answer.setdefault(name, set()).update(values)
    return {name: sorted(values)[:200] for name, values in sorted(answer.items())}
