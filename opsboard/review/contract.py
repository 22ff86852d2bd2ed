"""What the review gives the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from opsboard.core.contract import Contract, Event, Fact, Home, Named, Part, Section, Thing
from opsboard.review.models import Review

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import Workspace
    from opsboard.core.periods import Period


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """The fixes and decisions of the week, or None before there are any."""
    rows = Review.objects.visible_to(viewer).filter(week=period.slug).select_related("closed_by")
    review = next(iter(rows.listed_for(viewer)), None)
    if review is None:
        return None
    fixes, decisions = list(review.fixes.all()), list(review.decisions.select_related("by"))
    if not (fixes or decisions or review.summary):
        return None
    return {"review": review, "fixes": fixes, "decisions": decisions}


def weeks(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    rows = Review.objects.filter(workspace=workspace).select_related("workspace").prefetch_related("decisions")
    for row in rows if pks is None else rows.filter(pk__in=pks):
        text = " ".join([row.summary, *(decision.text for decision in row.decisions.all())])
        yield Named(row.pk, str(row), "closed" if row.closed else "open", row.get_absolute_url(), text)


contract = Contract(
    title=_("Weekly review"),
    home=Home(
        address="review:this_week", part=Part.PROVE, icon="calendar-check", order=10,
        hint=_("Read the week in one page, decide, choose one or two small fixes."),
    ),
    events=(
        Event("review.decision_noted", _("A decision was noted"), (Fact("text", _("Decision")),)),
        Event("review.fix_chosen", _("A small fix was chosen"), (Fact("title", _("Title")), Fact("week", _("Week")))),
        Event(
            "review.week_closed", _("A week was closed"),
            (
                Fact("week", _("Week")), Fact("fixes", _("Small fixes"), "number"),
                Fact("decisions", _("Decisions"), "number"), Fact("summary", _("Summary")),
            ),
        ),
        Event("review.week_reopened", _("A week was reopened"), (Fact("week", _("Week")),)),
    ),
    sections=(Section("review.week", _("Decisions and fixes"), "review/_section.html", tell_week, order=10),),
    things=(Thing("review.week", _("Weekly review"), "review.review", "calendar-check", weeks),),
)  # fmt: skip
