"""What alerts give the others."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from opsboard.core.contract import Contract, Event, Every, Fact

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

contract = Contract(
    title=_("Alerts"),
    events=(
        Event("alerts.alert_fired", _("An alert fired"), FACTS),
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
        Event(
            "alerts.alert_acknowledged",
            _("An alert was acknowledged"),
            (Fact("title", _("Name")), Fact("note", _("Note")), Fact("url", _("Address"), "url")),
        ),
    ),
    schedule=(Every("opsboard.alerts.tasks.evaluate_all", 10),),
)
