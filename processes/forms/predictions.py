"""What would you change? One form a kind of change, and each change as a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from opsboard.core.forms import NumberField
from opsboard.core.written import duration, percent

MOST_PEOPLE: Final = 1000
MOST_STEPS: Final = 200


@dataclass(frozen=True)
class Kind:
    """A kind of change: its name on the page, what it means, and what it must be told."""

    key: str
    name: Any
    hint: Any
    asks: tuple[str, ...]


KINDS: Final = (
    Kind("resource", pgettext_lazy("how many", "People"), gettext_lazy("More or fewer people in a role, with the role's hours."), ("role", "change")),
    Kind("duration", gettext_lazy("Working time"), gettext_lazy("The work of a step takes less or more time."), ("steps", "percent")),
    Kind("eliminate", pgettext_lazy("a step", "Remove"), gettext_lazy("The step is no longer done, and what was waited for before it is not either."), ("steps",)),
    Kind("merge", gettext_lazy("Merge"), gettext_lazy("Steps that follow one another become one, done by one person in one go."), ("steps", "role")),
    Kind("parallelise", gettext_lazy("Do in parallel"), gettext_lazy("Steps that follow one another begin at the same time."), ("steps",)),
    Kind("automate", gettext_lazy("Automate"), gettext_lazy("A system does it: nobody is needed, at any hour."), ("steps", "minutes")),
    Kind("replace", gettext_lazy("Replace"), gettext_lazy("A linked table or a rule answers at once what somebody had to check."), ("steps",)),
    Kind("reassign", gettext_lazy("Reassign"), gettext_lazy("Another role does it."), ("steps", "role")),
    Kind("arrival", pgettext_lazy("that arrive", "Cases"), gettext_lazy("More or fewer cases arrive, in the same hours."), ("percent",)),
    Kind("delay", gettext_lazy("Outside waiting"), gettext_lazy("What is waited for elsewhere (an answer, a delivery) comes sooner or later. No step chosen: before all steps."), ("steps", "percent")),
)  # fmt: skip
BY_KEY: Final = {kind.key: kind for kind in KINDS}
OPTIONAL: Final = {"merge": {"role"}, "delay": {"steps"}, "automate": {"minutes"}}
SEVERAL: Final = {"merge", "parallelise"}


class MoveForm(forms.Form):
    """One change; asks only for what its kind needs."""

    def __init__(
        self, *args: Any, kind: Kind, steps: Sequence[str], roles: Sequence[str], a_month: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        needed = set(kind.asks) - OPTIONAL.get(kind.key, set())
        for name in kind.asks:
            self.fields[name] = self._field(name, required=name in needed, steps=steps, roles=roles)
        if a_month:
            self.fields["a_month"] = NumberField(
                label=_("Cases a month"), min_value=0.01, max_value=1e6,
                help_text=_("Nothing is measured yet, so this is an estimate."),
            )  # fmt: skip

    def _field(self, name: str, *, required: bool, steps: Sequence[str], roles: Sequence[str]) -> forms.Field:
        if name == "steps":
            return forms.MultipleChoiceField(
                label=_("Steps"), required=required, choices=[(one, one) for one in steps[:MOST_STEPS]],
                widget=forms.CheckboxSelectMultiple,
            )  # fmt: skip
        if name == "role":
            empty = [("", _("Choose …") if required else _("As the first of the steps"))]
            return forms.ChoiceField(
                label=_("Role"), required=required, choices=[*empty, *((one, one) for one in roles)]
            )
        if name == "change":
            return forms.IntegerField(
                label=_("People more (or fewer: −1)"), min_value=-MOST_PEOPLE, max_value=MOST_PEOPLE, initial=1
            )
        if name == "minutes":
            field = NumberField(label=_("Time it then takes"), required=False, min_value=0, max_value=1e6, initial=0.0)
            field.unit = _("min")
            return field
        low = -99 if self.kind.key == "arrival" else -100
        start = {"arrival": 20.0, "delay": -100.0}.get(self.kind.key, -50.0)
        field = NumberField(label=_("Change by"), min_value=low, max_value=1000, initial=start)
        field.unit = "%"
        field.help_text = _("−50 is half, +20 a fifth more.")
        return field

    def clean_steps(self) -> list[str]:
        steps: list[str] = self.cleaned_data["steps"]
        if self.kind.key in SEVERAL and len(steps) < 2:
            raise forms.ValidationError(_("This takes two steps or more."))
        return steps

    def clean_change(self) -> int:
        change: int = self.cleaned_data["change"]
        if not change:
            raise forms.ValidationError(_("Say how many people more or fewer."))
        return change

    def move(self) -> dict[str, Any]:
        """The change as the API writes it."""
        typed = self.cleaned_data
        move: dict[str, Any] = {
            "move": self.kind.key,
            **{name: typed[name] for name in ("steps", "role", "change") if name in typed},
        }
        if typed.get("percent") is not None:
            move["factor"] = round(1 + typed["percent"] / 100, 6)
        if typed.get("minutes"):
            move["seconds"] = typed["minutes"] * 60
        return move


def move_sentence(move: Mapping[str, Any]) -> str:
    """The change in words."""
    kind, role = move["move"], move.get("role", "")
    steps = pgettext("between names", ", ").join(_("“%(name)s”") % {"name": one} for one in move.get("steps", ()))
    facts = {"steps": steps, "role": role, "share": _share(move.get("factor"))}
    if kind == "resource":
        count = int(move.get("change", 0))
        people = (
            ngettext("%(count)s more person in “%(role)s”", "%(count)s more people in “%(role)s”", count)
            if count > 0
            else ngettext("%(count)s person fewer in “%(role)s”", "%(count)s people fewer in “%(role)s”", -count)
        )
        return people % {"count": abs(count), "role": role}
    if kind == "automate":
        seconds = move.get("seconds")
        if seconds:
            return _("%(steps)s: done by a system, in %(time)s") % {"steps": steps, "time": duration(seconds)}
        return _("%(steps)s: done by a system, at once") % facts
    words = {
        "eliminate": _("without %(steps)s"),
        "merge": _("%(steps)s become one step, done by “%(role)s”") if role else _("%(steps)s become one step"),
        "parallelise": _("%(steps)s at the same time"),
        "replace": _("%(steps)s: answered at once by a table or a rule"),
        "reassign": _("%(steps)s done by “%(role)s”"),
        "arrival": _("%(share)s cases"),
        "duration": _("%(steps)s: working time %(share)s"),
        "delay": _("outside waiting before %(steps)s %(share)s") if steps else _("outside waiting %(share)s"),
    }
    return str(words.get(kind, kind)) % facts


def _share(factor: float | None) -> str:
    change = (0.0 if factor is None else factor) - 1
    return ("+" if change > 0 else "−" if change < 0 else "±") + percent(abs(change), 0)
