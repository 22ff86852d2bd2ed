"""The hall's pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from opsboard.core import effects, jobs, notices, objects, registry, search, telling
from opsboard.core.access import Request, needs
from opsboard.core.api import api
from opsboard.core.contract import Ref
from opsboard.core.forms import say
from opsboard.core.models import Job, Membership, Notice, Role
from opsboard.core.once import look
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.services.people import may_make_workspaces
from opsboard.core.views.me import waiting_for


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """The installation's front door: on to the person's first workspace."""
    membership = (
        Membership.objects.filter(user_id=request.user.pk or 0)
        .select_related("workspace")
        .order_by("workspace__name")
        .first()
    )
    if membership is None:
        person = request.user
        return page(request, "core/me/no_workspace.html", {"may_make": may_make_workspaces(person), "waiting": waiting_for(person)})  # type: ignore[arg-type]  # fmt: skip
    return redirect("core:home", workspace=membership.workspace.slug)


@require_GET
def home(request: Request) -> HttpResponse:
    now = timezone.now()
    period = request.workspace.week_of(now)
    with look():
        sections, findings = telling.sections(request.viewer, period), registry.find(request.viewer, period)
    homes = [contract.home for _part, apps in registry.navigation(request.viewer) for _label, contract in apps]
    begin = next((home.begin for home in homes if home and home.begin), "")
    context = {
        "period": period, "sections": sections, "findings": findings[:8],
        "begin": reverse(begin, kwargs={"workspace": request.workspace.slug}) if begin else "",
    }  # fmt: skip
    return page(request, "core/home.html", context)


@require_GET
def job(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Job.objects.visible_to(request.viewer).select_related("workspace", "by"), pk=pk)
    return page(request, "core/job.html", {"job": jobs.look(row)}, part="core/parts/_job.html")


@require_POST
@needs(write=Role.CONTRIBUTOR)
def cancel_job(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Job.objects.visible_to(request.viewer), pk=pk)
    _own(request, row)
    jobs.cancel(job=row, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="jobs")


@require_POST
@needs(write=Role.CONTRIBUTOR)
def try_job_again(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Job.objects.visible_to(request.viewer), pk=pk)
    _own(request, row)
    jobs.try_again(job=row, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="jobs")


def _own(request: Request, row: Job) -> None:
    if row.by_id != request.user.pk and not request.viewer.may(Role.EDITOR):
        raise PermissionDenied


@require_GET
def notice_list(request: Request) -> HttpResponse:
    rows = Notice.objects.visible_to(request.viewer).for_person(request.user)
    return page(
        request,
        "core/notice_list.html",
        {"notices": rows[:200], "unread": rows.unread().count()},
        part="core/parts/_notices.html",
    )


@require_POST
@needs(write=Role.VIEWER)
def read_notices(request: Request) -> HttpResponse:
    notices.mark_read(user=request.user, workspace=request.workspace, now=timezone.now())
    return done(request, reverse("core:notice_list", kwargs={"workspace": request.workspace.slug}), changed="notices")


@require_GET
def notice(request: Request, pk: int) -> HttpResponse:
    """Opens what a notice is about, and marks it as read."""
    row = get_object_or_404(Notice.objects.visible_to(request.viewer).for_person(request.user), pk=pk)
    notices.mark_read(user=request.user, workspace=request.workspace, now=timezone.now(), pk=pk)
    return redirect(row.url or reverse("core:notice_list", kwargs={"workspace": request.workspace.slug}))


@require_GET
def margins(request: Request) -> HttpResponse:
    """The addresses of every app's margin for one object; the page fetches each from its owner."""
    query = request.GET.urlencode()
    addresses = [
        f"{reverse(name, kwargs={'workspace': request.workspace.slug})}?{query}"
        for name in registry.margins(request.viewer)
    ]
    return page(request, "core/parts/_margins.html", {"addresses": addresses})


def _ref_from(request: Request) -> Ref | None:
    source = request.POST if request.method == "POST" else request.GET
    model, pk = source.get("about_model", ""), source.get("about_id", "")
    return objects.ref_to(request.viewer, model, objects.pk_in(pk))


@needs(write=Role.VIEWER)
def do(request: Request, key: str) -> HttpResponse:
    """The form of any app's effect, about any object; performing it is its owner's service."""
    try:
        effect = registry.effect(key)
    except registry.UnknownKey as unknown:
        raise Http404 from unknown
    if not request.viewer.may_enter(key.partition(".")[0]):
        raise Http404
    if not request.viewer.may(effect.role):
        raise PermissionDenied
    about = _ref_from(request)
    # The page behind the dialog may hold the same fields; their ids must differ.
    form = effect.form(posted(request), viewer=request.viewer, about=about, auto_id="do_%s")
    context = {"effect": effect, "form": form, "about": about}
    if request.method != "POST":
        return page(request, "core/do.html", context, part="core/parts/_do.html")
    if not form.is_valid():
        return refused(request, "core/do.html", context, part="core/parts/_do.html")
    try:
        outcome = effects.perform(
            key, workspace=request.workspace, by=request.user, about=about, now=timezone.now(), **form.cleaned_data
        )
    except ValidationError as refusal:
        say(form, refusal)
        return refused(request, "core/do.html", context, part="core/parts/_do.html")
    to = (
        outcome.about.url
        if outcome.about and outcome.about.url
        else (about.url if about and about.url else reverse("core:home", kwargs={"workspace": request.workspace.slug}))
    )
    return done(request, to, message=outcome.message, go=True)


@require_GET
def api_page(request: Request) -> HttpResponse:
    """What programs may ask and send, read from the same description that they get as openapi.json."""
    schema = api.get_openapi_schema(path_prefix=f"/api/v1/{request.workspace.slug}/")
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            label = (operation.get("tags") or ["core"])[0]
            body: dict[str, dict[str, Any]] = operation.get("requestBody", {}).get("content", {})
            kind = next(iter(body), "")
            groups.setdefault(label, []).append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "parameters": operation.get("parameters", []),
                    "kind": kind,
                    "body": fields_of(body.get(kind, {}).get("schema", {}), schema),
                    "answers": sorted(str(status) for status in operation.get("responses", {})),
                }
            )
    titles = {label: contract.title for label, contract in registry.contracts().items()}
    shown = [{"title": titles.get(label, label), "operations": found} for label, found in groups.items()]
    return page(request, "core/api_page.html", {"groups": shown})


def fields_of(part: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a body: name, kind, whether it must be there."""
    if name := part.get("$ref", "").rpartition("/")[2]:
        part = schema.get("components", {}).get("schemas", {}).get(name, {})
    needed = set(part.get("required", []))
    answer = []
    for name, field in part.get("properties", {}).items():
        kinds = [one.get("type", "object") for one in field.get("anyOf", [field])]
        answer.append({"name": name, "kind": " | ".join(dict.fromkeys(kinds)), "needed": name in needed})
    return answer


@require_GET
def search_page(request: Request) -> HttpResponse:
    """Everything that has a name and that this person may see."""
    text = request.GET.get("q", "")[:200]
    kinds = {thing.model: thing for thing in registry.things()}
    found = [
        {
            "name": row.name,
            "url": row.url,
            "state": row.state,
            "kind": kinds[row.model].title,
            "icon": kinds[row.model].icon,
        }
        for row in search.find(request.viewer, text)
    ]
    return page(request, "core/search.html", {"text": text, "found": found})
