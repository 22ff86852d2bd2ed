"""An answer to a why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy


class WhyForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Because"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    parent = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    evidence = forms.ChoiceField(label=gettext_lazy("What the numbers say"), required=False)

    def __init__(self, *args: Any, suggested: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].choices = [("", gettext_lazy("nothing yet")), *suggested]  # type: ignore[attr-defined]
