"""What people type to have a number watched."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.alerts.forms.hearers import channels_of, people_of
from opsboard.alerts.models import Severity, Watch, words
from opsboard.alerts.models.watches import A_YEAR
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref, Watchable
from opsboard.core.forms import NumberField, scaled
from opsboard.core.models import Channel, Team, User

DURATIONS = [
    ("seconds", gettext_lazy("seconds")),
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
]
SECONDS = {name: size for size, name in words.UNITS}
MEASURED = ("value", "clear", "warning_value", "warning_clear", "critical_value", "critical_clear")


def grouped(entries: list[Watchable], text: str = "", keep: str = "") -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The numbers under the names of their apps; `text` narrows, `keep` stays whatever the text says.

    An app's first kind of number stands first: what people measure, before the ages of it."""
    wanted = text.casefold().split()
    groups: dict[str, list[tuple[str, Any]]] = {}
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(_kind_of(entry.key) for entry in entries))}
    for entry in entries:
        title = str(entry.title)
        found = all(word in f"{title} {entry.key}".casefold() for word in wanted)
        if found or entry.key == keep:
            shown = f"{title} ({words.unit_text(entry.unit, entry.grain_seconds)})" if entry.unit else title
            groups.setdefault(entry.key.partition(".")[0], []).append((entry.key, shown))
    answer = []
    for label, choices in groups.items():
        contract = registry.contract_of(label)
        answer.append(
            (
                contract.title if contract else label,
                sorted(choices, key=lambda pair: (kinds[_kind_of(pair[0])], pair[1].casefold())),
            )
        )
    return answer


def _kind_of(key: str) -> str:
    return key.partition(":")[0]


class WatchForm(forms.Form):
    """One watch. `about` limits the numbers to those of an object, where it has any.

    `body` draws it in a dialog. A share is typed in per cent and kept as 0 to 1.
    """

    body = "alerts/_watch_fields.html"

    indicator = forms.ChoiceField(
        label=gettext_lazy("Number"), error_messages={"required": gettext_lazy("Choose the number to watch.")}
    )
    op = forms.ChoiceField(label=gettext_lazy("Alert when it is"), choices=Watch.Op.choices, initial=Watch.Op.ABOVE)
    value = NumberField(
        label=gettext_lazy("Threshold"),
        error_messages={"required": gettext_lazy("Enter the value at which it should speak up.")},
    )
    clear = NumberField(
        label=gettext_lazy("Clears at"),
        required=False,
        help_text=gettext_lazy("So that a number hovering at the threshold does not alert again and again."),
    )
    so_far = forms.BooleanField(label=gettext_lazy("Also judge periods that have not ended"), required=False)
    for_count = forms.IntegerField(
        label=gettext_lazy("For"),
        min_value=0,
        initial=0,
        required=False,
        help_text=gettext_lazy("0: told at once."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    for_unit = forms.ChoiceField(label=gettext_lazy("Unit of time"), choices=DURATIONS, initial="minutes")
    keep_count = forms.IntegerField(
        label=gettext_lazy("Quiet for"),
        min_value=0,
        initial=0,
        required=False,
        help_text=gettext_lazy("How long it must stay back before the alert is resolved."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    keep_unit = forms.ChoiceField(label=gettext_lazy("Unit of the quiet time"), choices=DURATIONS, initial="minutes")
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Severity.choices, initial=Severity.WARNING)
    title = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Left empty: the name of the number."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Looks at"),
        choices=Watch.Scope.choices,
        initial=Watch.Scope.WHOLE,
        help_text=gettext_lazy(
            "Where a number is split by shop, product or the like, each part may have its own alert."
        ),
    )
    labels = forms.CharField(
        label=gettext_lazy("Only for"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("For numbers that are split, such as shop=North."),
    )
    people = forms.ModelMultipleChoiceField(
        label=gettext_lazy("People"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Each hears in Opsboard, by e-mail and by the channels of their own, as they chose."),
    )
    teams = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Teams"),
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    channels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Channels"),
        queryset=Channel.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Chat groups and other ways by which everybody there is told."),
    )

    def __init__(self, *args: Any, viewer: Viewer, about: Ref | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entries = registry.catalogue(viewer)
        of_object = [entry for entry in entries if about and entry.about and _same(entry.about, about)]
        chosen = str(self.data.get("indicator") or self.initial.get("indicator") or "")
        choices = grouped(of_object or entries)
        known = {entry.key for entry in of_object or entries}
        if chosen and chosen not in known and self.initial.get("indicator") == chosen:
            choices.append((_("Not there any more"), [(chosen, str(self.initial.get("indicator_title") or chosen))]))
        self.fields["indicator"].choices = choices  # type: ignore[attr-defined]
        if of_object and about:  # the number that bears the object's own name, or else the first
            main = next((entry for entry in of_object if str(entry.title) == about.name), of_object[0])
            self.initial.setdefault("indicator", main.key)
        self.entries = {entry.key: entry for entry in (*entries, *of_object)}
        asked = self.entries.get(str(self.initial.get("indicator") or ""))
        if asked and asked.direction == "up":  # of what shall be high, too little is what people want to hear of
            self.initial.setdefault("op", Watch.Op.BELOW)
        self.fields["people"].queryset = people_of(viewer)  # type: ignore[attr-defined]
        self.fields["teams"].queryset = Team.objects.filter(workspace=viewer.workspace)  # type: ignore[attr-defined]
        self.fields["channels"].queryset = channels_of(viewer)  # type: ignore[attr-defined]
        for name in ("teams", "channels"):
            if not self.fields[name].queryset.exists():  # type: ignore[attr-defined]
                del self.fields[name]
        for name in MEASURED:
            if name in self.fields:
                self.fields[name].unit = self.typed_unit  # type: ignore[attr-defined]
        if viewer.user is not None and "people" not in self.initial:
            self.initial["people"] = [viewer.user.pk]
        self.running = self._as_typed()
        self.fields["so_far"].label = self.running.running_words["label"]
        self.fields["so_far"].help_text = self.running.running_words["hint"]
        self.keeps_so_far = self.is_bound or "so_far" in self.initial  # somebody has chosen
        self.initial.setdefault("so_far", self.running.best_so_far)

    def _as_typed(self) -> Watch:
        """As much of the watch as says what it makes of a day that still runs."""
        entry = self.entries.get(str(self["indicator"].value() or ""))
        often = str(self["out_of"].value() or "1") if "out_of" in self.fields else "1"
        return Watch(
            kind=str(self["kind"].value() or Watch.Kind.VALUE) if "kind" in self.fields else Watch.Kind.VALUE,
            op=str(self["op"].value() or Watch.Op.ABOVE),
            out_of=int(often) if often.isdecimal() and len(often) < 4 else 1,
            grain_seconds=entry.grain_seconds if entry else 0,
            aggregation=entry.aggregation if entry else "",
        )

    @property
    def shows_so_far(self) -> bool:
        return self.running.asks_so_far or (self.keeps_so_far and bool(self["so_far"].value()))

    def is_rate(self, key: str) -> bool:
        entry = self.entries.get(key)
        return entry.rate if entry else bool(self.initial.get("rate")) and self.initial.get("indicator") == key

    @property
    def typed_unit(self) -> str:
        """The unit in which thresholds are typed."""
        key = str(self["indicator"].value() or "")
        if self.is_rate(key):
            return "%"
        entry = self.entries.get(key)
        return words.unit_text(entry.unit, entry.grain_seconds) if entry else ""

    def _scale_for(self, cleaned: dict[str, Any]) -> float:
        """How what is typed becomes what is kept."""
        return 0.01 if self.is_rate(cleaned.get("indicator") or "") else 1.0

    @classmethod
    def values_of(cls, watch: Watch) -> dict[str, Any]:
        """A watch as the form shows it."""
        scale = 0.01 if watch.rate else 1.0
        for_count, for_unit = words.split_duration(watch.for_seconds)
        keep_count, keep_unit = words.split_duration(watch.keep_seconds)
        return {
            "indicator": watch.indicator, "indicator_title": watch.indicator_title, "op": watch.op,
            "value": scaled(watch.value, 1 / scale), "clear": scaled(watch.clear, 1 / scale), "rate": watch.rate,
            "for_count": for_count, "for_unit": for_unit,
            "keep_count": keep_count, "keep_unit": keep_unit, "severity": watch.severity, "title": watch.title,
            "scope": watch.scope, "so_far": watch.so_far,
            "labels": ", ".join(f"{name}={value}" for name, value in watch.labels.items()),
            "people": [person.pk for person in watch.people.all()],
            "teams": [team.pk for team in watch.teams.all()],
            "channels": [channel.pk for channel in watch.channels.all()],
        }  # fmt: skip

    def clean_labels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self.cleaned_data["labels"].replace("，", ",").split(","):
            name, sign, value = part.partition("=")
            if not part.strip():
                continue
            if not sign or not name.strip() or not value.strip():
                raise ValidationError(_("Write it as name=value, several separated by commas."))
            found[name.strip()] = value.strip()
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("for", "keep"):
            seconds = (cleaned.get(f"{name}_count") or 0) * SECONDS.get(cleaned.get(f"{name}_unit") or "", 1)
            if seconds > A_YEAR:
                self.add_error(f"{name}_count", _("At most one year."))
            cleaned[f"{name}_seconds"] = min(seconds, A_YEAR)
        self.scale = self._scale_for(cleaned)
        for name in ("value", "clear"):
            cleaned[name] = scaled(cleaned.get(name), self.scale)
        return cleaned

    @property
    def settings(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            name: self.cleaned_data[name]
            for name in (
                "indicator", "op", "value", "clear", "for_seconds", "keep_seconds", "severity", "title", "scope", "labels",
                "so_far", "people", "teams", "channels",
            )
            if name in self.cleaned_data
        }  # fmt: skip


def _same(one: Ref, other: Ref) -> bool:
    return one.model == other.model and one.pk == other.pk
