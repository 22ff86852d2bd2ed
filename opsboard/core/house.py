"""Core's own contract: what the hall itself does on a schedule."""

from django.utils.translation import gettext_lazy as _

from opsboard.core.contract import Contract, Every

contract = Contract(
    title=_("Opsboard"),
    schedule=(
        Every("opsboard.core.tasks.heartbeat", 5),
        Every("opsboard.core.tasks.deliver_occurrences", 5),
        Every("opsboard.core.tasks.send_deliveries", 10),
        Every("opsboard.core.tasks.recover_jobs", 30),
        Every("opsboard.core.tasks.take_snapshots", 3600),
    ),
)
