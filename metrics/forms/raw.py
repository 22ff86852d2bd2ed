"""Which numbers raw rows shall become."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from metrics.forms.files import PastField
from metrics.models import Metric
from metrics.services.raw_files import KPIS, possible
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField
from opsboard.core.imports import Plan
from opsboard.core.uploads import Table

WINDOWS = [
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (180, gettext_lazy("180 days")),
    (0, gettext_lazy("Ever again")),
]


class RawForm(forms.Form):
    """The numbers, and how they are counted."""

    kpis = forms.MultipleChoiceField(
        label=gettext_lazy("Numbers to count"), choices=lambda: [(one.key, one.title) for one in KPIS.values()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one number.")},
    )  # fmt: skip
    within = forms.TypedChoiceField(
        label=gettext_lazy("Buys again within"), choices=WINDOWS, coerce=int, required=False
    )
    cancelled_begin = forms.CharField(
        label=gettext_lazy("Cancelled orders begin with"), max_length=10, required=False,
        help_text=gettext_lazy("Such as C, where cancellations are orders with a number of their own."),
    )  # fmt: skip
    tolerance = NumberField(
        label=gettext_lazy("Still in time"), required=False, min_value=0, max_value=100_000,
        help_text=gettext_lazy("In the unit of the column: 15 where it says minutes late. Promised days know no tolerance."),
    )  # fmt: skip
    as_of = forms.DateField(
        label=gettext_lazy("As of"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text=gettext_lazy("For a list of customers without dates: the day that it shows. Empty: today."),
    )  # fmt: skip

    backfill = PastField()

    def __init__(self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str) -> None:
        said = plan.settings
        self.keys = said.get("keys") or {}
        begin = said.get("cancelled_begin", _begin(table, plan))
        start = {
            "kpis": said.get("kpis") or possible(plan),
            "within": said.get("within", 90),
            "cancelled_begin": begin,
            "tolerance": said.get("tolerance", 15 if plan.has("late") else None),
            "as_of": said.get("as_of") or timezone.localdate(timezone.now(), viewer.workspace.zone).isoformat(),
        }
        super().__init__(data, initial=start)
        self.plan = plan
        if not Metric.objects.visible_to(viewer).in_use().exists():
            del self.fields["backfill"]

    def clean_as_of(self) -> str:
        found = self.cleaned_data["as_of"]
        if found and not 1900 <= found.year < 2200:
            raise forms.ValidationError(gettext_lazy("The time lies outside the years 1900 to 2200."))
        return found.isoformat() if found else ""

    def settings(self) -> dict[str, Any]:
        within = self.cleaned_data["within"]
        return {**self.cleaned_data, "within": 90 if within == "" else within, "keys": self.keys}


def _begin(table: Table, plan: Plan) -> str:
    """C, where some but not all order numbers begin so."""
    column = plan.one("order")
    if column not in table.names or plan.has("cancelled"):
        return ""
    head = table.frame[column].head(5000)
    return "C" if 0 < int(head.str.contains(r"^C\d").sum()) < len(head) / 2 else ""
