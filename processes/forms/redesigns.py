"""Accepting a redesign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from opsboard.core.access import Viewer
from opsboard.core.forms import members
from opsboard.core.models import User


class RedesignForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("What is changed"), max_length=200)
    live_from = forms.DateField(
        label=gettext_lazy("Live from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("From this day on new cases go the new way. The next import of the log then says what came of it."),
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]
