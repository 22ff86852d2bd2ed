"""Say aloud that the evaluator stands still: by somebody else than it, and by another way than its own outbox."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.db import models
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from opsboard.alerts.analysis import INTERVAL
from opsboard.alerts.models import Pulse, Watch
from opsboard.core import notices
from opsboard.core.models import Membership, Role, User, Workspace

log = logging.getLogger(__name__)
SILENT: Final = timedelta(seconds=3 * INTERVAL)


def look(*, now: datetime, since: datetime) -> int:
    """Tell the admins of each workspace whose evaluator has been silent for three intervals, once an outage, and again
    when it is back; answers how many were told. `since` is when somebody began to look: before, nothing is known.
    """
    told = 0
    born = Watch.objects.active().order_by().values("workspace").annotate(born=models.Min("created_at"))
    for row in born:
        pulse, _made = Pulse.objects.select_related("workspace").get_or_create(workspace_id=row["workspace"])
        last = max(pulse.tick or row["born"], since)
        if pulse.silent_since is None and now - last > SILENT:
            told += _announce(pulse, now)
        elif pulse.silent_since is not None and pulse.tick is not None and now - pulse.tick <= SILENT:
            told += _call_off(pulse, now)
    return told


def _announce(pulse: Pulse, now: datetime) -> bool:
    """Whoever of two that look comes first says it. What could not be mailed is said again next time."""
    if not Pulse.objects.filter(pk=pulse.pk, silent_since=None, tick=pulse.tick).update(silent_since=now):
        return False
    if not _tell(pulse.workspace, _stands_still, f"silent:{_stamp(pulse.tick)}", "critical", pulse.tick, now):
        Pulse.objects.filter(pk=pulse.pk, silent_since=now).update(silent_since=None)
        return False
    return True


def _call_off(pulse: Pulse, now: datetime) -> bool:
    if not Pulse.objects.filter(pk=pulse.pk, silent_since=pulse.silent_since).update(silent_since=None):
        return False
    return _tell(pulse.workspace, _is_back, f"back:{_stamp(pulse.silent_since)}", "info", pulse.silent_since, now)


def _stamp(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _stands_still(since: str) -> str:
    return _("Nobody watches the numbers: the evaluator has stood still since %(since)s. Alerts that should fire now do not.") % {"since": since}  # fmt: skip


def _is_back(since: str) -> str:
    return _("The numbers are watched again. The evaluator stood still since %(since)s.") % {"since": since}


def _tell(workspace: Workspace, words: Any, name: str, severity: str, since: datetime | None, now: datetime) -> bool:
    """In the app, and by mail directly: the outbox is emptied by the very workers that may be dead."""
    admins = [row.user for row in Membership.objects.active().of(workspace).at_least(Role.ADMIN).select_related("user")]

    def text() -> str:
        return str(words(timezone.localtime(since).strftime("%Y-%m-%d %H:%M:%S") if since else "–"))

    url = reverse("alerts:alert_list", kwargs={"workspace": workspace.slug})
    notices.tell(
        admins, lazy(text, str)(), url, workspace=workspace, now=now, unique_as=f"alerts:evaluator:{workspace.pk}:{name}",
        severity=severity, mail=False,
    )  # fmt: skip
    return _mail(admins, workspace, text, url)


def _mail(admins: Sequence[User], workspace: Workspace, text: Any, url: str) -> bool:
    letters = []
    for person in admins:
        if person.email:
            with translation.override(person.language), timezone.override(person.zone):
                subject = f"{workspace.name}: {text()}"[:200]
                body = f"{text()}\n\n{settings.SITE_URL}{url}"
                letters.append(EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [person.email]))
    if not letters:
        return True
    try:
        mailers.default.send_messages(letters)
    except Exception as fault:  # whatever is wrong with the mail server: said again next time
        log.warning("the admins of %s could not be mailed: %s", workspace.slug, fault)
        return False
    return True
