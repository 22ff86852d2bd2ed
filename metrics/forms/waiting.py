"""What people type about waiting lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from metrics.models import Aggregation, Clock, Metric, WaitingList
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField, members, team_choices
from opsboard.core.imports import Plan
from opsboard.core.models import User
from opsboard.core.uploads import Table


class WaitingListForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, help_text=gettext_lazy("What waits: open after-sales tickets.")
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )
    clock = forms.ChoiceField(
        label=gettext_lazy("Time counts"),
        choices=Clock.choices,
        help_text=gettext_lazy("Working hours and holidays are those of the workspace's calendar."),
    )
    limit_hours = NumberField(
        label=gettext_lazy("Longest wait (hours)"),
        required=False,
        min_value=0.01,
        max_value=100_000,
        help_text=gettext_lazy("What waits longer is marked; a watch tells you in time."),
    )
    description = forms.CharField(
        label=gettext_lazy("What waits here"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    reply_metric = forms.ModelChoiceField(
        label=gettext_lazy("Write the time that each one waited into"),
        queryset=Metric.objects.none(),
        required=False,
        empty_label=gettext_lazy("No metric"),
    )
    keep_times = forms.BooleanField(
        label=gettext_lazy("Make a metric for it"),
        required=False,
        help_text=gettext_lazy("Each item that is dealt with becomes a value: how many hours it waited."),
    )
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, viewer: Viewer, row: WaitingList | None = None, **kwargs: Any) -> None:
        if row is not None:
            names = ("name", "owner", "clock", "limit_hours", "description", "reply_metric", "limited_to")
            kwargs["initial"] = {name: getattr(row, name) for name in names}
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]
        means = Metric.objects.visible_to(viewer).in_use().filter(aggregation=Aggregation.MEAN).order_by("name")
        self.fields["reply_metric"].queryset = means  # type: ignore[attr-defined]
        if row is not None:
            del self.fields["keep_times"]
        teams = team_choices(viewer.workspace, self.initial.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]


class WaitingItemForm(forms.Form):
    """One thing by hand."""

    reference = forms.CharField(label=gettext_lazy("Reference"), max_length=120)
    opened_at = forms.DateTimeField(
        label=gettext_lazy("Waiting since"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty: since now."),
    )
    who = forms.CharField(label=gettext_lazy("Who has it"), max_length=120, required=False)
    url = forms.URLField(
        label=gettext_lazy("Address"), max_length=500, required=False, assume_scheme="https",
        help_text=gettext_lazy("Where one sees it, if there is such a page."),
    )  # fmt: skip

    def __init__(self, *args: Any, row: WaitingList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row

    def clean_opened_at(self) -> Any:
        """The moment by the workspace's clock."""
        at = self.cleaned_data["opened_at"]
        return timezone.make_aware(at.replace(tzinfo=None), self.row.workspace.zone) if at else None


class WaitingImportForm(forms.Form):
    """Into which list a file goes, and whether it names all that is open."""

    list = forms.ChoiceField(label=gettext_lazy("Write into"))
    all_open = forms.BooleanField(
        label=gettext_lazy("The file names everything that is open"),
        required=False,
        help_text=gettext_lazy("Then what is not in it has been dealt with and is closed now."),
    )

    def __init__(self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str) -> None:
        rows = WaitingList.objects.visible_to(viewer).in_use().order_by("name")
        start = {"list": plan.settings.get("list", ""), "all_open": plan.settings.get("all_open", False)}
        super().__init__(data, initial=start)
        self.fields["list"].choices = [(row.key, row.name) for row in rows]  # type: ignore[attr-defined]

    def settings(self) -> dict[str, Any]:
        return {"list": self.cleaned_data["list"], "all_open": self.cleaned_data["all_open"]}
