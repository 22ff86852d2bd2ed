"""Metrics created, changed and archived."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics import charts, services
from metrics.forms import MetricForm
from metrics.views.metric import found_metric
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def create_metric(request: Request) -> HttpResponse:
    form = MetricForm(posted(request), viewer=request.viewer, initial={"owner": request.user.pk})
    context = {"form": form}
    if request.method != "POST":
        return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")
    if form.is_valid():
        try:
            row = services.create_metric(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.changes()
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, row.get_absolute_url(), message=_("The metric is there."), go=True)
    return refused(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_metric(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    form = MetricForm.of(row, posted(request), viewer=request.viewer)
    context: dict[str, Any] = {"form": form, "metric": row, "version": row.version}
    if request.method != "POST":
        return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_metric(
                metric=row, by=request.user, now=timezone.now(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.changes(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            current: Any = stale.current
            context |= {"stale": current, "version": stale.current_version}
            context["stale_target"] = charts.value_text(current, current.target, unit=False)
            return page(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html", status=409)
        else:
            return done(request, row.get_absolute_url(), message=_("Saved"), go=True)
    return refused(request, "metrics/metric_form.html", context, part="metrics/_metric_form.html")


@require_POST
def archive_metric(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    try:
        services.archive_metric(metric=row, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return done(request, row.get_absolute_url(), go=True)
    return done(request, row.get_absolute_url(), message=_("Archived"), go=True)


@require_POST
def restore_metric(request: Request, pk: int) -> HttpResponse:
    row = found_metric(request, pk)
    services.restore_metric(metric=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), message=_("In use again"), go=True)
