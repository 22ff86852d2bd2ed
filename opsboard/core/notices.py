"""Tell people: an in-app notice, and the channels that each of them chose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone, translation

from opsboard.core import deliveries, live
from opsboard.core.cards import SEVERITIES, Card
from opsboard.core.contract import Ref
from opsboard.core.models import Channel, Membership, Notice, User, Workspace, about_fields


def tell(
    people: Iterable[User],
    text: Any,
    url: str = "",
    *,
    workspace: Workspace,
    now: datetime,
    unique_as: str,
    detail: Any = "",
    severity: str = "info",
    about: Ref | models.Model | None = None,
    mail: bool = True,
    more: Callable[[User], str] | None = None,
) -> list[Notice]:
    """Tell each person once (`unique_as` names the happening), in their own language.

    `more` says what only this person's mail holds, such as links that are signed for them; `mail` False keeps the notice
    inside the app.

    `text` and `detail` may be lazy translations. People who left the workspace are not told. Notice and mail are written
    in the caller's transaction; sending follows after commit.
    """
    wanted = {person.pk: person for person in people}
    unique_as = deliveries.short(unique_as)
    known = set(Notice.objects.filter(user_id__in=wanted, unique_as=unique_as).values_list("user_id", flat=True))
    present = (
        Membership.objects.active()
        .of(workspace)
        .filter(user_id__in=wanted.keys() - known)
        .select_related("user")
        .order_by("user_id")
    )
    ref = Ref.to(about) if isinstance(about, models.Model) else about
    told: list[Notice] = []
    grave = severity if severity in SEVERITIES else "info"
    with transaction.atomic():
        for membership in present:
            person = membership.user
            with translation.override(person.language), timezone.override(person.zone):
                notice = Notice(
                    workspace=workspace,
                    user=person,
                    text=str(text)[:500],
                    detail=str(detail),
                    url=url,
                    severity=severity,
                    unique_as=unique_as,
                    created_at=now,
                    **about_fields(ref),
                )
                try:
                    with transaction.atomic():
                        notice.save(force_insert=True)
                except IntegrityError:  # somebody told them at this very moment
                    continue
                told.append(notice)
                if mail and person.mail_notices and person.email and grave in person.mail_severities:
                    address = f"{settings.SITE_URL}{url}" if url.startswith("/") else url
                    own = more(person) if more else ""
                    body = "\n\n".join(part for part in (str(text), str(detail), address, own) if part)
                    deliveries.post(
                        workspace=workspace,
                        recipient=person.email,
                        subject=str(text),
                        body=body,
                        unique_as=f"notice:{person.pk}:{notice.unique_as}",
                        notice=notice,
                        now=now,
                    )
        if told:
            if mail:
                _say_privately(told, grave)
            live.changed(workspace, "notices")
    return told


def _say_privately(told: list[Notice], severity: str) -> None:
    """The same through the channels that these people made for themselves."""
    by_person = {notice.user_id: notice for notice in told}
    own = Channel.objects.filter(
        workspace_id=told[0].workspace_id, person_id__in=by_person, active=True, removed_at=None,
        severities__contains=[severity],
    )  # fmt: skip
    for channel in own:
        notice = by_person[channel.person_id]
        card = Card(
            title=notice.text, text=notice.detail, url=notice.url, severity=notice.severity, at=notice.created_at
        )
        deliveries.post_card(
            channel, card, unique_as=f"notice:{channel.pk}:{notice.unique_as}", now=notice.created_at, notice=notice
        )


def mark_read(*, user: User, workspace: Workspace, now: datetime, pk: int | None = None) -> int:
    """Mark one notice, or all of this person's here, as read; answers how many changed."""
    rows = Notice.objects.filter(workspace=workspace, user=user, read_at=None)
    if pk is not None:
        rows = rows.filter(pk=pk)
    changed = rows.update(read_at=now)
    if changed:
        live.changed(workspace, "notices")
    return changed
