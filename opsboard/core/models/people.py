"""People, workspaces, teams and who may do what."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from opsboard.core import calendars, periods
from opsboard.core.cards import every_severity
from opsboard.core.models.history import every_change

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
RESERVED_SLUGS = frozenset(
    {"accounts", "api", "open", "me", "static", "media", "events", "healthz", "readyz", "emergency", "new", "i18n",
     "manifest", "favicon", "robots", "join", "jobs", "files", "reset", "offline"}
)  # fmt: skip


def check_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; choose one such as Asia/Shanghai."), params={"name": name}
        )


def check_slug_is_free(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("This address is needed by Opsboard itself; choose another."))


def office_week() -> list[str]:
    """Monday to Sunday, as people write hours: nine to six with an hour for lunch, and a free weekend."""
    return [*[calendars.format_hours(calendars.OFFICE_HOURS)] * 5, "", ""]


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, email: str | None = None, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, email=email.strip().lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        return self.create_user(username, email, password, **{"is_staff": True, "is_superuser": True, **fields})


@every_change(fields=["username", "email", "name", "is_active", "is_staff", "is_superuser"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by e-mail, or by user name where staff have no e-mail."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Like the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    username = models.CharField(
        _("User name"), max_length=150, unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+\Z", _("Letters, digits and @ . + - _ only."))],
    )  # fmt: skip
    email = models.EmailField(_("E-mail"), null=True, blank=True)
    name = models.CharField(_("Name"), max_length=150, blank=True)
    language = models.CharField(_("Language"), max_length=10, choices=LANGUAGES, default="en")
    timezone = models.CharField(_("Time zone"), max_length=64, default="UTC", validators=[check_zone])
    theme = models.CharField(_("Theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    mail_notices = models.BooleanField(_("Send notices by e-mail"), default=True)
    mail_severities = ArrayField(
        models.CharField(max_length=10),
        default=every_severity,
        blank=True,
        verbose_name=_("E-mail for notices that are"),
    )
    is_active = models.BooleanField(_("Active"), default=True)
    is_staff = models.BooleanField(_("May use the emergency exit"), default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    entrances: Mapping[str, Any]  # of whoever asks: the ways into their workspaces, see `entering`

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("Person")
        verbose_name_plural = _("People")
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="one_person_per_email",
                violation_error_message=_("Somebody with this e-mail is here already."),
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="one_person_per_user_name",
                violation_error_message=_("This user name is taken; choose another."),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email or self.username

    def get_full_name(self) -> str:
        return str(self)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


@every_change()
class Workspace(models.Model):
    """A company, or a part of one that works on its own."""

    class WeekStart(models.TextChoices):
        MONDAY = "monday", _("Monday")
        SUNDAY = "sunday", _("Sunday")

    name = models.CharField(_("Name"), max_length=120)
    slug = models.SlugField(_("Address"), max_length=60, unique=True, validators=[check_slug_is_free])
    timezone = models.CharField(_("Time zone"), max_length=64, default="UTC", validators=[check_zone])
    language = models.CharField(_("Language"), max_length=10, choices=LANGUAGES, default="en")
    currency = models.CharField(_("Currency"), max_length=3, default="CNY")
    week_start = models.CharField(
        _("Week starts on"), max_length=6, choices=WeekStart.choices, default=WeekStart.MONDAY
    )
    year_start = models.PositiveSmallIntegerField(
        _("Fiscal year starts in"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    holidays_of = models.CharField(_("Public holidays of"), max_length=2, blank=True)
    work_hours = models.JSONField(_("Hours of work"), default=office_week, blank=True)
    app_limits = models.JSONField(_("Apps limited to teams"), default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("Workspace")
        constraints = (
            models.CheckConstraint(condition=~models.Q(slug__in=sorted(RESERVED_SLUGS)), name="workspace_slug_is_free"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def first_weekday(self) -> periods.WeekStart:
        return "sunday" if self.week_start == self.WeekStart.SUNDAY else "monday"

    @property
    def calendar(self) -> calendars.WorkCalendar:
        """When people work here; one query, so keep it while you count."""
        holidays, shifted = set(), {}
        for day, hours in self.calendar_days.values_list("day", "hours"):
            if hours:
                shifted[day] = calendars.parse_hours(hours)
            else:
                holidays.add(day)
        week = tuple(calendars.parse_hours(text) for text in self.work_hours)
        return calendars.WorkCalendar(self.timezone, week, frozenset(holidays), shifted, self.first_weekday)

    def week_of(self, moment: date | datetime) -> periods.Period:
        """The week here that holds a day or moment."""
        return periods.week_of(moment, self.zone, self.first_weekday)

    def period(self, slug: str) -> periods.Period:
        """The period that an address names (`2026-W47`), in this zone; raises UnknownPeriod."""
        return periods.parse(slug, self.zone, self.first_weekday, self.year_start)

    def fiscal_year_of(self, moment: date | datetime) -> periods.Period:
        """The fiscal year here that holds a day or moment; the calendar year where that starts in January."""
        return periods.fiscal_year_of(moment, self.zone, self.year_start)

    def fiscal_quarter_of(self, moment: date | datetime) -> periods.Period:
        return periods.fiscal_quarter_of(moment, self.zone, self.year_start)


class Role(models.IntegerChoices):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = 10, _("Viewer")
    CONTRIBUTOR = 20, _("Contributor")
    EDITOR = 30, _("Editor")
    ADMIN = 40, _("Admin")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(user__is_active=True)

    def of(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def at_least(self, role: Role) -> Self:
        return self.filter(role__gte=role)


@every_change()
class Membership(models.Model):
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(_("Role"), choices=Role.choices, default=Role.VIEWER)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("Member")
        constraints = (
            models.UniqueConstraint(fields=["workspace", "user"], name="a_person_is_a_member_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.workspace}"


@every_change()
class Team(models.Model):
    """People who work together, with one of them in the lead."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(_("Name"), max_length=120)
    lead = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Team lead")
    )
    members = models.ManyToManyField(
        User, blank=True, related_name="teams", verbose_name=_("Members"), through="core.TeamMember"
    )

    class Meta:
        verbose_name = _("Team")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                "workspace",
                Lower("name"),
                name="team_names_differ_in_a_workspace",
                violation_error_message=_("There is a team of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


@every_change()
class TeamMember(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("Team member")
        constraints = (models.UniqueConstraint(fields=["team", "user"], name="a_person_is_in_a_team_once"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open_at(self, now: datetime) -> Self:
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)


@every_change(exclude=["secret_hash"])
class Invitation(models.Model):
    """A way in: by mail, link or QR code, with a role. The link's secret is kept only as a hash."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("E-mail"), blank=True)
    name = models.CharField(_("Name"), max_length=150, blank=True)
    role = models.PositiveSmallIntegerField(_("Role"), choices=Role.choices, default=Role.VIEWER)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Team")
    )
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("Invitation")
        constraints = (
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_is_known"),
        )

    def __str__(self) -> str:
        return self.name or self.email or str(_("Invitation"))


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def working_at(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)


@every_change(exclude=["token_hash", "last_used_at"])
class ApiToken(models.Model):
    """A program's way in: hashed, scoped to one workspace and a role, with an end."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_tokens")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("Name"), max_length=120)
    role = models.PositiveSmallIntegerField(_("Role"), choices=Role.choices, default=Role.VIEWER)
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("Expires"))
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        constraints = (models.CheckConstraint(condition=models.Q(role__in=Role.values), name="token_role_is_known"),)

    def __str__(self) -> str:
        return self.name
