"""Answer a notice from outside: a signed link that is good for one person, one notice and a week."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from opsboard.alerts import services
from opsboard.alerts.models import Alert, Told
from opsboard.core import links
from opsboard.core.access import Viewer, person_in
from opsboard.core.models import Role, User
from opsboard.core.pages import page


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the alert and whose answer it will be; only POST answers, so that a mail scanner cannot."""
    now = timezone.now()
    try:
        facts = links.read(token, services.ANSWER, now=now)
    except links.LinkExpired:
        return _gone(request, _("This link was good for a week, and that is over. Sign in to see the alert."), 410)
    except links.LinkBroken:
        return _gone(request, _("This link opens nothing. Perhaps it was cut off on its way."), 404)
    told = Told.objects.select_related("workspace", "watch").filter(pk=facts.get("t"), workspace=facts.get("w")).first()
    if told is None:
        return _gone(request, _("What this link was about is no longer there."), 410)
    if facts.get("p") is None and not request.user.is_authenticated:
        return redirect(f"{reverse('account_login')}?next={request.path}")
    person = request.user if facts.get("p") is None else User.objects.filter(pk=facts["p"]).first()
    viewer = person_in(told.workspace, person) if isinstance(person, User) else None
    if viewer is None or viewer.user is None:
        return _gone(request, _("This link was made for somebody who is no longer here."), 410)
    with translation.override(viewer.language), timezone.override(viewer.user.zone):
        return _answer(request, told, viewer).render()  # type: ignore[attr-defined,no-any-return]


def _answer(request: HttpRequest, told: Told, viewer: Viewer) -> HttpResponse:
    now = timezone.now()
    rows = Alert.objects.visible_to(viewer).filter(pk__in=told.alert_ids).select_related("watch", "workspace", "keeper")
    alerts = list(rows.order_by("-active_at"))
    if not alerts:
        return _gone(request, _("What this link was about is no longer there."), 410)
    context = {
        "told": told,
        "alerts": alerts[:10],
        "more": max(0, len(alerts) - 10),
        "open": (open_ones := [alert for alert in alerts if alert.is_open]),
        "person": viewer.user,
        "may": viewer.may(Role.CONTRIBUTOR),
    }
    if request.method == "POST" and context["may"] and viewer.user is not None:
        try:
            for alert in open_ones:
                if request.POST.get("do") == "take_over":
                    services.take_over(alert=alert, by=viewer.user, now=now)
                elif alert.acknowledged_at is None:
                    services.acknowledge(alert=alert, by=viewer.user, now=now)
        except ValidationError as refusal:
            context["refusal"] = " ".join(refusal.messages)
        else:
            context["answered"] = "taken_over" if request.POST.get("do") == "take_over" else "acknowledged"
    return page(request, "alerts/answer.html", context)


def _gone(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return page(request, "alerts/answer_gone.html", {"reason": reason}, status=status)
