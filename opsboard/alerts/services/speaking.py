"""Send one notice to everybody who is to hear it, and write down that it went out: in the caller's transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from opsboard.alerts.models import Alert, Told, ToldTo, Watch
from opsboard.alerts.services.hearing import Hearers
from opsboard.core import channels, deliveries, links, notices
from opsboard.core.channels import Button, Card
from opsboard.core.models import Channel, User

ANSWER = "alerts.answer"  # the purpose of the links with which people answer
ANSWER_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class Word:
    """One notice before it is sent. `text` and `detail` are called in the language of each reader.

    `unique_as` names the rule, the label set or group, the episode, and the transition or the number of the repeat; core
    adds the channel and the recipient.
    """

    kind: Told.Kind
    watch: Watch
    text: Callable[[], str]
    unique_as: str
    severity: str
    alerts: Sequence[Alert] = ()
    detail: Callable[[], str] | None = None
    firing: int = 0
    over: int = 0

    @property
    def url(self) -> str:
        """One alert's own page, or the watch that has them all."""
        alone = len(self.alerts) == 1 or (self.alerts and self.watch.deleted_at is not None)
        return self.alerts[0].get_absolute_url() if alone else self.watch.get_absolute_url()


def key_of(*parts: object) -> str:
    """One name for rule, label set, episode and transition, however long they are."""
    return f"alerts:{hashlib.sha256('|'.join(map(str, parts)).encode()).hexdigest()[:48]}"


def speak(word: Word, hearers: Hearers, *, now: datetime) -> Told | None:
    """Tell everybody once. A word that was said before is not said again."""
    workspace = word.watch.workspace
    with translation.override(workspace.language):
        text = word.text()[:500]
    told, first = Told.objects.get_or_create(
        unique_as=word.unique_as,
        defaults={
            "workspace": workspace, "watch": word.watch, "kind": word.kind, "at": now, "text": text,
            "severity": word.severity, "alert_ids": [alert.pk for alert in word.alerts], "firing": word.firing,
            "over": word.over,
        },
    )  # fmt: skip
    if not first:
        return None
    ToldTo.objects.bulk_create(
        ToldTo(told=told, person=person, name=str(person)[:200], instead_of=hearers.instead.get(person.pk, "")[:200])
        for person in hearers.people
    )
    ToldTo.objects.bulk_create(ToldTo(told=told, channel=one, name=one.name[:200]) for one in hearers.channels)
    answers = _answers(told, now) if word.firing else None
    if hearers.channels:
        card = _card(word, told, now)
        for channel in hearers.channels:
            channels.send(
                channel, card, workspace=workspace, unique_as=key_in_channel(word.unique_as, channel), now=now
            )
    for instead, people in _by_stand_in(hearers):
        notices.tell(
            people,
            lazy(word.text, str)(),
            word.url,
            workspace=workspace,
            now=now,
            unique_as=word.unique_as,
            detail=lazy(lambda instead=instead: _detail(word, instead), str)(),
            severity=word.severity,
            about=word.alerts[0] if len(word.alerts) == 1 else word.watch,
            more=answers,
        )
    return told


def arrival_key(told: Told, to: ToldTo) -> str:
    """Under which key the outbox has what this recipient was sent."""
    if to.person_id is not None:
        return deliveries.short(f"notice:{to.person_id}:{deliveries.short(told.unique_as)}")
    return deliveries.short(f"{told.unique_as}:channel:{to.channel_id}")


def key_in_channel(unique_as: str, channel: Channel) -> str:
    return f"{unique_as}:channel:{channel.pk}"


def _card(word: Word, told: Told, now: datetime) -> Card:
    """For a chat group: whoever follows its links signs in and answers as themselves."""
    buttons = []
    if word.firing:
        address = answer_address(told, None, now)
        buttons = [Button(gettext_lazy("Acknowledge"), address), Button(gettext_lazy("Take over"), address)]
    return Card(
        title=lazy(word.text, str)(),
        text=lazy(lambda: _detail(word, ""), str)(),
        severity=word.severity,
        url=word.url,
        buttons=buttons,
        at=now,
    )


def _by_stand_in(hearers: Hearers) -> list[tuple[str, list[User]]]:
    apart: dict[str, list[User]] = {}
    for person in hearers.people:
        apart.setdefault(hearers.instead.get(person.pk, ""), []).append(person)
    return list(apart.items())


def _detail(word: Word, instead: str) -> str:
    parts = [word.detail() if word.detail else word.watch.sentence]
    if len(word.alerts) == 1 and word.alerts[0].detail:  # the one thing that waits, and whose it is
        parts.insert(0, word.alerts[0].detail)
    if instead:
        parts.append(_("%(names)s is no longer here, so you are told instead.") % {"names": instead})
    return "\n\n".join(part for part in parts if part)


def _answers(told: Told, now: datetime) -> Callable[[User], str]:
    """Links that answer for exactly this person, for a week."""

    def lines(person: User) -> str:
        address = f"{settings.SITE_URL}{answer_address(told, person, now)}"
        return _("Acknowledge or take over: %(address)s") % {"address": address}

    return lines


def answer_address(told: Told, person: User | None, now: datetime) -> str:
    facts: dict[str, Any] = {"w": told.workspace_id, "t": told.pk, "p": person.pk if person else None}
    return reverse("alerts_open:answer", args=[links.make(ANSWER, expires_at=now + ANSWER_WITHIN, **facts)])
