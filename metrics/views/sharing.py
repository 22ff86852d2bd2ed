"""Links that show a dashboard outside: made, listed and revoked inside; opened without signing in."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from metrics import services
from metrics.forms import ShareForm
from metrics.models import Dashboard, ShareLink
from metrics.views.boards import asked_of, found_dashboard, look_for
from metrics.views.grids import board_of, fresh, nothing_new, put_in, sight_of
from metrics.views.pictures import drawn_picture
from opsboard.core.access import Request, Viewer, needs
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, refused

LINKS = ("metrics/dashboards/link_list.html", "metrics/dashboards/_links.html")


def _address(request: HttpRequest, link: ShareLink) -> str:
    return request.build_absolute_uri(reverse("metrics_open:dashboard", kwargs={"token": services.token_of(link)}))


@require_http_methods(["GET", "POST"])
@needs(Role.EDITOR)
def link_list(request: Request, pk: int) -> HttpResponse:
    row, now = found_dashboard(request, pk), timezone.now()
    form = ShareForm(request.POST if request.method == "POST" else None)
    here = reverse("metrics:link_list", kwargs={"workspace": request.workspace.slug, "pk": row.pk})
    if request.method == "POST" and form.is_valid():
        try:
            services.share_dashboard(dashboard=row, by=request.user, now=now, **form.cleaned_data)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            return done(request, here, message=_("The link is ready. Copy it below."), go=True)
    links = []
    for link in ShareLink.objects.visible_to(request.viewer).filter(dashboard=row).select_related("by")[:100]:
        over = link.revoked_at is not None or link.expires_at <= now
        # Whoever holds a link sees what its maker sees: only the maker may copy it.
        mine = link.by_id == request.user.pk
        links.append({"row": link, "over": over, "url": _address(request, link) if mine and not over else ""})
    context = {"dashboard": row, "form": form, "links": links}
    answer = refused if request.method == "POST" else page
    return answer(request, LINKS[0], context, part=LINKS[1])


@require_POST
def revoke_link(request: Request, pk: int, link: int) -> HttpResponse:
    row = found_dashboard(request, pk)
    found = get_object_or_404(
        ShareLink.objects.visible_to(request.viewer).filter(dashboard=row).select_related("workspace", "dashboard"),
        pk=link,
    )
    services.revoke_link(link=found, by=request.user, now=timezone.now())
    here = reverse("metrics:link_list", kwargs={"workspace": request.workspace.slug, "pk": row.pk})
    return done(request, here, message=_("The link opens nothing any more."), go=True)


# --- outside ----------------------------------------------------------------------------------------------------------


def _opened(request: HttpRequest, token: str) -> tuple[Dashboard, Viewer] | HttpResponse:
    """The dashboard behind a link, in its workspace's language; or the answer that there is none."""
    too_many: HttpResponse | None = ratelimit.consume_or_429(request, action="shared")
    if too_many is not None:
        return too_many
    opened = services.opened_by(token, now=timezone.now())
    if opened is None:
        return _quiet(page(request, "metrics/dashboards/shared_over.html", status=404))
    link, dashboard, viewer = opened
    language = link.workspace.language if not request.user.is_authenticated else translation.get_language()
    translation.activate(language or "en")
    request.LANGUAGE_CODE = translation.get_language()
    return dashboard, viewer


def _quiet(response: HttpResponse) -> HttpResponse:
    """No search engine keeps it, and no other site hears the address."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_not_required
@require_GET
def shared_dashboard(request: HttpRequest, token: str) -> HttpResponse:
    """The tiles of one dashboard and nothing else; `?wall` fills the screen."""
    opened = _opened(request, token)
    if isinstance(opened, HttpResponse):
        return opened
    row, viewer = opened
    now = timezone.now()
    look = look_for(request.GET, row, now)
    on_wall = "wall" in request.GET
    sight = sight_of(viewer, row, look, now, closed=True, wall=on_wall)
    if (unchanged := nothing_new(request, sight)) is not None:
        return _quiet(unchanged)
    board = board_of(sight)
    context: dict[str, Any] = {
        "dashboard": row, "board": board, "mark": sight.tag, "on_wall": on_wall, "picture": reverse("metrics_open:picture", kwargs={"token": token}),
        **asked_of(row, look),
    }  # fmt: skip
    answer = page(request, "metrics/dashboards/shared.html", context, part="metrics/dashboards/_shared.html")
    put_in(answer, board).render()  # while the language of the workspace holds
    return _quiet(fresh(request, answer, board))


@login_not_required
@require_GET
def shared_picture(request: HttpRequest, token: str) -> HttpResponse:
    opened = _opened(request, token)
    if isinstance(opened, HttpResponse):
        return opened
    row, viewer = opened
    return _quiet(drawn_picture(request, row, viewer))
