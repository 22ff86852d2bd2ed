"""The way in for somebody who was invited: no sign-in needed, the link's secret is the key."""

from __future__ import annotations

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from opsboard.core.accounts import INVITED
from opsboard.core.forms import JoinForm, say
from opsboard.core.models import Invitation, User
from opsboard.core.pages import done, page, refused
from opsboard.core.services import invitations


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Join with the account that is signed in, or with a new one."""
    too_many: HttpResponse | None = ratelimit.consume_or_429(request, action="join")
    if too_many is not None:
        return too_many
    now = timezone.now()
    invitation = invitations.open_invitation(secret, now=now)
    if invitation is None:
        return page(request, "core/people/join_over.html", {"reason": invitations.INVITATION_IS_OVER}, status=404)
    if isinstance(request.user, User):
        return _join_as(request, request.user, invitation)
    return _join_anew(request, invitation, secret)


def _home(invitation: Invitation) -> str:
    return reverse("core:home", kwargs={"workspace": invitation.workspace.slug})


def _join_as(request: HttpRequest, user: User, invitation: Invitation) -> HttpResponse:
    if request.method != "POST":
        return page(request, "core/people/join.html", {"invitation": invitation})
    try:
        invitations.accept_invitation(invitation=invitation, user=user, now=timezone.now())
    except ValidationError as refusal:  # used by another at this very moment
        return page(request, "core/people/join_over.html", {"reason": " ".join(refusal.messages)}, status=404)
    message = _("Welcome to %(workspace)s.") % {"workspace": invitation.workspace.name}
    return done(request, _home(invitation), message=message, go=True)


def _join_anew(request: HttpRequest, invitation: Invitation, secret: str) -> HttpResponse:
    providers = get_social_adapter().list_providers(request)
    if providers:  # remembered, so that single sign-on finds it
        request.session[INVITED] = secret
    form = JoinForm(request.POST if request.method == "POST" else None, invitation=invitation)
    context = {
        "invitation": invitation,
        "form": form,
        "known": bool(invitation.email) and User.objects.filter(email=invitation.email).exists(),
        "sign_in": f"{reverse('account_login')}?next={request.path}",
        "providers": providers,
    }
    if request.method != "POST":
        return page(request, "core/people/join.html", context)
    if form.is_valid() and not context["known"]:
        try:
            user = invitations.join_with_new_account(
                invitation=invitation, now=timezone.now(), language=get_language() or "", **form.cleaned_data
            )
        except ValidationError as refusal:
            say(form, refusal)
        else:
            request.session.pop(INVITED, None)
            response: HttpResponse = perform_login(request, user, redirect_url=_home(invitation))
            return response
    return refused(request, "core/people/join.html", context)
