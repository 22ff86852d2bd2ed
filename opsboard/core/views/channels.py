"""Notice channels: the workspace's own for its admins, and everybody's private ones."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from opsboard.core import secrets
from opsboard.core.access import Request, needs
from opsboard.core.channels import advice, kinds
from opsboard.core.channels.forms import ABOUT, ChannelForm
from opsboard.core.channels.sealing import settings_of
from opsboard.core.forms import say
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Channel, Delivery, Role
from opsboard.core.pages import done, page, refused
from opsboard.core.services import channels as services

reading_and_writing = require_http_methods(["GET", "HEAD", "POST"])
FAIRNESS = {
    "works": gettext_lazy("Works"),
    "fails": gettext_lazy("Fails"),
    "off": gettext_lazy("Switched off"),
    "new": gettext_lazy("Not tried yet"),
}


def how(row: Channel) -> str:
    """How a channel fares, in one word."""
    if not row.active:
        return "off"
    if row.failing_since is not None:
        return "fails"
    return "works" if row.last_state == Delivery.State.SENT else "new"


CHANNEL_COLUMNS = (
    Shows("name", gettext_lazy("Name"), lambda row: row.name, ("name",)),
    Shows("kind", gettext_lazy("Kind"), lambda row: row.get_kind_display(), ("kind",)),
    Shows("leads", gettext_lazy("Leads to"), lambda row: row.hint),
    Shows("fallback", gettext_lazy("When it fails, use"), lambda row: str(row.fallback or "")),
    Shows("last", gettext_lazy("Last message"), lambda row: row.last_at, ("last_at",)),
    Shows("state", gettext_lazy("State"), lambda row: str(FAIRNESS[how(row)])),
)
NARROWED: dict[str, dict[str, Any]] = {
    "works": {"active": True, "failing_since": None, "last_state": "sent"},
    "fails": {"active": True, "failing_since__isnull": False},
    "off": {"active": False},
}
DELIVERY_COLUMNS = (
    Shows("at", gettext_lazy("When"), lambda row: row.created_at, ("created_at",)),
    Shows("subject", gettext_lazy("Message"), lambda row: row.subject, ("subject",)),
    Shows("recipient", gettext_lazy("Recipient"), lambda row: row.recipient),
    Shows("state", gettext_lazy("State"), lambda row: row.get_state_display(), ("state",)),
    Shows("tries", gettext_lazy("Tries"), lambda row: row.tries, ("tries",)),
    Shows("words", gettext_lazy("What was answered"), lambda row: f"{row.error} {advice(row.reason)}".strip()),
)


def _mine(request: Request) -> QuerySet[Channel]:
    """The channels that this page is about: the person's own, or the workspace's."""
    rows: Any = Channel.objects.visible_to(request.viewer).present()
    found: QuerySet[Channel] = rows.of_person(request.user) if _personal(request) else rows.shared()
    return found


def _personal(request: Request) -> bool:
    return bool(request.resolver_match and str(request.resolver_match.url_name).startswith("my_"))


def _to(request: Request, name: str, **kwargs: Any) -> str:
    name = f"core:{'my_' if _personal(request) else ''}{name}"
    return reverse(name, kwargs={"workspace": request.workspace.slug, **kwargs})


def _one(request: Request, pk: int) -> Channel:
    rows = _mine(request).select_related("workspace", "fallback", "owner")
    found: Channel = get_object_or_404(rows, pk=pk)
    return found


# --- the list ---------------------------------------------------------------------------------------------------------


@require_GET
@needs(Role.ADMIN)
def channel_list(request: Request) -> HttpResponseBase:
    shown = Listing(
        key="core.channels",
        rows=_mine(request).select_related("fallback"),
        columns=CHANNEL_COLUMNS,
        filters=(
            Filter("kind", _("Kind"), Channel.Kind.choices, lambda rows, value: rows.filter(kind=value)),
            Filter(
                "state", _("State"), [(name, FAIRNESS[name]) for name in NARROWED],
                lambda rows, value: rows.filter(**NARROWED[value]),
            ),
        ),
        search=("name", "hint"),
        order=("name",),
    ).show(request)  # fmt: skip
    if shown.export:
        export: HttpResponseBase = shown.export
        return export
    for row in shown.page:
        _dress(row)
    context = {"list": shown}
    return page(request, "core/channels/channel_list.html", context, part="core/channels/_channels.html")


@require_GET
@needs(Role.VIEWER)
def my_channels(request: Request) -> HttpResponse:
    """The ways by which somebody wants to be told beside the app and mail."""
    rows = list(_mine(request))
    for row in rows:
        _dress(row)
    return page(request, "core/channels/my_channels.html", {"channels": rows})


def _dress(row: Any) -> None:
    row.fares = how(row)
    row.word = FAIRNESS[row.fares]


# --- one channel ------------------------------------------------------------------------------------------------------


def _about(request: Request, row: Channel, **more: Any) -> dict[str, Any]:
    shown = Listing(
        key="core.deliveries",
        rows=Delivery.objects.visible_to(request.viewer).filter(channel_to=row).defer("body", "html", "payload"),
        columns=[one for one in DELIVERY_COLUMNS if one.name != "recipient" or row.kind == Channel.Kind.EMAIL],
        filters=(
            Filter("state", _("State"), Delivery.State.choices, lambda rows, value: rows.filter(state=value)),
        ),
        search=("subject", "recipient", "error"),
        order=("-created_at",),
    ).show(request)  # fmt: skip
    return {
        "channel": row, "fares": how(row), "word": FAIRNESS[how(row)], "list": shown, "advice": advice(row.last_reason),
        "personal": _personal(request), "to": _places(request, row), **more,
    }  # fmt: skip


def _places(request: Request, row: Channel) -> dict[str, str]:
    """The addresses of what can be done with it."""
    return {
        "edit": _to(request, "change_channel", pk=row.pk),
        "test": _to(request, "try_channel", pk=row.pk),
        "remove": _to(request, "remove_channel", pk=row.pk),
        "all": _to(request, "channels" if _personal(request) else "channel_list"),
    }


def _channel(request: Request, pk: int) -> HttpResponseBase:
    context = _about(request, _one(request, pk))
    if context["list"].export:
        export: HttpResponseBase = context["list"].export
        return export
    return page(request, "core/channels/channel.html", context, part="core/channels/_deliveries.html")


@require_GET
@needs(Role.ADMIN)
def channel(request: Request, pk: int) -> HttpResponseBase:
    return _channel(request, pk)


@require_GET
@needs(Role.VIEWER)
def my_channel(request: Request, pk: int) -> HttpResponseBase:
    return _channel(request, pk)


def _save(request: Request, row: Channel | None) -> HttpResponse:
    personal = _personal(request)
    allowed = kinds.PERSONAL if personal else list(kinds.FIELDS)
    kind = row.kind if row else request.GET.get("kind", "")
    if kind not in allowed:
        choices = [(name, Channel.Kind(name).label, *ABOUT[name]) for name in ABOUT if name in allowed]
        return page(request, "core/channels/choose_kind.html", {"kinds": choices, "personal": personal})
    form = ChannelForm(
        request.POST if request.method == "POST" else None, kind=kind, workspace=request.workspace, channel=row,
        personal=personal, initial=_initial(row),
    )  # fmt: skip
    to = _to(request, "channels" if personal else "channel_list") if row is None else _to(request, "channel", pk=row.pk)
    context = {"form": form, "channel": row, "kind": Channel.Kind(kind).label, "personal": personal, "back": to}
    if request.method != "POST":
        return page(request, "core/channels/channel_form.html", context)
    if form.is_valid():
        try:
            saved = services.save_channel(
                workspace=request.workspace, by=request.user, kind=kind, settings=form.settings, channel=row,
                person=request.user if personal else None, now=timezone.now(), **form.others,
            )  # fmt: skip
        except ValidationError as refusal:
            say(form, refusal)
        else:
            to = _to(request, "channel", pk=saved.pk)
            message = _("Saved.") if row else _("Saved. Send a test now.")
            return done(request, to, changed="channels", message=message, go=True)
    return refused(request, "core/channels/channel_form.html", context)


def _initial(row: Channel | None) -> dict[str, Any]:
    if row is None:
        return {"severities": ["critical", "warning"]}
    try:
        kept = settings_of(row)
    except secrets.Undecipherable:
        kept = {}
    open_ones = {name: value for name, value in kept.items() if name not in kinds.SECRET}
    if "addresses" in open_ones:
        open_ones["addresses"] = "\n".join(open_ones["addresses"])
    return open_ones | {
        name: getattr(row, name) for name in ("name", "language", "fallback", "owner", "severities", "version")
    }


@reading_and_writing
@needs(Role.ADMIN)
def new_channel(request: Request) -> HttpResponse:
    return _save(request, None)


@reading_and_writing
@needs(Role.VIEWER)
def my_new_channel(request: Request) -> HttpResponse:
    return _save(request, None)


@reading_and_writing
@needs(Role.ADMIN)
def change_channel(request: Request, pk: int) -> HttpResponse:
    return _save(request, _one(request, pk))


@reading_and_writing
@needs(Role.VIEWER)
def my_change_channel(request: Request, pk: int) -> HttpResponse:
    return _save(request, _one(request, pk))


# --- what can be done with it -----------------------------------------------------------------------------------------


def _try(request: Request, pk: int) -> HttpResponse:
    row = _one(request, pk)
    try:
        letter = services.try_channel(channel=row, by=request.user, now=timezone.now())
    except ValidationError as refusal:
        context = _about(request, row, refusal=" ".join(refusal.messages))
        return refused(request, "core/channels/channel.html", context)
    message = _("The test arrived.") if letter.state == Delivery.State.SENT else ""
    return done(request, f"{_to(request, 'channel', pk=row.pk)}?tried={letter.pk}", message=message, go=True)


@require_POST
@needs(Role.ADMIN)
def try_channel(request: Request, pk: int) -> HttpResponse:
    return _try(request, pk)


@require_POST
@needs(Role.VIEWER)
def my_try_channel(request: Request, pk: int) -> HttpResponse:
    return _try(request, pk)


@require_POST
@needs(Role.ADMIN)
def switch_channel(request: Request, pk: int) -> HttpResponse:
    row = services.switch_channel(channel=_one(request, pk), active=request.POST.get("active") == "yes")
    message = _("The channel is on.") if row.active else _("The channel is off.")
    return done(request, _to(request, "channel", pk=row.pk), message=message, go=True)


def _remove(request: Request, pk: int) -> HttpResponse:
    row = _one(request, pk)
    services.remove_channel(channel=row, now=timezone.now())
    to = _to(request, "channels" if _personal(request) else "channel_list")
    return done(request, to, message=_("%(name)s was removed.") % {"name": row.name}, go=True)


@require_POST
@needs(Role.ADMIN)
def remove_channel(request: Request, pk: int) -> HttpResponse:
    return _remove(request, pk)


@require_POST
@needs(Role.VIEWER)
def my_remove_channel(request: Request, pk: int) -> HttpResponse:
    return _remove(request, pk)


@require_POST
@needs(Role.ADMIN)
def send_again(request: Request, pk: int, delivery: int) -> HttpResponse:
    """A person decides that a failed or unclear message is sent once more."""
    row = _one(request, pk)
    letter = Delivery.objects.visible_to(request.viewer).filter(channel_to=row, pk=delivery).first()
    if letter is None:
        raise Http404
    try:
        services.send_again(delivery=letter, now=timezone.now())
    except ValidationError as refusal:
        context = _about(request, row, refusal=" ".join(refusal.messages))
        return refused(request, "core/channels/channel.html", context)
    to = _to(request, "channel", pk=row.pk)
    return done(request, to, changed="channels", message=_("It is sent once more."), go=True)
