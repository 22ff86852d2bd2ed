"""API tokens: a program's way in. Everybody sees their own; admins see all."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core.access import Request, needs
from opsboard.core.forms import TokenForm, say
from opsboard.core.models import ApiToken, Role
from opsboard.core.pages import done, page, refused
from opsboard.core.services import tokens


def _tokens(request: Request) -> QuerySet[ApiToken]:
    rows = ApiToken.objects.filter(workspace=request.workspace).select_related("owner")
    return rows if request.viewer.may(Role.ADMIN) else rows.filter(owner=request.user)


@require_GET
@needs(Role.EDITOR)
def token_list(request: Request) -> HttpResponse:
    rows = _tokens(request).order_by("revoked_at", "-created_at")[:200]
    return page(request, "core/people/token_list.html", {"tokens": rows, "now": timezone.now()})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Role.EDITOR)
def new_token(request: Request) -> HttpResponse:
    """The secret is shown in the answer, and never again."""
    form = TokenForm(request.POST if request.method == "POST" else None, at_most=request.role)
    if request.method != "POST":
        return page(request, "core/people/new_token.html", {"form": form})
    if form.is_valid():
        wish = form.cleaned_data
        try:
            token, secret = tokens.issue_token(
                workspace=request.workspace, owner=request.user, role=wish["role"], name=wish["name"], life=form.life,
                now=timezone.now(),
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        else:
            address = request.build_absolute_uri(f"/api/v1/{request.workspace.slug}/")
            return page(request, "core/people/token.html", {"token": token, "secret": secret, "api": address})
    return refused(request, "core/people/new_token.html", {"form": form})


@require_POST
@needs(Role.EDITOR)
def revoke_token(request: Request, pk: int) -> HttpResponse:
    tokens.revoke_token(token=get_object_or_404(_tokens(request), pk=pk), now=timezone.now())
    to = reverse("core:token_list", kwargs={"workspace": request.workspace.slug})
    return done(request, to, message=_("The token no longer works."), go=True)
