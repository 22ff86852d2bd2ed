"""Points out of an uploaded file: a million rows in some seconds, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from metrics import analysis
from metrics.models import Metric
from metrics.services import storing, writing
from metrics.services.keeping import create_metric
from metrics.services.writing import Written
from opsboard.core import access, jobs
from opsboard.core.imports import Arrival, Field, Importer, Plan
from opsboard.core.models import Workspace
from opsboard.core.uploads import Complaint, copy_blocks

if TYPE_CHECKING:
    from opsboard.core.lazy import polars as pl

CHUNK = 100_000
NEW = (
    "name", "key", "unit", "direction", "aggregation", "grain", "target", "decimals", "description", "timezone", "limited_to",
)  # fmt: skip
TEXTS = {
    "divided_by_zero": gettext_noop("Something is divided by nought here."),
    "negative_weight": gettext_noop("A weight can't be less than nought."),
    "too_large": gettext_noop("This number is too large to be counted with."),
    "long_label": gettext_noop("A label is longer than 200 characters."),
}
NO_SUCH_METRIC = gettext_noop("There is no metric “%(name)s” here. Create it first, or correct the name.")


def check_plan(plan: Plan) -> None:
    """A value, or a numerator and a denominator; and a metric, by column or by choice."""
    parts = [plan.has("numerator"), plan.has("denominator")]
    if plan.has("value") and any(parts):
        raise ValidationError({"mapping": _("Choose a value, or a numerator and a denominator, not both.")})
    if any(parts) and not all(parts):
        raise ValidationError({"mapping": _("A rate needs both a numerator and a denominator.")})
    if any(parts) and plan.has("weight"):
        raise ValidationError({"mapping": _("A rate's weight is its denominator; leave the weight out.")})
    if not plan.has("value") and not any(parts):
        raise ValidationError({"mapping": _("Say which column is the value.")})


def import_settings(plan: Plan, viewer: access.Viewer) -> Plan:
    """Refuse a plan whose metric the viewer cannot write to; before the job, so that a program learns it at once."""
    key, create = plan.settings.get("key"), plan.settings.get("create")
    if create is not None and (
        not isinstance(create, dict) or not isinstance(create.get("name"), str) or set(create) - set(NEW)
    ):
        raise ValidationError(
            {"create": _("Give the new metric's name, and if you like: %(names)s.") % {"names": ", ".join(NEW[1:])}}
        )
    if key is not None and not isinstance(key, str):
        raise ValidationError({"key": _("This must be a text.")})
    if not key and not create and not plan.has("metric"):
        raise ValidationError({"key": _("Say into which metric: its key, or the column that names it.")})
    if key and not Metric.objects.visible_to(viewer).in_use().filter(key=key).exists():
        raise ValidationError({"key": str(NO_SUCH_METRIC) % {"name": key}})
    return plan


def zone_for(workspace: Workspace, plan: Plan) -> str:
    """Times without an offset are meant by the metric's clock."""
    key = plan.settings.get("key")
    metric = Metric.objects.filter(workspace=workspace, key=key).first() if key else None
    return (metric.timezone if metric else "") or workspace.timezone


def write_file(arrival: Arrival, work: jobs.Running) -> Mapping[str, Any]:
    """The rows of a file as points of one metric, or of the metrics that a column names."""
    points, troubles = analysis.points_from(arrival.frame, arrival.rows)
    if troubles:
        wrong = [
            Complaint(one.row, arrival.plan.one(one.column) or one.column, TEXTS[one.what]) for one in troubles[:2000]
        ]
        raise arrival.refuse(wrong, len(troubles))
    if len(arrival.plan.columns.get("labels", ())) > writing.MOST_LABELS:
        raise jobs.Refused(_("At most 12 columns can be labels."))
    metrics = _metrics(arrival, points)
    writing.lock(metric.pk for metric in metrics.values())
    points = analysis.with_metrics(points, {name: metric.pk for name, metric in metrics.items()})
    sets = writing.label_sets(analysis.label_texts(points))
    points = analysis.with_label_sets(points, sets)
    points = analysis.combined(points, {metric.pk: metric.aggregation for metric in metrics.values()})
    result = _write(points, list(metrics.values()), arrival, work)
    ends = analysis.spans(points)
    for metric in metrics.values():
        first, last = ends[metric.pk]
        writing.say_written(
            metric=metric, result=result[metric.pk], by=arrival.by, now=arrival.now, first=first, last=last,
            backfill=bool(arrival.plan.settings.get("backfill")),
        )  # fmt: skip
    total = sum(result.values(), Written(0, 0, 0))
    only = next(iter(metrics.values())) if len(metrics) == 1 else None
    if only:
        arrival.learnt.update(key=only.key, create=None)  # the next such file goes into the same metric
        work.url = only.get_absolute_url()
    return {**total.as_dict(), "metrics": sorted(metric.key for metric in metrics.values())}


def _write(points: pl.DataFrame, metrics: Iterable[Metric], arrival: Arrival, work: jobs.Running) -> dict[int, Written]:
    """Chunk by chunk, metric by metric, with progress; a cancel between two chunks undoes all."""
    result: dict[int, Written] = {}
    done, total = 0, len(points)
    by_id = {metric.pk: metric for metric in metrics}
    backfill = bool(arrival.plan.settings.get("backfill"))
    for metric_id, part in analysis.by_metric(points):
        opened = storing.open_for(metric=by_id[metric_id], now=arrival.now, by=arrival.by, backfill=backfill)
        for chunk in part.iter_slices(CHUNK):
            fraction = 0.25 + 0.73 * done / total
            work.progress(fraction, _("%(done)s of %(total)s written") % {"done": f"{done:,}", "total": f"{total:,}"})
            written, revised = writing.copy_in(copy_blocks(chunk), opened=opened)
            share = Written(written, len(chunk) - written - revised, revised)
            result[metric_id] = result.get(metric_id, Written(0, 0, 0)) + share
            done += len(chunk)
        opened.close()
    return result


def _metrics(arrival: Arrival, points: pl.DataFrame) -> dict[str, Metric]:
    """`{name in the file: metric}`; made, chosen, or named by a column."""
    settings = arrival.plan.settings
    create, key = settings.get("create"), settings.get("key")
    if create and not arrival.plan.has("metric"):
        wanted = {name: value for name, value in create.items() if name in NEW and value not in ("", None)}
        return {
            "": create_metric(workspace=arrival.workspace, by=arrival.by, now=arrival.now, owner=arrival.by, **wanted)
        }
    viewer = access.person_in(arrival.workspace, arrival.by) if arrival.by else access.the_house(arrival.workspace)
    if viewer is None:
        raise jobs.Refused(_("Only members of the workspace may write to its metrics."))
    rows = Metric.objects.visible_to(viewer).in_use().select_related("workspace")
    if not arrival.plan.has("metric"):
        metric = rows.filter(key=key).first()
        if metric is None:
            raise jobs.Refused(_("There is no metric “%(name)s” here.") % {"name": key})
        return {"": metric}
    return _named(arrival, points, rows)


def _named(arrival: Arrival, points: pl.DataFrame, rows: Iterable[Metric]) -> dict[str, Metric]:
    known: dict[str, Metric] = {}
    for metric in rows:
        known.setdefault(metric.name.casefold(), metric)
    for metric in rows:
        known[metric.key] = metric
    found: dict[str, Metric] = {}
    wrong: list[Complaint] = []
    for name, row in analysis.names_in(points):
        named = known.get(name) or known.get(name.casefold())
        if named is None:
            wrong.append(Complaint(row, arrival.plan.one("metric"), NO_SUCH_METRIC, {"name": name}))
        else:
            found[name] = named
    if wrong:
        raise arrival.refuse(wrong)
    return found


POINTS = Importer(
    key="metrics.points",
    title=gettext_lazy("Metrics"),
    task="metrics.tasks.import_points",
    fields=(
        Field("at", gettext_lazy("Time"), "moment", required=True, parts=True, words=(
            "at", "timestamp", "time", "date", "datetime", "ds", "day", "week", "month", "日期", "时间", "周", "月份")),
        Field("metric", gettext_lazy("Metric"), "text", words=("metric", "metrickey", "kpi", "indicator", "指标", "指标名称")),
        Field("numerator", gettext_lazy("Numerator"), "number", words=("numerator", "分子")),
        Field("denominator", gettext_lazy("Denominator"), "number", words=("denominator", "分母")),
        Field("weight", gettext_lazy("Weight"), "number", words=("weight", "weights", "权重"), blank="keep"),
        Field("value", gettext_lazy("Value"), "number", words=("value", "y", "amount", "值", "数值", "实际值"), alone=True),
        Field("labels", gettext_lazy("Label"), "text", many=True, blank="keep"),
    ),
    run=write_file,
    check=check_plan,
    settings=("key", "create", "backfill"),
    zone=zone_for,
)  # fmt: skip
