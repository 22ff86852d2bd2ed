"""The pages of the work: board, list, action."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, F
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core import objects
from opsboard.core.access import Request, needs
from opsboard.core.contract import Ref
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Membership, Occurrence, Role
from opsboard.core.pages import done, page, posted, refused
from opsboard.core.versions import StaleVersion
from opsboard.work import services
from opsboard.work.forms import PAST_DUE, ActionForm, ChangeForm, ClosingForm, CommentForm
from opsboard.work.models import Action

ON_THE_BOARD = 200
DONE_ON_THE_BOARD = 30


@require_GET
def board(request: Request) -> HttpResponse:
    mine = request.GET.get("who") == "me"
    rows = _on_board(request).select_related("owner").defer("description", "acceptance_criteria", "closing_note")
    counts = dict(rows.values_list("state").annotate(count=Count("pk")).order_by())
    today = timezone.localdate(timezone.now(), request.workspace.zone)
    base = reverse("work:action_list", kwargs={"workspace": request.workspace.slug})
    columns = []
    moves = {state: _("To “%(column)s”") % {"column": label} for state, label in Action.State.choices}
    for state, label in Action.State.choices:
        shown = DONE_ON_THE_BOARD if state == Action.State.DONE else ON_THE_BOARD
        cards = list(rows.filter(state=state).as_on_the_board()[:shown])
        for card in cards:
            card.due = _due_mark(card, today)
            card.url = f"{base}{card.pk}/"
            card.movable = card.may_be_changed_by(request.viewer)
        more = max(0, counts.get(state, 0) - len(cards))
        others = [(other, words) for other, words in moves.items() if other != state]
        columns.append({"state": state, "label": label, "cards": cards, "more": more, "moves": others})
    context = {
        "columns": columns,
        "mine": mine,
        "empty": not any(column["cards"] for column in columns),
    }
    return page(request, "work/board.html", context, part="work/_board.html")


def _due_mark(card: Action, today: date) -> str:
    if card.due_on is None:
        return ""
    return (
        "overdue" if card.is_overdue(today) else "today" if card.due_on == today and card.closed_at is None else "later"
    )


def _on_board(request: Request) -> Any:
    """The actions that this address of the board shows: all, or one's own."""
    rows = Action.objects.visible_to(request.viewer)
    return rows.of_person(request.user) if request.GET.get("who") == "me" else rows


def _owners(request: Request) -> list[tuple[str, str]]:
    people = Membership.objects.active().of(request.workspace).select_related("user").order_by("user__name")
    return [("me", _("Me")), ("nobody", _("Nobody")), *((str(row.user_id), str(row.user)) for row in people)]


def _due(rows: Any, value: str, today: date) -> Any:
    if value == "overdue":
        return rows.overdue(today)
    if value == "week":
        return rows.open().filter(due_on__range=(today, today + timedelta(days=7)))
    return rows.filter(due_on=None)


@require_GET
def action_list(request: Request) -> HttpResponse:
    today = timezone.localdate(timezone.now(), request.workspace.zone)

    def by_owner(rows: Any, value: str) -> Any:
        if value == "nobody":
            return rows.filter(owner=None)
        return rows.of_person(request.user) if value == "me" else rows.filter(owner_id=int(value))

    listing = Listing(
        key="work.actions",
        rows=Action.objects.visible_to(request.viewer).with_people().annotate(rank=F("urgency") * F("importance")),
        columns=[
            Shows("title", _("Action"), lambda row: row.title, ("title",)),
            Shows("owner", _("Owner"), lambda row: row.owner or "", ("owner__name",)),
            Shows("due", _("Due date"), lambda row: row.due_on, ("due_on",)),
            Shows("state", _("State"), lambda row: row.get_state_display(), ("state",)),
            Shows("priority", _("Urgent × important"), lambda row: row.priority, ("rank",)),
            Shows("about", _("About"), lambda row: row.about_name, ("about_name",)),
        ],
        filters=[
            Filter(
                "state",
                _("State"),
                [("open", _("Open")), *Action.State.choices],
                lambda rows, value: rows.open() if value == "open" else rows.filter(state=value),
            ),
            Filter("owner", _("Owner"), _owners(request), by_owner),
            Filter(
                "due",
                _("Due"),
                [("overdue", _("Overdue")), ("week", _("Within 7 days")), ("none", _("No date"))],
                lambda rows, value: _due(rows, value, today),
            ),
        ],
        search=("title", "description", "acceptance_criteria", "about_name"),
        order=(F("closed_at").desc(nulls_first=True), F("due_on").asc(nulls_last=True), "-rank"),  # type: ignore[arg-type]
    )
    shown = listing.show(request)
    if shown.export:
        return shown.export  # type: ignore[no-any-return]
    for row in shown.page:
        row.late = row.is_overdue(today)
    return page(request, "work/action_list.html", {"shown": shown}, part="work/_action_table.html")


def _action(request: Request, pk: int, *, to_change: bool = False) -> Action:
    action: Action = get_object_or_404(Action.objects.visible_to(request.viewer).with_people(), pk=pk)
    if to_change and not action.may_be_changed_by(request.viewer):
        raise PermissionDenied(_("Only editors, the owner and whoever opened it change an action."))
    return action


def _told(request: Request, action: Action, **forms: Any) -> dict[str, Any]:
    now = timezone.now()
    today = timezone.localdate(now, request.workspace.zone)
    sees_target = bool(action.indicator) and request.viewer.may_enter(action.target_app)
    happened = (
        Occurrence.objects.visible_to(request.viewer)
        .filter(about_type__app_label="work", about_type__model="action", about_id=action.pk)
        .exclude(key="work.comment_written").select_related("by").order_by("-at", "-id")[:50]
    )  # fmt: skip
    steps = [(one, _fields(one.facts.get("fields", ""))) for one in happened]
    return {
        "action": action,
        "late": action.is_overdue(today),
        "target": _target(request, action, now) if sees_target else [],
        "comments": action.comments.select_related("by"),
        "steps": steps,
        "may_change": action.may_be_changed_by(request.viewer),
        "comment_form": CommentForm(),
        "closing_form": ClosingForm(),
        **forms,
    }


def _target(request: Request, action: Action, now: datetime) -> list[tuple[str, str, datetime | None]]:
    """What the target number read and reads: label, value, moment."""
    rows = [(_("When it opened"), action.baseline, action.baseline_at)]
    if not action.is_open:
        rows.append((_("When it was closed"), action.value_at_close, action.closed_at))
    rows.append((_("Now"), services.value_now(request.viewer, action.indicator, now), None))
    told = [
        (label, _("no single value") if value is None else action.written(value), at if value is not None else None)
        for label, value, at in rows
    ]
    return told if action.goal is None else [*told, (_("Goal"), action.written(action.goal), None)]


def _fields(names: str) -> str:
    """The changed fields in the reader's language."""
    known = {one.name: one for one in Action._meta.get_fields()}
    labels = [str(getattr(known.get(name), "verbose_name", "")) for name in names.split(", ")]
    return ", ".join(filter(None, labels))


@require_GET
def action(request: Request, pk: int) -> HttpResponse:
    return page(request, "work/action.html", _told(request, _action(request, pk)), part="work/_action.html")


@require_http_methods(["GET", "POST"])
@needs(write=Role.CONTRIBUTOR)
def open_action(request: Request) -> HttpResponse:
    form = ActionForm(posted(request), viewer=request.viewer)
    if request.method == "GET":
        return page(request, "work/action_form.html", {"form": form})
    if form.is_valid():
        try:
            opened = services.open_action(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.cleaned_data
            )
            late = opened.is_overdue(timezone.localdate(timezone.now(), request.workspace.zone))
            message = PAST_DUE if late else _("The action is open.")
            return done(request, opened.get_absolute_url(), changed="work", message=message, go=True)
        except ValidationError as refusal:
            say(form, refusal)
    return refused(request, "work/action_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@needs(write=Role.CONTRIBUTOR)
def change_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    start = {name: getattr(row, name) for name in services.CHANGEABLE if name != "owner"}
    start |= {"owner": row.owner_id, "helpers": [person.pk for person in row.helpers.all()], "version": row.version}
    start["rate"] = row.rate
    form = ChangeForm(posted(request), viewer=request.viewer, initial=start)
    context = {"form": form, "action": row}
    if request.method == "GET":
        return page(request, "work/action_form.html", context)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            services.change_action(
                action=row, by=request.user, now=timezone.now(), version=given.pop("version"), **given
            )
            return done(request, row.get_absolute_url(), changed="work", message=_("Saved."), go=True)
        except StaleVersion as stale:
            return _conflict(request, form, stale)
        except ValidationError as refusal:
            say(form, refusal)
    return refused(request, "work/action_form.html", context)


def _conflict(request: Request, form: ChangeForm, stale: StaleVersion) -> HttpResponse:
    """Both texts side by side: what stands now, and what was typed on top of an older one."""
    current = stale.current
    assert isinstance(current, Action)
    rows = [
        {
            "label": form.fields[name].label,
            "theirs": _shown(current, form, name, getattr(current, name)),
            "ours": _shown(current, form, name, form.cleaned_data.get(name)),
        }
        for name in services.CHANGEABLE
        if name in form.fields and (getattr(current, name) or None) != (form.cleaned_data.get(name) or None)
    ]
    again = request.POST.copy()
    again["version"] = str(stale.current_version)
    context = {
        "action": current,
        "rows": rows,
        "form": ChangeForm(again, viewer=request.viewer, initial={"rate": current.rate}),
    }
    return page(request, "work/conflict.html", context, status=409)


def _shown(row: Action, form: ChangeForm, name: str, value: Any) -> Any:
    """A field's value in words."""
    if value in (None, ""):
        return "–"
    if name == "goal":
        return row.written(value)
    if name == "indicator":
        groups = dict(pair for title, pairs in form.fields[name].choices if isinstance(pairs, list) for pair in pairs)  # type: ignore[attr-defined]
        return groups.get(value, value)
    return Action.Level(value).label if name in {"urgency", "importance"} else value


@require_POST
@needs(write=Role.CONTRIBUTOR)
def move_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    place, version = request.POST.get("position", "0"), request.POST.get("version", "")
    try:
        moved = services.move_action(
            action=row, column=request.POST.get("column", ""), position=objects.pk_in(place),
            version=objects.pk_in(version) if version else None, by=request.user, now=timezone.now(),
            among=_on_board(request),
        )  # fmt: skip
    except StaleVersion:
        return JsonResponse(
            {"detail": _("Somebody moved or changed this card meanwhile. The board shows the newest state.")},
            status=409,
        )
    except ValidationError as refusal:
        return JsonResponse({"detail": " ".join(refusal.messages)}, status=422)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"version": moved.version})
    return done(request, row.get_absolute_url(), changed="work", message=_("Moved."))


@require_POST
@needs(write=Role.CONTRIBUTOR)
def close_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    form = ClosingForm(request.POST)
    if not form.is_valid():
        told = _told(request, row, closing_form=form)
        return refused(request, "work/action.html", told, part="work/_action_forms.html")
    services.close_action(action=row, note=form.cleaned_data["note"], by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("Done. Well done."), go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def reopen_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    services.reopen_action(action=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("The action is open again."), go=True)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def comment_on(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk)
    form = CommentForm(request.POST)
    if not form.is_valid():
        told = _told(request, row, comment_form=form)
        return refused(request, "work/action.html", told, part="work/_action_forms.html")
    services.comment_on(action=row, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("Comment written."), go=True)


@require_GET
def margin(request: Request) -> HttpResponse:
    """Beside any object: its actions, and a button to open one."""
    model, pk = request.GET.get("about_model", ""), request.GET.get("about_id", "")
    thing = None if model.startswith("work.") else objects.find(request.viewer, model, objects.pk_in(pk))
    if thing is None:
        return HttpResponse()
    rows = (
        Action.objects.visible_to(request.viewer)
        .on_object(model, Ref.to(thing).pk)
        .with_people()
        .order_by("-opened_at")
    )
    return page(
        request,
        "work/_margin.html",
        {
            "object": thing,
            "actions": rows[:20],
        },
    )
