"""What a currency is worth in another, by day: typed by people, read by whatever counts in money."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from opsboard.core import money
from opsboard.core.models.base import WorkspaceModel
from opsboard.core.models.history import every_change
from opsboard.core.models.people import Workspace


def check_currency(code: str) -> None:
    """Refuse what is no currency of ISO 4217, in capitals."""
    if not money.is_currency(code):
        raise ValidationError(gettext("“%(code)s” is not a currency's code, such as CNY or EUR.") % {"code": code[:40]})


@every_change()
class ExchangeRate(WorkspaceModel):
    """From a day until the next rate, one `source` is `rate` times one `target`."""

    day = models.DateField(_("From day"))
    source = models.CharField(_("One"), max_length=3, validators=[check_currency])
    target = models.CharField(_("In"), max_length=3, validators=[check_currency])
    rate = models.DecimalField(_("Rate"), max_digits=20, decimal_places=10)

    class Meta:
        verbose_name = _("Exchange rate")
        ordering = ("-day", "source", "target")
        constraints = (
            models.UniqueConstraint(
                fields=["workspace", "source", "target", "day"],
                name="a_day_has_one_rate",
                violation_error_message=_("This day already has such a rate."),
            ),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_is_more_than_nought"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="rate_is_between_two_currencies"
            ),
        )

    def __str__(self) -> str:
        return f"{self.day}: 1 {self.source} = {self.rate.normalize():f} {self.target}"


def rates_of(workspace: Workspace) -> money.Rates:
    """All of a workspace's rates, ready to convert with."""
    rows = ExchangeRate.objects.filter(workspace=workspace).values_list("day", "source", "target", "rate")
    return money.Rates(money.Rate(*row) for row in rows)
