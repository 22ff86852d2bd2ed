"""What people type about metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import analysis
from metrics.models import Aggregation, Direction, Grain, LabelSet, Metric, check_key
from metrics.services import key_from
from opsboard.core.access import Viewer
from opsboard.core.forms import team_choices, zones
from opsboard.core.imports import Plan
from opsboard.core.models import Membership, User
from opsboard.core.periods import start_of_day
from opsboard.core.uploads import Table, read_columns

NEW = "+"


def members(viewer: Viewer) -> Any:
    people = Membership.objects.active().of(viewer.workspace).values("user_id")
    return User.objects.filter(pk__in=people).order_by("name", "username")


class MetricForm(forms.Form):
    """A metric's own fields. Keys are for programs; people rarely need to see them."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        help_text=gettext_lazy("As people say it: Orders delivered on time."),
    )
    unit = forms.CharField(
        label=gettext_lazy("Unit"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("min, pieces, CNY. Empty for a rate shown in %."),
    )
    direction = forms.ChoiceField(label=gettext_lazy("Which way is better"), choices=Direction.choices)
    aggregation = forms.ChoiceField(
        label=gettext_lazy("Adds up as"),
        choices=Aggregation.choices,
        help_text=gettext_lazy("How a week comes out of its days, and the whole out of its parts."),
    )
    grain = forms.ChoiceField(label=gettext_lazy("Measured each"), choices=Grain.choices, initial=Grain.DAY)
    target = forms.FloatField(
        label=gettext_lazy("Target"), required=False, help_text=gettext_lazy("A rate as 0 to 1: 0.95 is 95%.")
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("Nobody")
    )
    description = forms.CharField(
        label=gettext_lazy("What it means"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("How it is counted, and what is left out."),
    )
    decimals = forms.IntegerField(label=gettext_lazy("Decimals shown"), required=False, min_value=0, max_value=8)
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: [("", _("as the workspace")), *zones()],
        help_text=gettext_lazy("By which clock its days begin."),
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=80,
        validators=[check_key],
        help_text=gettext_lazy("How programs call it; made from the name when empty."),
    )
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody chosen: everybody in the workspace sees it."),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members(viewer)  # type: ignore[attr-defined]
        teams = team_choices(viewer.workspace, self.initial.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]

    @classmethod
    def of(cls, metric: Metric, data: Any = None, *, viewer: Viewer) -> MetricForm:
        start = {name: getattr(metric, name) for name in cls.base_fields}
        return cls(data, initial=start, viewer=viewer)

    def changes(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        if not given.get("key"):
            given.pop("key", None)
        return given


class ValueForm(forms.Form):
    """One value by hand."""

    at = forms.CharField(label=gettext_lazy("Time"), max_length=40)
    value = forms.FloatField(label=gettext_lazy("Value"))
    weight = forms.FloatField(label=gettext_lazy("Weight"), required=False, min_value=0)
    labels = forms.ChoiceField(label=gettext_lazy("Labels"), required=False)

    def __init__(self, *args: Any, metric: Metric, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.metric = metric
        by_day = metric.grain in {Grain.DAY, Grain.WEEK, Grain.MONTH}
        field = forms.DateField if by_day else forms.DateTimeField
        kind = "date" if by_day else "datetime-local"
        look = "%Y-%m-%d" if by_day else "%Y-%m-%dT%H:%M"
        local = timezone.localtime(timezone.now(), metric.zone).replace(tzinfo=None)
        self.fields["at"] = field(
            label=_("Date") if by_day else _("Time"),
            initial=local.strftime(look),
            input_formats=[look, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"] if not by_day else [look],
            widget=forms.DateInput(attrs={"type": kind}, format=look),
        )
        if metric.aggregation == Aggregation.RATIO:
            self.fields["weight"].label = _("Denominator")
            self.fields["weight"].help_text = _("How many it was out of; it weighs the value.")
            self.fields["value"].help_text = _("A rate as 0 to 1: 0.95 is 95%.")
        elif metric.aggregation != Aggregation.MEAN:
            del self.fields["weight"]
        sets = list(LabelSet.objects.filter(metric=metric).order_by("pk")[:200])
        if any(one.labels for one in sets):
            self.fields["labels"].choices = [  # type: ignore[attr-defined]
                ("", _("No labels")), *((str(one.pk), str(one)) for one in sets if one.labels),
            ]  # fmt: skip
            self.sets = {str(one.pk): one.labels for one in sets}
        else:
            del self.fields["labels"]
            self.sets = {}

    def clean_at(self) -> Any:
        """The moment by the metric's clock."""
        at = self.cleaned_data["at"]
        if not hasattr(at, "hour"):
            return start_of_day(at, self.metric.zone)
        return timezone.make_aware(at.replace(tzinfo=None), self.metric.zone)

    def given(self) -> dict[str, Any]:
        found = self.cleaned_data
        weight = found.get("weight")
        return {
            "at": found["at"],
            "value": found["value"],
            "weight": 1.0 if weight is None else weight,
            "labels": self.sets.get(found.get("labels", ""), {}),
        }


class ImportForm(forms.Form):
    """Where a file goes: into a metric that is there, or into a new one."""

    metric = forms.ChoiceField(label=gettext_lazy("Write into"))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=40, required=False)
    direction = forms.ChoiceField(label=gettext_lazy("Which way is better"), choices=Direction.choices, required=False)
    aggregation = forms.ChoiceField(
        label=gettext_lazy("Adds up as"),
        choices=Aggregation.choices,
        required=False,
        help_text=gettext_lazy("How a week comes out of its days, and the whole out of its parts."),
    )
    grain = forms.ChoiceField(label=gettext_lazy("Measured each"), choices=Grain.choices, required=False)
    target = forms.FloatField(
        label=gettext_lazy("Target"), required=False, help_text=gettext_lazy("A rate as 0 to 1: 0.95 is 95%.")
    )

    def __init__(self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str) -> None:
        self.viewer, self.plan, self.stem = viewer, plan, _stem(filename)
        metrics = list(Metric.objects.visible_to(viewer).in_use().order_by("name"))
        create = plan.settings.get("create") or {}
        rate = plan.has("numerator")
        grain = create.get("grain") or _grain(table, plan, viewer)
        start = {
            "metric": plan.settings.get("key") if _alike(plan, filename) else NEW,
            "name": create.get("name") if _alike(plan, filename) else _title(filename),
            "unit": create.get("unit", ""),
            "direction": create.get("direction", Direction.UP),
            "aggregation": create.get("aggregation")
            or (Aggregation.RATIO if rate else _sum_or_mean(table, plan, grain)),
            "grain": grain,
            "target": create.get("target"),
        }
        super().__init__(data, initial=start)
        self.sums = {one.key: one.aggregation == Aggregation.SUM for one in metrics}
        self.fields["metric"].choices = [  # type: ignore[attr-defined]
            (NEW, _("A new metric")), *((one.key, one.name) for one in metrics),
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.plan.has("metric"):
            return given
        if self.plan.has("numerator") and self.sums.get(given.get("metric", "")):
            self.add_error(
                "metric", _("This metric adds its values up, and rates do not add up. Choose another, or a new one.")
            )
        if given.get("metric") == NEW and not given.get("name"):
            self.add_error("name", _("Give the new metric a name."))
        if given.get("metric") == NEW and given.get("name"):
            trial = Metric(
                workspace=self.viewer.workspace, key=key_from(given["name"], self.viewer.workspace),
                created_at=timezone.now(), **_filled(given),
            )  # fmt: skip
            try:
                trial.full_clean()
            except ValidationError as refusal:
                for name, texts in refusal.message_dict.items():
                    self.add_error(name if name in self.fields else None, texts)
        return given

    def settings(self) -> dict[str, Any]:
        """What the job needs to know; the file's name tells next week's file from another one with the same header."""
        given = self.cleaned_data
        if self.plan.has("metric"):
            return {}
        if given["metric"] != NEW:
            return {"key": given["metric"], "stem": self.stem}
        create = _filled(given)
        if self.plan.has("numerator"):
            create["aggregation"] = Aggregation.RATIO.value  # rates of several shops or days never add up
        return {"create": create, "stem": self.stem}


def _sum_or_mean(table: Table, plan: Plan, grain: str) -> Aggregation:
    """What is measured several times a day and has fractions is a level, such as a temperature; the rest is counted."""
    column = plan.one("value")
    if grain not in {Grain.MINUTE, Grain.HOUR} or column not in table.names:
        return Aggregation.SUM
    fractions = table.frame[column].head(500).str.contains(rf"[{table.decimal}][0-9]*[1-9]").any()
    return Aggregation.MEAN if fractions else Aggregation.SUM


def _filled(given: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "unit", "direction", "aggregation", "grain", "target")
    return {name: given[name] for name in names if given.get(name) not in ("", None)}


def _alike(plan: Plan, filename: str) -> bool:
    return bool(plan.settings.get("key")) and plan.settings.get("stem", _stem(filename)) == _stem(filename)


def _stem(filename: str) -> str:
    """The file's name without what changes from week to week."""
    return "".join(letter for letter in Path(filename).stem.lower() if not letter.isdigit()).strip(" -_.()")


def _title(filename: str) -> str:
    stem = Path(filename.removesuffix(".gz")).stem.replace("_", " ").replace("-", " ").strip()
    return (stem[:1].upper() + stem[1:])[:200]


def _grain(table: Table, plan: Plan, viewer: Viewer) -> str:
    if plan.one("at.year"):
        return Grain.DAY if plan.one("at.day") else Grain.MONTH
    column = plan.one("at")
    if column not in table.names:
        return Grain.DAY
    found = read_columns(table, {column: "moment"}, tz=viewer.workspace.timezone, date_order=plan.date_order or "ymd")  # type: ignore[arg-type]
    return analysis.guess_grain(found.frame[column].drop_nulls().to_list())
