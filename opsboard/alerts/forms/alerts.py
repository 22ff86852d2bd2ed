"""What people type about an alert."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from opsboard.core.access import Viewer
from opsboard.core.contract import Ref


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label=pgettext_lazy("a remark on an alert", "Note"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What you know so far, or what you will do."),
    )

    lasts = forms.ChoiceField(
        label=gettext_lazy("Holds"),
        required=False,
        choices=[
            ("", gettext_lazy("until it is over")), ("1", gettext_lazy("1 hour")), ("4", gettext_lazy("4 hours")),
            ("24", gettext_lazy("1 day")),
        ],
        help_text=gettext_lazy("Then reminders and escalation go on."),
    )  # fmt: skip

    def until(self, now: datetime) -> datetime | None:
        hours = self.cleaned_data.get("lasts")
        return now + timedelta(hours=int(hours)) if hours else None

    def __init__(self, *args: Any, viewer: Viewer | None = None, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class TakeAsPastForm(forms.Form):
    """Up to when a number's values are history that nobody needs to be told of."""

    indicator = forms.CharField(label=gettext_lazy("Number"), max_length=200)
    until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, viewer: Viewer | None = None, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
