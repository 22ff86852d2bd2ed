"""What people type about how a watch speaks, and whom an escalation calls."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.alerts.forms.hearers import channels_of, people_of
from opsboard.alerts.models import EscalationPolicy, Route, Watch
from opsboard.alerts.models.watches import A_YEAR
from opsboard.alerts.services import StepPlan
from opsboard.core.access import Viewer
from opsboard.core.models import Channel, Team, User

STEPS = 5
MINUTES = {"inputmode": "numeric", "min": 0}


class RouteForm(forms.Form):
    """How a watch speaks; `watch` None: how all speak that say nothing of their own. Empty means: as usual."""

    channels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Channels"),
        queryset=Channel.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Chat groups and other ways by which everybody there is told, beside the people of the watch."
        ),
    )
    group_by = forms.CharField(
        label=gettext_lazy("One notice for each"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Names of labels, such as shop. Empty: one notice for all that the watch looks at."),
    )
    wait = forms.IntegerField(
        label=gettext_lazy("Wait for others (seconds)"), min_value=0, max_value=3600, required=False,
        help_text=gettext_lazy("So that what breaks together is told together. As usual: 0."),
    )  # fmt: skip
    interval = forms.IntegerField(
        label=gettext_lazy("Time between notices (minutes)"), min_value=0, max_value=1440, required=False,
        help_text=gettext_lazy("Until what was added or went is told. As usual: 5."),
    )  # fmt: skip
    repeat = forms.DecimalField(
        label=gettext_lazy("Tell again after (hours)"), min_value=0, max_value=8760, required=False,
        help_text=gettext_lazy("As long as it fires and nobody has acknowledged it. 0: never. As usual: 24."),
    )  # fmt: skip
    resolved = forms.NullBooleanField(label=gettext_lazy("Tell when it is over"), required=False)
    escalation = forms.ModelChoiceField(
        label=gettext_lazy("Escalation"), queryset=EscalationPolicy.objects.none(), required=False,
        empty_label=gettext_lazy("None"),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, watch: Watch | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channels"].queryset = channels_of(viewer)  # type: ignore[attr-defined]
        policies = EscalationPolicy.objects.visible_to(viewer).in_use()
        self.fields["escalation"].queryset = policies.order_by("title")  # type: ignore[attr-defined]
        self.fields["resolved"].widget.choices = [
            ("unknown", _("As usual")), ("true", _("Yes")), ("false", _("No")),
        ]  # fmt: skip
        if watch is None:
            del self.fields["channels"]

    @classmethod
    def values_of(cls, route: Route, watch: Watch | None) -> dict[str, Any]:
        def part(seconds: int | None, size: int) -> Any:
            return None if seconds is None else round(seconds / size, 2) if seconds % size else seconds // size

        return {
            "channels": [one.pk for one in watch.channels.all()] if watch else [],
            "group_by": ", ".join(route.group_by or []),
            "wait": route.group_wait,
            "interval": part(route.group_interval, 60),
            "repeat": part(route.repeat_interval, 3600),
            "resolved": route.resolved,
            "escalation": route.escalation_id,
        }

    def clean_group_by(self) -> list[str] | None:
        names = [name.strip() for name in self.cleaned_data["group_by"].replace("，", ",").split(",") if name.strip()]
        if any(len(name) > 100 or "\x00" in name for name in names) or len(names) > 5:
            raise ValidationError(_("At most five names of labels, separated by commas."))
        return names or None

    @property
    def settings(self) -> dict[str, Any]:
        asked = self.cleaned_data

        def seconds(name: str, size: int) -> int | None:
            return None if asked[name] is None else min(A_YEAR, int(asked[name] * size))

        return {
            "group_by": asked["group_by"],
            "group_wait": asked["wait"],
            "group_interval": seconds("interval", 60),
            "repeat_interval": seconds("repeat", 3600),
            "resolved": asked["resolved"],
            "escalation": asked["escalation"],
            **({"channels": asked["channels"]} if "channels" in asked else {}),
        }


class StepForm(forms.Form):
    """One step of an escalation; one that names nobody and no time is not there."""

    delay = forms.IntegerField(
        label=gettext_lazy("After (minutes)"), min_value=1, max_value=A_YEAR // 60, required=False,
        widget=forms.NumberInput(attrs=MINUTES),
    )  # fmt: skip
    working = forms.BooleanField(label=gettext_lazy("Only in working hours"), required=False)
    people = forms.ModelMultipleChoiceField(
        label=gettext_lazy("People"), queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    teams = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Teams"), queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    channels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Channels"), queryset=Channel.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = people_of(viewer)  # type: ignore[attr-defined]
        self.fields["teams"].queryset = Team.objects.filter(workspace=viewer.workspace)  # type: ignore[attr-defined]
        self.fields["channels"].queryset = channels_of(viewer)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = any(cleaned.get(name) for name in ("people", "teams", "channels"))
        if cleaned.get("delay") and not named:
            self.add_error("people", _("Choose somebody to call."))
        elif named and not cleaned.get("delay") and "delay" not in self.errors:
            self.add_error("delay", _("Say after how many minutes."))
        return cleaned

    @property
    def plan(self) -> StepPlan | None:
        asked = self.cleaned_data
        if not asked.get("delay"):
            return None
        return StepPlan(
            asked["delay"] * 60, asked["working"], list(asked["people"]), list(asked["teams"]), list(asked["channels"])
        )


class PolicyForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Name"), max_length=200)
