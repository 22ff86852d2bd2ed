"""The review for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils import timezone
from ninja import Router, Schema, Status

from opsboard.core import objects, periods
from opsboard.core.api import ApiRequest
from opsboard.review import services
from opsboard.review.models import Review, week_given

router = Router()


class DecisionIn(Schema):
    text: str


class DecisionOut(Schema):
    id: int
    text: str
    at: datetime


class FixIn(Schema):
    action: int


class FixOut(Schema):
    id: int
    place: int
    name: str


class CloseIn(Schema):
    summary: str = ""


class ReviewOut(Schema):
    week: str
    closed_at: datetime | None
    summary: str
    fixes: list[FixOut]
    decisions: list[DecisionOut]


def _given(request: ApiRequest, week: str) -> Review:
    try:
        period = week_given(request.viewer, week)
    except periods.UnknownPeriod as unknown:
        raise Http404 from unknown
    return services.open_review(workspace=request.viewer.workspace, period=period, now=timezone.now())


def _told(review: Review) -> dict[str, Any]:
    return {
        "week": review.week,
        "closed_at": review.closed_at,
        "summary": review.summary,
        "fixes": [{"id": fix.pk, "place": fix.place, "name": fix.about_name} for fix in review.fixes.all()],
        "decisions": [{"id": one.pk, "text": one.text, "at": one.at} for one in review.decisions.all()],
    }


@router.get("reviews/{week}", response=ReviewOut, summary="One week's fixes and decisions")
def review_of_week(request: ApiRequest, week: str) -> dict[str, Any]:
    row = Review.objects.visible_to(request.viewer).filter(week=week).first()
    if row is None:
        raise Http404
    return _told(row)


@router.post("reviews/{week}/decisions", response={201: DecisionOut}, summary="Note a decision")
def note_decision(request: ApiRequest, week: str, payload: DecisionIn) -> Any:
    decision = services.note_decision(
        review=_given(request, week), text=payload.text, by=request.viewer.user, now=timezone.now()
    )
    return Status(201, {"id": decision.pk, "text": decision.text, "at": decision.at})


@router.post("reviews/{week}/fixes", response={201: FixOut}, summary="Take an action into the week")
def choose_fix(request: ApiRequest, week: str, payload: FixIn) -> Any:
    action = objects.ref_to(request.viewer, "work.action", payload.action)
    if action is None:
        raise Http404
    fix = services.choose_fix(review=_given(request, week), action=action, by=request.viewer.user, now=timezone.now())
    return Status(201, {"id": fix.pk, "place": fix.place, "name": fix.about_name})


@router.post("reviews/{week}/close", response=ReviewOut, summary="Close the week")
def close_week(request: ApiRequest, week: str, payload: CloseIn) -> dict[str, Any]:
    review = services.close_week(
        review=_given(request, week), summary=payload.summary, by=request.viewer.user, now=timezone.now()
    )
    return _told(review)
