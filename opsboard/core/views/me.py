"""What belongs to a person, in whatever workspace they are."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request
from opsboard.core.forms import NewWorkspace, PersonalSettings, say
from opsboard.core.models import LANGUAGES, Invitation, User, Workspace
from opsboard.core.pages import SeeOther, done, page, refused, wants_part
from opsboard.core.services import people

CHOSEN = ("name", "language", "timezone", "theme", "mail_notices", "mail_severities")


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Where `next` says, if that is an address of this house."""
    wish = request.POST.get("next", "")
    mine = url_has_allowed_host_and_scheme(wish, {request.get_host()}, require_https=request.is_secure())
    return wish if mine else otherwise


@require_http_methods(["GET", "HEAD", "POST"])
def my_settings(request: Request) -> HttpResponse:
    user = request.user
    form = PersonalSettings(
        request.POST if request.method == "POST" else None, initial={name: getattr(user, name) for name in CHOSEN}
    )
    context = {
        "form": form,
        "second_step": Authenticator.objects.filter(user=user).exists(),
        "homes": Workspace.objects.filter(memberships__user=user).order_by("name"),
    }
    if request.method != "POST":
        return page(request, "core/me/my_settings.html", context)
    if form.is_valid():
        try:
            people.change_person(user=user, **form.cleaned_data)
        except ValidationError as refusal:
            user.refresh_from_db()
            say(form, refusal)
        else:
            with translation.override(user.language):
                return done(request, reverse("core:my_settings"), message=_("Saved."), go=True)
    return refused(request, "core/me/my_settings.html", context)


def _refreshed(request: HttpRequest) -> HttpResponse:
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return SeeOther(back_to(request, reverse("core:front")))


@require_POST
def set_theme(request: Request) -> HttpResponse:
    """The switch in the top bar: light, dark, or like the device."""
    if request.POST.get("theme") in User.Theme.values:
        User.objects.filter(pk=request.user.pk).update(theme=request.POST["theme"])
    return _refreshed(request)


@require_POST
def set_language(request: Request) -> HttpResponse:
    """The switch in the top bar: this person's language, on this device also when signed out."""
    language = request.POST.get("language", "")
    if language in dict(LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    response = _refreshed(request)
    if language in dict(LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
    return response


@require_GET
def session_list(request: Request) -> HttpResponse:
    rows = sorted(UserSession.objects.purge_and_list(request.user), key=lambda row: row.last_seen_at, reverse=True)
    return page(request, "core/me/session_list.html", {"sessions": rows, "current": request.session.session_key})


@require_POST
def end_session(request: Request, pk: int) -> HttpResponse:
    """Sign one device out."""
    get_object_or_404(UserSession, user=request.user, pk=pk).end()
    return done(request, reverse("core:session_list"), message=_("Signed out there."), go=True)


@require_POST
def end_other_sessions(request: Request) -> HttpResponse:
    """Sign out everywhere but here."""
    for row in UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key):
        row.end()
    return done(request, reverse("core:session_list"), message=_("Signed out everywhere else."), go=True)


@require_http_methods(["GET", "HEAD", "POST"])
def new_workspace(request: Request) -> HttpResponse:
    """Another workspace in this installation, by somebody who is an admin already."""
    if not people.may_make_workspaces(request.user):
        raise PermissionDenied(_("Only admins can make another workspace."))
    user = request.user
    form = NewWorkspace(
        request.POST if request.method == "POST" else None,
        initial={"language": user.language, "timezone": user.timezone, "currency": "CNY", "week_start": "monday"},
    )
    if request.method != "POST":
        return page(request, "core/me/new_workspace.html", {"form": form})
    if form.is_valid():
        try:
            workspace = people.create_workspace(by=user, **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            to = reverse("core:home", kwargs={"workspace": workspace.slug})
            return done(request, to, message=_("%(name)s is ready.") % {"name": workspace.name}, go=True)
    return refused(request, "core/me/new_workspace.html", {"form": form})


def waiting_for(user: User) -> list[Invitation]:
    """Open invitations to this person's address. Their links went there; here they are only reminded."""
    if not user.email:
        return []
    rows = Invitation.objects.open_at(timezone.now()).filter(email=user.email).select_related("workspace")
    return list(rows[:20])
