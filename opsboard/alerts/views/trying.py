"""The watch that is being typed: in a sentence, on the past, and with limits that the past proposes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from opsboard.alerts import charts, services
from opsboard.alerts.forms import ConditionForm
from opsboard.alerts.forms.hearers import channels_of
from opsboard.alerts.models import Severity, Watch
from opsboard.core.access import Request, needs
from opsboard.core.models import Role
from opsboard.core.pages import page

TRIED = timedelta(days=90)


@require_POST
def preview(request: Request) -> HttpResponse:
    """The typed watch as a sentence, and what it would have said in the last 90 days."""
    return page(request, "alerts/_preview.html", told(request, ConditionForm(request.POST, viewer=request.viewer)))


def told(request: Request, form: ConditionForm) -> dict[str, Any]:
    """What the preview shows of what was typed, as far as it goes."""
    if not form.is_bound:
        return {}
    form.full_clean() if not hasattr(form, "cleaned_data") else None
    typed, now = form.condition, timezone.now()
    said = {"typed_unit": form.typed_unit, "short": "kind" not in form.data, "running": form.running}
    if not typed.get("indicator") or "op" not in typed:
        return said
    try:
        if typed.get("value") is None:  # no threshold yet: the past may propose one
            plain = {name: typed[name] for name in ("indicator", "op", "scope", "labels") if name in typed}
            return said | _tried(
                request, services.draft_watch(viewer=request.viewer, now=now, value=0.0, **plain), now, False
            )
        draft = services.draft_watch(viewer=request.viewer, now=now, **typed)
    except ValidationError:
        return said
    return said | {"sentence": draft.sentence} | _tried(request, draft, now, True)


def _tried(request: Request, draft: Watch, now: datetime, decided: bool) -> dict[str, Any]:
    tried = services.backtest(viewer=request.viewer, watch=draft, start=now - TRIED, end=now)
    proposal = services.propose_limits(viewer=request.viewer, watch=draft, tried=tried)
    above = draft.op in (Watch.Op.ABOVE, Watch.Op.AT_LEAST)
    limit = proposal.upper if above else proposal.lower
    return {
        "has_past": any(tried.points.values()),
        "sets": len([labels for labels in tried.points if labels]) if tried.more else 0,
        "count": len(tried.episodes),
        "per_week": round(tried.per_week, 1),
        "episodes": [
            (one, draft.written(one.peak), draft.days_of(one.first, one.last)) for one in reversed(tried.episodes[-5:])
        ],
        "chart": charts.backtest_chart(draft, tried, decided=decided) if tried.points else "",
        "fixed": draft.kind == Watch.Kind.VALUE and proposal.seasonal,
        "limit": draft.written(limit) if limit is not None and draft.kind == Watch.Kind.VALUE else "",
        "limit_typed": f"{_rounded(limit) * (100 if draft.rate else 1):.12g}" if limit is not None else "",
        "around": draft.written(proposal.around) if proposal.around is not None else "",
    }


def _rounded(limit: float) -> float:
    """A limit as somebody would type it."""
    return float(f"{limit:.4g}")


@require_POST
@needs(Role.EDITOR)
def try_hearers(request: Request) -> HttpResponse:
    """A test to oneself and to the chosen channels, before the watch is there."""
    chosen = [int(pk) for pk in request.POST.getlist("channels")[:50] if pk.isascii() and pk.isdigit() and len(pk) < 19]
    severity = request.POST.get("severity", "")
    sounded = services.sound_out(
        workspace=request.workspace, by=request.user, now=timezone.now(),
        channels=list(channels_of(request.viewer).filter(pk__in=chosen).select_related("workspace")),
        severity=severity if severity in Severity.values else str(Severity.WARNING),
    )  # fmt: skip
    return page(request, "alerts/tried.html", {"sounded": sounded}, part="alerts/_tried.html")


@require_POST
@needs(Role.EDITOR)
def propose(request: Request, what: str) -> HttpResponse:
    """The form with limits that the number's own past proposes: of routine variation, or around what is usual at that hour."""
    form = ConditionForm(request.POST, viewer=request.viewer)
    form.full_clean()
    typed, now, data = form.condition, timezone.now(), request.POST.copy()
    above = typed.get("op", ">") in (Watch.Op.ABOVE, Watch.Op.AT_LEAST)
    try:
        plain: dict[str, Any] = {"value": 0.0, "op": typed.get("op", ">"), "indicator": typed.get("indicator", "")}
        plain |= {name: typed[name] for name in ("scope", "labels") if name in typed}
        draft = services.draft_watch(viewer=request.viewer, now=now, **plain)
        tried = services.backtest(viewer=request.viewer, watch=draft, start=now - TRIED, end=now)
        proposal = services.propose_limits(viewer=request.viewer, watch=draft, tried=tried)
    except ValidationError:
        proposal = None
    limit = (
        None
        if proposal is None
        else proposal.around
        if what == "usual"
        else proposal.upper
        if above
        else proposal.lower
    )
    if limit is not None:
        percent = 100 if form.is_rate(str(typed.get("indicator"))) else 1
        data["value"], data["clear"] = f"{_rounded(limit) * percent:.12g}", ""
        data["kind"] = Watch.Kind.CHANGE if what == "usual" else Watch.Kind.VALUE
        if what == "usual":
            data["compare"] = Watch.Compare.BASELINE
            data.pop("relative", None)
    form = ConditionForm(data, viewer=request.viewer)
    pk = request.POST.get("watch", "")
    action = (
        reverse("alerts:change_watch", kwargs={"workspace": request.workspace.slug, "pk": int(pk)})
        if pk.isdecimal() and len(pk) < 18
        else reverse("alerts:new_watch", kwargs={"workspace": request.workspace.slug})
    )
    version = request.POST.get("version", "")
    row = Watch.objects.visible_to(request.viewer).select_related("workspace").filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 18 else None  # fmt: skip
    context = {"form": form, "action": action, "watch": row, "version": int(version) if version.isdecimal() and len(version) < 10 else 0}  # fmt: skip
    return page(request, "alerts/_watch_form.html", context | told(request, form))
