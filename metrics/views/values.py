"""Single values: added by hand, shown as they were given, put right and deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import charts, services
from metrics.forms import CorrectForm, ValueForm
from metrics.models import Aggregation, Metric, Point, points_of
from metrics.views.metric import found_metric, when
from opsboard.core.access import Request, needs
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused

MOST = 200


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def add_value(request: Request, pk: int) -> HttpResponse:
    row, now = found_metric(request, pk), timezone.now()
    form = ValueForm(posted(request), metric=row, now=now)
    context: dict[str, Any] = {"form": form, "metric": row}
    if request.method != "POST":
        return page(request, "metrics/value_form.html", context, part="metrics/_value_form.html")
    if form.is_valid():
        try:
            services.add_value(metric=row, by=request.user, now=now, **form.given())
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            return done(request, row.get_absolute_url(), message=_("The value is in."), go=True)
    context["there"] = _there(row, form)
    return refused(request, "metrics/value_form.html", context, part="metrics/_value_form.html")


@require_GET
@needs(Role.EDITOR)
def value_there(request: Request, pk: int) -> HttpResponse:
    """What the metric holds already for the day and the part that are being typed."""
    row = found_metric(request, pk)
    form = ValueForm(request.GET, metric=row, now=timezone.now())
    form.is_valid()
    context = {"form": form, "metric": row, "there": _there(row, form)}
    return page(request, "metrics/value_form.html", context, part="metrics/_value_there.html")


def _there(row: Metric, form: ValueForm) -> dict[str, Any] | None:
    at, labels = form.cleaned_data.get("at"), form.chosen
    if at is None or labels is None:
        return None
    start = services.bucket_start(at, row)
    found = points_of(row, start=start, end=services.bucket_end(start, row)).filter(label_set__labels=dict(labels))
    points = list(found.order_by("at")[: MOST + 1])
    name = f"{when(start, row)}, {charts.labels_text(labels)}" if form.sets else when(start, row)
    same = next((one for one in points if one.at == at), None)
    beside = bool(form.sets) and not labels
    if same is not None:
        text = _("%(name)s: %(value)s; it will be replaced.")
        return {
            "text": text % {"name": name, "value": charts.value_text(row, same.value)},
            "beside": beside,
            "warn": True,
        }
    if points:
        text = ngettext(
            "%(name)s has another value already, of another time; this one comes in beside it.",
            "%(name)s has %(count)s values already, of other times; this one comes in beside them.",
            len(points),
        )
        return {"text": text % {"name": name, "count": min(len(points), MOST)}, "beside": beside, "warn": True}
    return {"text": _("%(name)s: nothing yet.") % {"name": name}, "beside": beside, "warn": False}


@require_GET
def value_list(request: Request, pk: int) -> HttpResponse:
    """The values of one day (or hour, week, month) as they were given."""
    row, now = found_metric(request, pk), timezone.now()
    start = services.bucket_start(_moment(request) or now, row)
    found = points_of(row, start=start, end=services.bucket_end(start, row)).select_related("label_set")
    points: list[Any] = list(found.order_by("label_set__labels", "at")[: MOST + 1])
    for one in points:
        one.when = timezone.localtime(one.at, row.zone).strftime("%Y-%m-%d %H:%M")
        one.labels_text = charts.labels_text(one.label_set.labels)
        one.value_text = charts.value_text(row, one.value)
        one.query = _query(one.at)
    context = {
        "metric": row, "points": points[:MOST], "more": len(points) > MOST, "when": when(start, row),
        "weighed": row.aggregation in {Aggregation.MEAN, Aggregation.RATIO},
        "timed": any(one.at != start for one in points) or not any(one.label_set.labels for one in points),
        "labelled": any(one.label_set.labels for one in points),
    }  # fmt: skip
    return page(request, "metrics/value_list.html", context, part="metrics/_value_list.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_value(request: Request, pk: int, label_set: int) -> HttpResponse:
    row, point = _found(request, pk, label_set)
    form = CorrectForm.of(point, posted(request), metric=row)
    context = {
        "metric": row, "form": form, "when": when(point.at, row), "labels": point.label_set.labels and charts.labels_text(point.label_set.labels),
        "back": _list_url(row, point.at),
    }  # fmt: skip
    if request.method != "POST":
        return page(request, "metrics/value_change.html", context, part="metrics/_value_change.html")
    if form.is_valid():
        try:
            services.add_value(
                metric=row, at=point.at, labels=point.label_set.labels, by=request.user, now=timezone.now(),
                **form.given(point),
            )  # fmt: skip
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
        else:
            return done(request, _list_url(row, point.at), message=_("Saved"), go=True)
    return refused(request, "metrics/value_change.html", context, part="metrics/_value_change.html")


@require_POST
@needs(Role.EDITOR)
def delete_value(request: Request, pk: int, label_set: int) -> HttpResponse:
    row, point = _found(request, pk, label_set)
    services.delete_value(metric=row, label_set=label_set, at=point.at, by=request.user, now=timezone.now())
    return done(request, _list_url(row, point.at), message=_("The value is deleted."), go=True)


def _found(request: Request, pk: int, label_set: int) -> tuple[Metric, Point]:
    row, at = found_metric(request, pk), _moment(request)
    if at is None or row.is_calculated:
        raise Http404
    point: Point = get_object_or_404(points_of(row).select_related("label_set"), label_set_id=label_set, at=at)
    return row, point


def _moment(request: Request) -> datetime | None:
    try:
        found = parse_datetime(request.GET.get("at", ""))
    except ValueError:
        return None
    known = found is not None and found.tzinfo is not None and 1900 < found.year < 2200
    return found if known else None


def _query(at: datetime) -> str:
    return "at=" + at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _list_url(row: Metric, at: datetime) -> str:
    url = reverse("metrics:value_list", kwargs={"workspace": row.workspace.slug, "pk": row.pk})
    return f"{url}?{_query(at)}"
