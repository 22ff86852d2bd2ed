"""Places: shops, sites or plants with a clock of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from opsboard.core.models import WorkspaceModel, WorkspaceQuerySet
from opsboard.core.models.history import every_change
from opsboard.core.models.people import check_zone


@every_change()
class Place(WorkspaceModel):
    """One value of a label, such as shop = Berlin, whose days begin by another clock than the workspace's."""

    dimension = models.CharField(_("Label"), max_length=80, validators=[ProhibitNullCharactersValidator()])
    value = models.CharField(_("Value"), max_length=200, validators=[ProhibitNullCharactersValidator()])
    timezone = models.CharField(_("Time zone"), max_length=64, validators=[check_zone])

    objects: ClassVar[models.Manager[Any]] = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ("dimension", "value")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "dimension", "value"],
                name="a_place_is_told_once",
                violation_error_message=_("This place is in the list already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.dimension} = {self.value}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def behind(self, here: ZoneInfo) -> int:
        """How many seconds at most its days end later than those of a clock; nought where they end before."""
        year = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))  # summer and winter time
        apart = (moment.astimezone(here).utcoffset() or timedelta() for moment in year)
        own = (moment.astimezone(self.zone).utcoffset() or timedelta() for moment in year)
        return int(max((one - other).total_seconds() for one, other in zip(apart, own, strict=True)))
