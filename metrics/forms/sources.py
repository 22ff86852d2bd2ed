"""What people say of a source: where it is, how often it is read, who looks after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from metrics.models import Every, Origin, Source
from metrics.services import fetching, secret_of
from opsboard.core import registry
from opsboard.core.access import Viewer
from opsboard.core.forms import members, team_choices
from opsboard.core.models import User

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}\Z")
STEPS = [
    (0, gettext_lazy("Only the value now")),
    (60, gettext_lazy("One value a minute")),
    (300, gettext_lazy("One value every 5 minutes")),
    (900, gettext_lazy("One value every 15 minutes")),
    (3600, gettext_lazy("One value an hour")),
    (86_400, gettext_lazy("One value a day")),
]


class SourceForm(forms.Form):
    """What every source has; each kind adds what is asked there."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, help_text=gettext_lazy("As people say it: Orders of the web shop.")
    )
    every = forms.TypedChoiceField(
        label=gettext_lazy("How often"), coerce=int, choices=Every.choices, initial=Every.DAY.value
    )
    at_time = forms.TimeField(
        label=gettext_lazy("At"),
        initial="06:00",
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("For once a day: by the workspace's clock."),
        required=False,
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.none(),
        empty_label=None,
        help_text=gettext_lazy("Is told when it can't be read."),
    )
    limited_to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for teams"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    asked: tuple[str, ...] = ()  # the fields that say what is asked
    hidden: tuple[str, ...] = ()  # the fields that are sealed and never shown again
    kind = ""

    def __init__(self, data: Any = None, *, viewer: Viewer, source: Source | None = None) -> None:
        self.viewer, self.source = viewer, source
        start: dict[str, Any] = {"owner": viewer.user.pk if viewer.user else None}
        if source:
            start = {"name": source.name, "every": source.every, "at_time": source.at_time, "owner": source.owner_id,
                     "limited_to": source.limited_to, **self.typed(source.asks)}  # fmt: skip
        super().__init__(data, initial=start)
        self.fields["owner"].queryset = members(viewer.workspace)  # type: ignore[attr-defined]
        teams = team_choices(viewer.workspace, start.get("limited_to") or ())
        if teams:
            self.fields["limited_to"].choices = teams  # type: ignore[attr-defined]
        else:
            del self.fields["limited_to"]
        if source and source.secret:
            for name in self.hidden:
                self.fields[name].required = False
                self.fields[name].help_text = _("One is stored. Leave this empty to keep it.")

    def typed(self, asks: Mapping[str, Any]) -> dict[str, Any]:
        return {name: asks.get(name) for name in self.asked}

    def asks(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in self.asked if self.cleaned_data.get(name) not in ("", None, False)
        }

    def secret(self) -> dict[str, Any] | None:
        """What was typed, or None to keep what is stored."""
        given = {name: value for name in self.hidden if (value := self.cleaned_data.get(name))}
        return given or None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            for name, text in fetching.check(self.kind, self.asks()).items():
                self.add_error(name if name in self.fields else None, text)
        return given

    def changes(self) -> dict[str, Any]:
        names = ("name", "every", "at_time", "owner", "limited_to")
        given = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return {**{name: value for name, value in given.items() if value is not None}, "asks": self.asks()}

    def trial(self) -> Source:
        """A source as it would be, not saved: to look at what it gives."""
        given = self.changes()
        secret = self.secret()
        return Source(
            workspace=self.viewer.workspace,
            kind=self.kind,
            secret=secret_of(secret) if secret is not None else self.source.secret if self.source else "",
            mapping=self.source.mapping if self.source else {},
            **{**given, "owner": given.get("owner") or self.viewer.user},
        )

    @property
    def own(self) -> list[Any]:
        """The fields of this kind."""
        return [self[name] for name in (*self.asked, *self.hidden)]


class HeadersMixin(forms.Form):
    headers = forms.CharField(
        label=gettext_lazy("Headers"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, such as: Authorization: Bearer 1234. They are stored encrypted and never shown again."),
    )  # fmt: skip

    def clean_headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.cleaned_data["headers"].splitlines():
            name, colon, value = line.partition(":")
            if not line.strip():
                continue
            if not colon or not _HEADER.match(name.strip()) or not value.strip().isprintable():
                raise ValidationError(_("Write each header as a line of its own: its name, a colon, its value."))
            if name.strip().lower() in {"host", "content-length", "connection", "transfer-encoding"}:
                raise ValidationError(_("The header “%(name)s” is set by itself.") % {"name": name.strip()})
            found[name.strip()] = value.strip()
        return found


class HttpForm(HeadersMixin, SourceForm):
    kind = Origin.HTTP.value
    asked, hidden = ("url", "path", "next"), ("headers",)
    url = forms.CharField(
        label=gettext_lazy("Web address"),
        max_length=2000,
        widget=forms.URLInput,
        help_text=gettext_lazy("A CSV file or JSON. {since} in it becomes the time of the newest value that was read, {until} the present time."),
    )  # fmt: skip
    path = forms.CharField(
        label=gettext_lazy("Where the rows are (JSON)"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Such as data.items[*]. Empty: the only list in the answer."),
    )
    next = forms.CharField(
        label=gettext_lazy("Where the next page's address is (JSON)"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Such as links.next. The Link header is followed by itself."),
    )


class SqlForm(SourceForm):
    kind = Origin.SQL.value
    asked, hidden = ("database", "host", "port", "db", "user", "tls", "query"), ("password",)
    database = forms.ChoiceField(
        label=gettext_lazy("Kind of database"),
        choices=[("postgresql", "PostgreSQL"), ("mysql", "MySQL / MariaDB"), ("sqlite", gettext_lazy("SQLite file"))],
    )
    host = forms.CharField(
        label=gettext_lazy("Server"),
        max_length=253,
        required=False,
        help_text=gettext_lazy("Its name or address. Private addresses must be allowed by the administrator (OUTBOUND_ALLOW_PRIVATE)."),
    )  # fmt: skip
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65_535, required=False)
    db = forms.CharField(label=gettext_lazy("Database (or file)"), max_length=200)
    user = forms.CharField(label=gettext_lazy("User"), max_length=200, required=False)
    tls = forms.BooleanField(label=gettext_lazy("Only encrypted (TLS)"), required=False)
    query = forms.CharField(
        label=gettext_lazy("Query"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
        help_text=gettext_lazy("One SELECT. :since is the time of the newest value that was read, so that only newer rows are asked for."),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Best of a user who may only read. Stored encrypted and never shown again."),
    )


class PrometheusForm(HeadersMixin, SourceForm):
    kind = Origin.PROMETHEUS.value
    asked, hidden = ("url", "query", "step", "days"), ("headers",)
    url = forms.CharField(
        label=gettext_lazy("Address of Prometheus"), max_length=2000, widget=forms.URLInput,
        help_text=gettext_lazy("Such as https://prometheus.example.com"),
    )  # fmt: skip
    query = forms.CharField(
        label=gettext_lazy("Query (PromQL)"), max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false"}),
    )  # fmt: skip
    step = forms.TypedChoiceField(label=pgettext_lazy("of time", "Step"), coerce=int, choices=STEPS, initial=3600)
    days = forms.IntegerField(
        label=gettext_lazy("Days at first"), min_value=1, max_value=400, initial=7, required=False,
        help_text=gettext_lazy("How far back the first reading goes."),
    )  # fmt: skip


class FeishuForm(SourceForm):
    kind = Origin.FEISHU.value
    asked, hidden = ("url", "host", "app_id"), ("app_secret",)
    url = forms.CharField(
        label=gettext_lazy("Address of the table"), max_length=2000, widget=forms.URLInput,
        help_text=gettext_lazy("As your browser shows it while the table is open."),
    )  # fmt: skip
    host = forms.ChoiceField(
        label=gettext_lazy("Where it is"), choices=[("feishu", gettext_lazy("Feishu (China)")), ("lark", "Lark")]
    )
    app_id = forms.CharField(
        label="App ID", max_length=80,
        help_text=gettext_lazy("Of an app of your own at open.feishu.cn that may read bases and was added to this one."),
    )  # fmt: skip
    app_secret = forms.CharField(
        label="App Secret", max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Stored encrypted and never shown again."),
    )  # fmt: skip

    def asks(self) -> dict[str, Any]:
        given = super().asks()
        return {**given, **fetching.feishu.from_address(given.get("url", ""))}


class IndicatorForm(SourceForm):
    kind = Origin.INDICATOR.value
    asked = ("indicator",)
    indicator = forms.ChoiceField(
        label=gettext_lazy("Number"), help_text=gettext_lazy("Its value is written down each time, with all its parts.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[str, Any]]] = {}
        contracts = registry.contracts()
        for one in registry.catalogue(self.viewer):
            label = one.key.partition(".")[0]
            if not one.key.startswith("metrics."):
                groups.setdefault(str(contracts[label].title), []).append((one.key, one.title))
        self.fields["indicator"].choices = [("", _("Please choose")), *groups.items()]  # type: ignore[attr-defined]


class DatasetForm(SourceForm):
    kind = Origin.DATASET.value
    asked = ("dataset",)
    dataset = forms.ChoiceField(
        label=gettext_lazy("Table"), help_text=gettext_lazy("It is read with the owner's rights.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tables = [
            (rows.key, rows.title)
            for _one, rows in fetching.house.tables(self.viewer)
            if not rows.key.startswith("metrics.points:")
        ]
        self.fields["dataset"].choices = [("", _("Please choose")), *tables]  # type: ignore[attr-defined]


FORMS: Mapping[str, type[SourceForm]] = {
    one.kind: one for one in (HttpForm, SqlForm, PrometheusForm, FeishuForm, IndicatorForm, DatasetForm)
}
HINTS = {
    Origin.HTTP: ("world", gettext_lazy("A file or an API of your shop, your warehouse or any program that answers on the web.")),
    Origin.SQL: ("database", gettext_lazy("One SELECT in your PostgreSQL, MySQL, MariaDB or SQLite. It can only read.")),
    Origin.FEISHU: ("table", gettext_lazy("A table of a Feishu or Lark base, as your team fills it in.")),
    Origin.PROMETHEUS: ("activity", gettext_lazy("What your servers and machines already measure.")),
    Origin.INDICATOR: ("gauge", gettext_lazy("A number that Opsboard counts itself, such as overdue actions, kept as a metric.")),
    Origin.DATASET: ("layout-list", gettext_lazy("Rows that another part of Opsboard keeps, such as the improvement actions.")),
}  # fmt: skip
