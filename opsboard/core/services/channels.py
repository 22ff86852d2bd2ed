"""Verbs about notice channels: set up, try, switch off, remove; and what a person does about a message that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import deliveries, secrets, soon
from opsboard.core.cards import Card, every_severity
from opsboard.core.channels import handing_over, kinds
from opsboard.core.channels.sealing import seal, settings_of
from opsboard.core.channels.senders import SENDERS, robot_of
from opsboard.core.channels.sending import send
from opsboard.core.models import Channel, Delivery, Membership, User, Workspace

State = Delivery.State
MOST_CHANNELS = 200
MOST_OWN_CHANNELS = 10


@transaction.atomic
def save_channel(
    *,
    workspace: Workspace,
    by: User | None,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    now: datetime,
    channel: Channel | None = None,
    version: int | None = None,
    language: str = "",
    fallback: Channel | None = None,
    owner: User | None = None,
    person: User | None = None,
    severities: Sequence[str] | None = None,
) -> Channel:
    """Make a channel, or change one; raises ValidationError with a sentence for each field.

    A secret that is left empty stays as it is. `person`: only this person's own.
    """
    if kind not in kinds.FIELDS or (person is not None and kind not in kinds.PERSONAL):
        raise ValidationError({"kind": _("Choose a kind of channel.")})
    row = Channel(workspace=workspace, kind=kind, created_at=now, owner=by, person=person)
    if channel is not None:
        row = Channel.objects.select_for_update().get(pk=channel.pk, workspace=workspace)
        if version is not None and version != row.version:
            raise ValidationError(_("Somebody else changed this channel meanwhile. Open it again, then change it."))
    else:
        _check_number(workspace, person)
    wrong: dict[str, Any] = {}
    try:
        chosen = kinds.checked(kind, settings, _kept(row), workspace=workspace)
    except ValidationError as refusal:
        wrong |= refusal.message_dict
        chosen = {}
    if fallback is not None:
        wrong |= _wrong_fallback(row, fallback)
    if owner is not None and not Membership.objects.active().of(workspace).filter(user=owner).exists():
        wrong["owner"] = [_("Somebody is not a member here.")]
    row.name, row.fallback = " ".join(name.split()), fallback
    row.language = language or (workspace.language if channel is None else row.language)
    if channel is not None or owner is not None:
        row.owner = owner
    if severities is not None:
        row.severities = [one for one in every_severity() if one in severities]
    if not row.name:
        wrong["name"] = [_("Give it a name.")]
    if wrong:
        raise ValidationError(wrong)
    row.sealed, row.hint, row.robot = seal(chosen), kinds.hint(kind, chosen), robot_of(kind, chosen)
    row.full_clean()
    if channel is not None:
        row.version += 1
        row.rests_until = None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as clash:
        raise ValidationError({"name": _("There is a channel of this name already.")}) from clash
    return row


def _kept(row: Channel) -> dict[str, Any]:
    try:
        return settings_of(row)
    except secrets.Undecipherable:
        return {}


def _check_number(workspace: Workspace, person: User | None) -> None:
    here = Channel.objects.filter(workspace=workspace, removed_at=None, person=person).count()
    most = MOST_CHANNELS if person is None else MOST_OWN_CHANNELS
    if here >= most:
        raise ValidationError(_("There are %(n)s channels already; remove one first.") % {"n": most})


def _wrong_fallback(row: Channel, fallback: Channel) -> dict[str, Any]:
    if fallback.workspace_id != row.workspace_id or fallback.removed_at is not None or fallback.person_id:
        return {"fallback": [_("Choose from the list.")]}
    if fallback.pk == row.pk:
        return {"fallback": [_("A channel cannot stand in for itself.")]}
    return {}


@transaction.atomic
def switch_channel(*, channel: Channel, active: bool) -> Channel:
    """Switch a channel off or on. What waits stays waiting while it is off; new messages do not begin."""
    row: Channel = Channel.objects.select_for_update().get(pk=channel.pk)
    row.active = active
    row.rests_until = None
    row.save(update_fields=["active", "rests_until"])
    if active:
        soon.run_task("opsboard.core.tasks.send_cards")
    return row


@transaction.atomic
def remove_channel(*, channel: Channel, now: datetime) -> None:
    """Take a channel away with its secrets; what it sent stays in the list, what waited is told as not sent."""
    row = Channel.objects.select_for_update().get(pk=channel.pk)
    Channel.objects.filter(fallback=row).update(fallback=None)
    row.removed_at, row.active, row.sealed, row.fallback = now, False, "", None
    row.save(update_fields=["removed_at", "active", "sealed", "fallback"])
    Delivery.objects.filter(channel_to=row, state__in=[State.WAITING, State.CLAIMED]).update(
        state=State.FAILED, lease_until=None, reason="taken_away", followed_up=True
    )


def try_channel(*, channel: Channel, by: User, now: datetime) -> Delivery:
    """Send a test message at once and answer how it went; what the robot may not say yet waits its turn."""
    card = Card(
        title=gettext_lazy("Test from Opsboard"),
        text=gettext_lazy("If you read this, the channel works."),
        lines=((gettext_lazy("Channel"), channel.name), (gettext_lazy("Asked by"), str(by))),
        url=channel.get_absolute_url() if channel.person_id is None else "",
        at=now,
    )
    if not channel.active or channel.removed_at is not None:
        raise ValidationError(_("The channel is switched off. Switch it on first."))
    letter = send(channel, card, workspace=channel.workspace, unique_as=f"test:{uuid4()}", now=now)
    if letter is None:
        raise ValidationError(_("The settings of this channel cannot be read any more. Type them again."))
    if channel.kind == Channel.Kind.EMAIL:
        for one in Delivery.objects.filter(channel_to=channel, created_at=now, state=State.WAITING)[:5]:
            deliveries.send_at_once(one, now=now)
    elif channel.kind in SENDERS:
        errand = handing_over.claim_one(letter, now=now)
        if errand is not None:
            handing_over.send(errand, now=now)
    letter.refresh_from_db()
    return letter


@transaction.atomic
def send_again(*, delivery: Delivery, now: datetime) -> Delivery:
    """A person decides that a failed or unclear message is sent once more."""
    row: Delivery = Delivery.objects.select_for_update(of=("self",)).select_related("channel_to").get(pk=delivery.pk)
    if row.state not in (State.FAILED, State.UNKNOWN):
        raise ValidationError(_("This message is under way or has been sent."))
    channel = row.channel_to
    if channel is None or channel.removed_at is not None:
        raise ValidationError(_("The channel was removed."))
    row.state, row.tries, row.due_at, row.lease_until, row.together = State.WAITING, 0, now, None, 1
    row.save(update_fields=["state", "tries", "due_at", "lease_until", "together"])
    Channel.objects.filter(pk=channel.pk).update(rests_until=None)
    task = "send_deliveries" if row.channel == Channel.Kind.EMAIL else "send_cards"
    soon.run_task(f"opsboard.core.tasks.{task}")
    return row
