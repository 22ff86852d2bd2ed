"""Points out of an uploaded file: a million rows in some seconds, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from metrics import analysis
from metrics.models import Metric
from metrics.services import storing, writing
from metrics.services.keeping import create_metric
from metrics.services.places import zones_in
from metrics.services.writing import Written
from opsboard.core import access, jobs
from opsboard.core.imports import Arrival, Field, Importer, Plan
from opsboard.core.models import User, Workspace
from opsboard.core.uploads import Complaint, Table, copy_blocks

if TYPE_CHECKING:
    from opsboard.core.lazy import polars as pl

CHUNK = 100_000
NEW = (
    "name", "key", "unit", "direction", "aggregation", "grain", "target", "decimals", "description", "timezone", "limited_to",
    "currency",
)  # fmt: skip
TEXTS = {
    "divided_by_zero": gettext_noop("Something is divided by nought here."),
    "negative_weight": gettext_noop("A weight can't be less than nought."),
    "too_large": gettext_noop("This number is too large to be counted with."),
    "long_label": gettext_noop("A label is longer than 200 characters."),
}
# Below a table many programs write its sum.
TOTAL = r"(?i)^\s*(grand\s+|sub)?(total|sum|summe|gesamt|average|mean|合计|总计|小计|汇总|平均|均值)\s*[:：]?\s*$"
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
    if len(plan.columns.get("value", ())) > 1 and plan.has("metric"):
        raise ValidationError({"mapping": _("Where a column names the metric, only one column can be the value.")})
    if not plan.has("value") and not any(parts):
        raise ValidationError({"mapping": _("Say which column is the value.")})


def without_totals(table: Table, plan: Plan) -> Table:
    """The table without rows that say “Total” where the others have their time."""
    at = plan.one("at")
    if at not in table.names:
        return table
    keep = ~table.texts(at).str.contains(TOTAL)
    if keep.all():
        return table
    return replace(
        table, frame=table.frame.filter(keep), rows=table.rows.filter(keep),
        numbers={name: cells.filter(keep) for name, cells in table.numbers.items()},
        moments={name: cells.filter(keep) for name, cells in table.moments.items()},
    )  # fmt: skip


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
    columns = plan.settings.get("columns")
    if columns is not None:
        _check_columns(columns, viewer)
        return plan
    if not key and not create and not plan.has("metric"):
        raise ValidationError({"key": _("Say into which metric: its key, or the column that names it.")})
    if key and not Metric.objects.visible_to(viewer).in_use().filter(key=key).exists():
        raise ValidationError({"key": str(NO_SUCH_METRIC) % {"name": key}})
    return plan


def _check_columns(columns: Any, viewer: access.Viewer) -> None:
    """`{header: the key of a metric, or a new metric's name and more}`: into which metric each column of values goes."""
    if not isinstance(columns, dict) or not columns:
        raise ValidationError({"columns": _("Say for each column of values into which metric it goes.")})
    keys = {one for one in columns.values() if isinstance(one, str)}
    for one in columns.values():
        if not isinstance(one, str) and (
            not isinstance(one, dict) or not isinstance(one.get("name"), str) or set(one) - set(NEW)
        ):
            raise ValidationError({"columns": _("Say for each column of values into which metric it goes.")})
    there = set(Metric.objects.visible_to(viewer).in_use().filter(key__in=keys).values_list("key", flat=True))
    for missing in sorted(keys - there):
        raise ValidationError({"columns": str(NO_SUCH_METRIC) % {"name": missing}})


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
    if not len(points):
        raise jobs.Refused(_("There is no number in the file."))
    metrics = _metrics(arrival, points)
    backfill = bool(arrival.plan.settings.get("backfill"))
    result = put(points, metrics, by=arrival.by, now=arrival.now, work=work, backfill=backfill)
    only = next(iter(metrics.values())) if len(metrics) == 1 else None
    if len(arrival.plan.columns.get("value", ())) > 1:
        arrival.learnt.update(columns={name: metric.key for name, metric in metrics.items()})
    elif only:
        arrival.learnt.update(key=only.key, create=None)  # the next such file goes into the same metric
    if only:
        work.url = only.get_absolute_url()
    return {**summary_of(metrics.values(), result), "notes": _notes(points, metrics, arrival.now)}


def _notes(points: pl.DataFrame, metrics: Mapping[str, Metric], now: datetime) -> list[str]:
    """What is odd in the file, and how it was taken."""
    notes = []
    count, last = analysis.coming(points, now)
    if last is not None:
        zone = next(iter(metrics.values())).zone
        notes.append(
            ngettext(
                "%(count)s value is of a day to come (%(day)s). It counts when that day is there.",
                "%(count)s values are of days to come (the last is %(day)s). They count when those days are there.",
                count,
            )
            % {"count": count, "day": last.astimezone(zone).date().isoformat()}
        )
    if above := analysis.above_one(points, [name for name, metric in metrics.items() if metric.as_rate]):
        notes.append(
            ngettext(
                "%(count)s value is above 100%%: without a per cent sign, rates are read as 0 to 1.",
                "%(count)s values are above 100%%: without a per cent sign, rates are read as 0 to 1.",
                above,
            )
            % {"count": above}
        )
    return notes


def put(
    points: pl.DataFrame,
    metrics: Mapping[str, Metric],
    *,
    by: User | None,
    now: datetime,
    work: jobs.Running,
    backfill: bool = False,
) -> dict[int, Written]:
    """Write points that say the name of their metric; rows of one time are put together as each metric adds up."""
    for metric in metrics.values():
        try:
            writing.refuse_calculated(metric)
        except ValidationError as refusal:
            raise jobs.Refused(refusal.messages[0]) from refusal
    writing.lock(metric.pk for metric in metrics.values())
    points = analysis.with_metrics(points, {name: metric.pk for name, metric in metrics.items()})
    sets = writing.label_sets(analysis.label_texts(points))
    points = analysis.with_label_sets(points, sets)
    points = analysis.combined(points, {metric.pk: metric.aggregation for metric in metrics.values()})
    result = _write(points, list(metrics.values()), by, now, backfill, work)
    ends = analysis.spans(points)
    for metric in metrics.values():
        if metric.pk in ends:
            first, last = ends[metric.pk]
            writing.say_written(
                metric=metric, result=result[metric.pk], by=by, now=now, first=first, last=last, backfill=backfill
            )
    return result


def summary_of(metrics: Iterable[Metric], result: Mapping[int, Written]) -> dict[str, Any]:
    """What came of it, altogether and for each metric."""
    rows = sorted(metrics, key=lambda metric: metric.name)
    nothing = Written(0, 0, 0)
    return {
        **sum(result.values(), nothing).as_dict(),
        "metrics": sorted(metric.key for metric in rows),
        "parts": [
            {"name": metric.name, "url": metric.get_absolute_url(), **result.get(metric.pk, nothing).as_dict()}
            for metric in rows
        ],
    }


def _write(
    points: pl.DataFrame, metrics: Iterable[Metric], by: User | None, now: datetime, backfill: bool, work: jobs.Running
) -> dict[int, Written]:
    """Chunk by chunk, metric by metric, with progress; a cancel between two chunks undoes all."""
    result: dict[int, Written] = {}
    done, total = 0, len(points)
    by_id = {metric.pk: metric for metric in metrics}
    for metric_id, part in analysis.by_metric(points):
        opened = storing.open_for(metric=by_id[metric_id], now=now, by=by, backfill=backfill)
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
    viewer = access.person_in(arrival.workspace, arrival.by) if arrival.by else access.the_house(arrival.workspace)
    if viewer is None:
        raise jobs.Refused(_("Only members of the workspace may write to its metrics."))
    rows = Metric.objects.visible_to(viewer).in_use().select_related("workspace")
    several = arrival.plan.columns.get("value", ())
    if len(several) > 1:
        return chosen(several, settings.get("columns") or {}, arrival, rows)
    if create and not arrival.plan.has("metric"):
        return {"": made(create, arrival)}
    if not arrival.plan.has("metric"):
        return chosen([""], {"": key}, arrival, rows)
    return _named(arrival, points, rows)


def chosen(names: Iterable[str], wanted: Mapping[str, Any], arrival: Arrival, rows: Any) -> dict[str, Metric]:
    """For each name the metric of the key that is wanted for it, or a new one."""
    known = {metric.key: metric for metric in rows.filter(key__in=[k for k in wanted.values() if isinstance(k, str)])}
    found = {}
    for name in names:
        one = wanted.get(name)
        if isinstance(one, dict):
            found[name] = made(one, arrival)
        elif isinstance(one, str) and one in known:
            found[name] = known[one]
        elif one or not name:
            raise jobs.Refused(_("There is no metric “%(name)s” here.") % {"name": one})
        else:
            raise jobs.Refused(_("Say into which metric the column “%(name)s” goes.") % {"name": name})
    return found


def made(create: Mapping[str, Any], arrival: Arrival) -> Metric:
    wanted = {name: value for name, value in create.items() if name in NEW and value not in ("", None)}
    return create_metric(workspace=arrival.workspace, by=arrival.by, now=arrival.now, owner=arrival.by, **wanted)


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
        Field("value", gettext_lazy("Value"), "number", words=("value", "y", "值", "数值", "实际值"), many=True),
        Field("labels", gettext_lazy("Label"), "text", many=True, blank="keep"),
    ),
    run=write_file,
    check=check_plan,
    settings=("key", "create", "columns", "backfill"),
    zone=zone_for,
    prepare=without_totals,
    zones=zones_in,
)  # fmt: skip
