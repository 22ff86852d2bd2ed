"""Who did what, for admins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from opsboard.core import audit as records
from opsboard.core.access import Request, needs
from opsboard.core.lists import Filter, Listing, Shows
from opsboard.core.models import Membership, Role
from opsboard.core.pages import page

COLUMNS = (
    Shows("at", gettext_lazy("When"), lambda entry: entry.at, ("at",)),
    Shows("who", gettext_lazy("Who"), lambda entry: entry.who),
    Shows("kind", gettext_lazy("Kind"), lambda entry: entry.kind),
    Shows("deed", gettext_lazy("What"), lambda entry: entry.deed),
    Shows("name", gettext_lazy("Which"), lambda entry: entry.name),
    Shows("changes", gettext_lazy("Before → after"), lambda entry: entry.words),
)
DAYS = (("1", gettext_lazy("Last day")), ("7", gettext_lazy("Last 7 days")), ("30", gettext_lazy("Last 30 days")),
        ("365", gettext_lazy("Last year")))  # fmt: skip


@require_GET
@needs(Role.ADMIN)
def audit(request: Request) -> HttpResponseBase:
    now = timezone.now()
    members = Membership.objects.of(request.workspace).select_related("user").order_by("user__name", "user__username")
    deeds: Any = records.Deeds(request.workspace)
    shown = Listing(
        key="core.audit",
        rows=cast("QuerySet[Any]", deeds),
        columns=COLUMNS,
        filters=(
            Filter(
                "who",
                _("Who"),
                [(str(one.user_id), str(one.user)) for one in members],
                lambda rows, value: rows.only(person=int(value)),
            ),
            Filter("kind", _("Kind"), records.kinds(), lambda rows, value: rows.only(kind=value)),
            Filter("days", _("When"), DAYS, lambda rows, value: rows.only(since=now - timedelta(days=int(value)))),
        ),
        order=("-at",),
    ).show(request)
    if shown.export:
        export: HttpResponseBase = shown.export
        return export
    return page(request, "core/people/audit.html", {"list": shown}, part="core/people/_audit.html")
