"""How somebody looks at what happened: which cases, how much detail, often or long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from processes.analysis.filters import Filter

HOUR = 3600.0
MEASURES = (
    ("count", pgettext_lazy("of cases", "How often")),
    ("mean", gettext_lazy("How long, on average")),
    ("median", gettext_lazy("How long, in the middle")),
    ("p90", gettext_lazy("How long, nine of ten at most")),
)
ANY = [("", gettext_lazy("any"))]


class LookForm(forms.Form):
    """Read from an address: nothing in it is wrong, what cannot be read is not asked."""

    show = forms.ChoiceField(label=gettext_lazy("Show"), choices=MEASURES, required=False)
    detail = forms.IntegerField(label=gettext_lazy("Detail"), min_value=1, max_value=500, required=False)
    since = forms.DateField(
        label=gettext_lazy("Begun from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Begun until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    touched = forms.MultipleChoiceField(label=gettext_lazy("Passing the step"), required=False)
    untouched = forms.MultipleChoiceField(label=gettext_lazy("Not passing the step"), required=False)
    people = forms.MultipleChoiceField(label=gettext_lazy("With"), required=False)
    longer = forms.FloatField(label=gettext_lazy("Longer than (hours)"), min_value=0, required=False)
    shorter = forms.FloatField(label=gettext_lazy("Shorter than (hours)"), min_value=0, required=False)
    path = forms.CharField(label=gettext_lazy("Variant"), required=False, max_length=16)
    before = forms.CharField(required=False, max_length=500)  # with `after`: this step and right after it that one
    after = forms.CharField(required=False, max_length=500)

    def __init__(self, data: Any, *, steps: Sequence[str], people: Sequence[str] = ()) -> None:
        super().__init__(data)
        for name in ("touched", "untouched"):
            self.fields[name].choices = [(step, step) for step in steps]  # type: ignore[attr-defined]
            self.fields[name].widget.attrs["size"] = 4
        self.fields["people"].choices = [(one, one) for one in people]  # type: ignore[attr-defined]
        self.fields["people"].widget.attrs["size"] = 4
        if not people:
            del self.fields["people"]
        self.is_valid()

    def said(self, name: str) -> Any:
        """What the address says, where that can be read."""
        return self.cleaned_data.get(name)

    @property
    def measure(self) -> str:
        return self.said("show") or "count"

    def filter(self, zone: ZoneInfo) -> Filter:
        """The cases that are looked at; days begin by the workspace's clock."""
        since, until, path = self.said("since"), self.said("until"), self.said("path") or ""
        pair = (self.said("before"), self.said("after"))
        return Filter(
            since=datetime.combine(since, time(), zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
            touched=tuple(self.said("touched") or ()),
            untouched=tuple(self.said("untouched") or ()),
            resources=tuple(self.said("people") or ()),
            longer=self.said("longer") * HOUR if self.said("longer") is not None else None,
            shorter=self.said("shorter") * HOUR if self.said("shorter") is not None else None,
            variants=(int(path, 16),) if path and all(one in "0123456789abcdef" for one in path) else (),
            follows=((pair[0], pair[1]),) if pair[0] and pair[1] else (),
        )

    def query(self, **changes: Any) -> str:
        """The look as an address' query, with these changes; an empty one takes something out."""
        given: dict[str, Any] = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])
        }
        given = {**given, **changes}
        return urlencode({name: value for name, value in given.items() if value not in (None, "", [])}, doseq=True)

    @property
    def narrowed(self) -> list[Mapping[str, str]]:
        """What narrows the look, each in words, and the query without it."""
        pair = (self.said("before"), self.said("after"))
        found: list[tuple[str, dict[str, Any]]] = [
            (f"{self.fields[name].label}: {value:g}" if isinstance(value, float) else f"{self.fields[name].label}: {value}",
             {name: ""})
            for name in ("since", "until", "longer", "shorter")
            if (value := self.said(name)) is not None
        ] + [
            (f"{self.fields[name].label}: {value}", {name: [one for one in self.said(name) if one != value]})
            for name in ("touched", "untouched", "people")
            for value in self.said(name) or ()
        ]  # fmt: skip
        if self.said("path"):
            found.append((str(self.fields["path"].label), {"path": ""}))
        if all(pair):
            found.append((f"{pair[0]} → {pair[1]}", {"before": "", "after": ""}))
        return [{"text": text, "query": self.query(**without)} for text, without in found]
