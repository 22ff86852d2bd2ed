"""What happened besides: listed, written, changed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import services
from metrics.forms import AnnotationForm
from metrics.models import Annotation, Metric, Sort
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion

FORM = ("metrics/annotations/annotation_form.html", "metrics/annotations/_annotation_form.html")


def _names(row: Annotation) -> str:
    if row.everywhere:
        return _("All metrics")
    return pgettext("between names", ", ").join(metric.name for metric in row.metrics.all())


COLUMNS = (
    Shows("on", gettext_lazy("Day"), lambda row: row.on.isoformat(), sort=("on",)),
    Shows("until", pgettext_lazy("of several", "Last day"), lambda row: row.until.isoformat() if row.until else ""),
    Shows("sort", gettext_lazy("Kind"), lambda row: row.get_sort_display(), sort=("sort",)),
    Shows("text", pgettext_lazy("on a day", "What happened"), lambda row: row.text, sort=("text",)),
    Shows("metrics", gettext_lazy("Metrics"), _names),
    Shows("by", gettext_lazy("Written by"), lambda row: row.by),
)


@require_GET
def annotation_list(request: Request) -> HttpResponse:
    metrics = list(Metric.objects.visible_to(request.viewer).in_use().values_list("pk", "name")[:200])
    listing = Listing(
        key="metrics.annotations",
        rows=Annotation.objects.visible_to(request.viewer).select_related("by", "workspace").prefetch_related("metrics"),
        columns=COLUMNS,
        filters=(
            Filter("sort", gettext_lazy("Kind"), Sort.choices, lambda rows, value: rows.filter(sort=value)),
            Filter(
                "metric", gettext_lazy("Metric"), [(str(pk), name) for pk, name in metrics],
                lambda rows, value: rows.about([int(value)]),
            ),
        ),
        search=("text",),
        order=("-on",),
    )  # fmt: skip
    shown = listing.show(request)
    if shown.export:
        answer: HttpResponse = shown.export
        return answer
    rows = list(shown.page.object_list)
    for row in rows:
        row.names = _names(row)
    shown.page.object_list = rows
    context = {"shown": shown, "any": bool(rows) or shown.narrowed}
    return page(
        request, "metrics/annotations/annotation_list.html", context, part="metrics/annotations/_annotations.html"
    )


def _list(request: Request) -> str:
    return reverse("metrics:annotation_list", kwargs={"workspace": request.workspace.slug})


def _found(request: Request, pk: int) -> Annotation:
    found: Annotation = get_object_or_404(
        Annotation.objects.visible_to(request.viewer).select_related("workspace"), pk=pk
    )
    return found


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def annotate(request: Request) -> HttpResponse:
    start = {"on": timezone.localtime(timezone.now(), request.workspace.zone).date()}
    form = AnnotationForm(posted(request), viewer=request.viewer, initial=start)
    context: dict[str, Any] = {"form": form}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    if form.is_valid():
        try:
            services.annotate(workspace=request.workspace, by=request.user, now=timezone.now(), **form.given())
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, _list(request), message=_("It is written down."), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def change_annotation(request: Request, pk: int) -> HttpResponse:
    row = _found(request, pk)
    form = AnnotationForm(posted(request), viewer=request.viewer, annotation=row)
    context: dict[str, Any] = {"form": form, "annotation": row, "version": row.version}
    if request.method != "POST":
        return page(request, FORM[0], context, part=FORM[1])
    version = request.POST.get("version", "")
    if form.is_valid():
        try:
            services.change_annotation(
                annotation=row, by=request.user, now=timezone.now(),
                version=int(version) if version.isdecimal() and len(version) < 9 else 0, **form.given(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        except StaleVersion as stale:
            context |= {"stale": stale.current, "version": stale.current_version}
            return page(request, FORM[0], context, part=FORM[1], status=409)
        else:
            return done(request, _list(request), message=_("Saved"), go=True)
    return refused(request, FORM[0], context, part=FORM[1])


@require_POST
def delete_annotation(request: Request, pk: int) -> HttpResponse:
    services.delete_annotation(annotation=_found(request, pk), by=request.user, now=timezone.now())
    return done(request, _list(request), message=_("Deleted"), go=True)
