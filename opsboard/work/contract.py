"""What the work gives the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import format_lazy
from django.utils.translation import gettext
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
from opsboard.core.models import Team
from opsboard.core.once import once
from opsboard.work import services
from opsboard.work.forms import PAST_DUE, ActionForm
from opsboard.work.models import Action

if TYPE_CHECKING:
    from opsboard.core.access import Viewer
    from opsboard.core.models import User, Workspace
    from opsboard.core.periods import Period

SHOWN = 12
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
    counts = _counts(viewer, now.astimezone(viewer.workspace.zone).date())
    return [Reading(key, {}, now, float(counts[key])) for key in keys]


@once
def _counts(viewer: Viewer, today: date) -> dict[str, int]:
    open_ones = Action.objects.visible_to(viewer).open()
    return open_ones.counts(**{"work.open": ("true", ()), "work.overdue": ("work_action.due_on < %s", (today,))})


OLDEST = "work.oldest_open"


def _oldest_catalogue(viewer: Viewer) -> Iterable[Watchable]:
    url = reverse("work:action_list", kwargs={"workspace": viewer.workspace.slug})
    dimensions = ("owner", "team", "column")
    return [
        Watchable(
            OLDEST, _("Age of the oldest open action"), unit=gettext("days"), direction="down", url=f"{url}?state=open",
            dimensions=dimensions, decimals=1,
        )
    ]  # fmt: skip


def _read_oldest(viewer: Viewer, keys: Sequence[str], now: datetime) -> Sequence[Reading]:
    """The oldest open action of all, of each owner, team and column; it is named with who has it."""
    if OLDEST not in keys:
        return []
    teams: dict[int, list[str]] = {}
    for name, member in Team.objects.filter(workspace=viewer.workspace).values_list("name", "members"):
        if member is not None:
            teams.setdefault(member, []).append(name)
    rows = Action.objects.visible_to(viewer).open_at(now).filter(opened_at__lte=now)
    oldest: dict[tuple[str, str], Action] = {}
    for row in rows.select_related("owner").order_by("opened_at", "pk").listed_for(viewer):
        with translation.override(viewer.workspace.language):
            places = [("", ""), ("column", str(row.get_state_display()))]
        if row.owner is not None:
            places += [("owner", str(row.owner)), *(("team", name) for name in teams.get(row.owner_id, ()))]
        for place in places:
            oldest.setdefault(place, row)
    if not oldest:
        return [Reading(OLDEST, {}, now, 0.0)]
    with translation.override(viewer.workspace.language):
        return [
            Reading(
                OLDEST, {name: value} if name else {}, now, (now - row.opened_at).total_seconds() / 86_400,
                about=Ref.to(row), detail=_detail(row),
            )
            for (name, value), row in oldest.items()
        ]  # fmt: skip


def _detail(row: Action) -> str:
    said = {
        "title": row.title,
        "day": row.opened_at.astimezone(row.workspace.zone).date().isoformat(),
        "owner": row.owner,
    }
    if row.owner is None:
        return gettext("%(title)s, open since %(day)s, nobody owns it") % said
    return gettext("%(title)s, open since %(day)s, %(owner)s") % said


def open_action(*, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any) -> Outcome:
    action = services.open_action(workspace=workspace, by=by, about=about, now=now, **settings)
    today = now.astimezone(workspace.zone).date()
    message = PAST_DUE if action.is_overdue(today) else _("The action is open.")
    return Outcome(Ref.to(action), message, {"action": action.pk})


def _last_day(viewer: Viewer, period: Period) -> date:
    """The last day of the period that has come: on Wednesday nothing is overdue that is due on Friday."""
    return min(period.last_day, timezone.localdate(timezone.now(), viewer.workspace.zone))


def overdue(viewer: Viewer, period: Period) -> Iterable[Found]:
    """Actions whose due date has passed at the period's end, the most urgent and important first."""
    late = Action.objects.visible_to(viewer).overdue(_last_day(viewer, period)).select_related("owner")
    ranked = late.annotate(rank=F("urgency") * F("importance")).order_by("-rank", "due_on")
    for action in ranked[:20].listed_for(viewer):
        yield Found(
            f"work.overdue:{action.pk}", format_lazy(_("Overdue: {title}"), title=action.title),
            detail=format_lazy(_("due {day}, {owner}"), day=action.due_on.isoformat(), owner=str(action.owner or "–")),
            about=Ref.to(action), url=action.get_absolute_url(), weight=3 + action.priority / 9, indicator=action.indicator,
        )  # fmt: skip


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    """What was opened and done in the period, and what is open at its end."""
    rows, day = Action.objects.visible_to(viewer), _last_day(viewer, period)
    counts = rows.counted(period.start, period.end, day)
    if not counts.pop("known"):
        return None
    rows = rows.filter(opened_at__lt=period.end).select_related("owner")
    soonest = rows.open_at(period.end).order_by(F("due_on").asc(nulls_last=True), "id")
    shown = soonest[:SHOWN].listed_for(viewer) if counts["open_count"] else []
    for row in shown:
        row.late = row.due_on is not None and row.due_on < day
    closed = rows.closed_in(period.start, period.end).order_by("-closed_at")
    return {
        **counts,
        "closed": closed[:SHOWN].listed_for(viewer) if counts["closed_count"] else [],
        "open": shown,
        "more": max(0, counts["open_count"] - SHOWN) + max(0, counts["closed_count"] - SHOWN),
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
_OWNER, _URL = Fact("owner", _("Owner"), "person"), Fact("url", _("Address"), "url")
_TARGET = (Fact("indicator", _("Target number")), Fact("origin", _("About")))
_MOVED = (_TITLE, Fact("state", _("State")), Fact("before", _("State before")), _OWNER, _URL)
_CLOSED = (
    *_MOVED, *_TARGET, Fact("baseline", _("Value when it opened"), "number"), Fact("value", _("Value when it was closed"), "number"),
    Fact("goal", _("Goal"), "number"), Fact("late", _("After its due date"), "flag"), Fact("note", _("What was done")),
)  # fmt: skip

contract = Contract(
    title=_("Work"),
    home=Home(
        address="work:board", part=Part.FIX, icon="layout-kanban", order=10,
        hint=_("Improvement actions with an owner, a date and acceptance criteria."),
    ),
    indicators=(
        *(Indicator(key, title, _catalogue(key), _read) for key, title in COUNTS.items()),
        Indicator(OLDEST, _("Age of the oldest open action"), _oldest_catalogue, _read_oldest),
    ),
    events=(
        Event("work.action_opened", _("An action was opened"), (_TITLE, _OWNER, Fact("due_on", _("Due date"), "day"), *_TARGET, _URL)),
        Event("work.action_changed", _("An action was changed"), (_TITLE, Fact("fields", _("Changed fields")), _URL)),
        Event("work.action_moved", _("An action was moved"), _MOVED),
        Event("work.action_closed", _("An action was closed"), _CLOSED),
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
