"""Answers of views: a whole page or its htmx part, and the answer after a successful change."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _

from opsboard.core import live, registry
from opsboard.core.access import Viewer
from opsboard.core.contract import Part
from opsboard.core.models import User

PART_TITLES = {Part.FIND: _("Find"), Part.FIX: _("Fix"), Part.PROVE: _("Prove")}


class SeeOther(HttpResponseRedirect):
    """303: the answer to a POST that a browser sent."""

    status_code = 303


def posted(request: HttpRequest) -> Any:
    """What was sent with a form, also where that is nothing; None where nobody sent it yet."""
    return request.POST if request.method == "POST" else None


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of the page (a boosted link asks for all of it)."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, part: str = "", status: int = 200
) -> TemplateResponse:
    """The whole page, or only `part` (a template, or `template#partial`) when htmx asks."""
    chosen = part if part and wants_part(request) else template
    response = TemplateResponse(request, chosen, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted"])
    return response


def done(
    request: HttpRequest, to: str, *, changed: str | tuple[str, ...] = (), message: Any = "", go: bool = False
) -> HttpResponse:
    """The answer after a successful change.

    A browser gets 303 to `to`; htmx gets 204 with `HX-Trigger: <changed>-changed`, or is sent to `to` where `go` is set.
    """
    topics = (changed,) if isinstance(changed, str) else changed
    if not wants_part(request):
        if message:
            messages.success(request, message)
        return SeeOther(to)
    response = HttpResponse(status=204)
    if go:
        if message:
            messages.success(request, message)
        response["HX-Redirect"] = to
        return response
    triggers: dict[str, Any] = {f"{topic}-changed": {} for topic in topics}
    if message:
        triggers["toast"] = {"text": str(message), "level": "success"}
    if triggers:
        response["HX-Trigger"] = json.dumps(triggers)
    return response


def refused(request: HttpRequest, template: str, context: Mapping[str, Any], *, part: str = "") -> TemplateResponse:
    """A form with errors: 422, so that htmx swaps it in and programs know."""
    return page(request, template, context, part=part, status=422)


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: navigation, workspaces, unread notices, the live stream."""
    answer: dict[str, Any] = {"site_name": settings.SITE_NAME, "languages": settings.LANGUAGES}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return answer
    viewer = getattr(request, "viewer", None)
    if wants_part(request):
        return {**answer, "viewer": viewer, "workspace": getattr(viewer, "workspace", None)}
    # A page is put together of several templates, each with a context of its own.
    frame: dict[str, Any] | None = getattr(request, "frame", None)
    if frame is None:
        request.frame = frame = _frame(request, user, viewer)  # type: ignore[attr-defined]
    return answer | frame


def _frame(request: HttpRequest, user: User, viewer: Viewer | None) -> dict[str, Any]:
    """What stands around the content of a whole page. The `bar_…` name what its pieces depend on: they are kept."""
    person = (user.pk, str(user), user.email, user.theme)
    if viewer is None:
        return {"bar_person": repr(person)}
    workspace, entrances = viewer.workspace, user.entrances
    here = request.resolver_match.app_name if request.resolver_match else ""
    ways = f"{workspace.slug}/{','.join(sorted(viewer.closed_apps))}"
    doors = [one.membership.workspace for one in entrances.values()]
    return {
        "viewer": viewer,
        "workspace": workspace,
        "workspaces": doors,
        "navigation": functools.partial(_navigation, viewer, here),
        "bar_app": here,
        "bar_ways": ways,
        "bar_doors": repr((ways, [(one.slug, one.name) for one in doors])),
        "bar_person": repr((*person, workspace.slug, workspace.name, viewer.role)),
        "unread": entrances[workspace.slug].unread if workspace.slug in entrances else 0,
        "events_url": f"{settings.EVENTS_URL}/events/",
        "events_token": live.token(viewer),
    }


def _navigation(viewer: Viewer, here: str) -> list[dict[str, Any]]:
    slug = viewer.workspace.slug
    return [
        {
            "key": part.value,
            "label": PART_TITLES[part],
            "items": [
                {
                    "label": contract.title,
                    "url": reverse(contract.home.address, kwargs={"workspace": slug}),
                    "icon": contract.home.icon,
                    "hint": contract.home.hint,
                    "active": here == label,
                }
                for label, contract in apps
                if contract.home
            ],
        }
        for part, apps in registry.navigation(viewer)
        if apps
    ]
