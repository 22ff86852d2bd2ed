"""Who is here, with which role and in which team; the ways in; the workspace's own settings. For its admins."""

from __future__ import annotations

from typing import Any

import segno
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core import registry
from opsboard.core.access import Request, needs
from opsboard.core.forms import AppLimits, InvitationForm, RoleForm, TeamForm, WorkspaceSettings, say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Invitation, Membership, Role, Team
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.services import invitations, people

reading_and_writing = require_http_methods(["GET", "HEAD", "POST"])


def here(request: Request, name: str, **kwargs: Any) -> str:
    return reverse(name, kwargs={"workspace": request.workspace.slug, **kwargs})


def qr(link: str) -> SafeString:
    """The link as a QR code: an SVG that is black on white in every theme."""
    return mark_safe(segno.make(link, error="m", micro=False).svg_inline(scale=5, border=3, dark="#000", light="#fff"))


# --- settings of the workspace ----------------------------------------------------------------------------------------


@reading_and_writing
@needs(Role.ADMIN)
def settings(request: Request) -> HttpResponse:
    workspace = request.workspace
    fields = ("name", "language", "timezone", "currency", "week_start")
    form = WorkspaceSettings(posted(request), initial={name: getattr(workspace, name) for name in fields})
    if request.method != "POST":
        return page(request, "core/people/settings.html", {"form": form})
    if form.is_valid():
        try:
            people.change_workspace(workspace=workspace, **form.cleaned_data)
            return done(request, here(request, "core:settings"), message=_("Saved."), go=True)
        except ValidationError as refusal:
            say(form, refusal)
    return refused(request, "core/people/settings.html", {"form": form})


@reading_and_writing
@needs(Role.ADMIN)
def app_limits(request: Request) -> HttpResponse:
    form = AppLimits(request.POST if request.method == "POST" else None, workspace=request.workspace)
    context = {"form": form, "teams": Team.objects.filter(workspace=request.workspace)}
    if request.method != "POST":
        return page(request, "core/people/app_limits.html", context)
    if not form.is_valid():
        return refused(request, "core/people/app_limits.html", context)
    untouched = {label: teams for label, teams in request.workspace.app_limits.items() if label not in form.fields}
    people.limit_apps(workspace=request.workspace, limits={**untouched, **form.cleaned_data})
    return done(request, here(request, "core:app_limits"), message=_("Saved."), go=True)


# --- members ----------------------------------------------------------------------------------------------------------


def _members(request: Request) -> QuerySet[Membership]:
    teams = Prefetch("user__teams", Team.objects.filter(workspace=request.workspace), to_attr="teams_here")
    return Membership.objects.of(request.workspace).select_related("user").prefetch_related(teams)


def _teams_of(membership: Membership) -> str:
    return ", ".join(team.name for team in membership.user.teams_here)  # type: ignore[attr-defined]


MEMBER_COLUMNS = (
    Shows("name", gettext_lazy("Name"), lambda row: str(row.user), ("user__name", "user__username")),
    Shows("username", gettext_lazy("User name"), lambda row: row.user.username, ("user__username",)),
    Shows("email", gettext_lazy("E-mail"), lambda row: row.user.email, ("user__email",)),
    Shows("role", gettext_lazy("Role"), lambda row: row.get_role_display(), ("role",)),
    Shows("teams", gettext_lazy("Teams"), _teams_of),
    Shows("joined", gettext_lazy("Joined"), lambda row: row.joined_at, ("joined_at",)),
    Shows("seen", gettext_lazy("Last sign-in"), lambda row: row.user.last_login, ("user__last_login",)),
)


@require_GET
@needs(Role.ADMIN)
def member_list(request: Request) -> HttpResponseBase:
    teams = list(Team.objects.filter(workspace=request.workspace))
    shown = Listing(
        key="core.members",
        rows=_members(request),
        columns=MEMBER_COLUMNS,
        filters=(
            Filter(
                "role",
                _("Role"),
                [(str(role.value), role.label) for role in Role],
                lambda rows, value: rows.filter(role=int(value)),
            ),
            Filter(
                "team",
                _("Team"),
                [(str(team.pk), team.name) for team in teams],
                lambda rows, value: rows.filter(user__teams=int(value)),
            ),
        ),
        search=("user__name", "user__username", "user__email"),
        order=("user__name", "user__username"),
    ).show(request)
    if shown.export:
        export: HttpResponseBase = shown.export
        return export
    open_ones = Invitation.objects.filter(workspace=request.workspace).open_at(timezone.now()).count()
    return page(
        request,
        "core/people/member_list.html",
        {"list": shown, "open_invitations": open_ones},
        part="core/people/_members.html",
    )


def _member(request: Request, pk: int) -> Membership:
    return get_object_or_404(_members(request), pk=pk)


def _about_member(request: Request, row: Membership, **more: Any) -> dict[str, Any]:
    return {
        "member": row,
        "person": row.user,
        "form": RoleForm(initial={"role": row.role}),
        "no_help": people.why_not_help(by=request.user, user=row.user),
        "second_step": Authenticator.objects.filter(user=row.user).exists(),
        **more,
    }


@require_GET
@needs(Role.ADMIN)
def member(request: Request, pk: int) -> HttpResponse:
    return page(request, "core/people/member.html", _about_member(request, _member(request, pk)))


@require_POST
@needs(Role.ADMIN)
def change_role(request: Request, pk: int) -> HttpResponse:
    row = _member(request, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            people.change_role(membership=row, role=form.cleaned_data["role"])
        except ValidationError as refusal:
            say(form, refusal)
        else:
            to = "core:member_list" if row.user_id != request.user.pk else "core:home"
            return done(request, here(request, to), message=_("The role was changed."), go=True)
    return refused(request, "core/people/member.html", _about_member(request, row, form=form))


@require_POST
@needs(Role.ADMIN)
def remove_member(request: Request, pk: int) -> HttpResponse:
    row = _member(request, pk)
    try:
        people.remove_member(membership=row, now=timezone.now())
    except ValidationError as refusal:
        return refused(
            request, "core/people/member.html", _about_member(request, row, refusal=" ".join(refusal.messages))
        )
    message = _("%(name)s is no longer a member.") % {"name": row.user}
    to = here(request, "core:member_list") if row.user_id != request.user.pk else reverse("core:front")
    return done(request, to, message=message, go=True)


@require_POST
@never_cache
@needs(Role.ADMIN)
def make_reset_link(request: Request, pk: int) -> HttpResponse:
    """A link for somebody who forgot their password and has no e-mail, shown once, to hand over."""
    row = _member(request, pk)
    try:
        link = people.make_reset_link(workspace=request.workspace, user=row.user, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        return refused(
            request, "core/people/member.html", _about_member(request, row, refusal=" ".join(refusal.messages))
        )
    return page(
        request, "core/people/reset_link.html", {"person": row.user, "member": row, "link": link, "qr": qr(link)}
    )


@require_POST
@needs(Role.ADMIN)
def turn_off_second_step(request: Request, pk: int) -> HttpResponse:
    row = _member(request, pk)
    try:
        people.turn_off_second_step(workspace=request.workspace, user=row.user, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        return refused(
            request, "core/people/member.html", _about_member(request, row, refusal=" ".join(refusal.messages))
        )
    message = _("%(name)s now signs in with the password alone.") % {"name": row.user}
    return done(request, here(request, "core:member", pk=row.pk), message=message, go=True)


# --- invitations ------------------------------------------------------------------------------------------------------


@require_GET
@needs(Role.ADMIN)
def invitation_list(request: Request) -> HttpResponse:
    rows = (
        Invitation.objects.filter(workspace=request.workspace)
        .select_related("team", "invited_by", "accepted_by")
        .order_by("-created_at")[:200]
    )
    return page(request, "core/people/invitation_list.html", {"invitations": rows, "now": timezone.now()})


@reading_and_writing
@never_cache
@needs(Role.ADMIN)
def invite(request: Request) -> HttpResponse:
    form = InvitationForm(posted(request), workspace=request.workspace)
    if request.method != "POST":
        return page(request, "core/people/invite.html", {"form": form})
    if form.is_valid():
        wish = form.cleaned_data
        try:
            invitation, link = invitations.invite(
                workspace=request.workspace, by=request.user, role=wish["role"], email=wish["email"],
                name=wish["name"], team=wish["team"], life=form.life, now=timezone.now(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return _hand_over(request, invitation, link)
    return refused(request, "core/people/invite.html", {"form": form})


def _hand_over(request: Request, invitation: Invitation, link: str) -> HttpResponse:
    return page(request, "core/people/invitation.html", {"invitation": invitation, "link": link, "qr": qr(link)})


@require_POST
@never_cache
@needs(Role.ADMIN)
def renew_invitation(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Invitation.objects.filter(workspace=request.workspace), pk=pk)
    try:
        link = invitations.renew_invitation(invitation=row, now=timezone.now())
    except ValidationError as refusal:
        rows = Invitation.objects.filter(workspace=request.workspace).order_by("-created_at")[:200]
        return refused(
            request,
            "core/people/invitation_list.html",
            {"invitations": rows, "now": timezone.now(), "refusal": " ".join(refusal.messages)},
        )
    row.refresh_from_db()
    return _hand_over(request, row, link)


@require_POST
@needs(Role.ADMIN)
def withdraw_invitation(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Invitation.objects.filter(workspace=request.workspace), pk=pk)
    invitations.withdraw_invitation(invitation=row, now=timezone.now())
    return done(request, here(request, "core:invitation_list"), message=_("The invitation was withdrawn."), go=True)


# --- teams ------------------------------------------------------------------------------------------------------------


@require_GET
def team_list(request: Request) -> HttpResponse:
    """Everybody may see who works together."""
    teams = Team.objects.filter(workspace=request.workspace).select_related("lead").prefetch_related("members")
    return page(request, "core/people/team_list.html", {"teams": teams})


@reading_and_writing
@needs(Role.ADMIN)
def new_team(request: Request) -> HttpResponse:
    return _save_team(request, None)


@reading_and_writing
@needs(Role.ADMIN)
def team(request: Request, pk: int) -> HttpResponse:
    return _save_team(request, get_object_or_404(Team.objects.filter(workspace=request.workspace), pk=pk))


def _save_team(request: Request, row: Team | None) -> HttpResponse:
    initial = {"name": row.name, "lead": row.lead, "members": row.members.all()} if row else {}
    form = TeamForm(request.POST if request.method == "POST" else None, workspace=request.workspace, initial=initial)
    context = {"form": form, "team": row, "closed_apps": _apps_only_for(request, row)}
    if request.method != "POST":
        return page(request, "core/people/team.html", context)
    if form.is_valid():
        try:
            people.save_team(workspace=request.workspace, team=row, **form.cleaned_data)
            return done(request, here(request, "core:team_list"), message=_("Saved."), go=True)
        except ValidationError as refusal:
            if row:
                row.refresh_from_db()
            say(form, refusal)
    return refused(request, "core/people/team.html", context)


def _apps_only_for(request: Request, row: Team | None) -> list[Any]:
    """The apps that this team, perhaps among others, may enter and the rest may not."""
    if row is None:
        return []
    contracts = registry.contracts()
    limits = request.workspace.app_limits.items()
    return [contracts[label].title for label, teams in limits if row.pk in teams and label in contracts]


@require_POST
@needs(Role.ADMIN)
def delete_team(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Team.objects.filter(workspace=request.workspace), pk=pk)
    people.delete_team(team=row)
    message = _("The team %(name)s was deleted.") % {"name": row.name}
    return done(request, here(request, "core:team_list"), message=message, go=True)
