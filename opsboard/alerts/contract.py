"""What alerts give the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from opsboard.alerts import services
from opsboard.alerts.analysis import matching
from opsboard.alerts.forms import AcknowledgeForm, SilenceForm, TakeAsPastForm, WatchForm
from opsboard.alerts.models import Alert, Severity, Watch, wording
from opsboard.core import access
from opsboard.core.access import Viewer
from opsboard.core.contract import (
    Contract,
    Effect,
    Event,
    Every,
    Fact,
    Finding,
    Found,
    Home,
    Indicator,
    Named,
    Outcome,
    Part,
    Reading,
    Ref,
    Section,
    Thing,
    Watchable,
)
from opsboard.core.models import User, Workspace
from opsboard.core.once import once
from opsboard.core.periods import Period

SHOWN, MOST_FIRING = 12, 100
WEIGHTS = {Severity.INFO: 1.0, Severity.WARNING: 2.0, Severity.CRITICAL: 3.0}
FACTS = (
    Fact("indicator", _("Number")),
    Fact("title", _("Name")),
    Fact("value", _("Value"), "number"),
    Fact("threshold", _("Threshold"), "number"),
    Fact("severity", _("Severity")),
    Fact("labels", _("Only for")),
    Fact("episode", _("Episode"), "number"),
    Fact("watch", _("Watch"), "number"),
    Fact("url", _("Address"), "url"),
)


def firing_catalogue(viewer: Viewer) -> Iterable[Watchable]:
    url = reverse("alerts:alert_list", kwargs={"workspace": viewer.workspace.slug})
    yield Watchable("alerts.firing", _("Firing alerts"), direction="down", url=url, decimals=0)


def read_firing(viewer: Viewer, keys: Sequence[str], now: datetime) -> Sequence[Reading]:
    count = Alert.objects.visible_to(viewer).firing().count()
    return [Reading(key, {}, now, float(count)) for key in keys if key == "alerts.firing"]


def watch_indicator(
    *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any
) -> Outcome:
    viewer = access.person_in(workspace, by) if by else access.the_house(workspace)
    if viewer is None:
        raise ValidationError(gettext("Only members of the workspace may watch its numbers."))
    named = {name: value for name, value in settings.items() if name in services.WATCH_SETTINGS}
    watch = services.watch_number(viewer=viewer, now=now, about=about, **named)
    return Outcome(Ref.to(watch), wording.begun(watch), {"watch": watch.pk})


def acknowledge(
    *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, note: str = "", **settings: Any
) -> Outcome:
    viewer = access.person_in(workspace, by) if by else access.the_house(workspace)
    alert = (
        Alert.objects.visible_to(viewer).select_related("watch", "workspace").filter(pk=about.pk).first()
        if viewer and about and about.model == "alerts.alert"
        else None
    )
    if alert is None:
        raise ValidationError(gettext("Only an alert can be acknowledged."))
    hours = str(settings.get("lasts") or "")
    until = now + timedelta(hours=int(hours)) if hours.isdecimal() and len(hours) < 5 else None
    services.acknowledge(alert=alert, by=by, now=now, note=note, until=until)
    return Outcome(Ref.to(alert), _("Acknowledged"))


def take_as_past(
    *, workspace: Workspace, by: User | None, about: Ref | None, now: datetime, **settings: Any
) -> Outcome:
    """`indicator`, and `until` when its values were history as they came in."""
    count = services.take_as_past(workspace=workspace, indicator=str(settings["indicator"]), until=settings["until"])
    return Outcome(about, _("What came before sets nothing off."), {"watches": count})


def silence(
    *,
    workspace: Workspace,
    by: User | None,
    about: Ref | None,
    now: datetime,
    matchers: Any = "",
    lasts: str | int = "",
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
    reason: str = "",
    **settings: Any,
) -> Outcome:
    """`matchers` as on the form, or as people write them."""
    try:
        rows = matching.parse(matchers) if isinstance(matchers, str) else tuple(matchers)
        hours = int(lasts or 0)
    except ValueError as error:
        raise ValidationError({"matchers": gettext("“%(part)s” is not understood. Write it as name=value.") % {"part": error}}) from None  # fmt: skip
    start = max(starts_at or now, now)
    row = services.silence(
        workspace=workspace, by=by, now=now, matchers=rows, starts_at=start, reason=reason,
        ends_at=start + timedelta(hours=hours) if hours else ends_at or start,
    )  # fmt: skip
    return Outcome(Ref.to(row), _("Silenced"), {"silence": row.pk})


def find_unheard(viewer: Viewer, period: Period) -> Iterable[Found]:
    """Watches whose people have all left, and that speak through no channel."""
    for watch in Watch.objects.visible_to(viewer).active().unheard_by_anybody()[:100].listed_for(viewer):
        yield Found(
            key=f"alerts.unheard:{watch.pk}",
            title=gettext("Nobody hears the watch “%(name)s”") % {"name": watch},
            detail=gettext("Whom it tells has left, so only the admins hear of it. Choose somebody who can act."),
            about=Ref.to(watch),
            url=watch.get_absolute_url(),
            severity="warning",
        )


@once
def _firing(viewer: Viewer, period: Period) -> list[Any]:
    """The newest that still fire of those that began before the period's end."""
    rows = Alert.objects.visible_to(viewer).firing().filter(active_at__lt=period.end)
    found: list[Any] = rows.select_related("watch").order_by("-active_at")[:MOST_FIRING].listed_for(viewer)
    return found


def find_firing(viewer: Viewer, period: Period) -> Iterable[Found]:
    for alert in _firing(viewer, period):
        yield Found(
            key=f"alerts.firing:{alert.pk}",
            title=str(alert),
            detail=alert.watch.fired_text(alert.value or 0.0, alert.labels_text),
            about=Ref.to(alert),
            url=alert.get_absolute_url(),
            weight=WEIGHTS.get(Severity(alert.severity), 1.0),
            indicator=alert.watch.indicator,
            severity=alert.severity,
        )


def tell_week(viewer: Viewer, period: Period) -> Mapping[str, Any] | None:
    alerts = Alert.objects.visible_to(viewer)
    counts = alerts.counted(period)
    count = counts.pop("happened")
    if not count and not Watch.objects.visible_to(viewer).exists():
        return None
    rows = _firing(viewer, period) if count else []
    if count > len(rows):
        happened = alerts.exclude(fired_at=None).active_between(period.start, period.end)
        newest = happened.exclude(pk__in=[row.pk for row in rows]).select_related("watch").order_by("-active_at")
        rows = sorted([*rows, *newest[:SHOWN].listed_for(viewer)], key=lambda row: row.active_at, reverse=True)
    return {**counts, "rows": rows[:SHOWN], "more": max(0, count - SHOWN)}


def watches_by_name(workspace: Workspace, pks: Sequence[int] | None) -> Iterable[Named]:
    rows = Watch.objects.visible_to(access.the_house(workspace)).with_state().select_related("workspace")
    for watch in rows if pks is None else rows.filter(pk__in=pks):
        state = "paused" if watch.paused_at else "firing" if watch.firing else "ok"
        text = f"{watch.indicator_title} {watch.indicator}"
        yield Named(watch.pk, str(watch), state, watch.get_absolute_url(), text, tuple(watch.limited_to))


contract = Contract(
    title=_("Alerts"),
    home=Home(
        "alerts:alert_list",
        Part.PROVE,
        "bell-ringing",
        30,
        hint=_("Be told once, and in time, when a number leaves its range."),
    ),
    indicators=(Indicator("alerts.firing", _("Firing alerts"), firing_catalogue, read_firing),),
    events=(
        Event(
            "alerts.alert_fired", _("An alert fired"), (*FACTS, Fact("value_at", _("When its value is from"), "moment"))
        ),
        Event(
            "alerts.alert_resolved",
            _("An alert was resolved"),
            (
                *FACTS,
                Fact("reason", _("Reason")),
                Fact("peak", _("Peak"), "number"),
                Fact("seconds", _("Lasted (seconds)"), "number"),
            ),
        ),
        Event("alerts.alert_no_data", _("A watched number has no data"), FACTS),
        Event("alerts.alert_flapping", _("An alert comes and goes"), FACTS),
        Event(
            "alerts.alert_acknowledged",
            _("An alert was acknowledged"),
            (
                Fact("title", _("Name")),
                Fact("note", pgettext_lazy("a remark on an alert", "Note")),
                Fact("url", _("Address"), "url"),
            ),
        ),
    ),
    effects=(
        Effect("alerts.watch_indicator", _("Watch a number"), WatchForm, watch_indicator, icon="eye"),
        Effect(
            "alerts.acknowledge", _("Acknowledge an alert"), AcknowledgeForm, acknowledge, "check", role="contributor"
        ),
        Effect("alerts.silence", _("Silence alerts"), SilenceForm, silence, "bell-off"),
        Effect("alerts.take_as_past", _("Take a number’s values as past"), TakeAsPastForm, take_as_past, "history"),
    ),
    findings=(
        Finding("alerts.firing", _("Firing alerts"), find_firing),
        Finding("alerts.unheard", _("Watches that nobody hears"), find_unheard),
    ),
    sections=(Section("alerts.week", _("Alerts"), "alerts/_section.html", tell_week, order=20),),
    things=(Thing("alerts.watches", _("Watches"), "alerts.watch", "eye", watches_by_name),),
    maintained=services.maintained,
    margin="alerts:margin",
    schedule=(
        Every("opsboard.alerts.tasks.refresh_watches", 300),
        Every("opsboard.alerts.tasks.evaluate_all", 10),
    ),
)
