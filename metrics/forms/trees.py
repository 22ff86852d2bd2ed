"""What people say about what drives what, and which metrics of a trade they want."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from metrics.models import Influence, Kind, Metric, Sign
from opsboard.core.access import Viewer


class DriverForm(forms.Form):
    """Where a metric hangs in the tree."""

    parent = forms.ModelChoiceField(
        label=gettext_lazy("Works on"),
        queryset=Metric.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nothing: it stands on its own or on top"),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("How it drives"),
        choices=Kind.choices,
        help_text=gettext_lazy(
            "Orders × average order value = sales: both multiply. Sales of each shop add. Everything else influences."
        ),
    )
    sign = forms.TypedChoiceField(label=gettext_lazy("Which way"), choices=Sign.choices, coerce=int)

    def __init__(self, data: Any = None, *, metric: Metric, branch: Influence | None, viewer: Viewer) -> None:
        start = {"parent": branch.parent_id, "kind": branch.kind, "sign": branch.sign} if branch else {"sign": 1}
        super().__init__(data, initial=start)
        rows = Metric.objects.visible_to(viewer).in_use().exclude(pk=metric.pk)
        self.fields["parent"].queryset = rows.order_by("-north_star", "name")  # type: ignore[attr-defined]
