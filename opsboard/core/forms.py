"""What people type on the hall's own pages."""

from __future__ import annotations

import unicodedata
import zoneinfo
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from opsboard.core import registry
from opsboard.core.cards import every_severity
from opsboard.core.models import LANGUAGES, ApiToken, Invitation, Membership, Role, Team, User, Workspace
from opsboard.core.services.calendar import countries
from opsboard.core.uploads import Unreadable, guess_decimal, parse_number

CURRENCIES = [
    ("CNY", _("Chinese yuan (CNY)")),
    ("USD", _("US dollar (USD)")),
    ("EUR", _("Euro (EUR)")),
    ("GBP", _("Pound sterling (GBP)")),
    ("JPY", _("Japanese yen (JPY)")),
    ("HKD", _("Hong Kong dollar (HKD)")),
    ("TWD", _("Taiwan dollar (TWD)")),
    ("SGD", _("Singapore dollar (SGD)")),
    ("KRW", _("South Korean won (KRW)")),
    ("INR", _("Indian rupee (INR)")),
    ("AUD", _("Australian dollar (AUD)")),
    ("CAD", _("Canadian dollar (CAD)")),
    ("CHF", _("Swiss franc (CHF)")),
]
SEVERITIES = [("critical", _("Critical")), ("warning", _("Warning")), ("info", _("Info"))]
INVITATION_DAYS = [(3, _("3 days")), (14, _("14 days")), (30, _("30 days")), (90, _("90 days"))]
TOKEN_DAYS = [(30, _("30 days")), (90, _("90 days")), (365, _("One year")), (730, _("Two years"))]


def zones() -> list[tuple[str, str]]:
    """Places such as Asia/Shanghai; the many old names of the same are left out."""
    places = sorted(
        name
        for name in zoneinfo.available_timezones()
        if name.partition("/")[0]
        in {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class Measured(forms.TextInput):
    """A number with its unit beside it. A field of text: one for numbers would swallow the comma of 5,5."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})
        self.unit = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        typed = super().render(name, value, attrs, renderer)
        return format_html('<span class="with-unit">{}<span class="unit">{}</span></span>', typed, self.unit)


class NumberField(forms.FloatField):
    """A number as people write it: 5.5 or 5,5, 1,234.5 or 1.234,5, １２, 1.2万, and 50 % where it is typed in per cent."""

    widget = Measured

    @property
    def unit(self) -> str:
        """What it is typed in; said beside it, and no harm where somebody types it, too."""
        return str(getattr(self.widget, "unit", ""))

    @unit.setter
    def unit(self, text: str) -> None:
        self.widget.unit = text

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]
        text = unicodedata.normalize("NFKC", str("" if value is None else value)).strip()
        if self.unit not in {"", "%"}:
            text = text.removesuffix(self.unit).rstrip()
        try:
            found = parse_number(text, guess_decimal([text])[0])
        except Unreadable as refusal:
            raise ValidationError(gettext(refusal.text) % refusal.values, code="invalid") from refusal
        if found is None or not text.endswith("%"):
            return found
        if self.unit not in {"", "%"}:
            raise ValidationError(_("This is typed in %(unit)s, not in per cent."), params={"unit": self.unit})
        return scaled(found, 100)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:.12g}" if isinstance(value, float) else value


class ShareField(NumberField):
    """A share: typed in per cent, kept as 0 to 1."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.unit = "%"

    def clean(self, value: Any) -> float | None:
        return scaled(super().clean(value), 0.01)

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(scaled(value, 100) if isinstance(value, float) else value)


def scaled(value: float | None, scale: float) -> float | None:
    """What is typed as it is kept, or the other way round: 12 per cent as 0.12, and not 0.12000000000000001."""
    return None if value is None else float(f"{value * scale:.12g}")


def say(form: forms.Form, refusal: ValidationError) -> None:
    """Put a service's refusal beside the fields that it names, or above the form."""
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for name, errors in refusal.error_dict.items():
        form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, errors)


def team_choices(workspace: Workspace, kept: Iterable[int] = ()) -> list[tuple[int, Any]]:
    """The teams, and those that are gone but still keep something closed: it opens only when somebody says so."""
    teams: list[tuple[int, Any]] = [(team.pk, team.name) for team in Team.objects.filter(workspace=workspace)]
    there = {pk for pk, _name in teams}
    return [*teams, *((pk, _("A team that is gone")) for pk in kept if pk not in there)]


def members(workspace: Workspace) -> Any:
    """The people who may be chosen in a workspace, by name."""
    here = Membership.objects.active().of(workspace).values("user_id")
    return User.objects.filter(pk__in=here).order_by("name", "username")


def roles_up_to(role: Role) -> list[tuple[int, Any]]:
    return [(one.value, one.label) for one in Role if one <= role]


class RoleField(forms.TypedChoiceField):
    def __init__(self, *, at_most: Role = Role.ADMIN, **more: Any) -> None:
        super().__init__(coerce=lambda value: Role(int(value)), choices=roles_up_to(at_most), **more)


class ZoneField(forms.ChoiceField):
    """A time zone; one that a row already has stays choosable."""

    def __init__(self, **more: Any) -> None:
        super().__init__(choices=zones, label=_("Time zone"), **more)

    def valid_value(self, value: str) -> bool:
        return super().valid_value(value) or value in zoneinfo.available_timezones()


class PersonalSettings(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=150, required=False, help_text=_("Without it others see your e-mail address.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    timezone = ZoneField()
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices)
    mail_notices = forms.BooleanField(
        label=_("Send notices by e-mail"), required=False, help_text=_("Notices in Opsboard itself always arrive.")
    )
    mail_severities = forms.MultipleChoiceField(
        label=_("E-mail for notices that are"), choices=SEVERITIES, required=False, initial=every_severity,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip


class WorkspaceSettings(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(
        label=_("Language"), choices=LANGUAGES, help_text=_("For invitations and reports; everybody chooses their own.")
    )
    timezone = ZoneField(help_text=_("Days and weeks begin and end by this clock."))
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    week_start = forms.ChoiceField(label=_("Week starts on"), choices=Workspace.WeekStart.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = self.initial.get("currency")
        if present and present not in dict(CURRENCIES):
            self.fields["currency"].choices = [(present, present), *CURRENCIES]  # type: ignore[attr-defined]


class CalendarForm(forms.Form):
    """When a workspace works: `hours_0` is Monday."""

    holidays_of = forms.ChoiceField(
        label=_("Public holidays of"), required=False,
        help_text=_("Fills the days below, shifted working days included, and keeps them up to date."),
    )  # fmt: skip
    year_start = forms.TypedChoiceField(
        label=_("Fiscal year starts in"), coerce=int, choices=[(month, MONTHS[month]) for month in range(1, 13)]
    )

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["holidays_of"].choices = [("", _("None")), *countries(language)]  # type: ignore[attr-defined]
        for place in range(7):
            self.fields[f"hours_{place}"] = forms.CharField(label=WEEKDAYS[place], max_length=120, required=False)
        self.fields["hours_0"].help_text = _("Such as 09:00-12:00, 13:00-18:00. Empty: nobody works.")

    @classmethod
    def of(cls, workspace: Workspace, *, language: str) -> CalendarForm:
        hours = {f"hours_{place}": text for place, text in enumerate(workspace.work_hours)}
        known = {"holidays_of": workspace.holidays_of, "year_start": workspace.year_start}
        return cls(initial={**known, **hours}, language=language)

    def settings(self) -> dict[str, Any]:
        given = self.cleaned_data
        hours = [given[f"hours_{place}"] for place in range(7)]
        return {"holidays_of": given["holidays_of"], "year_start": given["year_start"], "work_hours": hours}


class CalendarDayForm(forms.Form):
    day = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    hours = forms.CharField(
        label=_("Hours of work"), max_length=120, required=False, help_text=_("Empty: a day off. Else it is worked.")
    )

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if not 1900 <= day.year < 2200:
            raise ValidationError(_("Choose a day between 1900 and 2199."))
        return day


class NewWorkspace(WorkspaceSettings):
    field_order = ("name", "slug")
    slug = forms.SlugField(
        label=_("Address"),
        max_length=60,
        required=False,
        help_text=_("The part after this server's name; made from the name when empty. It can't be changed later."),
    )


class AppLimits(forms.Form):
    """One field per app: the teams that alone may enter it."""

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for label, contract in registry.contracts().items():
            if contract.home is None:
                continue
            limits = workspace.app_limits.get(label, [])
            self.fields[label] = forms.TypedMultipleChoiceField(
                label=contract.title,
                coerce=int,
                choices=team_choices(workspace, limits),
                required=False,
                initial=limits,
                widget=forms.CheckboxSelectMultiple,
            )


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("Leave it empty for somebody without e-mail: hand over the link."),
    )
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    role = RoleField(label=_("Role"), initial=Role.CONTRIBUTOR)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("No team")
    )
    days = forms.TypedChoiceField(label=_("Open for"), coerce=int, choices=INVITATION_DAYS, initial=14)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.filter(workspace=workspace)  # type: ignore[attr-defined]

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class RoleForm(forms.Form):
    role = RoleField(label=_("Role"))


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    lead = forms.ModelChoiceField(
        label=_("Team lead"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    members = forms.ModelMultipleChoiceField(
        label=_("Members"), queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(pk__in=Membership.objects.active().of(workspace).values("user_id")).order_by(
            "name", "username"
        )
        for field in ("lead", "members"):
            self.fields[field].queryset = people  # type: ignore[attr-defined]


class JoinForm(forms.Form):
    """A new person out of an invitation: a name, a way to be called, a password."""

    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        help_text=_("You sign in with it. Letters, digits and @ . + - _ only."),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("If you have one: for notices, and when you forget your password."),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = invitation.name
        if invitation.email:  # they sign in with the address that the invitation went to
            del self.fields["username"]
            del self.fields["email"]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=ApiToken._meta.get_field("name").max_length,
        help_text=_("Which program it is for, such as: Warehouse import."),
    )  # fmt: skip
    days = forms.TypedChoiceField(label=_("Works for"), coerce=int, choices=TOKEN_DAYS, initial=365)

    def __init__(self, *args: Any, at_most: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = RoleField(
            label=_("Role"), at_most=at_most, initial=Role.VIEWER, help_text=_("What the program may do, at most.")
        )
        self.order_fields(["name", "role", "days"])

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
