"""What people type about work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref, Watchable
from opsboard.core.forms import NumberField, scaled
from opsboard.core.models import Occurrence, User
from opsboard.work.models import Action, Comment

PAST_DUE = _("The action is open. Its due date is already past, so it counts as overdue.")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def indicator_of(viewer: Viewer, about: Ref, numbers: Iterable[Watchable]) -> str:
    """The number that an object is about: its own in the catalogue, or the one that its latest happening speaks of."""
    known = {entry.key: entry.about for entry in numbers}
    for key, ref in known.items():
        if ref is not None and (ref.model, ref.pk) == (about.model, about.pk):
            return key
    label, _dot, model = about.model.partition(".")
    told = Occurrence.objects.visible_to(viewer).filter(
        about_type__app_label=label, about_type__model=model, about_id=about.pk, facts__has_key="indicator"
    )
    named = told.order_by("-at", "-pk").values_list("facts__indicator", flat=True).first()
    return str(named) if named in known else ""


def _grouped(numbers: Iterable[Watchable], chosen: str) -> list[tuple[str, Any]]:
    """The numbers under the names of their apps; the chosen one stays, whether or not it may be seen."""
    groups: dict[str, list[tuple[str, str]]] = {}
    kinds: dict[str, int] = {}  # what people measure, before the ages of it
    for entry in numbers:
        kinds.setdefault(entry.key.partition(":")[0], len(kinds))
        shown = f"{entry.title} ({entry.unit})" if entry.unit else str(entry.title)
        groups.setdefault(entry.key.partition(".")[0], []).append((entry.key, shown))
    choices: list[tuple[str, Any]] = [("", _("none"))]
    for label, entries in groups.items():
        contract = registry.contract_of(label)
        title = str(contract.title) if contract else label
        choices.append(
            (title, sorted(entries, key=lambda pair: (kinds[pair[0].partition(":")[0]], pair[1].casefold())))
        )
    if chosen and not any(chosen == key for entries in groups.values() for key, _title in entries):
        choices.append((chosen, _("A number that is gone, or that you may not see")))
    return choices


class ActionForm(forms.Form):
    """One improvement action. `about` fills in what the object already says: its name, its number."""

    title = forms.CharField(
        label=_("Title"), max_length=200, help_text=_("What will be different, in one line."),
        error_messages={"required": _("Give the action a title.")},
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Owner"),
        required=False,
        empty_label=_("nobody yet"),
        help_text=_("Exactly one person answers for it."),
    )
    due_on = forms.DateField(label=_("Due date"), required=False, widget=DAY)
    acceptance_criteria = forms.CharField(
        label=_("Acceptance criteria"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("How everybody will see that it is done."),
    )  # fmt: skip
    indicator = forms.ChoiceField(
        label=_("Target number"),
        required=False,
        help_text=_("The number that should move. Its value now is remembered."),
    )
    goal = NumberField(
        label=_("Goal"), required=False, help_text=_("In the number's own unit; a rate in per cent: 5 for 5%.")
    )
    urgency = forms.TypedChoiceField(
        label=_("Urgency"), choices=Action.Level.choices, coerce=int, initial=Action.Level.MIDDLE
    )
    importance = forms.TypedChoiceField(
        label=_("Importance"), choices=Action.Level.choices, coerce=int, initial=Action.Level.MIDDLE
    )
    helpers = forms.ModelMultipleChoiceField(
        User.objects.none(), label=_("Helpers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    start_on = forms.DateField(label=_("Start"), required=False, widget=DAY)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, viewer: Viewer, about: Ref | None = None, **kwargs: Any) -> None:
        initial = dict(kwargs.pop("initial", None) or {})
        super().__init__(*args, **kwargs)
        people = User.objects.filter(memberships__workspace=viewer.workspace, is_active=True).order_by(
            "name", "username"
        )
        numbers = registry.catalogue(viewer)
        self.shares = {entry.key for entry in numbers if entry.rate}
        if initial.pop("rate", False):
            self.shares.add(str(initial.get("indicator")))
        owner, helpers, indicator = self.fields["owner"], self.fields["helpers"], self.fields["indicator"]
        assert isinstance(owner, forms.ModelChoiceField)
        assert isinstance(helpers, forms.ModelMultipleChoiceField)
        assert isinstance(indicator, forms.ChoiceField)
        owner.queryset = helpers.queryset = people
        indicator.choices = _grouped(numbers, str(initial.get("indicator") or ""))
        if about is not None:
            initial.setdefault("title", about.name[:200])
            initial["indicator"] = initial.get("indicator") or indicator_of(viewer, about, numbers)
        if viewer.user is not None:
            initial.setdefault("owner", viewer.user.pk)
        if initial.get("indicator") in self.shares:
            initial["goal"] = scaled(initial.get("goal"), 100)
        self.initial.update({name: value for name, value in initial.items() if value not in (None, "")})

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        start, due = given.get("start_on"), given.get("due_on")
        if start and due and due < start:
            self.add_error("due_on", _("The due date lies before the start."))
        if given.get("goal") is not None and not given.get("indicator") and "indicator" not in self.errors:
            self.add_error("goal", _("Choose the target number that this goal is for."))
        if given.get("indicator") in self.shares:
            given["goal"] = scaled(given.get("goal"), 0.01)
        return given


class ChangeForm(ActionForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"), max_length=Comment._meta.get_field("text").max_length, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Write something first.")},
    )  # fmt: skip


class ClosingForm(forms.Form):
    note = forms.CharField(
        label=_("What was done"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences for those who come after."),
    )  # fmt: skip
