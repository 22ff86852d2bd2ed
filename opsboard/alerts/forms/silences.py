"""What people type to keep alerts quiet: silences and maintenance windows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.alerts.analysis import matching
from opsboard.alerts.analysis.matching import Matcher
from opsboard.alerts.models import Alert, MaintenanceWindow, Watch
from opsboard.alerts.models.silences import WEEKDAYS, Silence
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.forms import ZoneField
from opsboard.core.models import Workspace

LASTS = [
    ("1", gettext_lazy("1 hour")),
    ("4", gettext_lazy("4 hours")),
    ("24", gettext_lazy("1 day")),
    ("72", gettext_lazy("3 days")),
    ("168", gettext_lazy("1 week")),
    ("720", gettext_lazy("30 days")),
    ("", gettext_lazy("until a moment of your choice")),
]
OFFERED = 12
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MatchersField(forms.CharField):
    """`watch=Rework rate, shop=North`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label=gettext_lazy("Which alerts"),
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            help_text=gettext_lazy(
                "All of it must fit: watch=Rework rate, shop=North, severity!=critical. ~ compares with a pattern: "
                "shop~North*|South."
            ),
            error_messages={"required": gettext_lazy("Say which alerts, such as watch=Rework rate or shop=North.")},
            **more,
        )

    def clean(self, value: Any) -> tuple[Matcher, ...]:
        text = super().clean(value)
        try:
            rows = matching.parse(text)
        except matching.MatcherError as error:
            raise ValidationError(
                _("“%(part)s” is not understood. Write it as name=value.") % {"part": error}
            ) from None
        if not rows:
            raise ValidationError(self.error_messages["required"])
        return rows


def exactly(alert: Alert) -> str:
    """Matchers for just this alert, as people would type them."""
    rows = [Matcher("watch", "=", str(alert.watch))]
    rows += [Matcher(name, "=", value) for name, value in sorted(alert.labels.items())]
    return _typed(rows, alert.watch_id)


def all_of(viewer: Viewer) -> list[tuple[str, str]]:
    """The newest watches, each with what is typed for all its alerts: to choose from."""
    rows = Watch.objects.visible_to(viewer).order_by("-pk")[:OFFERED]
    return [(str(row), _typed([Matcher("watch", "=", str(row))], row.pk)) for row in rows]


def _typed(rows: list[Matcher], watch: int) -> str:
    if any(set(row.name + row.value) & set(",，\n~!=") for row in rows):  # such a name cannot be typed
        rows = [Matcher("watch", "=", str(watch))]
    return matching.written(rows)


class SilenceForm(forms.Form):
    """A silence. For an alert it starts with what would keep exactly that one quiet."""

    preview = "alerts:silence_preview"

    matchers = MatchersField()
    lasts = forms.ChoiceField(label=gettext_lazy("For"), choices=LASTS, initial="4", required=False)
    ends_at = forms.DateTimeField(label=gettext_lazy("Until"), required=False, widget=MOMENT)
    starts_at = forms.DateTimeField(
        label=gettext_lazy("From"), required=False, widget=MOMENT, help_text=gettext_lazy("Left empty: from now on.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        error_messages={"required": gettext_lazy("Say why: whoever misses the notices will ask.")},
    )

    def __init__(self, *args: Any, viewer: Viewer | None = None, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if viewer is not None and about is not None and about.model == "alerts.alert":
            alert = Alert.objects.visible_to(viewer).select_related("watch").filter(pk=about.pk).first()
            if alert is not None:
                self.initial.setdefault("matchers", exactly(alert))

    @classmethod
    def values_of(cls, row: Silence) -> dict[str, Any]:
        return {
            "matchers": row.matchers_text, "lasts": "", "ends_at": row.ends_at, "starts_at": row.starts_at,
            "reason": row.reason,
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("starts_at", "ends_at"):
            if cleaned.get(name) and not 1900 <= cleaned[name].year < 2200:
                self.add_error(name, _("The time lies outside the years 1900 to 2200."))
        if not cleaned.get("lasts") and not cleaned.get("ends_at") and "ends_at" not in self.errors:
            self.add_error("ends_at", _("Say when it ends: every silence does."))
        return cleaned

    def plan(self, now: datetime) -> dict[str, Any]:
        """What the service takes."""
        asked = self.cleaned_data
        start = max(asked.get("starts_at") or now, now)
        ends = start + timedelta(hours=int(asked["lasts"])) if asked.get("lasts") else asked["ends_at"]
        return {"matchers": asked["matchers"], "starts_at": start, "ends_at": ends, "reason": asked["reason"]}


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    matchers = MatchersField()
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("For a window of every week. One over midnight belongs to the day on which it starts."),
    )
    monthday = forms.IntegerField(
        label=gettext_lazy("Day of the month"), min_value=1, max_value=31, initial=1, required=False,
        help_text=gettext_lazy("For a window of every month; a shorter month has it on its last day."),
    )  # fmt: skip
    timezone = ZoneField(help_text=gettext_lazy("The clock on whose wall the times are read."))

    class Meta:
        model = MaintenanceWindow
        fields = (
            "title", "matchers", "repeats", "first_on", "last_on", "starts", "ends", "weekdays", "monthday",
            "timezone", "reason",
        )  # fmt: skip
        widgets = {
            "first_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "last_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "starts": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "ends": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {
            "last_on": gettext_lazy("Once: the day on which it ends. Else the last day on which it starts."),
            "ends": gettext_lazy("An end that is not after the start is on the next day."),
        }

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.workspace = workspace
        if self.instance.pk:
            self.initial["matchers"] = self.instance.matchers_text
        else:
            self.initial.setdefault("timezone", workspace.timezone)
            self.initial.setdefault("first_on", timezone.localdate(timezone=workspace.zone))

    def clean_matchers(self) -> list[list[str]]:
        return matching.as_json(self.cleaned_data["matchers"])

    def clean_monthday(self) -> int:
        return self.cleaned_data["monthday"] or 1
