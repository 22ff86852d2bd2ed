"""Verbs of the weekly review."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from opsboard.core import events, live
from opsboard.core.contract import Ref
from opsboard.core.models import User, Workspace, about_fields
from opsboard.core.periods import Period
from opsboard.review.models import FIXES_A_WEEK, Decision, Fix, Review


def open_review(*, workspace: Workspace, period: Period, now: datetime) -> Review:
    """The review of a week; made on first need. A week that has not begun cannot be reviewed."""
    if period.start > now:
        raise ValidationError(_("This week has not begun yet."))
    review: Review
    review, _created = Review.objects.get_or_create(workspace=workspace, week=period.slug, defaults={"opened_at": now})
    return review


def _open_only(review: Review) -> Review:
    held: Review = Review.objects.select_for_update().get(pk=review.pk)
    if held.closed:
        raise ValidationError(_("This week is closed. Reopen it to change it."))
    return held


@transaction.atomic
def note_decision(*, review: Review, text: str, by: User | None, now: datetime) -> Decision:
    _open_only(review)
    decision = Decision(workspace=review.workspace, review=review, text=text.strip(), by=by, at=now)
    decision.full_clean()
    decision.save()
    events.emit("review.decision_noted", workspace=review.workspace, at=now, by=by, about=review, text=decision.text)
    live.changed(review.workspace, "review")
    return decision


@transaction.atomic
def drop_decision(*, decision: Decision) -> None:
    _open_only(decision.review)
    decision.delete()
    live.changed(decision.workspace, "review")


@transaction.atomic
def choose_fix(*, review: Review, action: Ref, finding: str = "", by: User | None, now: datetime) -> Fix:
    """Take an action into the week; one or two, never more: small and done beats large and begun."""
    held = _open_only(review)
    taken = set(held.fixes.values_list("place", flat=True))
    free = [place for place in range(1, FIXES_A_WEEK + 1) if place not in taken]
    if not free:
        raise ValidationError(_("Two fixes are chosen already. Put one back before you choose another."))
    fix = Fix(
        workspace=review.workspace,
        review=review,
        place=free[0],
        finding=finding[:200],
        by=by,
        at=now,
        **about_fields(action),
    )
    try:
        with transaction.atomic():
            fix.save()
    except IntegrityError as clash:
        raise ValidationError(_("This fix is chosen already.")) from clash
    events.emit(
        "review.fix_chosen",
        workspace=review.workspace,
        at=now,
        by=by,
        about=action,
        title=action.name,
        week=review.week,
    )
    live.changed(review.workspace, "review")
    return fix


@transaction.atomic
def put_back_fix(*, fix: Fix) -> None:
    """Take a fix out of the week; its action stays as it is."""
    _open_only(fix.review)
    fix.delete()
    live.changed(fix.workspace, "review")


@transaction.atomic
def close_week(*, review: Review, summary: str, by: User | None, now: datetime) -> Review:
    """Close the week with a summary; from then on it is read only. Closing a closed week changes nothing."""
    changed = Review.objects.filter(pk=review.pk, closed_at=None).update(
        summary=summary.strip(), closed_at=now, closed_by=by
    )
    review.refresh_from_db()
    if changed:
        events.emit(
            "review.week_closed", workspace=review.workspace, at=now, by=by, about=review, week=review.week,
            fixes=review.fixes.count(), decisions=review.decisions.count(), summary=review.summary,
        )  # fmt: skip
        live.changed(review.workspace, "review")
    return review


@transaction.atomic
def reopen_week(*, review: Review, by: User | None, now: datetime) -> Review:
    if Review.objects.filter(pk=review.pk).exclude(closed_at=None).update(closed_at=None, closed_by=None):
        events.emit("review.week_reopened", workspace=review.workspace, at=now, by=by, about=review, week=review.week)
        live.changed(review.workspace, "review")
    review.refresh_from_db()
    return review
