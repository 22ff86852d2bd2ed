"""Reports and their issues: what is told, to whom, in which language, and the PDFs that were made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from opsboard.core import periods
from opsboard.core.models import Job, LimitedModel, StoredFile, Versioned, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.models.people import LANGUAGES

if TYPE_CHECKING:
    from opsboard.core.access import Viewer


class ReportQuerySet(WorkspaceQuerySet):
    def scheduled(self) -> Self:
        return self.filter(scheduled=True)

    def with_latest_issue(self, viewer: Viewer) -> Self:
        """Each report with the number of its issues that the viewer may open, and the newest one (`latest_issue_id`)."""
        mine = Issue.objects.visible_to(viewer).ready().filter(report=models.OuterRef("pk")).order_by()
        ready = mine.order_by("-made_at", "-pk")
        counted = mine.values("report").annotate(number=models.Count("pk")).values("number")
        return self.annotate(
            issue_count=Coalesce(models.Subquery(counted), 0),
            latest_issue_id=models.Subquery(ready.values("pk")[:1]),
            latest_made_at=models.Subquery(ready.values("made_at")[:1]),
            latest_period=models.Subquery(ready.values("period_slug")[:1]),
        )


@every_change()
class Report(LimitedModel, Versioned):
    """A report that can be made for any week, month or quarter.

    It shows what everybody who may open it may see: without a team, nothing that is limited to one; with a team, what
    that team sees.
    """

    class PeriodKind(models.TextChoices):
        WEEK = "week", _("Week")
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", _("Year")

    title = models.CharField(_("Title"), max_length=120)
    period_kind = models.CharField(_("Period"), max_length=7, choices=PeriodKind.choices, default=PeriodKind.WEEK)
    language = models.CharField(_("Language"), max_length=10, choices=LANGUAGES, default="en")
    sections = ArrayField(models.CharField(max_length=100), default=list, blank=True, verbose_name=_("Parts"))
    scheduled = models.BooleanField(_("Make it by itself when the period has ended"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("Owner")
    )
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("Report")
        verbose_name_plural = _("Reports")
        ordering = ("title", "pk")
        constraints = (
            models.CheckConstraint(condition=~models.Q(title=""), name="report_has_a_title"),
            models.CheckConstraint(condition=models.Q(limited_to__len__lte=1), name="report_is_for_one_team_at_most"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("reports:report", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def period_at(self, now: datetime) -> periods.Period:
        """The period of this report's kind that is running at a moment."""
        zone = self.workspace.zone
        match self.period_kind:
            case self.PeriodKind.MONTH:
                return periods.month_of(now, zone)
            case self.PeriodKind.QUARTER:
                return self.workspace.fiscal_quarter_of(now)
            case self.PeriodKind.YEAR:
                return self.workspace.fiscal_year_of(now)
        return self.workspace.week_of(now)


class IssueQuerySet(WorkspaceQuerySet):
    def ready(self) -> Self:
        return self.filter(file__isnull=False)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def with_everything(self) -> Self:
        return self.select_related("report__workspace", "workspace", "job", "file", "by")


class Issue(LimitedModel):
    """One PDF of a report: of which period, made when and for whom. It stays as it was made."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="issues", verbose_name=_("Report"))
    title = models.CharField(_("Title"), max_length=120)
    period_slug = models.CharField(_("Period"), max_length=24)
    starts_on = models.DateField(_("First day"))
    language = models.CharField(_("Language"), max_length=10, choices=LANGUAGES)
    sections = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    unprepared = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    file = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pages = models.PositiveIntegerField(_("Number of pages"), default=0)
    by_schedule = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("Asked for"))
    made_at = models.DateTimeField(_("Made at"), null=True, blank=True)

    objects: ClassVar[Any] = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("Issue")
        verbose_name_plural = _("Issues")
        indexes = (models.Index(fields=["report", "-created_at"], name="issue_by_report"),)
        constraints = (
            models.UniqueConstraint(
                fields=["report", "period_slug"],
                condition=models.Q(by_schedule=True),
                name="one_scheduled_issue_per_period",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.period.label()}"

    def get_absolute_url(self) -> str:
        return reverse("reports:report", kwargs={"workspace": self.workspace.slug, "pk": self.report_id})

    @property
    def period(self) -> periods.Period:
        return self.workspace.period(self.period_slug)

    @property
    def in_hand(self) -> bool:
        return self.file_id is None and self.job is not None and not self.job.finished

    @property
    def file_name(self) -> str:
        return f"{self.title} {self.period_slug}.pdf"
