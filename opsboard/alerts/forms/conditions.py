"""The whole form of a watch: what it compares with, levels, how often, and what a gap means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.alerts.forms.watches import WatchForm
from opsboard.alerts.models import Severity, Watch, words
from opsboard.alerts.models.watches import MOST_INPUTS
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField, scaled

HOUR = 3600.0
HIGHER = {Severity.INFO: ("warning", "critical"), Severity.WARNING: ("critical",), Severity.CRITICAL: ()}
COUNT = {"inputmode": "numeric"}


class ConditionForm(WatchForm):
    """A watch with all that may be said of its condition. Shares are typed in per cent, ages in hours."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Judge"), choices=Watch.Kind.choices, initial=Watch.Kind.VALUE, required=False
    )
    compare = forms.ChoiceField(
        label=gettext_lazy("Compared with"), choices=Watch.Compare.choices, initial=Watch.Compare.WEEK, required=False
    )
    relative = forms.BooleanField(label=gettext_lazy("In per cent"), initial=True, required=False)
    other = forms.ChoiceField(label=gettext_lazy("Other number"), required=False)
    warning_value = NumberField(label=gettext_lazy("Warning at"), required=False)
    warning_clear = NumberField(label=gettext_lazy("Warning clears at"), required=False)
    critical_value = NumberField(label=gettext_lazy("Critical at"), required=False)
    critical_clear = NumberField(label=gettext_lazy("Critical clears at"), required=False)
    need = forms.IntegerField(
        label=gettext_lazy("At least"), min_value=1, max_value=MOST_INPUTS, required=False, initial=1,
        widget=forms.NumberInput(COUNT),
    )  # fmt: skip
    out_of = forms.IntegerField(
        label=gettext_lazy("of the last … values"), min_value=1, max_value=MOST_INPUTS, required=False, initial=1,
        widget=forms.NumberInput(COUNT),
    )  # fmt: skip
    no_data = forms.ChoiceField(
        label=gettext_lazy("When data are missing"), choices=Watch.NoData.choices, required=False,
        initial=Watch.NoData.KEEP_LAST,
    )  # fmt: skip
    late_minutes = forms.IntegerField(
        label=gettext_lazy("Wait for late values (minutes)"), min_value=0, max_value=527_040, required=False, initial=0,
        widget=forms.NumberInput(COUNT),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        groups = self.fields["indicator"].choices  # type: ignore[attr-defined]
        self.fields["other"].choices = [("", "–"), *groups]  # type: ignore[attr-defined]

    @classmethod
    def values_of(cls, watch: Watch) -> dict[str, Any]:
        scale = cls._scale(watch.kind, watch.relative, watch.op, watch.rate)
        levels = {str(one["severity"]): one for one in watch.levels}
        return super().values_of(watch) | {
            "value": scaled(watch.value, 1 / scale), "clear": scaled(watch.clear, 1 / scale), "kind": watch.kind,
            "compare": watch.compare or Watch.Compare.WEEK, "relative": watch.relative, "other": watch.other,
            "need": watch.need, "out_of": watch.out_of, "no_data": watch.no_data,
            "late_minutes": watch.late_seconds // 60,
        } | {
            f"{severity}_{name}": scaled(one.get(name), 1 / scale)
            for severity, one in levels.items() for name in ("value", "clear")
        }  # fmt: skip

    @staticmethod
    def _scale(kind: str, relative: bool, op: str, rate: bool) -> float:
        """How what is typed becomes what is kept: per cent, hours, and a fall as a number below nought."""
        match kind:
            case Watch.Kind.STALE:
                return HOUR
            case Watch.Kind.OTHER:
                return 1.0
            case Watch.Kind.CHANGE:
                fall = op in (Watch.Op.BELOW, Watch.Op.AT_MOST)
                return (0.01 if relative or rate else 1.0) * (-1.0 if fall else 1.0)
        return 0.01 if rate else 1.0

    def _scale_for(self, cleaned: dict[str, Any]) -> float:
        kind, rate = cleaned.get("kind") or Watch.Kind.VALUE, self.is_rate(cleaned.get("indicator") or "")
        return self._scale(kind, bool(cleaned.get("relative")), cleaned.get("op") or ">", rate)

    @property
    def typed_unit(self) -> str:
        match self["kind"].value():
            case Watch.Kind.STALE:
                return words.unit_text("h", 0)
            case Watch.Kind.OTHER:
                return "×"
            case Watch.Kind.CHANGE if self["relative"].value():
                return "%"
        return super().typed_unit

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned["kind"] = cleaned.get("kind") or Watch.Kind.VALUE
        cleaned["compare"] = (cleaned.get("compare") or Watch.Compare.WEEK) if kind == Watch.Kind.CHANGE else ""
        cleaned["other"] = cleaned.get("other") or "" if kind == Watch.Kind.OTHER else ""
        if kind == Watch.Kind.OTHER and not cleaned["other"] and "other" not in self.errors:
            self.add_error("other", _("Choose the number to compare with."))
        cleaned["need"], cleaned["out_of"] = cleaned.get("need") or 1, cleaned.get("out_of") or 1
        if kind == Watch.Kind.STALE and cleaned.get("op") in (Watch.Op.BELOW, Watch.Op.AT_MOST):
            cleaned["op"] = Watch.Op.AT_LEAST
        cleaned["levels"] = [
            {"severity": one, "value": scaled(cleaned[f"{one}_value"], self.scale), "clear": scaled(cleaned.get(f"{one}_clear"), self.scale)}
            for one in HIGHER.get(Severity(cleaned.get("severity") or "warning"), ())
            if cleaned.get(f"{one}_value") is not None
        ]  # fmt: skip
        cleaned["no_data"] = cleaned.get("no_data") or Watch.NoData.KEEP_LAST
        cleaned["late_seconds"] = 60 * (cleaned.get("late_minutes") or 0)
        return cleaned

    @property
    def condition(self) -> dict[str, Any]:
        """What was typed of the condition, as far as it is right."""
        names = (
            "indicator", "op", "value", "clear", "for_seconds", "keep_seconds", "severity", "title", "scope", "labels",
            "kind", "compare", "relative", "other", "levels", "need", "out_of", "no_data", "so_far", "late_seconds",
        )  # fmt: skip
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    @property
    def settings(self) -> dict[str, Any]:
        return super().settings | self.condition
