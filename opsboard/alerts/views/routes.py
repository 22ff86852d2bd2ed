"""How watches speak, and whom escalations call, on screen."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from opsboard.alerts import services
from opsboard.alerts.forms import PolicyForm, RouteForm, StepForm
from opsboard.alerts.forms.hearers import channels_of
from opsboard.alerts.forms.routes import STEPS
from opsboard.alerts.models import EscalationPolicy, Watch
from opsboard.core.access import Request, needs
from opsboard.core.forms import say
from opsboard.core.models import Role
from opsboard.core.pages import done, page, posted, refused


@needs(Role.EDITOR)
def watch_route(request: Request, pk: int) -> HttpResponse:
    rows = Watch.objects.visible_to(request.viewer).select_related("workspace")
    return _route(request, get_object_or_404(rows, pk=pk))


@needs(Role.EDITOR)
def house_route(request: Request) -> HttpResponse:
    return _route(request, None)


def _route(request: Request, watch: Watch | None) -> HttpResponse:
    route = services.route_of(request.workspace, watch)
    form = RouteForm(posted(request), viewer=request.viewer, watch=watch, initial=RouteForm.values_of(route, watch))
    if request.method == "POST" and form.is_valid():
        try:
            services.save_route(workspace=request.workspace, watch=watch, now=timezone.now(), **form.settings)
        except ValidationError as refusal:
            say(form, refusal)
        else:
            slug = {"workspace": request.workspace.slug}
            to = watch.get_absolute_url() if watch else reverse("alerts:policy_list", kwargs=slug)
            return done(request, to, changed="alerts", message=_("Saved"), go=True)
    answer = refused if request.method == "POST" else page
    return answer(request, "alerts/route_form.html", {"form": form, "watch": watch}, part="alerts/_route_form.html")


@require_GET
def policy_list(request: Request) -> HttpResponse:
    rows = EscalationPolicy.objects.visible_to(request.viewer).in_use().select_related("workspace").order_by("title")
    context = {"policies": rows.prefetch_related("steps__people", "steps__teams", "steps__channels")[:200]}
    return page(request, "alerts/policy_list.html", context)


@needs(Role.EDITOR)
def new_policy(request: Request) -> HttpResponse:
    return _policy(request, None)


@needs(Role.EDITOR)
def change_policy(request: Request, pk: int) -> HttpResponse:
    rows = EscalationPolicy.objects.visible_to(request.viewer).in_use().select_related("workspace")
    return _policy(request, get_object_or_404(rows, pk=pk))


def _policy(request: Request, row: EscalationPolicy | None) -> HttpResponse:
    sent = posted(request)
    known = list(row.steps.prefetch_related("people", "teams", "channels")) if row else []
    form = PolicyForm(sent, initial={"title": row.title if row else ""})
    steps = [
        StepForm(sent, viewer=request.viewer, prefix=f"step{place}", initial=_initial(known, place))
        for place in range(STEPS)
    ]
    if request.method == "POST" and all([form.is_valid(), *(step.is_valid() for step in steps)]):
        plans = [step.plan for step in steps if step.plan is not None]
        policy = row or EscalationPolicy(workspace=request.workspace)
        policy.title = form.cleaned_data["title"]
        if not plans:
            form.add_error(None, _("An escalation needs at least one step."))
        else:
            try:
                services.save_policy(policy=policy, steps=plans, now=timezone.now())
            except ValidationError as refusal:
                say(form, refusal)
            else:
                to = reverse("alerts:policy_list", kwargs={"workspace": request.workspace.slug})
                return done(request, to, changed="alerts", message=_("Saved"), go=True)
    answer = refused if request.method == "POST" else page
    context = {"form": form, "steps": steps, "policy": row, "channels": channels_of(request.viewer).exists(),
               "more": len(known) > 2 or request.method == "POST"}  # fmt: skip
    return answer(request, "alerts/policy_form.html", context, part="alerts/_policy_form.html")


def _initial(known: list[Any], place: int) -> dict[str, Any]:
    if place >= len(known):
        return {}
    step = known[place]
    return {
        "delay": step.delay // 60, "working": step.working,
        **{name: [one.pk for one in getattr(step, name).all()] for name in ("people", "teams", "channels")},
    }  # fmt: skip


@require_POST
def delete_policy(request: Request, pk: int) -> HttpResponse:
    rows = EscalationPolicy.objects.visible_to(request.viewer).in_use()
    services.delete_policy(policy=get_object_or_404(rows, pk=pk), now=timezone.now())
    to = reverse("alerts:policy_list", kwargs={"workspace": request.workspace.slug})
    return done(request, to, changed="alerts", message=_("Deleted"), go=True)
