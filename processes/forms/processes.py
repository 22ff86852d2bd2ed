"""A process's own fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from opsboard.core.access import Viewer
from opsboard.core.forms import members, team_choices
from opsboard.core.models import User
from processes.models import Process


class ProcessForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200,
        help_text=gettext_lazy("What runs again and again: Order fulfilment, Returns, Onboarding."),
    )  # fmt: skip
    description = forms.CharField(
        label=gettext_lazy("What it is for"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody chosen: everybody in the workspace sees it."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, process: Process | None = None, **kwargs: Any) -> None:
        if process is not None:
            kwargs["initial"] = {name: getattr(process, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]
        teams = team_choices(viewer.workspace, self.initial.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]
