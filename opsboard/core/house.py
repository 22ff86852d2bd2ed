"""Core's own contract: what the hall itself does on a schedule."""

from django.utils.translation import gettext_lazy as _

from opsboard.core import search
from opsboard.core.contract import Contract, Event, Every, Fact, Reaction

contract = Contract(
    title=_("Opsboard"),
    reactions=(Reaction("core.keep_search_fresh", "*", search.keep_fresh),),
    events=(
        Event("core.reset_link_made", _("A link to a new password was made"), (Fact("person", _("Person")),)),
        Event(
            "core.second_step_turned_off", _("Somebody’s second step was turned off"), (Fact("person", _("Person")),)
        ),
    ),
    schedule=(
        Every("opsboard.core.tasks.heartbeat", 5),
        Every("opsboard.core.tasks.deliver_occurrences", 5),
        Every("opsboard.core.tasks.send_deliveries", 10),
        Every("opsboard.core.tasks.send_cards", 10),
        Every("opsboard.core.tasks.recover_jobs", 30),
        Every("opsboard.core.tasks.take_snapshots", 3600),
        Every("opsboard.core.tasks.index_everything", 6 * 3600),
        Every("opsboard.core.tasks.keep_calendars", 24 * 3600),
        Every("opsboard.core.tasks.forget_deliveries", 24 * 3600),
    ),
)
