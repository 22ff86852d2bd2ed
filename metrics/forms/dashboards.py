"""What people type about dashboards, their tiles, and the links that show them outside."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics.analysis.grids import COLUMNS, TALLEST
from metrics.models import Compare, Dashboard, Grain, Tile, TileKind, dimensions_of
from metrics.models.measures import PREFIX
from metrics.models.metric import Metric
from metrics.models.tiles import MOST_SOURCES, MOST_TEXT, SIZES, SPANS
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.forms import team_choices

MOST_VALUES = 60


class DashboardForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    description = forms.CharField(
        label=gettext_lazy("What it is for"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    span = forms.ChoiceField(
        label=gettext_lazy("Period"), choices=[(key, title) for key, (_days, title) in SPANS.items()], initial="30d",
        help_text=gettext_lazy("What is shown first; everybody can look at another time."),
    )  # fmt: skip
    compare = forms.ChoiceField(
        label=gettext_lazy("Compared with"), required=False, choices=Compare.choices, initial=Compare.PREVIOUS
    )
    private = forms.BooleanField(label=gettext_lazy("Only for me"), required=False)
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody chosen: everybody in the workspace sees it."),
    )  # fmt: skip

    def __init__(self, *args: Any, viewer: Viewer, dashboard: Dashboard | None = None, **kwargs: Any) -> None:
        if dashboard is not None:
            kwargs["initial"] = {name: getattr(dashboard, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        teams = team_choices(viewer.workspace, self.initial.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]


class TileForm(forms.Form):
    """A tile's own fields; which of them matter depends on its kind, and the page shows only those."""

    kind = forms.ChoiceField(label=gettext_lazy("Shows"), choices=TileKind.choices, initial=TileKind.NUMBER)
    source = forms.ChoiceField(label=gettext_lazy("Number"), required=False)
    more = forms.MultipleChoiceField(
        label=gettext_lazy("More numbers on the same tile"), required=False, widget=forms.CheckboxSelectMultiple
    )
    by = forms.ChoiceField(label=gettext_lazy("Part by"), required=False)
    narrow = forms.ChoiceField(label=gettext_lazy("Only"), required=False)
    title = forms.CharField(
        label=gettext_lazy("Title"), required=False, max_length=120,
        help_text=gettext_lazy("Empty: the name of the number."),
    )  # fmt: skip
    text = forms.CharField(
        label=pgettext_lazy("kind of tile", "Text"), required=False, max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("# Heading, **bold**, *italic*, - list, [words](https://…)"),
    )  # fmt: skip
    span = forms.ChoiceField(label=gettext_lazy("Period"), required=False)
    grain = forms.ChoiceField(label=gettext_lazy("By"), required=False)
    w = forms.IntegerField(label=gettext_lazy("Columns wide"), min_value=1, max_value=COLUMNS, required=False)
    h = forms.IntegerField(label=gettext_lazy("Rows high"), min_value=1, max_value=TALLEST, required=False)
    x = forms.IntegerField(label=gettext_lazy("From column"), min_value=1, max_value=COLUMNS, required=False)
    y = forms.IntegerField(label=gettext_lazy("From row"), min_value=1, max_value=200, required=False)

    def __init__(self, data: Any = None, *, viewer: Viewer, tile: Tile | None = None, **kwargs: Any) -> None:
        start: dict[str, Any] = {}
        if tile is not None:
            start = {
                "kind": tile.kind, "source": tile.sources[0] if tile.sources else "", "more": list(tile.sources[1:]),
                "by": tile.by, "narrow": _packed(tile.labels), "title": tile.title, "text": tile.text,
                "span": tile.span, "grain": tile.grain, "w": tile.w, "h": tile.h, "x": tile.x + 1, "y": tile.y + 1,
            }  # fmt: skip
        super().__init__(data, initial={**start, **kwargs.pop("initial", {})}, **kwargs)
        self.tile = tile
        choices, labels = _numbers(viewer)
        known = {key for _group, pairs in choices for key, _title in pairs}
        if tile is not None and (hidden := [key for key in tile.sources if key not in known]):
            choices.append((_("Not for you to see"), [(key, _("A number that is hidden from you")) for key in hidden]))
        values = [(_packed({name: value}), f"{name} · {value}") for name, found in labels.items() for value in found]
        kept = self.initial.get("narrow")
        if kept and kept not in dict(values):  # two labels, or one that has gone: it stays until somebody chooses
            values.insert(0, (kept, " · ".join(tile.labels.values()) if tile else kept))
        offered: dict[str, Any] = {
            "source": [("", _("Please choose")), *choices],
            "more": [pair for _group, pairs in choices for pair in pairs],
            "by": [("", _("Nothing")), *((name, name) for name in labels)],
            "narrow": [("", _("All")), *values],
            "span": [("", _("as the dashboard")), *((key, title) for key, (_days, title) in SPANS.items())],
            "grain": [("", _("as fits")), *Grain.choices],
        }
        for name, found in offered.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]
        if tile is None:
            del self.fields["x"], self.fields["y"]
        if not labels:
            del self.fields["by"], self.fields["narrow"]

    def given(self) -> Tile:
        """The tile that the form describes. A number that it knows not of stays, so that nobody's eyes narrow a tile."""
        found = self.cleaned_data
        kind = found["kind"]
        keys = [found.get("source") or "", *(found.get("more") or ())]
        wide, high = SIZES[kind]
        fresh = self.tile is None or (self.tile.kind != kind and "w" not in self.changed_data)
        text = kind == TileKind.TEXT
        return Tile(
            id=self.tile.id if self.tile else 0, kind=kind,
            x=(found.get("x") or (self.tile.x + 1 if self.tile else 1)) - 1,
            y=(found.get("y") or (self.tile.y + 1 if self.tile else 1)) - 1,
            w=wide if fresh and not found.get("w") else found.get("w") or wide,
            h=high if fresh and not found.get("h") else found.get("h") or high,
            title=found.get("title", "").strip(), sources=() if text else tuple(dict.fromkeys(filter(None, keys))),
            by="" if text else found.get("by", ""), labels={} if text else _unpacked(found.get("narrow", "")),
            grain=found.get("grain", ""), span="" if text else found.get("span", ""),
            text=found.get("text", "") if text else "",
        )  # fmt: skip

    def clean_more(self) -> list[str]:
        found: list[str] = self.cleaned_data["more"]
        if len(found) >= MOST_SOURCES:
            raise forms.ValidationError(_("At most %(count)s numbers on one tile.") % {"count": MOST_SOURCES})
        return found


def _packed(labels: Any) -> str:
    return json.dumps(dict(labels), ensure_ascii=False, sort_keys=True) if labels else ""


def _unpacked(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in json.loads(text).items()} if text else {}


def _numbers(viewer: Viewer) -> tuple[list[tuple[str, list[tuple[str, str]]]], dict[str, list[str]]]:
    """Every number of the house that may stand on a tile, by room; and the labels of our own."""
    choices = []
    for indicator in registry.indicators(viewer):
        pairs = sorted(((entry.key, str(entry.title)) for entry in indicator.catalogue(viewer)), key=lambda one: one[1])
        if pairs:
            choices.append((str(indicator.title), pairs))
    choices.sort(key=lambda group: not group[1][0][0].startswith(PREFIX))
    metrics = list(Metric.objects.visible_to(viewer).in_use().values_list("pk", flat=True))
    labels: dict[str, set[str]] = {}
    for found in dimensions_of(metrics, at_most=MOST_VALUES).values() if metrics else ():
        for name, values in found.items():
            labels.setdefault(name, set()).update(values)
    return choices, {name: sorted(values)[:MOST_VALUES] for name, values in sorted(labels.items())}


class ShareForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("For whom"), max_length=200, required=False)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Holds for"), coerce=int, initial=30,
        choices=[(1, gettext_lazy("1 day")), (7, gettext_lazy("7 days")), (30, gettext_lazy("30 days")),
                 (90, gettext_lazy("90 days")), (365, gettext_lazy("1 year"))],
    )  # fmt: skip


__all__ = ["DashboardForm", "ShareForm", "TileForm"]
