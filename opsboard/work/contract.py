"""What the work gives the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from opsboard.core.contract import (
    Column,
    Contract,
    Dataset,
    Effect,
    Event,
    Fact,
    Finding,
    Found,
    Home,
    Indicator,
    Named,
    Outcome,
    Part,
    Reading,
    Ref,
    Rows,
    Section,
    Thing,
    Watchable,
)
from opsboard.work import services
from opsboard.work.forms import ActionForm
from opsboard.work.models import Action

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import User, Workspace
    from opsboard.core.periods import Period

COUNTS = {"work.open": _("Open actions"), "work.overdue": _("Overdue actions")}


def _catalogue(key: str) -> Any:
    def catalogue(viewer: Viewer) -> Iterable[Watchable]:
        url = reverse("work:action_list", kwargs={"workspace": viewer.workspace.slug})
        query = "?state=open" if key == "work.open" else "?due=overdue"
        return [
            Watchable(
                key, COUNTS[key], direction="down" if key == "work.overdue" else "", url=f"{url}{query}", decimals=0
            )
        ]

    return catalogue


def _read(viewer: Viewer, keys: Sequence[str], now: datetime) -> Sequence[Reading]:
    rows = Action.objects.visible_to(viewer)
    today = now.astimezone(viewer.workspace.zone).date()
    counts = {"work.open": rows.open(), "work.overdue": rows.overdue(today)}
    return [Reading(key, {}, now, float(counts[key].count())) for key in keys]


def open_action(*, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any) -> Outcome:
    action = services.open_action(workspace=workspace, by=by, about=about, now=now, **settings)
    return Outcome(Ref.to(action), _("The action is open."), {"action": action.pk})


def overdue(viewer: Viewer, period: Period) -> Iterable[Found]:
    """Actions whose due date has passed at the period's end, the most urgent and important first."""
    for action in Action.objects.visible_to(viewer).overdue(period.last_day).with_people().order_by("due_on")[:20]:
        yield Found(
            f"work.overdue:{action.pk}", format_lazy(_("Overdue: {title}"), title=action.title),
            detail=format_lazy(_("due {day}, {owner}"), day=action.due_on.isoformat(), owner=str(action.owner or "–")),
            about=Ref.to(action), url=action.get_absolute_url(), weight=3 + action.priority / 9, indicator=action.indicator,
        )  # fmt: skip


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """What was opened and done in the period, and what is open at its end."""
    rows = Action.objects.visible_to(viewer).with_people()
    if not rows.exists():
        return None
    shown = list(rows.open().order_by("due_on", "id")[:12])
    for row in shown:
        row.late = row.is_overdue(period.last_day)
    return {
        "opened": rows.opened_in(period.start, period.end).count(),
        "closed": list(rows.closed_in(period.start, period.end).order_by("-closed_at")[:12]),
        "open": shown,
        "open_count": rows.open().count(),
    }


def names(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    rows = Action.objects.filter(workspace=workspace).select_related("workspace")
    for row in rows if pks is None else rows.filter(pk__in=pks):
        text = f"{row.description} {row.acceptance_criteria} {row.about_name}"
        yield Named(row.pk, row.title, row.state, row.get_absolute_url(), text, tuple(row.limited_to))


ACTIONS = Rows(
    "work.actions",
    _("Improvement actions"),
    (
        Column("title", _("Title")), Column("owner", _("Owner")), Column("state", _("State")),
        Column("due_on", _("Due date"), "day"), Column("opened_at", _("Opened"), "moment"), Column("closed_at", _("Closed"), "moment"),
    ),
)  # fmt: skip


def rows_of(viewer: Viewer, key: str, columns: Sequence[str], chosen: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    rows = Action.objects.visible_to(viewer).with_people().order_by("pk")
    if state := chosen.get("state"):
        rows = rows.filter(state=state)
    for row in rows:
        values = {
            "title": row.title,
            "owner": str(row.owner or ""),
            "state": row.state,
            "due_on": row.due_on,
            "opened_at": row.opened_at,
            "closed_at": row.closed_at,
        }
        yield [values[name] for name in columns]


_TITLE = Fact("title", _("Title"))
_MOVED = (_TITLE, Fact("state", _("State")), Fact("before", _("State before")))

contract = Contract(
    title=_("Work"),
    home=Home(
        address="work:board", part=Part.FIX, icon="layout-kanban", order=10,
        hint=_("Improvement actions with an owner, a date and acceptance criteria."),
    ),
    indicators=tuple(Indicator(key, title, _catalogue(key), _read) for key, title in COUNTS.items()),
    events=(
        Event("work.action_opened", _("An action was opened"), (_TITLE, Fact("owner", _("Owner"), "person"), Fact("due_on", _("Due date"), "day"), Fact("url", _("Address"), "url"))),
        Event("work.action_changed", _("An action was changed"), (_TITLE,)),
        Event("work.action_moved", _("An action was moved"), _MOVED),
        Event("work.action_closed", _("An action was closed"), _MOVED),
        Event("work.action_reopened", _("An action was reopened"), _MOVED),
        Event("work.comment_written", _("A comment was written"), (Fact("text", _("Comment")),)),
    ),
    effects=(Effect("work.open_action", _("Open an action"), ActionForm, open_action, icon="plus", role="contributor"),),
    findings=(Finding("work.overdue", _("Overdue actions"), overdue),),
    sections=(Section("work.week", _("Improvement actions"), "work/_section.html", tell_week, order=40),),
    datasets=(Dataset("work.actions", lambda _viewer: [ACTIONS], rows_of),),
    things=(Thing("work.action", _("Improvement action"), "work.action", "checkbox", names),),
    margin="work:margin",
)  # fmt: skip
