"""Verbs of the work."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import access, events, live, notices, objects, registry, versions
from opsboard.core.access import Viewer
from opsboard.core.contract import Ref
from opsboard.core.models import LimitedModel, Membership, User, Workspace, about_fields
from opsboard.work.models import Action, Comment

STEP = 1024.0
CLOSE = 1e-3
CHANGEABLE = (
    "title", "description", "owner", "acceptance_criteria", "start_on", "due_on", "urgency", "importance", "indicator", "goal",
)  # fmt: skip


def _must_be_members(workspace: Workspace, people: Iterable[User | None], field: str) -> None:
    wanted = {person.pk for person in people if person is not None}
    present = set(
        Membership.objects.active().of(workspace).filter(user_id__in=wanted).values_list("user_id", flat=True)
    )
    if wanted - present:
        raise ValidationError({field: _("Only members of the workspace can take part.")})


def _viewer(workspace: Workspace, by: User | None) -> Viewer:
    viewer = access.person_in(workspace, by) if by else access.the_house(workspace)
    if viewer is None:
        raise ValidationError(_("Only members of the workspace can take part."))
    return viewer


def value_now(viewer: Viewer, key: str, now: datetime) -> float | None:
    """The one value of a number; None where it has none, several (one per label set), or may not be seen."""
    if not key or not viewer.may_enter(key.partition(".")[0]):
        return None
    readings = [
        one
        for one in registry.read(viewer, [key], now)
        if one.status == "ok" and one.value is not None and math.isfinite(one.value)
    ]
    plain = [one for one in readings if not one.labels] or readings
    return plain[0].value if len(plain) == 1 else None


def _set_target(action: Action, viewer: Viewer, now: datetime) -> None:
    """Remember the target number's name and its value at the start, against which the effect will be seen."""
    action.indicator_title, action.unit, action.rate, action.decimals = "", "", False, None
    action.baseline, action.baseline_at = None, None
    if not action.indicator:
        return
    try:
        entry = registry.watchable(viewer, action.indicator)
    except registry.UnknownKey as unknown:
        raise ValidationError({"indicator": _("This number does not exist (any more). Choose another.")}) from unknown
    action.indicator_title = str(entry.title)[:300]
    action.unit, action.rate, action.decimals = str(entry.unit)[:40], entry.rate, entry.decimals
    action.baseline = value_now(viewer, action.indicator, now)
    action.baseline_at = now if action.baseline is not None else None


@transaction.atomic
def open_action(
    *,
    workspace: Workspace,
    by: User | None,
    now: datetime,
    title: str,
    description: str = "",
    owner: User | None = None,
    helpers: Iterable[User] = (),
    acceptance_criteria: str = "",
    start_on: date | None = None,
    due_on: date | None = None,
    urgency: int = Action.Level.MIDDLE,
    importance: int = Action.Level.MIDDLE,
    indicator: str = "",
    goal: float | None = None,
    about: Ref | None = None,
    told: bool = False,
) -> Action:
    """Open an improvement action, on top of “To do”; its owner is told unless they opened it themselves."""
    helpers, viewer = list(helpers), _viewer(workspace, by)
    _must_be_members(workspace, [owner], "owner")
    _must_be_members(workspace, helpers, "helpers")
    thing = objects.find(viewer, about.model, about.pk) if about else None
    first = (
        Action.objects.filter(workspace=workspace, state=Action.State.TO_DO)
        .order_by("position")
        .values_list("position", flat=True)
        .first()
    )
    action = Action(
        workspace=workspace, title=title.strip(), description=description.strip(), owner=owner,
        acceptance_criteria=acceptance_criteria.strip(), start_on=start_on, due_on=due_on, urgency=urgency,
        importance=importance, indicator=indicator, goal=goal, opened_by=by, opened_at=now,
        position=(first or 0.0) - STEP, **about_fields(about),
        limited_to=list(thing.limited_to) if isinstance(thing, LimitedModel) else [],
    )  # fmt: skip
    _set_target(action, viewer, now)
    action.full_clean()
    action.save()
    action.helpers.set(helpers)
    events.emit(
        "work.action_opened", workspace=workspace, at=now, by=by, about=action, told=told, title=action.title,
        owner=str(owner or ""), due_on=action.due_on, url=action.get_absolute_url(), indicator=action.indicator,
        origin=action.about_name,
    )  # fmt: skip
    if not told:
        _tell_owner(action, by, now)
    live.changed(workspace, "work")
    return action


def _tell_owner(action: Action, by: User | None, now: datetime) -> None:
    if action.owner is None or (by is not None and action.owner.pk == by.pk):
        return
    notices.tell(
        [action.owner], format_lazy(gettext_lazy("You have an improvement action: {title}"), title=action.title), action.get_absolute_url(),
        workspace=action.workspace, now=now, unique_as=f"work.action:{action.pk}:owner:{action.owner.pk}:{action.version}",
        detail=action.acceptance_criteria, about=action,
    )  # fmt: skip


@transaction.atomic
def change_action(
    *,
    action: Action,
    version: int,
    by: User | None,
    now: datetime,
    helpers: Iterable[User] | None = None,
    **changes: Any,
) -> Action:
    """Change what people typed; raises StaleVersion where somebody was faster."""
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"not changeable: {sorted(unknown)}")
    had = {name: getattr(action, name) for name in CHANGEABLE}
    for name, value in changes.items():
        setattr(action, name, value)
    _must_be_members(action.workspace, [action.owner], "owner")
    if action.indicator != had["indicator"]:
        _set_target(action, _viewer(action.workspace, by), now)
    action.full_clean()
    written = {name: getattr(action, name) for name in changes}
    written |= {
        "indicator_title": action.indicator_title,
        "unit": action.unit,
        "rate": action.rate,
        "decimals": action.decimals,
        "baseline": action.baseline,
        "baseline_at": action.baseline_at,
    }
    action.version = versions.compare_and_set(Action.objects.all(), action.pk, version, **written)
    changed = [name for name in changes if had[name] != getattr(action, name)]
    if helpers is not None:
        helpers = list(helpers)
        _must_be_members(action.workspace, helpers, "helpers")
        if {person.pk for person in helpers} != set(action.helpers.values_list("pk", flat=True)):
            action.helpers.set(helpers)
            changed.append("helpers")
    if "owner" in changed:
        _tell_owner(action, by, now)
    events.emit(
        "work.action_changed", workspace=action.workspace, at=now, by=by, about=action, title=action.title,
        fields=", ".join(changed), url=action.get_absolute_url(),
    )  # fmt: skip
    live.changed(action.workspace, "work")
    return action


@transaction.atomic
def move_action(
    *,
    action: Action,
    column: str,
    position: int,
    by: User | None,
    now: datetime,
    version: int | None = None,
    among: QuerySet[Any] | None = None,
) -> Action:
    """Put an action at a place (0 = top) of a column; moving to another column changes its state.

    `among` are the cards that the mover saw, where that is not all: the place counts in them.
    """
    if column not in Action.State.values:
        raise ValidationError(_("There is no such column."))
    held: Action = Action.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=action.pk)
    if version is not None and held.version != version:
        raise versions.StaleVersion(held, version, {"state": column})
    seen = among if among is not None else Action.objects.filter(workspace=held.workspace)
    held.position = _place(held, column, position, seen)
    before = held.state
    _enter(held, column, by, now)
    held.version += 1
    held.save(update_fields=["state", "position", "started_at", "closed_at", "value_at_close", "version"])
    if before != column:
        _say_moved(held, before, by, now)
    live.changed(held.workspace, "work")
    return held


def _place(action: Action, column: str, position: int, seen: QuerySet[Any]) -> float:
    """A number between the two neighbours; where they lie too close, the column is spread out first."""
    places: list[float] = []
    for _turn in range(2):
        rows = seen.filter(state=column).exclude(pk=action.pk).order_by("position", "id")
        places = list(rows.values_list("position", flat=True))
        position = max(0, min(position, len(places)))
        if not places:
            return _behind_all(action, column)
        if position == 0:
            return places[0] - STEP
        if position == len(places):
            return places[-1] + STEP
        if places[position] - places[position - 1] > CLOSE:
            break
        _spread(action.workspace, column)
    return (places[position - 1] + places[position]) / 2


def _behind_all(action: Action, column: str) -> float:
    last = Action.objects.filter(workspace=action.workspace, state=column).aggregate(most=Max("position"))["most"]
    return 0.0 if last is None else last + STEP


def _spread(workspace: Workspace, column: str) -> None:
    rows = Action.objects.filter(workspace=workspace, state=column).order_by("position", "id")
    standing = list(rows.select_for_update().only("pk", "position"))
    for number, row in enumerate(standing):
        row.position = number * STEP
    Action.objects.bulk_update(standing, ["position"], batch_size=1000)


def _enter(action: Action, state: str, by: User | None, now: datetime) -> None:
    if state == action.state:
        return
    if state != Action.State.TO_DO and action.started_at is None:
        action.started_at = now
    if state == Action.State.DONE:
        action.closed_at = now
        action.value_at_close = value_now(_viewer(action.workspace, by), action.indicator, now)
    else:
        action.closed_at, action.value_at_close = None, None
    action.state = state


def _say_moved(action: Action, before: str, by: User | None, now: datetime, told: bool = False) -> None:
    key = "work.action_moved"
    more: dict[str, Any] = {}
    if action.state == Action.State.DONE:
        key = "work.action_closed"
        more = {
            "indicator": action.indicator, "baseline": action.baseline, "value": action.value_at_close,
            "goal": action.goal, "note": action.closing_note, "origin": action.about_name,
            "late": action.due_on is not None and now.astimezone(action.workspace.zone).date() > action.due_on,
        }  # fmt: skip
    elif before == Action.State.DONE:
        key = "work.action_reopened"
    events.emit(
        key,
        workspace=action.workspace,
        at=now,
        by=by,
        about=action,
        told=told,
        title=action.title,
        state=action.state,
        before=before,
        owner=str(action.owner or ""),
        url=action.get_absolute_url(),
        **more,
    )


@transaction.atomic
def close_action(*, action: Action, by: User | None, now: datetime, note: str = "", told: bool = False) -> Action:
    """Close an action with a word about what was done. Closing a closed one changes nothing."""
    held: Action = Action.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=action.pk)
    if held.state == Action.State.DONE:
        return held
    before = held.state
    _enter(held, Action.State.DONE, by, now)
    held.closing_note, held.version = note.strip(), held.version + 1
    held.save(update_fields=["state", "started_at", "closed_at", "value_at_close", "closing_note", "version"])
    _say_moved(held, before, by, now, told)
    live.changed(held.workspace, "work")
    return held


@transaction.atomic
def reopen_action(*, action: Action, by: User | None, now: datetime) -> Action:
    return move_action(action=action, column=Action.State.DOING, position=0, by=by, now=now)


@transaction.atomic
def comment_on(*, action: Action, text: str, by: User | None, now: datetime) -> Comment:
    comment = Comment(workspace=action.workspace, action=action, text=text.strip(), by=by, at=now)
    comment.full_clean()
    comment.save()
    events.emit("work.comment_written", workspace=action.workspace, at=now, by=by, about=action, text=comment.text)
    listeners = [
        person for person in [action.owner, *action.helpers.all()] if person and (by is None or person.pk != by.pk)
    ]
    notices.tell(
        listeners, format_lazy(gettext_lazy("{who} wrote about “{title}”"), who=str(by or ""), title=action.title),
        action.get_absolute_url(), workspace=action.workspace, now=now, unique_as=f"work.comment:{comment.pk}",
        detail=comment.text, about=action,
    )  # fmt: skip
    live.changed(action.workspace, "work")
    return comment
