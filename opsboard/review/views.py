"""The review's pages: this week, a week, all weeks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core import effects, periods, registry, telling
from opsboard.core.access import Request
from opsboard.core.contract import Found
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Role
from opsboard.core.once import look
from opsboard.core.pages import done, page, posted, refused
from opsboard.review import services
from opsboard.review.forms import CloseForm, DecisionForm
from opsboard.review.models import FIXES_A_WEEK, Decision, Fix, Review, week_given

OPEN_ACTION = "work.open_action"


@require_GET
def this_week(request: Request) -> HttpResponse:
    period = request.workspace.week_of(timezone.now())
    return redirect("review:week", workspace=request.workspace.slug, week=period.slug)


def _period(request: Request, week: str) -> periods.Period:
    try:
        period = week_given(request.viewer, week)
    except periods.UnknownPeriod as unknown:
        raise Http404 from unknown
    if period.start > timezone.now():
        raise Http404(_("This week has not begun yet."))
    return period


def _review(request: Request, week: str) -> Review:
    """The review of the week, written down only when somebody changes something in it."""
    period = _period(request, week)
    found = Review.objects.visible_to(request.viewer).filter(week=period.slug).select_related("workspace").first()
    return found or Review(workspace=request.workspace, week=period.slug, opened_at=timezone.now())


def _context(request: Request, review: Review, **forms: Any) -> dict[str, Any]:
    period = review.period
    now = timezone.now()
    following = periods.following(period)
    fixes = list(review.fixes.select_related("about_type", "by")) if review.pk else []
    with look():
        tiles = telling.tiles(request.viewer, now)
        sections = telling.sections(request.viewer, period, skip="review")
        findings = _not_yet_chosen(registry.find(request.viewer, period), fixes) if not review.closed else []
    return {
        "review": review,
        "period": period,
        "previous": periods.previous(period),
        "following": following if following.start <= now else None,
        "running": period.start <= now < period.end,
        "tiles": tiles,
        "sections": sections,
        "findings": findings,
        "fixes": fixes,
        "room": FIXES_A_WEEK - len(fixes),
        "decisions": list(review.decisions.select_related("by")) if review.pk else [],
        "decision_form": DecisionForm(),
        "close_form": CloseForm(initial={"summary": review.summary}),
        **forms,
    }


def _not_yet_chosen(findings: list[Found], fixes: list[Fix]) -> list[Found]:
    chosen = {fix.finding for fix in fixes}
    return [one for one in findings if one.key not in chosen]


@require_GET
def week(request: Request, week: str) -> TemplateResponse:
    review = _review(request, week)
    return page(request, "review/week.html", _context(request, review), part="review/_week.html")


def _saved(request: Request, week: str) -> Review:
    review = _review(request, week)
    if review.pk is None:
        review = services.open_review(workspace=request.workspace, period=review.period, now=timezone.now())
    return review


def _again(request: Request, review: Review, **forms: Any) -> TemplateResponse:
    return refused(request, "review/week.html", _context(request, review, **forms), part="review/_week.html")


def _told_no(request: Request, review: Review, refusal: ValidationError) -> HttpResponse:
    """Back to the week as it stands now, with the reason; the page that was open showed an older one."""
    for sentence in refusal.messages:
        messages.error(request, sentence)
    return done(request, review.get_absolute_url(), go=True)


@require_POST
def note_decision(request: Request, week: str) -> HttpResponse:
    review = _saved(request, week)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            services.note_decision(review=review, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
        except ValidationError as refusal:
            form.add_error("text", refusal.messages)
    if form.errors:
        return _again(request, review, decision_form=form)
    return done(request, review.get_absolute_url(), changed="review", message=_("Decision noted."))


@require_POST
def drop_decision(request: Request, week: str, pk: int) -> HttpResponse:
    review = _review(request, week)
    decision = get_object_or_404(
        Decision.objects.visible_to(request.viewer).select_related("review", "workspace"), pk=pk, review_id=review.pk
    )
    try:
        services.drop_decision(decision=decision)
    except ValidationError as refusal:
        return _told_no(request, review, refusal)
    return done(request, review.get_absolute_url(), changed="review", message=_("Decision removed."))


def _found(request: Request, review: Review) -> Found:
    """The finding that the address names, if it still stands."""
    key = (request.POST if request.method == "POST" else request.GET).get("finding", "")
    for one in registry.find(request.viewer, review.period):
        if one.key == key:
            return one
    raise Http404(_("This finding no longer stands."))


@require_http_methods(["GET", "POST"])
def choose_fix(request: Request, week: str) -> HttpResponse:
    """Turn a finding into this week's fix: the owner of actions shows its own form; what is an action already is taken as it is."""
    review = _saved(request, week) if request.method == "POST" else _review(request, week)
    found = _found(request, review)
    effect = registry.effect(OPEN_ACTION)
    if not request.viewer.may(Role.EDITOR):
        raise Http404
    is_action = found.key.partition(".")[0] == OPEN_ACTION.partition(".")[0] and found.about is not None
    initial = {"title": str(found.title)[:200], "indicator": found.indicator}
    form = None if is_action else effect.form(posted(request), viewer=request.viewer, about=found.about, initial=initial)  # fmt: skip
    context = {"review": review, "period": review.period, "found": found, "form": form, "effect": effect}
    if request.method == "GET":
        return page(request, "review/choose_fix.html", context, part="review/_choose_fix.html")
    try:
        if form is None:
            action = found.about
        elif form.is_valid():
            outcome = effects.perform(
                OPEN_ACTION,
                workspace=request.workspace,
                by=request.user,
                about=found.about,
                now=timezone.now(),
                **form.cleaned_data,
            )
            action = outcome.about
        else:
            return refused(request, "review/choose_fix.html", context, part="review/_choose_fix.html")
        if action is None:
            return redirect(review.get_absolute_url())
        services.choose_fix(review=review, action=action, finding=found.key, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        if form is None:
            return _told_no(request, review, refusal)
        form.add_error(None, refusal.messages)
        return refused(request, "review/choose_fix.html", context, part="review/_choose_fix.html")
    return done(request, review.get_absolute_url(), changed="review", message=_("Chosen for this week."), go=True)


@require_POST
def put_back_fix(request: Request, week: str, pk: int) -> HttpResponse:
    review = _review(request, week)
    fix = get_object_or_404(
        Fix.objects.visible_to(request.viewer).select_related("review", "workspace"), pk=pk, review_id=review.pk
    )
    try:
        services.put_back_fix(fix=fix)
    except ValidationError as refusal:
        return _told_no(request, review, refusal)
    return done(request, review.get_absolute_url(), changed="review", message=_("Put back. The action itself stays."))


@require_POST
def close_week(request: Request, week: str) -> HttpResponse:
    review = _saved(request, week)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _again(request, review, close_form=form)
    services.close_week(review=review, summary=form.cleaned_data["summary"], by=request.user, now=timezone.now())
    return done(request, review.get_absolute_url(), changed="review", message=_("The week is closed."))


@require_POST
def reopen_week(request: Request, week: str) -> HttpResponse:
    review = _saved(request, week)
    services.reopen_week(review=review, by=request.user, now=timezone.now())
    return done(request, review.get_absolute_url(), changed="review", message=_("The week is open again."))


@require_GET
def review_list(request: Request) -> HttpResponse:
    listing = Listing(
        key="review.reviews",
        rows=Review.objects.visible_to(request.viewer).select_related("workspace", "closed_by").with_counts(),
        columns=[
            Shows("week", _("Week"), lambda row: row.week, ("week",)),
            Shows("fixes", _("Small fixes"), lambda row: row.fix_count, ("fix_count",)),
            Shows("decisions", _("Decisions"), lambda row: row.decision_count, ("decision_count",)),
            Shows("closed", _("Closed"), lambda row: row.closed_at, ("closed_at",)),
            Shows("by", _("Closed by"), lambda row: row.closed_by or ""),
            Shows("summary", _("Summary"), lambda row: row.summary),
        ],
        filters=[
            Filter(
                "state",
                _("State"),
                [("open", _("Open")), ("closed", _("Closed"))],
                lambda rows, value: rows.filter(closed_at__isnull=value == "open"),
            )
        ],
        search=("week", "summary", "decisions__text"),
        order=("-week",),
    )
    shown = listing.show(request)
    return shown.export or page(request, "review/review_list.html", {"shown": shown}, part="review/_review_table.html")
