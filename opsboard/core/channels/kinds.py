"""What each kind of channel is set up with, and whether that can work: checked when somebody types it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from opsboard.core import net, secrets
from opsboard.core.channels.long_tail import NotAService, plugin
from opsboard.core.models import Channel, Membership, Team, Workspace

Kind = Channel.Kind
MOST_ADDRESSES = 50
FIELDS: Mapping[str, tuple[str, ...]] = {
    Kind.EMAIL: ("addresses",),
    Kind.IN_APP: ("people", "teams"),
    Kind.FEISHU: ("url", "secret", "keyword"),
    Kind.DINGTALK: ("url", "secret", "keyword"),
    Kind.WECOM: ("url",),
    Kind.SLACK: ("url",),
    Kind.TEAMS: ("url",),
    Kind.WEBHOOK: ("url", "secret"),
    Kind.APPRISE: ("url",),
}
SECRET = ("url", "secret")
PERSONAL = [kind for kind in Kind if kind not in (Kind.EMAIL, Kind.IN_APP)]
# By their public addresses: a mix-up is the commonest mistake.
HOSTS = {
    "open.feishu.cn": Kind.FEISHU, "open.larksuite.com": Kind.FEISHU, "oapi.dingtalk.com": Kind.DINGTALK,
    "api.dingtalk.com": Kind.DINGTALK, "qyapi.weixin.qq.com": Kind.WECOM, "hooks.slack.com": Kind.SLACK,
}  # fmt: skip
ROBOTS = (Kind.FEISHU, Kind.DINGTALK, Kind.WECOM, Kind.SLACK, Kind.TEAMS)


def checked(kind: str, given: Mapping[str, Any], kept: Mapping[str, Any], *, workspace: Workspace) -> dict[str, Any]:
    """The settings of a channel out of what was typed; an empty secret keeps the old one.

    Raises ValidationError with a sentence for each field.
    """
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {}
    for name in FIELDS[kind]:
        value = given.get(name)
        if name in SECRET and not value:
            value = kept.get(name)
        try:
            found[name] = CHECKS[name](value, kind, workspace)
        except ValidationError as refusal:
            wrong[name] = " ".join(refusal.messages)
    if given.get("no_secret"):
        found["secret"] = ""
    if kind == Kind.IN_APP and not wrong and not found["people"] and not found["teams"]:
        wrong["people"] = _("Choose at least one person or team.")
    if wrong:
        raise ValidationError(wrong)
    return {name: value for name, value in found.items() if value not in ("", None, [])}


def _url(value: Any, kind: str, _workspace: Workspace) -> str:
    url = str(value or "").strip()
    if not url:
        raise ValidationError(_("Copy the address here."))
    if len(url) > 2000:
        raise ValidationError(_("This address is too long."))
    if kind == Kind.APPRISE:
        return _apprise(url)
    try:
        net.check_url(url)
    except net.OutboundError as refusal:
        raise ValidationError(refusal.message) from refusal
    host = urlsplit(url).hostname or ""
    belongs = HOSTS.get(host)
    if belongs is not None and belongs != kind and kind in ROBOTS:
        raise ValidationError(
            _("This is an address of “%(kind)s”; choose that kind of channel.") % {"kind": Kind(belongs).label}
        )
    return url


def _apprise(url: str) -> str:
    try:
        service = plugin(url)
    except NotAService as refusal:
        if refusal.schema:
            raise ValidationError(
                _("“%(schema)s://” is not available here, or its address is incomplete.") % {"schema": refusal.schema}
            ) from refusal
        raise ValidationError(
            _("An Apprise address begins with the service, such as tgram:// or ntfy://.")
        ) from refusal
    host = str(getattr(service, "host", "") or "")
    try:
        net.check_url(f"http://{f'[{host}]' if ':' in host else host}/")
    except net.Refused as refusal:
        raise ValidationError(refusal.message) from refusal
    except net.OutboundError:
        pass  # no host but a name of the service's own
    return url


def _text(value: Any, _kind: str, _workspace: Workspace) -> str:
    text = str(value or "").strip()
    if len(text) > 200:
        raise ValidationError(_("At most 200 characters."))
    return text


def _addresses(value: Any, _kind: str, _workspace: Workspace) -> list[str]:
    parts = value if isinstance(value, list) else re.split(r"[\s,;，；、]+", str(value or ""))
    found = list(dict.fromkeys(part.strip().lower() for part in parts if part and part.strip()))
    if not found:
        raise ValidationError(_("Write at least one e-mail address."))
    if len(found) > MOST_ADDRESSES:
        raise ValidationError(_("At most %(n)s addresses.") % {"n": MOST_ADDRESSES})
    for one in found:
        try:
            validate_email(one)
        except ValidationError as refusal:
            raise ValidationError(_("“%(address)s” is not an e-mail address.") % {"address": one[:80]}) from refusal
    return found


def _numbers(value: Any) -> set[int]:
    try:
        return {int(getattr(one, "pk", one)) for one in value or ()}
    except (TypeError, ValueError) as fault:
        raise ValidationError(_("Choose from the list.")) from fault


def _people(value: Any, _kind: str, workspace: Workspace) -> list[int]:
    wanted = _numbers(value)
    here = set(Membership.objects.active().of(workspace).filter(user_id__in=wanted).values_list("user_id", flat=True))
    if wanted - here:
        raise ValidationError(_("Somebody is not a member here."))
    return sorted(here)


def _teams(value: Any, _kind: str, workspace: Workspace) -> list[int]:
    wanted = _numbers(value)
    here = set(Team.objects.filter(workspace=workspace, pk__in=wanted).values_list("pk", flat=True))
    if wanted - here:
        raise ValidationError(_("A team is no longer here."))
    return sorted(here)


CHECKS = {
    "url": _url, "secret": _text, "keyword": _text, "addresses": _addresses, "people": _people, "teams": _teams,
}  # fmt: skip


def hint(kind: str, settings: Mapping[str, Any]) -> str:
    """Where a channel leads, without what a stranger could use."""
    if kind == Kind.EMAIL:
        addresses = settings.get("addresses", [])
        return ", ".join(addresses)[:200] if len(addresses) < 3 else f"{addresses[0]} +{len(addresses) - 1}"
    if kind == Kind.IN_APP:
        people, teams = len(settings.get("people", [])), len(settings.get("teams", []))
        told = [ngettext("%(n)s person", "%(n)s people", people) % {"n": people}] if people else []
        told += [ngettext("%(n)s team", "%(n)s teams", teams) % {"n": teams}] if teams else []
        return ", ".join(told)
    url = str(settings.get("url", ""))
    if kind == Kind.APPRISE:
        return f"{url.partition('://')[0][:40]}://{secrets.masked(url)}"
    return f"{urlsplit(url).hostname or ''} {secrets.masked(url)}"[:200]
