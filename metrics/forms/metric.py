"""What people type about a metric and its values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.models import Aggregation, Direction, Grain, Metric, Pulse, check_key
from opsboard.core.access import Viewer
from opsboard.core.forms import Measured, NumberField, members, scaled, team_choices, zones
from opsboard.core.models import User, check_currency


def target_scale(found: Mapping[str, Any]) -> float:
    """How a target that was typed becomes what is kept: those of shares are typed in per cent."""
    return 0.01 if Metric(aggregation=found.get("aggregation") or "", unit=found.get("unit") or "").as_rate else 1.0


def typed_unit(form: forms.Form) -> str:
    """What the target of the metric in a form is typed in."""
    said = {name: str(form[name].value() or "") for name in ("aggregation", "unit")}
    return "%" if target_scale(said) != 1 else said["unit"].strip()


class MetricForm(forms.Form):
    """A metric's own fields. Keys are for programs; people rarely need to see them."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        help_text=gettext_lazy("As people say it: Orders delivered on time."),
    )
    unit = forms.CharField(
        label=gettext_lazy("Unit"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("min, pieces, CNY. Empty for a rate shown in %."),
    )
    direction = forms.ChoiceField(label=gettext_lazy("Which way is better"), choices=Direction.choices)
    aggregation = forms.ChoiceField(
        label=gettext_lazy("Adds up as"),
        choices=Aggregation.choices,
        help_text=gettext_lazy("How a week comes out of its days, and the whole out of its parts."),
    )
    formula = forms.CharField(
        label=gettext_lazy("Formula"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "Calculated from other metrics by their keys: returns / orders, or (sales - costs) / sales. "
            "Over any time and any part both sides are added up first."
        ),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        required=False,
        max_length=3,
        help_text=gettext_lazy("For money: CNY, EUR. It can then be read in another currency."),
    )
    grain = forms.ChoiceField(label=gettext_lazy("Measured each"), choices=Grain.choices, initial=Grain.DAY)
    target = NumberField(label=gettext_lazy("Target"), required=False)
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )
    description = forms.CharField(
        label=gettext_lazy("What it means"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("How it is counted, and what is left out."),
    )
    counted = forms.CharField(
        label=gettext_lazy("How it is counted"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The formula in words: orders on time ÷ orders promised."),
    )
    owner_role = forms.CharField(label=gettext_lazy("Who usually looks after it"), required=False, max_length=120)
    target_note = forms.CharField(
        label=gettext_lazy("How the target was set"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    decimals = forms.IntegerField(label=gettext_lazy("Decimals shown"), required=False, min_value=0, max_value=8)
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: [("", _("as the workspace")), *zones()],
        help_text=gettext_lazy("By which clock its days begin."),
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=80,
        validators=[check_key],
        help_text=gettext_lazy("How programs call it; made from the name when empty."),
    )
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody chosen: everybody in the workspace sees it."),
    )

    sure = forms.BooleanField(label=gettext_lazy("Yes, this is what I want"), required=False)

    def __init__(self, *args: Any, viewer: Viewer, metric: Metric | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer, self.metric, self.doubts = viewer, metric, list[str]()
        self.fields["target"].unit = typed_unit(self)  # type: ignore[attr-defined]
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]
        teams = team_choices(viewer.workspace, self.initial.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]

    @classmethod
    def of(cls, metric: Metric, data: Any = None, *, viewer: Viewer) -> MetricForm:
        start = {name: getattr(metric, name) for name in cls.base_fields if name != "sure"}
        start["target"] = scaled(metric.target, 100 if metric.as_rate else 1)
        return cls(data, initial=start, viewer=viewer, metric=metric)

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("formula", "").strip():
            found["aggregation"] = str(Aggregation.FORMULA)
        elif found.get("aggregation") == Aggregation.FORMULA:
            self.add_error("formula", _("Write the formula, such as: returns / orders."))
        found["target"] = scaled(found.get("target"), target_scale(found))
        self.doubts = self._doubts(found)
        if self.doubts and not found.get("sure"):
            raise forms.ValidationError(
                _("Nothing is changed yet. Read what it means below, and say that you want it.")
            )
        return found

    def _doubts(self, found: dict[str, Any]) -> list[str]:
        """What other units and ways of adding up mean for the values that are already there; and a name that is taken."""
        if self.metric is None:
            there = Metric.objects.visible_to(self.viewer).in_use().filter(name__iexact=found.get("name", "").strip())
            return [_("There is a metric of this name already.")] if there.exists() else []
        if not Pulse.objects.filter(pk=self.metric.pk, points__gt=0).exists():
            return []
        doubts = [
            _(
                "The values stay the numbers that they are: what was %(old)s is read as %(new)s from now on, also the past."
            )
            % {"old": getattr(self.metric, name) or _("without a unit"), "new": found[name] or _("without a unit")}
            for name in ("unit", "currency")
            if name in found and found[name] != getattr(self.metric, name)
        ]
        if "aggregation" in found and found["aggregation"] != self.metric.aggregation:
            doubts.append(
                _("All weeks and totals are counted anew, also past ones, and alerts compare with the new numbers.")
            )
        return doubts

    def changes(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if name != "sure"}
        if not given.get("key"):
            given.pop("key", None)
        return given


class RateForm(forms.Form):
    """What one currency is worth in another from a day on."""

    day = forms.DateField(
        label=gettext_lazy("From day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    source = forms.CharField(
        label=gettext_lazy("One unit of"), min_length=3, max_length=3, validators=[check_currency],
        widget=forms.TextInput(attrs={"placeholder": "USD", "autocapitalize": "characters"}),
    )  # fmt: skip
    rate = NumberField(
        label=gettext_lazy("is worth"), min_value=1e-10, max_value=1e9, widget=Measured({"placeholder": "7.12"})
    )
    target = forms.CharField(
        label=gettext_lazy("in this currency"), min_length=3, max_length=3, validators=[check_currency],
        widget=forms.TextInput(attrs={"placeholder": "CNY", "autocapitalize": "characters"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("rate") is not None:
            found["rate"] = Decimal(f"{found['rate']:.10f}")
        if found.get("source") and found.get("source") == found.get("target"):
            self.add_error("target", _("Choose two different currencies."))
        return found
