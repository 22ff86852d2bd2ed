"""Try beforehand whether a notice would arrive where it is to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.core import notices
from opsboard.core.channels import advice
from opsboard.core.models import Channel, Delivery, User, Workspace
from opsboard.core.services.channels import try_channel

MOST = 5  # channels in one test


@dataclass(frozen=True)
class Sounded:
    """Where a test went, and what came of it."""

    name: str
    tone: str
    text: str


def sound_out(
    *, workspace: Workspace, by: User, channels: Sequence[Channel], severity: str, now: datetime
) -> list[Sounded]:
    """Send a test to oneself, by all the ways that an alert of this severity would take, and to the channels."""
    unique_as = f"alerts:test:{uuid4()}"
    text = gettext_lazy("Test from Opsboard: so a notice of this watch arrives.")
    notices.tell([by], text, workspace=workspace, now=now, unique_as=unique_as, severity=severity)
    found = [Sounded(_("In Opsboard"), "good", _("It is under the bell."))]
    if by.email and by.mail_notices and severity in by.mail_severities:
        found.append(Sounded(by.email, "info", _("It is on its way.")))
    else:
        found.append(Sounded(_("E-mail"), "quiet", _("You do not want such notices by e-mail.")))
    own = Channel.objects.filter(workspace=workspace).of_person(by).present().filter(active=True)
    found += [Sounded(one.name, "info", _("It is on its way.")) for one in own if severity in one.severities]
    return found + [_tried(channel, by, now) for channel in channels[:MOST]]


def _tried(channel: Channel, by: User, now: datetime) -> Sounded:
    try:
        letter = try_channel(channel=channel, by=by, now=now)
    except ValidationError as refusal:
        return Sounded(channel.name, "bad", " ".join(refusal.messages))
    if letter.state == Delivery.State.SENT:
        return Sounded(channel.name, "good", _("It arrived."))
    if letter.state in (Delivery.State.FAILED, Delivery.State.UNKNOWN):
        return Sounded(channel.name, "bad", f"{letter.error} {advice(letter.reason)}".strip())
    return Sounded(channel.name, "info", _("It is on its way."))
