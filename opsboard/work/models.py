"""Improvement actions and what is said about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import About, LimitedModel, Versioned, WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.written import number, percent

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import User


class ActionQuerySet(WorkspaceQuerySet):
    def open(self) -> Self:
        return self.exclude(state=Action.State.DONE)

    def done(self) -> Self:
        return self.filter(state=Action.State.DONE)

    def overdue(self, on: date) -> Self:
        return self.open().filter(due_on__lt=on)

    def owned_by(self, user: User) -> Self:
        return self.filter(owner=user)

    def of_person(self, user: User) -> Self:
        """What this person answers for or helps with."""
        helped = Action.helpers.through.objects.filter(user_id=user.pk).values("action_id")
        return self.filter(models.Q(owner=user) | models.Q(pk__in=helped))

    def open_at(self, moment: datetime) -> Self:
        """What had been opened and not yet closed at that moment."""
        return self.filter(opened_at__lt=moment).filter(models.Q(closed_at=None) | models.Q(closed_at__gte=moment))

    def closed_in(self, start: datetime, end: datetime) -> Self:
        return self.filter(closed_at__gte=start, closed_at__lt=end)

    def opened_in(self, start: datetime, end: datetime) -> Self:
        return self.filter(opened_at__gte=start, opened_at__lt=end)

    def counted(self, start: datetime, end: datetime, day: date) -> dict[str, int]:
        """Of a time: how many there were, were opened, closed, open at its end, and late by then; one query."""
        open_then = "(work_action.closed_at IS NULL OR work_action.closed_at >= %s)"
        return self.filter(opened_at__lt=end).counts(
            known=("true", ()),
            opened=("work_action.opened_at >= %s", (start,)),
            closed_count=("work_action.closed_at >= %s AND work_action.closed_at < %s", (start, end)),
            open_count=(open_then, (end,)),
            late_count=(f"{open_then} AND work_action.due_on < %s", (end, day)),
        )

    def on_object(self, model: str, pk: int) -> Self:
        label, _dot, name = model.partition(".")
        return self.filter(about_type__app_label=label, about_type__model=name, about_id=pk)

    def as_on_the_board(self) -> Self:
        return self.order_by("position", "id")

    def with_people(self) -> Self:
        return self.select_related("workspace", "owner").prefetch_related("helpers")


@every_change()
class Action(LimitedModel, Versioned, About):
    """An improvement action: somebody answers for it, until a day, and everybody knows how it will be judged."""

    class State(models.TextChoices):
        TO_DO = "to_do", _("To do")
        DOING = "doing", _("Doing")
        DONE = "done", _("Done")

    class Level(models.IntegerChoices):
        LOW = 1, _("Low")
        MIDDLE = 2, _("Middle")
        HIGH = 3, _("High")

    title = models.CharField(_("Title"), max_length=200)
    description = models.TextField(_("Description"), blank=True, max_length=10_000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("Owner"),
    )
    helpers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("Helpers"))
    acceptance_criteria = models.TextField(_("Acceptance criteria"), blank=True, max_length=4000)
    start_on = models.DateField(_("Start"), null=True, blank=True)
    due_on = models.DateField(_("Due date"), null=True, blank=True)
    urgency = models.PositiveSmallIntegerField(_("Urgency"), choices=Level.choices, default=Level.MIDDLE)
    importance = models.PositiveSmallIntegerField(_("Importance"), choices=Level.choices, default=Level.MIDDLE)
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.TO_DO)
    position = models.FloatField(default=0)
    indicator = models.CharField(_("Target number"), max_length=200, blank=True)
    indicator_title = models.CharField(max_length=300, blank=True)
    baseline = models.FloatField(null=True, blank=True)
    baseline_at = models.DateTimeField(null=True, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    rate = models.BooleanField(default=False)
    decimals = models.PositiveSmallIntegerField(null=True, blank=True)
    goal = models.FloatField(_("Goal"), null=True, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_note = models.TextField(_("What was done"), blank=True, max_length=4000)
    value_at_close = models.FloatField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = ActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("Improvement action")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=["to_do", "doing", "done"]), name="action_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="done", closed_at__isnull=False)
                | (~models.Q(state="done") & models.Q(closed_at=None)),
                name="done_actions_have_an_end",
            ),
            models.CheckConstraint(
                condition=models.Q(urgency__range=(1, 3), importance__range=(1, 3)), name="action_levels_are_1_to_3"
            ),
        )
        indexes = (models.Index(fields=["workspace", "state", "position"], name="action_on_the_board"),)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("work:action", kwargs={"workspace": self.workspace.slug, "pk": self.pk})

    def clean(self) -> None:
        problems: dict[str, str] = {}
        if self.start_on and self.due_on and self.due_on < self.start_on:
            problems["due_on"] = gettext("The due date lies before the start.")
        if self.goal is not None and not abs(self.goal) < 1e15:
            problems["goal"] = gettext("This goal is too large.")
        elif self.goal is not None and not self.indicator:
            problems["goal"] = gettext("Choose the target number that this goal is for.")
        if problems:
            raise ValidationError(problems)

    @property
    def target_app(self) -> str:
        """The app whose number is to move: who may not enter it, may not read its values here either."""
        return self.indicator.partition(".")[0]

    def written(self, value: float | None) -> str:
        """A value of the target number as the reader writes it; a rate of 0…1 as per cent."""
        if self.rate:
            return percent(value, 1 if self.decimals is None else max(1, self.decimals - 2))
        return f"{number(value, self.decimals)} {self.unit}".rstrip()

    def is_overdue(self, on: date) -> bool:
        return self.state != self.State.DONE and self.due_on is not None and self.due_on < on

    @property
    def is_open(self) -> bool:
        return self.state != self.State.DONE

    @property
    def priority(self) -> int:
        """Urgent × important, 1 to 9."""
        return self.urgency * self.importance

    def may_be_changed_by(self, viewer: Viewer) -> bool:
        """Editors change all actions, contributors their own."""
        if viewer.may("editor"):
            return True
        return (
            viewer.may("contributor")
            and viewer.user is not None
            and viewer.user.pk in {self.owner_id, self.opened_by_id}
        )


@every_change()
class Comment(WorkspaceModel):
    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField(_("Comment"), max_length=4000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("Comment")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.text[:120]
