"""What is kept beside the points, so that reading is quick: made of points alone, and made anew from them at any time.

* Latest: each label set's newest point, and its newest bucket put together.
* Rollup: hours and days of metrics with many points.
* Pulse: a metric's state, with a version that goes up whenever its values are different.
* Revision: what a value was before it changed or was deleted, and what came late.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from metrics.models.metric import Metric
from metrics.models.points import LabelSet


class Span(models.IntegerChoices):
    """How long a roll-up is, in hours; by the metric's clock, so that a day may have 23 or 25."""

    HOUR = 1, _("Hour")
    DAY = 24, _("Day")


class Pulse(models.Model):
    """What was written into a metric, in short. No row: nothing ever was."""

    metric = models.OneToOneField(Metric, on_delete=models.CASCADE, primary_key=True, related_name="pulse")
    version = models.BigIntegerField(default=0)
    points = models.BigIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    clock = models.CharField(max_length=100, blank=True)
    rolled = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.metric_id}: {self.version}"


class Latest(models.Model):
    """A label set's newest point, and the bucket of the metric's grain that it lies in."""

    label_set = models.OneToOneField(
        LabelSet, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="latest"
    )
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    at = models.DateTimeField()
    value = models.FloatField()
    weight = models.FloatField()
    bucket = models.DateTimeField()
    count = models.BigIntegerField()
    total = models.FloatField()
    weighed = models.FloatField()
    weights = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    revised = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.label_set_id} {self.at}"


class Rollup(models.Model):
    """An hour or a day of a label set."""

    pk = models.CompositePrimaryKey("label_set_id", "span", "at")
    label_set = models.ForeignKey(
        LabelSet, on_delete=models.CASCADE, related_name="rollups", db_index=False, db_constraint=False
    )
    span = models.PositiveSmallIntegerField(choices=Span.choices)
    at = models.DateTimeField()
    count = models.BigIntegerField()
    total = models.FloatField()
    weighed = models.FloatField()
    weights = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    first_at = models.DateTimeField()
    first = models.FloatField()
    last_at = models.DateTimeField()
    last = models.FloatField()
    last_weight = models.FloatField()
    revised = models.BooleanField()


class Revision(models.Model):
    """A value that changed after it was written, or (with nothing before it) that came after its time was over."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    label_set = models.ForeignKey(LabelSet, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    at = models.DateTimeField()
    bucket = models.DateTimeField()
    value_before = models.FloatField(null=True)
    weight_before = models.FloatField(null=True)
    value = models.FloatField(null=True)  # none: it was deleted
    weight = models.FloatField(null=True)
    made_at = models.DateTimeField()
    version = models.BigIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = (models.Index(fields=["metric", "made_at"], name="revisions_of_a_metric"),)

    def __str__(self) -> str:
        return f"{self.label_set_id} {self.at}: {self.value_before} → {self.value}"


class Operand(models.Model):
    """Which metrics a calculated one is made of; the formula names them by key."""

    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="operands")
    of = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="used_in")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["metric", "of"], name="a_formula_names_a_metric_once"),)

    def __str__(self) -> str:
        return f"{self.metric_id} ← {self.of_id}"
