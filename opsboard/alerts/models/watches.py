from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from opsboard.alerts import analysis
from opsboard.alerts.analysis import Health, State
from opsboard.alerts.models import words
from opsboard.alerts.models.running import Running
from opsboard.core.models import (
    About,
    LimitedModel,
    Versioned,
    WorkspaceQuerySet,
)
from opsboard.core.models.history import every_change

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import Workspace

A_YEAR = 366 * 86_400
MOST_INPUTS = 100


class Severity(models.TextChoices):
    INFO = "info", _("Info")
    WARNING = "warning", _("Warning")
    CRITICAL = "critical", _("Critical")


# Asked with every home page; the ORM takes longer to spell this than the database to answer it.
UNHEARD = """
NOT EXISTS (
  SELECT FROM core_membership m JOIN core_user u ON u.id = m.user_id AND u.is_active
  WHERE m.workspace_id = alerts_watch.workspace_id AND (
    m.user_id = alerts_watch.owner_id
    OR m.user_id IN (SELECT p.user_id FROM alerts_watch_people p WHERE p.watch_id = alerts_watch.id)
  )
) AND NOT EXISTS (
  SELECT FROM alerts_watch_teams t JOIN core_teammember tm ON tm.team_id = t.team_id WHERE t.watch_id = alerts_watch.id
) AND NOT EXISTS (SELECT FROM alerts_watch_channels c WHERE c.watch_id = alerts_watch.id)
"""


class WatchQuerySet(WorkspaceQuerySet):
    def visible_to(self, viewer: Viewer) -> Self:
        return self.including_deleted(viewer).filter(deleted_at=None)

    def including_deleted(self, viewer: Viewer) -> Self:
        """A watch on a number of a closed app is closed as well."""
        rows = super().visible_to(viewer)
        for label in viewer.closed_apps:
            rows = rows.exclude(indicator__startswith=f"{label}.")
        return rows

    def active(self) -> Self:
        return self.filter(deleted_at=None, paused_at=None)

    def unheard_by_anybody(self) -> Self:
        """Whose people, teams and owner are no longer here, and that have no channel."""
        return self.filter(RawSQL(UNHEARD, (), models.BooleanField()))  # noqa: S611

    def of(self, workspace: Workspace) -> Self:
        return self.filter(workspace=workspace)

    def waiting(self) -> Self:
        """Those that may hold back a value until its period is over; `Watch.waits` knows it exactly."""
        return self.active().filter(so_far=False, grain_seconds__gt=0).exclude(kind="stale").exclude(aggregation="last")

    def on_object(self, model: str, pk: int) -> Self:
        label, _dot, name = model.partition(".")
        return self.filter(about_type__app_label=label, about_type__model=name, about_id=pk)

    def with_state(self) -> Self:
        """Each watch with `firing` and `pending`: how many of its label sets are."""
        return self.annotate(
            firing=models.Count("instances", filter=models.Q(instances__state__in=[State.FIRING, State.RECOVERING])),
            pending=models.Count("instances", filter=models.Q(instances__state=State.PENDING)),
            unheard=models.Count(
                "instances", filter=models.Q(instances__retired_at=None) & ~models.Q(instances__health=Health.OK)
            ),
            last_tick=models.Max("instances__last_tick"),
        )


@every_change()
class Watch(Running, LimitedModel, Versioned, About):
    """Somebody wants to know when a number crosses a threshold and stays there."""

    class Op(models.TextChoices):
        ABOVE = ">", _("above")
        AT_LEAST = ">=", _("at or above")
        BELOW = "<", _("below")
        AT_MOST = "<=", _("at or below")

    class Scope(models.TextChoices):
        WHOLE = "whole", _("the whole number")
        EACH = "each", _("each part on its own")
        ALL = "all", _("the whole and each part")

    class Kind(models.TextChoices):
        VALUE = "value", _("its value")
        CHANGE = "change", _("its change")
        OTHER = "other", _("its value beside another number")
        STALE = "stale", _("how old its newest value is")

    class Compare(models.TextChoices):
        PREVIOUS = "previous", _("the period before")
        WEEK = "week", _("the same time a week before")
        YEAR = "year", _("the same time a year before")
        BASELINE = "baseline", _("what is usual at this time of the week")

    class NoData(models.TextChoices):
        KEEP_LAST = "keep_last", _("keep the last state and show since when")
        NODATA = "nodata", _("tell that there are no data")
        ALERTING = "alerting", _("alert as if it were beyond the threshold")
        OK = "ok", _("take it as all right")

    indicator = models.CharField(_("Number"), max_length=200)
    indicator_title = models.CharField(max_length=300)
    title = models.CharField(_("Name"), max_length=200, blank=True, help_text=_("Left empty: the name of the number."))
    unit = models.CharField(max_length=40, blank=True)
    decimals = models.PositiveSmallIntegerField(null=True, blank=True)
    rate = models.BooleanField(default=False)
    grain_seconds = models.PositiveIntegerField(default=0)
    url = models.CharField(max_length=500, blank=True)
    aggregation = models.CharField(max_length=10, blank=True)
    kind = models.CharField(_("Looks at"), max_length=6, choices=Kind.choices, default=Kind.VALUE)
    compare = models.CharField(_("Compared with"), max_length=8, choices=Compare.choices, blank=True)
    relative = models.BooleanField(_("In per cent"), default=True)
    other = models.CharField(_("Other number"), max_length=200, blank=True)
    other_title = models.CharField(max_length=300, blank=True)
    op = models.CharField(_("Alert when it is"), max_length=2, choices=Op.choices, default=Op.ABOVE)
    value = models.FloatField(_("Threshold"))
    clear = models.FloatField(
        _("Clears at"), null=True, blank=True,
        help_text=_("Keeps a number that hovers at the threshold from alerting again and again. Empty: the threshold."),
    )  # fmt: skip
    for_seconds = models.PositiveIntegerField(_("For"), default=0, validators=[MaxValueValidator(A_YEAR)])
    keep_seconds = models.PositiveIntegerField(_("Quiet for"), default=0, validators=[MaxValueValidator(A_YEAR)])
    severity = models.CharField(_("Severity"), max_length=10, choices=Severity.choices, default=Severity.WARNING)
    # Thresholds beyond the first, each of a higher severity: [{"severity", "value", "clear"}].
    levels = models.JSONField(default=list, blank=True)
    need = models.PositiveSmallIntegerField(_("At least"), default=1, validators=[MinValueValidator(1)])
    out_of = models.PositiveSmallIntegerField(
        _("of the last"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_INPUTS)]
    )
    no_data = models.CharField(
        _("When data are missing"), max_length=9, choices=NoData.choices, default=NoData.KEEP_LAST
    )
    so_far = models.BooleanField(_("Also judge periods that have not ended"), default=False)
    late_seconds = models.PositiveIntegerField(
        _("Wait for late values"), default=0, validators=[MaxValueValidator(A_YEAR)]
    )
    scope = models.CharField(_("Looks at"), max_length=5, choices=Scope.choices, default=Scope.ALL)
    labels = models.JSONField(_("Only for"), default=dict, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Owner")
    )
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("People"))
    teams = models.ManyToManyField("core.Team", blank=True, related_name="+", verbose_name=_("Teams"))
    channels = models.ManyToManyField("core.Channel", blank=True, related_name="+", verbose_name=_("Channels"))
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    condition_at = models.DateTimeField(null=True, blank=True)  # when the condition became what it is
    # Up to which moment the number's past was uploaded: that sets nothing off.
    past_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = WatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("Watch")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(clear=None)
                | models.Q(op__in=[">", ">="], clear__lte=models.F("value"))
                | models.Q(op__in=["<", "<="], clear__gte=models.F("value")),
                name="watch_clears_on_the_quiet_side",
            ),
            models.CheckConstraint(condition=models.Q(op__in=[">", ">=", "<", "<="]), name="watch_op_is_known"),
            models.CheckConstraint(condition=models.Q(severity__in=Severity.values), name="watch_severity_is_known"),
            models.CheckConstraint(condition=models.Q(scope__in=["whole", "each", "all"]), name="watch_scope_is_known"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["value", "stale"], compare="", other="")
                | models.Q(kind="change", compare__in=["previous", "week", "year", "baseline"], other="")
                | (models.Q(kind="other", compare="") & ~models.Q(other="")),
                name="watch_compares_with_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(no_data__in=[policy.value for policy in analysis.NoData]),
                name="watch_no_data_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(need__gte=1, need__lte=models.F("out_of")), name="watch_needs_some_of_the_last"
            ),
        )
        indexes = (
            models.Index(fields=["workspace", "indicator"], condition=models.Q(deleted_at=None), name="watch_in_use"),
        )

    def __str__(self) -> str:
        return self.title or self.indicator_title

    def get_absolute_url(self) -> str:
        return reverse("alerts:watch", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def clean(self) -> None:
        problems: dict[str, str] = {}
        if self.value is not None and abs(self.value) > 1e15:
            problems["value"] = gettext("This threshold is too large.")
        if (
            self.value is not None
            and self.op in self.Op.values
            and not analysis.clears_on_the_right_side(self.op, self.value, self.clear)  # type: ignore[arg-type]
        ):
            limit = self.limit_text(self.value)
            problems["clear"] = (
                gettext("An alert above %(limit)s must clear at %(limit)s or lower.")
                if self.op in (">", ">=")
                else gettext("An alert below %(limit)s must clear at %(limit)s or higher.")
            ) % {"limit": limit}
        problems |= self._problems_of_levels() | self._problems_of_comparing()
        if not isinstance(self.labels, dict) or not all(isinstance(value, str) for value in self.labels.values()):
            problems["labels"] = gettext("Labels are names with one text each.")
        for name in ("title", "indicator"):
            if "\x00" in getattr(self, name):
                problems[name] = gettext("Null characters are not allowed.")
        if "\\u0000" in json.dumps(self.labels):
            problems["labels"] = gettext("Null characters are not allowed.")
        if problems:
            raise ValidationError(problems)

    def _problems_of_levels(self) -> dict[str, str]:
        """Each level is graver and further out than the one before, and clears on the quiet side."""
        order = [str(one) for one in Severity.values]
        below, severity = self.value, self.severity
        if not isinstance(self.levels, list) or len(self.levels) > 2:
            return {"levels": gettext("A watch has at most three levels.")}
        for one in self.levels:
            value, clear, own = one.get("value"), one.get("clear"), one.get("severity")
            if own not in order or severity not in order or order.index(own) <= order.index(severity):
                return {"levels": gettext("Each further level needs a higher severity than the one before.")}
            if not _is_number(value) or not (clear is None or _is_number(clear)):
                return {"levels": gettext("Enter a number.")}
            if self.value is not None and (value < below if self.op in analysis.ABOVE else value > below):
                return {"levels": gettext("A graver level must lie further out than the one before.")}
            if self.op in self.Op.values and not analysis.clears_on_the_right_side(self.op, value, clear):  # type: ignore[arg-type]
                return {"levels": gettext("A level must clear on the good side of its threshold.")}
            below, severity = value, own
        return {}

    def _problems_of_comparing(self) -> dict[str, str]:
        problems: dict[str, str] = {}
        if (self.kind == self.Kind.CHANGE) != bool(self.compare):
            problems["compare"] = gettext("Say with what it is compared.")
        if (self.kind == self.Kind.OTHER) != bool(self.other):
            problems["other"] = gettext("Choose the number to compare with.")
        elif self.other and self.other == self.indicator:
            problems["other"] = gettext("A number cannot be compared with itself.")
        if self.kind == self.Kind.STALE and self.value is not None and self.value < analysis.INTERVAL:
            problems["value"] = gettext("At least ten seconds.")
        if self.kind == self.Kind.STALE and self.op in (self.Op.BELOW, self.Op.AT_MOST):
            problems["op"] = gettext("A value can only be too old.")
        if self.kind == self.Kind.STALE and self.out_of != 1:
            problems["out_of"] = gettext("An age is judged at once, not by the last values.")
        if self.need is not None and self.out_of is not None and self.need > self.out_of:
            problems["need"] = gettext("No more can breach than are looked at.")
        return problems

    @property
    def decided_at(self) -> datetime:
        """Since when it has the condition that it has."""
        return self.condition_at or self.created_at

    def looks_at(self, labels: Mapping[str, str], *, has_whole: bool) -> bool:
        """Whether a label set is this watch's business. A number without a whole has only parts."""
        if self.labels:
            return all(labels.get(name) == value for name, value in self.labels.items())
        if self.scope == self.Scope.WHOLE:
            return not labels or not has_whole
        return bool(labels) or self.scope == self.Scope.ALL or not has_whole

    @property
    def rule(self) -> analysis.Rule:
        return analysis.Rule(
            self.op,  # type: ignore[arg-type]
            self.value,
            self.clear,
            self.for_seconds,
            self.keep_seconds,
            0 if self.kind == self.Kind.STALE else self.grain_seconds,
            tuple(analysis.Level(one["value"], one.get("clear")) for one in self.levels),
            analysis.NoData(self.no_data),
            self.need,
            self.out_of,
        )

    @property
    def facing(self) -> analysis.Facing:
        """How its thresholds are measured from what it is compared with."""
        match self.kind:
            case self.Kind.CHANGE:
                return "share" if self.relative else "amount"
            case self.Kind.OTHER:
                return "factor"
        return ""

    def severity_at(self, level: int) -> str:
        """The severity of a level of the rule: 1 is the mildest."""
        return str(self.levels[level - 2]["severity"]) if 2 <= level <= len(self.levels) + 1 else self.severity

    @property
    def condition(self) -> tuple[Any, ...]:
        """What, when edited, ends what is open: the number and the rule, not the words or the recipients."""
        return (
            self.indicator, self.scope, self.op, self.value, self.clear, self.for_seconds, self.keep_seconds,
            json.dumps(self.labels, sort_keys=True), self.kind, self.compare, self.relative, self.other,
            json.dumps(self.levels, sort_keys=True), self.need, self.out_of, self.no_data, self.so_far,
            self.late_seconds,
        )  # fmt: skip

    def written(self, value: float | None) -> str:
        if self.kind == self.Kind.STALE and value is not None:
            return words.duration(value)
        decimals = self.decimals
        if decimals is None and value is not None and not self.rate:
            decimals = words.places(value, unlike=self.value)
        return words.number(value, unit=self.unit_text, decimals=decimals, rate=self.rate)

    @property
    def unit_text(self) -> str:
        return words.unit_text(self.unit, self.grain_seconds)

    def limit_text(self, value: float) -> str:
        """A threshold as it was typed: not rounded to what the number shows."""
        return words.number(value, unit=self.unit_text, decimals=4 if self.rate else None, rate=self.rate)

    @property
    def when(self) -> str:
        """`above 5 for 10 min`, in the reader's language."""
        if self.kind == self.Kind.VALUE:
            text = words.condition(self.op, self.limit_text(self.value), self.for_seconds)
        else:
            text = words.lasting(self._beyond(self.value), self.for_seconds)
        if self.out_of > 1:
            text = words.in_some(text, self.need, self.out_of)
        graver = [f"{Severity(one['severity']).label} {self._beyond(one['value'])}" for one in self.levels]
        return words.listed([text, *graver])

    def _beyond(self, value: float) -> str:
        """A threshold in words: `more than 20% above the period before`, `above 1.2 × Orders`, `without news for 3 h`."""
        match self.kind:
            case self.Kind.STALE:
                return words.stale(value)
            case self.Kind.OTHER:
                return words.condition(self.op, f"{words.number(value)} × {self.other_title}", 0)
            case self.Kind.CHANGE:
                with_what = str(self.Compare(self.compare).label) if self.compare else ""
                amount = words.number(abs(value), rate=True) if self.relative else self.limit_text(abs(value))
                return words.changed(self.op, amount, value, with_what)
        return words.condition(self.op, self.limit_text(value), 0)

    @property
    def clears(self) -> str:
        if self.clear is None:
            return ""
        match self.kind:
            case self.Kind.STALE:
                clear = words.duration(self.clear)
            case self.Kind.OTHER:
                clear = f"{words.number(self.clear)} × {self.other_title}"
            case self.Kind.CHANGE if self.relative:
                clear = words.number(self.clear, rate=True)
            case _:
                clear = self.limit_text(self.clear)
        return gettext("clears at %(value)s") % {"value": clear}

    @property
    def sentence(self) -> str:
        """The whole watch in one sentence."""
        return words.sentence(self.indicator_title, self.when, self.clears, words.labels(self.labels))

    def fired_text(self, value: float, labels: str) -> str:
        """What people are told when it fires: `Rework rate is 7.4, above 5 for 10 min`."""
        return words.fired(str(self), labels, self.written(value), self.when)

    def resolved_text(self, value: float | None, labels: str, reason: str, seconds: float) -> str:
        return words.resolved(str(self), labels, self.written(value), reason, seconds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e15
