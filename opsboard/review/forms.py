"""What people type in the review."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    text = forms.CharField(
        label=_("Decision"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence: what, who, from when."),
        error_messages={"required": _("Write down what was decided.")},
    )  # fmt: skip


class CloseForm(forms.Form):
    summary = forms.CharField(
        label=_("Summary"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Two or three sentences for people who were not there. They open the report."),
    )  # fmt: skip
