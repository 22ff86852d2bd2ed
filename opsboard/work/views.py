"""The pages of the work: board, list, action."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core import objects
from opsboard.core.access import Request, needs
from opsboard.core.contract import Ref
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Membership, Occurrence, Role
from opsboard.core.pages import done, page, refused
from opsboard.core.versions import StaleVersion
from opsboard.work import services
from opsboard.work.forms import ActionForm, ChangeForm, ClosingForm, CommentForm
from opsboard.work.models import Action

ON_THE_BOARD = 200
DONE_ON_THE_BOARD = 30


@require_GET
def board(request: Request) -> HttpResponse:
    mine = request.GET.get("who") == "me"
    rows = Action.objects.visible_to(request.viewer).with_people()
    if mine:
        rows = rows.owned_by(request.user)
    today = timezone.localdate(timezone.now(), request.workspace.zone)
    columns = []
    for state, label in Action.State.choices:
        column = rows.filter(state=state).as_on_the_board()
        if state == Action.State.DONE:
            column = rows.done().order_by("-closed_at")
        cards = list(column[: DONE_ON_THE_BOARD if state == Action.State.DONE else ON_THE_BOARD])
        for card in cards:
            card.late = card.is_overdue(today)
            card.due_today = card.due_on == today and not card.late
            card.movable = card.may_be_changed_by(request.viewer)
        columns.append({"state": state, "label": label, "cards": cards})
    context = {
        "columns": columns,
        "mine": mine,
        "empty": not any(column["cards"] for column in columns),
        "states": Action.State.choices,
    }
    return page(request, "work/board.html", context, part="work/_board.html")


def _owners(request: Request) -> list[tuple[str, str]]:
    people = Membership.objects.active().of(request.workspace).select_related("user").order_by("user__name")
    return [("me", _("Me")), ("nobody", _("Nobody")), *((str(row.user_id), str(row.user)) for row in people)]


@require_GET
def action_list(request: Request) -> HttpResponse:
    today = timezone.localdate(timezone.now(), request.workspace.zone)

    def by_owner(rows: Any, value: str) -> Any:
        if value == "nobody":
            return rows.filter(owner=None)
        return rows.filter(owner_id=request.user.pk if value == "me" else int(value))

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
                [("overdue", _("Overdue")), ("none", _("No date"))],
                lambda rows, value: rows.overdue(today) if value == "overdue" else rows.filter(due_on=None),
            ),
        ],
        search=("title", "description", "acceptance_criteria", "about_name"),
        order=("due_on", "-rank"),
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
    today = timezone.localdate(timezone.now(), request.workspace.zone)
    happened = (
        Occurrence.objects.visible_to(request.viewer)
        .filter(about_type__app_label="work", about_type__model="action", about_id=action.pk)
        .exclude(key="work.comment_written").select_related("by").order_by("-at", "-id")[:30]
    )  # fmt: skip
    return {
        "action": action,
        "late": action.is_overdue(today),
        "comments": action.comments.select_related("by"),
        "happened": happened,
        "may_change": action.may_be_changed_by(request.viewer),
        "comment_form": CommentForm(),
        "closing_form": ClosingForm(),
        **forms,
    }


@require_GET
def action(request: Request, pk: int) -> HttpResponse:
    return page(request, "work/action.html", _told(request, _action(request, pk)), part="work/_action.html")


@require_http_methods(["GET", "POST"])
@needs(write=Role.CONTRIBUTOR)
def open_action(request: Request) -> HttpResponse:
    form = ActionForm(request.POST or None, viewer=request.viewer)
    if request.method == "GET":
        return page(request, "work/action_form.html", {"form": form})
    if form.is_valid():
        try:
            opened = services.open_action(
                workspace=request.workspace, by=request.user, now=timezone.now(), **form.cleaned_data
            )
            return done(request, opened.get_absolute_url(), changed="work", message=_("The action is open."), go=True)
        except ValidationError as refusal:
            form.add_error(None, refusal)
    return refused(request, "work/action_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@needs(write=Role.CONTRIBUTOR)
def change_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    start = {name: getattr(row, name) for name in services.CHANGEABLE if name != "owner"}
    start |= {"owner": row.owner_id, "helpers": [person.pk for person in row.helpers.all()], "version": row.version}
    form = ChangeForm(request.POST or None, viewer=request.viewer, initial=start)
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
            form.add_error(None, refusal)
    return refused(request, "work/action_form.html", context)


def _conflict(request: Request, form: ChangeForm, stale: StaleVersion) -> HttpResponse:
    """Both texts side by side: what stands now, and what was typed on top of an older one."""
    current = stale.current
    assert isinstance(current, Action)
    rows = [
        {
            "label": form.fields[name].label,
            "theirs": getattr(current, name) or "–",
            "ours": form.cleaned_data.get(name) or "–",
        }
        for name in services.CHANGEABLE
        if name in form.fields and (getattr(current, name) or None) != (form.cleaned_data.get(name) or None)
    ]
    again = request.POST.copy()
    again["version"] = str(stale.current_version)
    context = {"action": current, "rows": rows, "form": ChangeForm(again, viewer=request.viewer)}
    return page(request, "work/conflict.html", context, status=409)


@require_POST
@needs(write=Role.CONTRIBUTOR)
def move_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    place, version = request.POST.get("position", "0"), request.POST.get("version", "")
    try:
        moved = services.move_action(
            action=row, column=request.POST.get("column", ""), position=int(place) if place.isdecimal() else 0,
            version=int(version) if version.isdecimal() else None, by=request.user, now=timezone.now(),
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
        return refused(request, "work/action.html", _told(request, row, closing_form=form), part="work/_action.html")
    services.close_action(action=row, note=form.cleaned_data["note"], by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("Done. Well done."))


@require_POST
@needs(write=Role.CONTRIBUTOR)
def reopen_action(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk, to_change=True)
    services.reopen_action(action=row, by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("The action is open again."))


@require_POST
@needs(write=Role.CONTRIBUTOR)
def comment_on(request: Request, pk: int) -> HttpResponse:
    row = _action(request, pk)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return refused(request, "work/action.html", _told(request, row, comment_form=form), part="work/_action.html")
    services.comment_on(action=row, text=form.cleaned_data["text"], by=request.user, now=timezone.now())
    return done(request, row.get_absolute_url(), changed="work", message=_("Comment written."))


@require_GET
def margin(request: Request) -> HttpResponse:
    """Beside any object: its actions, and a button to open one."""
    model, pk = request.GET.get("about_model", ""), request.GET.get("about_id", "")
    if not pk.isdecimal() or model.startswith("work."):
        return HttpResponse()
    thing = objects.find(request.viewer, model, int(pk))
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
            "all": reverse("work:action_list", kwargs={"workspace": request.workspace.slug}),
        },
    )
