"""What people type into the anomaly journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.models import Metric, Movement
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField, ShareField, members
from opsboard.core.models import User

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MovementForm(forms.Form):
    """Cause, decision, owner; and from when on things were done another way."""

    cause = forms.CharField(
        label=gettext_lazy("Cause"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What happened, as far as you know."),
    )  # fmt: skip
    decision = forms.CharField(
        label=gettext_lazy("Decision"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What will be done about it, or why nothing."),
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]


class WriteForm(MovementForm):
    """A new entry, with the stretch and what the numbers said, as the page had them."""

    start = forms.DateTimeField(widget=forms.HiddenInput)
    end = forms.DateTimeField(widget=forms.HiddenInput)
    actual = forms.FloatField(required=False, widget=forms.HiddenInput)
    expected = forms.FloatField(required=False, widget=forms.HiddenInput)
    signal = forms.BooleanField(required=False, widget=forms.HiddenInput)
    found = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        start, end = given.get("start"), given.get("end")
        if isinstance(start, datetime) and isinstance(end, datetime) and end <= start:
            raise forms.ValidationError(_("The end must come after the beginning."))
        return given


class ChangeForm(MovementForm):
    """An entry that is there."""

    changed_on = forms.DateField(
        label=gettext_lazy("Changed on"), required=False, widget=DAY,
        help_text=gettext_lazy("From this day on the number should be different. Filled in when the action is done."),
    )  # fmt: skip

    @classmethod
    def of(cls, row: Movement, posted: Any, *, viewer: Viewer) -> ChangeForm:
        initial = {"cause": row.cause, "decision": row.decision, "owner": row.owner_id, "changed_on": row.changed_on}
        return cls(posted, viewer=viewer, initial=initial)


class OpenForm(forms.Form):
    """The action that an entry leads to."""

    title = forms.CharField(
        label=gettext_lazy("Action"), max_length=200, error_messages={"required": gettext_lazy("Give the action a title.")}
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )
    due_on = forms.DateField(label=gettext_lazy("Due date"), required=False, widget=DAY)
    goal = NumberField(
        label=gettext_lazy("Goal"), required=False, help_text=gettext_lazy("Where the number should be then.")
    )

    def __init__(self, *args: Any, viewer: Viewer, metric: Metric, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goal = self.fields["goal"]
        if metric.as_rate:
            self.fields["goal"] = ShareField(label=goal.label, required=False, help_text=goal.help_text)
        else:
            goal.unit = metric.unit  # type: ignore[attr-defined]
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]

    def clean_due_on(self) -> Any:
        due = self.cleaned_data.get("due_on")
        if due is not None and due < timezone.localdate():
            raise forms.ValidationError(_("This day has passed."))
        return due
