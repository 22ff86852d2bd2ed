"""Who may enter, and what they may do there.

A `Viewer` is whoever asks: a member of a workspace, the owner of a token or of a scheduled report, or the house itself.
Every question about content begins with `.visible_to(viewer)`.
"""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware, get_user
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from opsboard.core import registry
from opsboard.core.models import Entrance, Role, User, Workspace, entrance_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True)
class Viewer:
    """Who asks, in which workspace. `team_ids` None means: no team limits apply (admins and the house itself)."""

    workspace: Workspace
    user: User | None
    role: Role
    team_ids: frozenset[int] | None = None
    closed_apps: frozenset[str] = field(default_factory=frozenset)

    def may_enter(self, app_label: str) -> bool:
        return app_label not in self.closed_apps

    def may(self, role: Role | str) -> bool:
        wanted = Role[role.upper()] if isinstance(role, str) else role
        return self.role >= wanted

    @property
    def language(self) -> str:
        return self.user.language if self.user else self.workspace.language


class Request(HttpRequest):
    """What a view of a workspace receives."""

    workspace: Workspace
    viewer: Viewer
    role: Role
    user: User
    htmx: Any


def closed_apps(workspace: Workspace, team_ids: frozenset[int]) -> frozenset[str]:
    return frozenset(label for label, teams in workspace.app_limits.items() if teams and not team_ids & set(teams))


def viewer_of(entrance: Entrance, *, at_most: Role | None = None) -> Viewer:
    """The viewer that a membership makes; `at_most` lowers the role (a token's)."""
    membership = entrance.membership
    role = Role(min(membership.role, at_most) if at_most is not None else membership.role)
    if membership.role >= Role.ADMIN:
        return Viewer(membership.workspace, membership.user, role)
    closed = closed_apps(membership.workspace, entrance.teams)
    return Viewer(membership.workspace, membership.user, role, entrance.teams, closed)


def person_in(workspace: Workspace, user: User) -> Viewer | None:
    """What this person may see here now, or None for a stranger or somebody who left."""
    entrance = entrance_of(user.pk, workspace.pk)
    return viewer_of(entrance) if entrance else None


def the_house(workspace: Workspace) -> Viewer:
    """The house itself, for work that belongs to nobody: evaluations, snapshots, search."""
    return Viewer(workspace, None, Role.ADMIN)


def needs[**P, R](role: Role | None = None, *, write: Role | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Says which role a view needs: `role` for every method, `write` for the changing ones only.

    Without it GET and HEAD need a viewer, all else an editor.
    """

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.needs_role = (role or Role.VIEWER, write or role or Role.EDITOR)  # type: ignore[attr-defined]
        return view

    return mark


def role_needed(view: Callable[..., Any], method: str) -> Role:
    reading, writing = getattr(view, "needs_role", (Role.VIEWER, Role.EDITOR))
    return reading if method in {"GET", "HEAD", "OPTIONS"} else writing


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends whoever is not signed in (any more) to the sign-in page, and from there back to the page that they saw."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        htmx: Any = request.htmx  # type: ignore[attr-defined]
        if request.method in {"GET", "HEAD"} and not htmx:
            answer: HttpResponse = super().handle_no_permission(request, view_func)
            return answer
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"detail": _("You are signed out. Sign in and try again.")}, status=401)
        # What a form or a fragment has asked for is no page: its address may not even answer a GET.
        seen = (htmx.current_url if htmx else None) or request.headers.get("Referer", "")
        inside = url_has_allowed_host_and_scheme(seen, {request.get_host()}, require_https=request.is_secure())
        parts = urlsplit(seen if inside else "")
        way_back = urlunsplit(("", "", parts.path, parts.query, ""))
        entrance = reverse(settings.LOGIN_URL)
        to = f"{entrance}?{urlencode({'next': way_back})}" if way_back else entrance
        if htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": to})
        return HttpResponseRedirect(to)


class PersonMiddleware:
    """Speaks the person's language and keeps their time zone, whatever the browser says."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: User | AnonymousUser = get_user(request)
        request.user = user  # the person, no longer a promise of one: pages look at it a hundred times
        if isinstance(user, User):
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()
            timezone.activate(zoneinfo.ZoneInfo(user.timezone))
        else:
            timezone.deactivate()
        response = self.get_response(request)
        timezone.deactivate()
        return response


class WorkspaceMiddleware:
    """Takes `workspace` out of the address, finds the membership, and asks for the role that the view needs.

    A stranger gets 404, a member without the right 403. Addresses of the API are checked by their token instead.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: Request, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or "workspace" not in kwargs:
            return None
        if match.url_name == "openapi-json":  # the one address of the API for people: ninja wants to name it again
            slug = kwargs["workspace"]
        else:
            slug = kwargs.pop("workspace")
            if "api" in match.app_names or match.route.startswith("api/"):
                request.workspace_slug = slug  # type: ignore[attr-defined]
                return None
        if not request.user.is_authenticated:
            return None  # LoginRequiredMiddleware has sent them to the sign-in page, or the address is open
        entrance = request.user.entrances.get(slug)
        if entrance is None:
            raise Http404
        viewer = viewer_of(entrance)
        label = registry.label_of_module(functools.partial(view).func.__module__)
        if not viewer.may_enter(label):
            raise Http404
        request.workspace, request.viewer, request.role = viewer.workspace, viewer, viewer.role
        if not viewer.may(role_needed(view, request.method or "GET")):
            raise PermissionDenied(_("Your role here does not allow this. Ask an admin of the workspace."))
        return None
