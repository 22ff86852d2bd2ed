"""Which metrics an order export or a tracking file makes, and how it is counted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.forms.files import NEW, PastField, is_past
from metrics.models import Metric
from metrics.services import ORDER_FILES, presets
from opsboard.core.access import Viewer
from opsboard.core.forms import NumberField
from opsboard.core.imports import Plan
from opsboard.core.uploads import Table


class PresetForm(forms.Form):
    """For each metric that comes out of the file: whether it is wanted, and into which it goes."""

    importer = ""
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=10, required=False)
    per_item = forms.BooleanField(
        label=gettext_lazy("Each row has the amount of its own item"), required=False,
        help_text=gettext_lazy("Otherwise the amount is the whole order's, and counts once however many rows it has."),
    )  # fmt: skip
    within = NumberField(
        label=gettext_lazy("On time within days"), required=False, min_value=0.1, max_value=365,
        help_text=gettext_lazy("For parcels without a promised day: from sending to arriving."),
    )  # fmt: skip

    backfill = PastField()

    def __init__(self, data: Any = None, *, viewer: Viewer, table: Table, plan: Plan, filename: str) -> None:
        self.viewer, self.plan = viewer, plan
        self.preset = presets.BY_KEY.get(str(plan.settings.get("preset"))) or presets.preset_for(table)
        code = next((text for text in table.texts(plan.one("currency")).to_list() if text), "") if plan.one("currency") in table.names else ""  # fmt: skip
        start = {
            "currency": code or viewer.workspace.currency,
            "per_item": plan.settings.get("per_item", self.preset.per_item if self.preset else False),
            "within": plan.settings.get("within") or presets.WITHIN,
        }
        metrics = list(Metric.objects.visible_to(viewer).in_use().order_by("name"))
        kept = plan.settings.get("metrics") or {}
        start["backfill"] = is_past(table, plan, viewer, [one for one in metrics if one.key in kept.values()])
        super().__init__(data, initial=start)
        orders = self.importer == ORDER_FILES.key
        unasked = ("within",) if orders else ("currency", "per_item")
        for name in unasked if metrics else (*unasked, "backfill"):
            del self.fields[name]
        known = {one.name.casefold(): one for one in metrics}
        self.names = set(known)
        self.currencies = {one.key: one.currency or one.unit for one in metrics}
        choices = [(NEW, _("A new metric")), ("", _("Left out")), *((one.key, one.name) for one in metrics)]
        self.counted = list(presets.COUNTED[self.importer])
        self.possible = {one.key for one in presets.counted_in(self.importer, plan)}
        there = {one.key for one in metrics}
        for one in self.counted:
            before = kept.get(one.key)
            named = known.get(str(one.name).casefold())
            if named and one.money and self.currencies[named.key] not in {"", start["currency"]}:
                named = None  # the same in other money is another number
            self.fields[f"into_{one.key}"] = forms.ChoiceField(
                label=_("Write “%(name)s” into") % {"name": one.name}, choices=choices, required=False,
                initial=before if before in there else "" if kept and not before else named.key if named else NEW,
            )  # fmt: skip

    @property
    def parts(self) -> list[dict[str, Any]]:
        return [{"one": one, "into": self[f"into_{one.key}"]} for one in self.counted if one.key in self.possible]

    @property
    def own(self) -> list[Any]:
        return [self[name] for name in ("currency", "per_item", "within", "backfill") if name in self.fields]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not any(given.get(f"into_{key}") for key in self.possible):
            self.add_error(None, _("Choose at least one metric."))
        asked = given.get("currency") or ""
        for one in self.counted:
            has = self.currencies.get(given.get(f"into_{one.key}") or "", "")
            if one.money and asked and has and has != asked:
                text = _("This metric is in %(has)s, the file in %(asked)s. Choose another one, or a new one.")
                self.add_error(f"into_{one.key}", text % {"has": has, "asked": asked})
        return given

    def settings(self) -> dict[str, Any]:
        given = self.cleaned_data
        wanted: dict[str, Any] = {}
        for one in self.counted:
            into = given.get(f"into_{one.key}")
            if one.key in self.possible and into:
                wanted[one.key] = self._new(one, given.get("currency") or "") if into == NEW else into
        more = {name: given[name] for name in ("per_item", "within", "backfill") if given.get(name) is not None}
        return {"preset": self.preset.key if self.preset else "", "metrics": wanted, **more}

    def _new(self, one: presets.Counted, currency: str) -> dict[str, Any]:
        """A new metric; beside one of the same name in other money it says its own."""
        made = presets.new_metric(one, currency)
        if one.money and made["name"].casefold() in self.names:
            made["name"] = f"{made['name']} ({currency})"
        return made


class OrdersForm(PresetForm):
    importer = presets.ORDERS


class ParcelsForm(PresetForm):
    importer = presets.PARCELS
